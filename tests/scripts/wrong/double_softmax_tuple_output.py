"""A model with two outputs: the value head is right, the class head is softmaxed before cross-entropy."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(8, 24)
        self.validity = nn.Linear(24, 1)
        self.label = nn.Sequential(nn.Linear(24, 5), nn.Softmax(dim=1))

    def forward(self, x):
        h = F.leaky_relu(self.trunk(x), 0.2)
        return self.validity(h), self.label(h)


torch.manual_seed(14)
net = TwoHeads()
adversarial, auxiliary = nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(20):
    x = torch.randn(32, 8)
    validity, label = net(x)
    loss_validity = adversarial(validity, torch.ones(32, 1))
    loss_label = auxiliary(label, x[:, :5].argmax(1))  # expect: error double-softmax
    loss = 0.5 * (loss_validity + loss_label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss_validity.item():.4f} {loss_label.item():.4f}")
