"""Models whose landscapes are known, and planes through them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from lossaudit.landscape.picture import Coordinate
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe


def plane_of(probe: Probe, dims: int = 2, seed: int = 0, scale: float = 1.0) -> Plane:
    """Gaussian directions."""
    chance = torch.Generator().manual_seed(seed)
    origin = tuple(p.detach().clone() for p in probe.parameters)
    directions = tuple(
        tuple(torch.randn(p.shape, generator=chance, dtype=p.dtype) * scale for p in origin) for _ in range(dims)
    )
    return Plane(origin, directions, ("a", "b")[:dims], (1.0,) * dims)


def axis(size: int = 11, reach: float = 1.0, name: str = "a") -> Coordinate:
    return Coordinate(name, np.linspace(-reach, reach, size))


class Sum(nn.Module):
    """The sum of its weights: affine in them."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(values, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.weight * x).sum(1)


def mean(output: torch.Tensor, _target: torch.Tensor) -> torch.Tensor:
    return output.mean()


class Free(nn.Module):
    """Any function of two parameters, as a model: its output is the loss."""

    def __init__(self, function) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.at[0], self.at[1]) + 0 * x.sum()


def axes_plane() -> Plane:
    """The two parameters of `Free` as coordinates."""
    one, two = torch.eye(2, dtype=torch.float64)
    return Plane((torch.zeros(2, dtype=torch.float64),), ((one,), (two,)), ("a", "b"), (1.0, 1.0))
