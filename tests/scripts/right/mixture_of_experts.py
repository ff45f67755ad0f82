"""A softmax gate mixes experts; the load-balancing term uses the gate's mean."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 3)
        self.experts = nn.ModuleList(nn.Linear(8, 4) for _ in range(3))

    def forward(self, x):
        weights = F.softmax(self.gate(x), dim=-1)
        stacked = torch.stack([expert(x) for expert in self.experts], dim=1)
        return (weights.unsqueeze(-1) * stacked).sum(dim=1), weights


torch.manual_seed(78)
model = Mixture()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(25):
    x = torch.randn(32, 8)
    logits, weights = model(x)
    balance = 3 * (weights.mean(0) ** 2).sum()
    loss = F.cross_entropy(logits, x[:, :4].argmax(1)) + 0.01 * balance
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
