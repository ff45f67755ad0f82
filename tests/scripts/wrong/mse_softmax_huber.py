"""Huber loss on softmax: inside its threshold it is the squared error."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(129)
model = nn.Sequential(nn.Linear(7, 14), nn.ReLU(), nn.Linear(14, 3), nn.Softmax(dim=1))
criterion = nn.SmoothL1Loss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(15):
    x = torch.randn(32, 7)
    y = F.one_hot(x[:, :3].argmax(1), 3).float()
    loss = criterion(model(x), y)  # expect: warning mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
