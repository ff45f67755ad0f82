"""reduction='none', then sample weights, then the mean."""
import torch
from torch import nn

torch.manual_seed(9)
x = torch.randn(120, 5)
y = torch.randint(3, (120,))
weights = torch.where(y == 0, 2.0, 1.0)
model = nn.Linear(5, 3)
per_element = nn.MSELoss(reduction="none")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    p = model(x).softmax(-1)
    errors = per_element(p, torch.eye(3)[y])  # expect: warning mse-on-softmax
    loss = (errors.mean(dim=1) * weights).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
