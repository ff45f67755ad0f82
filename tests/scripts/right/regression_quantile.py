"""Quantile (pinball) loss written by hand for three quantiles."""
import torch
from torch import nn

torch.manual_seed(33)
quantiles = torch.tensor([0.1, 0.5, 0.9])


def pinball(prediction, target):
    error = target.unsqueeze(1) - prediction
    return torch.max(quantiles * error, (quantiles - 1) * error).sum(dim=1).mean()


model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(30):
    x = torch.rand(64, 3)
    y = x.sum(1) + x[:, 0] * torch.randn(64)
    loss = pinball(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
