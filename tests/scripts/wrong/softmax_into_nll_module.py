"""The same through nn.NLLLoss and a model that switches heads on a flag."""
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, log_probabilities=False):
        super().__init__()
        self.layer = nn.Linear(6, 3)
        self.log_probabilities = log_probabilities

    def forward(self, x):
        scores = self.layer(x)
        if self.log_probabilities:
            return torch.log_softmax(scores, dim=1)
        return torch.softmax(scores, dim=1)


torch.manual_seed(18)
net = Net()
criterion = nn.NLLLoss(weight=torch.tensor([1.0, 1.0, 2.0]))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
x = torch.randn(90, 6)
y = torch.arange(90) % 3
for epoch in range(20):
    optimizer.zero_grad()
    loss = criterion(net(x), y)  # expect: error probs-into-nll
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
