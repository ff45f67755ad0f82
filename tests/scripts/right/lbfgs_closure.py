"""LBFGS calls its closure several times for each step."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_iris
from torch import nn

torch.manual_seed(53)
data = load_iris()
x, y = torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)
model = nn.Linear(4, 3)
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=8, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y) + 1e-3 * sum(p.pow(2).sum() for p in model.parameters())
    loss.backward()
    return loss


for step in range(4):
    loss = optimizer.step(closure)
print(f"{loss.item():.4f}", "accuracy", (model(x).argmax(1) == y).float().mean().item())
