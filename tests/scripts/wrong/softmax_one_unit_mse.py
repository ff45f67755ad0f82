"""Softmax over one output and squared error: the prediction is the constant one."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(54)


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 1)

    def forward(self, x):
        return F.softmax(self.fc(x), dim=-1)


model = Regressor()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(12):
    x = torch.randn(30, 5)
    loss = F.mse_loss(model(x), torch.sigmoid(x[:, :1]))  # expect: error softmax-one-unit
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
