"""soft_margin_loss with {0,1} labels: the zeros contribute a constant."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(29)
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(20):
    x = torch.randn(64, 10)
    y = (x[:, :1] > 0).float()
    loss = F.soft_margin_loss(model(x), y)  # expect: error hinge-labels-01
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
