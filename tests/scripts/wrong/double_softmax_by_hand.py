"""A softmax written as exp over sum before cross_entropy."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(125)
model = nn.Linear(6, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def softmax(z):
    e = torch.exp(z - z.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)


for step in range(15):
    x = torch.randn(32, 6)
    loss = F.cross_entropy(softmax(model(x)), x[:, :4].argmax(1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
