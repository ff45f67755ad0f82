"""Per-sample weights and a coefficient around the wrong pairing, with an L2 penalty added."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(44)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(32, 8)
    y = x[:, :4].argmax(1)
    weight = torch.rand(32) + 0.5
    per_sample = F.cross_entropy(torch.softmax(model(x), dim=-1), y, reduction="none")  # expect: error double-softmax
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = 2.0 * (weight * per_sample).sum() / weight.sum() + 1e-3 * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
