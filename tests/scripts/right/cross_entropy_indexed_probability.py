"""-log(p[range(n), y]), and the same with a small epsilon inside the logarithm."""

import torch
from torch import nn

torch.manual_seed(70)
model = nn.Linear(5, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
for step in range(30):
    x = torch.randn(32, 5)
    y = x[:, :3].argmax(1)
    p = torch.softmax(model(x), dim=1)
    if step < 15:
        loss = -torch.log(p[range(len(y)), y]).mean()  # expect: info log-of-softmax
    else:
        loss = -torch.log(p[range(len(y)), y] + 1e-8).mean()  # expect: info log-with-epsilon
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
