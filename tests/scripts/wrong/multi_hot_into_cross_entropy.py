"""Multi-hot labels given to cross_entropy as if they were probabilities: the rows sum to 1, 2 or 3."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(30)
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 5))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
x = torch.randn(160, 12)
tags = (x[:, :5] > 0.5).float()
tags[:, 0] = 1.0
for step in range(20):
    rows = torch.randint(160, (40,))
    loss = F.cross_entropy(model(x[rows]), tags[rows])  # expect: warning probabilities-not-normalised
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
