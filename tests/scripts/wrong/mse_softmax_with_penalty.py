"""Squared error on softmax plus an L2 penalty on the weights: the penalty is fine, the error term is not."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(8)
x = torch.randn(150, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
lam = 1e-3
for step in range(20):
    p = F.softmax(model(x), 1)
    fit = F.mse_loss(p, F.one_hot(y, 3).float())  # expect: warning mse-on-softmax
    penalty = sum((w**2).sum() for w in model.parameters())
    loss = fit + lam * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{fit.item():.4f} {penalty.item():.4f}")
