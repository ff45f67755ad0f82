"""Between softmax and cross-entropy: a clamp, a mask over padding, a cast."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(123)
model = nn.Sequential(nn.Embedding(14, 8), nn.Linear(8, 14))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(15):
    tokens = torch.randint(14, (6, 7))
    keep = tokens != 0
    p = model(tokens).softmax(dim=-1).clamp(1e-7, 1 - 1e-7).double()
    loss = F.cross_entropy(p[keep], tokens.roll(1, 1)[keep])  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
