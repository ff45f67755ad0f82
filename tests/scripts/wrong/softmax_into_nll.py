"""nll_loss takes log-probabilities; here it gets probabilities, so the loss is minus the true class's probability."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(17)
model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(64, 10)
    y = x[:, :5].argmax(1)
    loss = F.nll_loss(model(x), y)  # expect: error probs-into-nll
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
