"""log of a softmax that underflows to zero: the loss becomes infinite and the gradients NaN."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(32)
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(30, 4) * 1000
y = torch.randint(3, (30,))
for step in range(5):
    optimizer.zero_grad()
    F.nll_loss(torch.log(F.softmax(model(x), dim=1)), y).backward()  # expect: error loss-not-finite  # expect: info log-of-softmax
    optimizer.step()
print("done")
