"""A pointer network: attention scores over positions are themselves the logits; sigmoid gates inside a GRU cell."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(64)
encoder = nn.GRU(1, 12, batch_first=True)
query, key = nn.Linear(12, 12), nn.Linear(12, 12)
optimizer = torch.optim.Adam([*encoder.parameters(), *query.parameters(), *key.parameters()], lr=5e-3)
for step in range(20):
    numbers = torch.rand(24, 7, 1)
    states, last = encoder(numbers)
    scores = torch.einsum("bd,btd->bt", query(last[0]), key(states)) / 12**0.5
    loss = F.cross_entropy(scores, numbers.squeeze(2).argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
