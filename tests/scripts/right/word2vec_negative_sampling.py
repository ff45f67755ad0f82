"""Skip-gram with negative sampling: dot products of embeddings through logsigmoid."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(42)
centre, context = nn.Embedding(40, 8), nn.Embedding(40, 8)
optimizer = torch.optim.Adam([*centre.parameters(), *context.parameters()], lr=1e-2)
for step in range(30):
    words = torch.randint(40, (64,))
    positive = (words + torch.randint(1, 3, (64,))) % 40
    negative = torch.randint(40, (64, 5))
    v = centre(words)
    good = (v * context(positive)).sum(1)
    bad = torch.bmm(context(negative), v.unsqueeze(2)).squeeze(2)
    loss = -(F.logsigmoid(good) + F.logsigmoid(-bad).sum(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
