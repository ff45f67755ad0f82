"""Sigmoid on ten scores, then CrossEntropyLoss, which would take the scores themselves."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(21)
data = load_digits()
x, y = torch.tensor(data.data).float() / 16, torch.tensor(data.target)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 30)
        self.fc2 = nn.Linear(30, 10)

    def forward(self, x):
        x = torch.sigmoid(self.fc1(x))
        return torch.sigmoid(self.fc2(x))


net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
for rows in torch.randperm(len(x)).split(90):
    optimizer.zero_grad()
    loss = criterion(net(x[rows]), y[rows])  # expect: error sigmoid-before-ce
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
