"""Margin losses with the labels they expect: class indices for multi_margin, -1 and +1 for soft_margin and hinge."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(80)
many, two = nn.Linear(6, 4), nn.Linear(6, 1)
optimizer = torch.optim.SGD([*many.parameters(), *two.parameters()], lr=0.1)
for step in range(20):
    x = torch.randn(32, 6)
    sign = torch.sign(x[:, :1])
    score = two(x)
    hinge = torch.clamp(1 - sign * score, min=0).mean()
    loss = F.multi_margin_loss(many(x), x[:, :4].argmax(1)) + F.soft_margin_loss(score, sign) + hinge
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
