"""Several backward calls for one step: retain_graph, autograd.backward on two losses, a vector with its own weights."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(109)
trunk, kind, size = nn.Linear(6, 12), nn.Linear(12, 3), nn.Linear(12, 1)
optimizer = torch.optim.SGD([*trunk.parameters(), *kind.parameters(), *size.parameters()], lr=0.05)
for step in range(15):
    x = torch.randn(24, 6)
    h = torch.relu(trunk(x))
    kind_loss = F.cross_entropy(kind(h), x[:, :3].argmax(1))
    size_loss = F.mse_loss(size(h), x.norm(dim=1, keepdim=True))
    optimizer.zero_grad()
    kind_loss.backward(retain_graph=True)
    torch.autograd.backward([kind_loss, size_loss], retain_graph=True)
    per_sample = F.cross_entropy(kind(h), x[:, :3].argmax(1), reduction="none")
    per_sample.backward(torch.full((24,), 1 / 24))
    optimizer.step()
print(f"{kind_loss.item():.4f} {size_loss.item():.4f}")
