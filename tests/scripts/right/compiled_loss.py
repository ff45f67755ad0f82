"""torch.compile (eager backend) of the whole loss computation."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(52)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


@torch.compile(backend="eager")
def compute_loss(x, y):
    return F.cross_entropy(model(x), y)


for step in range(15):
    x = torch.randn(32, 8)
    loss = compute_loss(x, x[:, :4].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
