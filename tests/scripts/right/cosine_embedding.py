"""Cosine embedding loss with labels -1 and +1, and a margin ranking loss beside it."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(29)
left, right = nn.Linear(8, 5), nn.Linear(8, 5)
score = nn.Linear(5, 1)
optimizer = torch.optim.Adam([*left.parameters(), *right.parameters(), *score.parameters()], lr=5e-3)
for step in range(20):
    a, b = torch.randn(40, 8), torch.randn(40, 8)
    sign = torch.where((a * b).sum(1) > 0, 1.0, -1.0)
    u, v = left(a), right(b)
    similarity = F.cosine_embedding_loss(u, v, sign, margin=0.2)
    ranking = F.margin_ranking_loss(score(u).squeeze(1), score(v).squeeze(1), sign, margin=0.1)
    loss = similarity + 0.5 * ranking
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
