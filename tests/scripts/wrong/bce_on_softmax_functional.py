"""F.binary_cross_entropy on a softmax, one-hot made with scatter_."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(52)
model = nn.Sequential(nn.Linear(9, 18), nn.ReLU(), nn.Linear(18, 6))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(48, 9)
    labels = x[:, :6].argmax(1)
    onehot = torch.zeros(48, 6)
    onehot.scatter_(1, labels.unsqueeze(1), 1)
    p = model(x).softmax(dim=1)
    loss = F.binary_cross_entropy(p, onehot, reduction="sum") / 48  # expect: warning bce-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
