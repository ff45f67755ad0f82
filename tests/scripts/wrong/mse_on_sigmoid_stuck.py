"""One sigmoid unit on unscaled inputs: most wrong samples sit on the flat ends of the sigmoid."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(27)
x = torch.rand(200, 10) * 255
y = (x[:, 0] > 127).float()
model = nn.Linear(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
for step in range(20):
    p = torch.sigmoid(model(x)).squeeze(1)
    loss = F.mse_loss(p, y)  # expect: error mse-on-sigmoid
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
