"""A linear-chain CRF: the partition function by the forward algorithm with logsumexp."""
import torch
from torch import nn

torch.manual_seed(112)
TAGS = 3
emit = nn.Sequential(nn.Embedding(12, 8), nn.Linear(8, TAGS))
transition = nn.Parameter(0.1 * torch.randn(TAGS, TAGS))
optimizer = torch.optim.Adam([*emit.parameters(), transition], lr=1e-2)
for step in range(10):
    words = torch.randint(12, (8, 6))
    tags = words % TAGS
    scores = emit(words)
    alpha = scores[:, 0]
    gold = scores[:, 0].gather(1, tags[:, :1]).squeeze(1)
    for t in range(1, 6):
        alpha = torch.logsumexp(alpha.unsqueeze(2) + transition, dim=1) + scores[:, t]
        gold = gold + transition[tags[:, t - 1], tags[:, t]] + scores[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
    loss = (torch.logsumexp(alpha, dim=1) - gold).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
