"""Cross-entropy with elastic-net penalties added by hand."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(57)
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(25):
    x = torch.randn(32, 10)
    y = x[:, :3].argmax(1)
    l2 = sum(torch.sum(w**2) for w in model.parameters())
    l1 = sum(w.abs().sum() for w in model.parameters())
    loss = F.cross_entropy(model(x), y) + 1e-3 * l2 + 1e-4 * l1
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
