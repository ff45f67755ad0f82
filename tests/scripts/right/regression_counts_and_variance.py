"""Poisson regression on counts and a Gaussian with a learned variance."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(32)
rate = nn.Linear(4, 1)
mean, variance = nn.Linear(4, 1), nn.Sequential(nn.Linear(4, 1), nn.Softplus())
optimizer = torch.optim.Adam([*rate.parameters(), *mean.parameters(), *variance.parameters()], lr=1e-2)
gaussian = nn.GaussianNLLLoss()
for step in range(25):
    x = torch.randn(64, 4)
    counts = torch.poisson(torch.exp(0.5 * x[:, :1]))
    value = x.sum(1, keepdim=True) + 0.3 * torch.randn(64, 1)
    loss = F.poisson_nll_loss(rate(x), counts, log_input=True)
    loss = loss + gaussian(mean(x), value, variance(x) + 1e-3)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
