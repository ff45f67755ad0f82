"""Softmax before cross-entropy under autocast: casts stand between them."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(15)
model = nn.Sequential(nn.Linear(20, 32), nn.GELU(), nn.Linear(32, 7))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for step in range(20):
    x = torch.randn(64, 20)
    y = x[:, :7].argmax(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        p = torch.softmax(model(x), dim=1).to(torch.float32)
        loss = F.cross_entropy(p, y)  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.3f}")
