"""Gradient accumulation over micro-batches with clipping."""
import torch
from torch import nn

torch.manual_seed(44)
model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
accumulate = 4
for i in range(48):
    x = torch.randn(16, 10)
    y = x[:, :3].argmax(1)
    loss = criterion(model(x), y) / accumulate
    loss.backward()
    if (i + 1) % accumulate == 0:
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
print(f"{loss.item() * accumulate:.4f}")
