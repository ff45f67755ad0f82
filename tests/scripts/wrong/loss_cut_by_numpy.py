"""The metric is computed in NumPy and wrapped again: no way back to the parameters."""
import numpy as np
import torch
from torch import nn

torch.manual_seed(57)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(8):
    x = torch.randn(16, 4)
    y = x.sum(1, keepdim=True)
    error = np.mean((model(x).detach().numpy() - y.numpy()) ** 2)
    loss = torch.tensor(float(error), requires_grad=True)
    optimizer.zero_grad()
    loss.backward()  # expect: error loss-cut-off
    optimizer.step()
print(f"{loss.item():.4f}")
