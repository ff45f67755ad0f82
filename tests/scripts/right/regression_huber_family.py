"""Huber, smooth L1 and L1 on three heads of one regressor."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(31)
trunk = nn.Sequential(nn.Linear(5, 16), nn.Tanh())
heads = nn.ModuleDict({"a": nn.Linear(16, 1), "b": nn.Linear(16, 1), "c": nn.Linear(16, 2)})
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.02)
for step in range(25):
    x = torch.randn(32, 5)
    h = trunk(x)
    out = {name: head(h) for name, head in heads.items()}
    losses = [
        F.huber_loss(out["a"], x[:, :1].abs(), delta=0.5),
        F.smooth_l1_loss(out["b"], x[:, 1:2] ** 2),
        F.l1_loss(out["c"], x[:, 2:4]),
    ]
    loss = torch.stack(losses).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
