"""The model ends in softmax; the loop applies log_softmax once more and then nll_loss."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(47)
model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(20):
    x = torch.randn(32, 6)
    y = x[:, :3].argmax(1)
    loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)  # expect: error nested-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
