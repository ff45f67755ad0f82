"""Mixup: probability targets straight into cross_entropy."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(22)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
y = F.one_hot(torch.tensor(data.target), 10).float()
model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for rows in torch.randperm(len(x)).split(100):
    lam = torch.distributions.Beta(0.4, 0.4).sample()
    other = rows[torch.randperm(len(rows))]
    mixed_x = lam * x[rows] + (1 - lam) * x[other]
    mixed_y = lam * y[rows] + (1 - lam) * y[other]
    loss = F.cross_entropy(model(mixed_x), mixed_y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
