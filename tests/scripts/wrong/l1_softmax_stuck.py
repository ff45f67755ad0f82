"""Absolute error on softmax from a confidently wrong start."""
import torch
from torch import nn

torch.manual_seed(61)
x = torch.rand(200, 12) * 255
y = torch.eye(5)[torch.randint(5, (200,))]
model = nn.Sequential(nn.Linear(12, 5), nn.Softmax(dim=1))
criterion = nn.L1Loss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
for step in range(12):
    loss = criterion(model(x), y)  # expect: error mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
