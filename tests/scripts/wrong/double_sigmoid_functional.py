"""Multi-label tags: torch.sigmoid in forward, squeezed, then the functional BCE with logits."""
import torch
import torch.nn.functional as F
from torch import nn


class Tags(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 8, 3, padding=1)
        self.head = nn.Conv1d(8, 3, 1)

    def forward(self, x):
        pooled = torch.relu(self.conv(x)).mean(dim=2, keepdim=True)
        return torch.sigmoid(self.head(pooled)).squeeze(-1)


torch.manual_seed(20)
tags = Tags()
optimizer = torch.optim.SGD(tags.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(32, 4, 10)
    y = (x.mean(2)[:, :3] > 0).float()
    loss = F.binary_cross_entropy_with_logits(tags(x), y)  # expect: error double-sigmoid
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
