"""log of a softmax over axis 0, by hand: each class competes with the other samples of the batch."""
import torch
from torch import nn

torch.manual_seed(55)
model = nn.Linear(7, 4)
nll = nn.NLLLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(40, 7)
    y = x[:, :4].argmax(dim=1)
    p = torch.softmax(model(x), dim=0)
    loss = nll(torch.log(p), y)  # expect: error softmax-over-batch  # expect: info log-of-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
