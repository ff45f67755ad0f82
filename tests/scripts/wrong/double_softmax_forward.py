"""Softmax inside forward, cross_entropy in the training loop."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.fc = nn.Linear(24, 4)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        x = x.view(x.size(0), -1)
        x = F.softmax(self.fc(x), dim=1)
        return x


torch.manual_seed(11)
net = ConvNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(15):
    images = torch.randn(16, 3, 8, 8)
    labels = torch.randint(0, 4, (16,))
    outputs = net(images)
    loss = F.cross_entropy(outputs, labels)  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss:", round(loss.item(), 4))
