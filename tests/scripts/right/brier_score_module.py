"""The Brier score as a loss class."""
import torch
from torch import nn


class BrierLoss(nn.Module):
    """Mean squared error between the predicted distribution and the one-hot label."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes

    def forward(self, logits, labels):
        target = torch.zeros(len(labels), self.classes).scatter_(1, labels.unsqueeze(1), 1.0)
        return nn.functional.mse_loss(logits.softmax(-1), target, reduction="sum") / len(labels)


torch.manual_seed(18)
x = torch.randn(200, 6)
y = x[:, :4].argmax(1)
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))
criterion = BrierLoss(4)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(20):
    loss = criterion(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
