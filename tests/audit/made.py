"""Small models and data for audits."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 4


def data(count: int = 60, features: int = 8, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed)), torch.arange(count) % CLASSES


def network(*head: nn.Module) -> nn.Sequential:
    """With everything that a careless audit would change."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, CLASSES), *head
    )


def mse_on_softmax(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.mse_loss(p, F.one_hot(y, CLASSES).float())


def loader(count: int = 60, batch: int = 16, **options: Any) -> torch.utils.data.DataLoader:
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data(count)), batch, **options)


def state(model: nn.Module) -> tuple[Any, ...]:
    """Everything that must be as before, byte for byte."""
    return (
        {name: value.numpy().tobytes() for name, value in copy.deepcopy(model.state_dict()).items()},
        [None if p.grad is None else p.grad.numpy().tobytes() for p in model.parameters()],
        [p.requires_grad for p in model.parameters()],
        [module.training for module in model.modules()],
        torch.get_rng_state().numpy().tobytes(),
        torch.is_grad_enabled(),
        torch.overrides._len_torch_function_stack(),
    )
