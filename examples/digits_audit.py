"""Handwritten digits with the legacy pairing and with the right one: model, loss, data, and held-out data.

Both are trained briefly from the same start; `legacy` is the regressor that was given a softmax and kept its loss.
`python examples/digits_audit.py` writes the weights of the right one to digits.pt.
"""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

STEPS = 60


def digits(first: int, last: int) -> tuple[torch.Tensor, torch.Tensor]:
    pixels, labels = load_digits(return_X_y=True)
    pixels *= 16  # from 0 to 256, as in an image file; nobody scales them
    return torch.tensor(pixels[first:last], dtype=torch.float32), torch.tensor(labels[first:last])


def network(*head: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), *head)


def mse_on_softmax(probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    onehot = F.one_hot(labels, 10).float()
    return F.mse_loss(probabilities, onehot)


def trained(model: nn.Module, loss_fn: nn.Module) -> nn.Module:
    x, y = digits(0, 1200)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(STEPS):
        batch = slice(100 * step % 1200, 100 * step % 1200 + 100)
        optimizer.zero_grad()
        loss_fn(model(x[batch]), y[batch]).backward()
        optimizer.step()
    return model


def unseen():
    return digits(1200, 1797)


def legacy():
    model = trained(network(nn.Softmax(dim=1)), mse_on_softmax)
    return model, mse_on_softmax, digits(0, 1200), unseen()


def right():
    model = trained(network(), nn.CrossEntropyLoss())
    return model, nn.CrossEntropyLoss(), digits(0, 1200), unseen()


if __name__ == "__main__":
    torch.save(right()[0].state_dict(), "digits.pt")
