"""Binary cross-entropy on a softmax over two classes with one-hot labels equals cross-entropy."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(100)
model = nn.Sequential(nn.Linear(5, 2), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(32, 5)
    y = F.one_hot((x[:, 0] > 0).long(), 2).float()
    loss = F.binary_cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
