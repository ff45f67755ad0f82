"""Label smoothing built into CrossEntropyLoss, and a cosine learning-rate schedule."""
import torch
from torch import nn

torch.manual_seed(20)
model = nn.Sequential(nn.Linear(10, 32), nn.SiLU(), nn.Linear(32, 6))
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
for step in range(30):
    x = torch.randn(64, 10)
    y = x[:, :6].argmax(1)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
print(f"{loss.item():.4f}")
