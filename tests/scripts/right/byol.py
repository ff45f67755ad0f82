"""BYOL-like self-supervision: normalised squared distance to a slow copy's projection, stop-gradient."""
import copy

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(76)
online = nn.Sequential(nn.Linear(10, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 8))
predictor = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
slow = copy.deepcopy(online).requires_grad_(False)
optimizer = torch.optim.SGD([*online.parameters(), *predictor.parameters()], lr=0.05, momentum=0.9)


def distance(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=-1).mean()


for step in range(20):
    x = torch.randn(32, 10)
    a, b = x + 0.1 * torch.randn_like(x), x + 0.1 * torch.randn_like(x)
    loss = distance(predictor(online(a)), slow(b)) + distance(predictor(online(b)), slow(a))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for s, o in zip(slow.parameters(), online.parameters()):
            s.lerp_(o, 0.05)
print(f"{loss.item():.4f}")
