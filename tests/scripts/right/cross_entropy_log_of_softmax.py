"""Cross-entropy as -(y * log(softmax(z))).sum(): less stable than log_softmax, but the same function."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(69)
model = nn.Sequential(nn.Linear(7, 4), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(30):
    x = torch.randn(32, 7)
    y = F.one_hot(x[:, :4].argmax(1), 4).float()
    loss = -(y * torch.log(model(x))).sum(dim=1).mean()  # expect: info log-of-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
