"""An evaluation loop under no_grad that applies softmax and even MSE to it: nothing is trained there."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, x):
        logits = self.layers(x)
        return logits if self.training else F.softmax(logits, dim=1)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    total, right = 0.0, 0
    for x, y in loader:
        p = model(x)
        total += F.mse_loss(p, F.one_hot(y, 3).float()).item()
        right += (p.argmax(1) == y).sum().item()
    model.train()
    return total / len(loader), right / len(loader.dataset)


torch.manual_seed(66)
x = torch.randn(200, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:150], y[:150]), batch_size=25, shuffle=True)
test = DataLoader(TensorDataset(x[150:], y[150:]), batch_size=25)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(3):
    for xb, yb in train:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
    print(epoch, *(round(value, 4) for value in evaluate(model, test)))
