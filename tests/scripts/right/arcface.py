"""Cosine logits with an additive margin and a scale, then cross-entropy."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(86)
body = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, 8))
centres = nn.Parameter(torch.randn(5, 8))
optimizer = torch.optim.SGD([*body.parameters(), centres], lr=0.02)
for step in range(20):
    x = torch.randn(40, 10)
    y = x[:, :5].argmax(1)
    cosine = F.linear(F.normalize(body(x)), F.normalize(centres))
    logits = 16.0 * (cosine - 0.2 * F.one_hot(y, 5))
    loss = F.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
