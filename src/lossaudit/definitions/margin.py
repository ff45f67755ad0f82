"""Losses of one score and a label in {-1,+1}, through the margin m = y z."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lossaudit.definitions.definition import Definition
from lossaudit.pairing import TargetEncoding


def _of_margin(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def loss(z: Tensor, y: Tensor) -> Tensor:
        return function(y * z).sum()

    loss.__name__ = function.__name__
    loss.__doc__ = function.__doc__
    return loss


def hinge(m: Tensor) -> Tensor:
    """max(0, 1 - m)."""
    return torch.relu(1 - m)


def squared_hinge(m: Tensor) -> Tensor:
    """max(0, 1 - m)^2."""
    return torch.relu(1 - m) ** 2


def smoothed_hinge(m: Tensor) -> Tensor:
    """1/2 - m for m <= 0, (1 - m)^2 / 2 up to 1, then 0."""
    return torch.where(m <= 0, 0.5 - m, torch.relu(1 - m) ** 2 / 2)


def modified_huber(m: Tensor) -> Tensor:
    """-4 m for m < -1, then max(0, 1 - m)^2."""
    return torch.where(m < -1, -4 * m, torch.relu(1 - m) ** 2)


def logistic(m: Tensor) -> Tensor:
    """log(1 + exp(-m))."""
    return torch.nn.functional.softplus(-m)


def exponential(m: Tensor) -> Tensor:
    """exp(-m)."""
    return torch.exp(-m)


def perceptron(m: Tensor) -> Tensor:
    """max(0, -m)."""
    return torch.relu(-m)


def unhinged(m: Tensor) -> Tensor:
    """1 - m."""
    return 1 - m


def savage(m: Tensor) -> Tensor:
    """1 / (1 + exp(m))^2."""
    return torch.sigmoid(-m) ** 2


def tangent(m: Tensor) -> Tensor:
    """(2 atan(m) - 1)^2."""
    return (2 * torch.atan(m) - 1) ** 2


def ramp(m: Tensor) -> Tensor:
    """min(1, max(0, 1 - m))."""
    return torch.clamp(1 - m, 0, 1)


def sigmoid_loss(m: Tensor) -> Tensor:
    """1 / (1 + exp(m))."""
    return torch.sigmoid(-m)


_SOURCES = (
    (hinge, "Cortes and Vapnik 1995"),
    (squared_hinge, "Lee and Mangasarian 2001"),
    (smoothed_hinge, "Rennie 2005"),
    (modified_huber, "Zhang 2004"),
    (logistic, "Cox 1958"),
    (exponential, "Freund and Schapire 1997"),
    (perceptron, "Rosenblatt 1958"),
    (unhinged, "van Rooyen, Menon and Williamson 2015"),
    (savage, "Masnadi-Shirazi and Vasconcelos 2008"),
    (tangent, "Masnadi-Shirazi, Mahadevan and Vasconcelos 2010"),
    (ramp, "Collobert et al. 2006"),
    (sigmoid_loss, "Mason et al. 1999"),
)

DEFINITIONS = tuple(
    Definition(f.__name__, _of_margin(f), "identity", TargetEncoding.SIGNED, source, elementwise=True)
    for f, source in _SOURCES
)
