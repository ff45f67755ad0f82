"""torch.square of the difference, softmax inside forward of the model."""
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 24)
        self.fc2 = nn.Linear(24, 4)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        return torch.softmax(self.fc2(x), dim=1)


torch.manual_seed(5)
x = torch.randn(200, 12)
labels = x[:, :4].argmax(dim=1)
target = nn.functional.one_hot(labels, num_classes=4).float()
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(20):
    optimizer.zero_grad()
    loss = torch.mean(torch.square(net(x) - target))  # expect: warning mse-on-softmax
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
