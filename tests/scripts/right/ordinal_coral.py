"""Ordinal regression (CORAL-like): K-1 cumulative {0,1} questions with BCE on logits sharing one slope."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(61)
LEVELS = 5
body = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1, bias=False))
bias = nn.Parameter(torch.zeros(LEVELS - 1))
optimizer = torch.optim.Adam([*body.parameters(), bias], lr=1e-2)
for step in range(25):
    x = torch.randn(64, 6)
    level = torch.bucketize(x[:, 0].contiguous(), torch.tensor([-1.0, -0.3, 0.3, 1.0]))
    cumulative = (level.unsqueeze(1) > torch.arange(LEVELS - 1)).float()
    logits = body(x) + bias
    loss = F.binary_cross_entropy_with_logits(logits, cumulative)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
