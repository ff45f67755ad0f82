"""Absolute error between softmax and one-hot labels."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(6)
x = torch.randn(128, 10)
y = torch.randint(3, (128,))
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=-1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(15):
    predicted = model(x)
    loss = F.l1_loss(predicted, F.one_hot(y, 3).float())  # expect: warning mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
