"""Squared error on softmax from an ordinary start: slow, not yet stuck."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(4)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for rows in torch.randperm(len(x)).split(64):
    loss = F.mse_loss(model(x[rows]).softmax(dim=1), F.one_hot(y[rows], 10).float())  # expect: warning mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
