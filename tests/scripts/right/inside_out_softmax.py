"""Softmax inside the network followed by further affine layers: capsule-like routing and a probability embedding."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(115)
first, second = nn.Linear(8, 5), nn.Linear(5, 3)
optimizer = torch.optim.Adam([*first.parameters(), *second.parameters()], lr=2e-2)
for step in range(20):
    x = torch.randn(32, 8)
    topics = torch.softmax(first(x), dim=1)
    loss = F.cross_entropy(second(topics), x[:, :3].argmax(1)) - 0.01 * (topics * topics.log()).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
