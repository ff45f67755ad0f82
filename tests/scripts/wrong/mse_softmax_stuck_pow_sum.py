"""The squared error summed over classes, written with pow; a large learning rate on unscaled inputs before it."""
import torch
from torch import nn

torch.manual_seed(3)
x = torch.rand(256, 16) * 255
y = torch.randint(0, 6, (256,))
onehot = torch.zeros(256, 6).scatter_(1, y[:, None], 1.0)
net = nn.Linear(16, 6)
optimizer = torch.optim.SGD(net.parameters(), lr=1e-5)
for epoch in range(10):
    p = torch.softmax(net(x), dim=-1)
    loss = (p - onehot).pow(2).sum(1).mean()  # expect: error mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
