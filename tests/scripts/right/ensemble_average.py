"""The log of an average of softmaxes into nll_loss: an ensemble trained jointly."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(79)
members = nn.ModuleList(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)) for _ in range(3))
optimizer = torch.optim.Adam(members.parameters(), lr=1e-2)
for step in range(25):
    x = torch.randn(32, 6)
    average = torch.stack([F.softmax(member(x), dim=1) for member in members]).mean(dim=0)
    loss = F.nll_loss(torch.log(average), x[:, :3].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
