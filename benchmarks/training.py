"""Two ordinary training loops, which know nothing of lossaudit."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from sklearn.datasets import load_digits
from torch import nn


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels / 16, dtype=torch.float32), torch.tensor(labels)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def cnn() -> nn.Module:
    """101,626 parameters."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1024, 80),
        nn.ReLU(),
        nn.Linear(80, 10),
    )


def train(make: Callable[[], nn.Module], steps: int) -> float:
    """CPU seconds of an ordinary training loop."""
    torch.manual_seed(0)
    images, labels = digits()
    model, loss_fn = make(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    started = time.process_time()
    for step in range(steps):
        rows = slice(step * 128 % 1600, step * 128 % 1600 + 128)
        loss = loss_fn(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.process_time() - started
