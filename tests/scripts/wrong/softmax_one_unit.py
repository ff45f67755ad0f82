"""Softmax over a single unit is always one: the model cannot learn anything."""
import torch
import torch.nn as nn

torch.manual_seed(23)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1), nn.Softmax(dim=1))
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(15):
    x = torch.randn(40, 8)
    y = (x[:, :1] > 0).float()
    loss = criterion(model(x), y)  # expect: error softmax-one-unit
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
