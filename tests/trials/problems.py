"""Small problems of every task, made from a seed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Problem, Samples, Sealed, Task

CLASSES = 3


def targets(task: Task, x: Tensor) -> Tensor:
    """What a linear rule makes of the inputs."""
    if task is Task.MULTICLASS:
        return x[:, :CLASSES].argmax(1)
    if task is Task.BINARY:
        return (x[:, 0] > 0).long()
    if task is Task.MULTILABEL:
        return (x[:, :CLASSES] > 0).float()
    return x[:, 0] + 2.0


def problem(task: Task = Task.MULTICLASS, count: int = 97) -> tuple[Problem, Sealed]:
    draw = torch.Generator().manual_seed(1)
    parts = [torch.randn(count, 4, generator=draw) for _ in range(3)]
    train, validation, test = (Samples(x, targets(task, x)) for x in parts)
    outputs = CLASSES if task in (Task.MULTICLASS, Task.MULTILABEL) else 1
    return Problem("made", task, train, validation, outputs), Sealed(test)


def network(outputs: int = CLASSES, norm: bool = False) -> nn.Module:
    layers = [nn.BatchNorm1d(8)] if norm else []
    return nn.Sequential(nn.Linear(4, 8), *layers, nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, outputs))


def factory(outputs: int = CLASSES, norm: bool = False) -> Factory:
    return Factory("network", lambda: network(outputs, norm), "network")
