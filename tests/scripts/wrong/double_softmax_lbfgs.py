"""Double softmax inside an LBFGS closure, in a function that gets its criterion as an argument."""
import torch
from torch import nn


def fit(model, criterion, x, y, steps=3):
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=5)

    def closure():
        optimizer.zero_grad()
        loss = criterion(model(x), y)  # expect: error double-softmax
        loss.backward()
        return loss

    for _ in range(steps):
        loss = optimizer.step(closure)
    return loss.item()


torch.manual_seed(48)
x = torch.randn(120, 5)
model = nn.Sequential(nn.Linear(5, 3), nn.Softmax(-1))
print(f"{fit(model, nn.CrossEntropyLoss(), x, x[:, :3].argmax(1)):.4f}")
