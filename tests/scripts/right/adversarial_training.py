"""FGSM adversarial training: a first backward for the input's gradient, a second for the update."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(59)
model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(32, 8)
    y = x[:, :3].argmax(1)
    probe = x.clone().requires_grad_(True)
    F.cross_entropy(model(probe), y).backward()
    attacked = (x + 0.1 * probe.grad.sign()).detach()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(attacked), y)
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
