"""torch.compile (eager backend) of the model; the loss stays eager."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(51)
model = torch.compile(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)), backend="eager")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(15):
    x = torch.randn(32, 8)
    loss = F.cross_entropy(model(x), x[:, :4].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
