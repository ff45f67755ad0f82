"""Vectors in the space of a network's parameters: one tensor for each parameter. Sums are taken in float64."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.plane import Direction
from lossaudit.landscape.probe import Probe


def present(probe: Probe) -> Direction:
    """The parameters as they are, copied.

    Raises:
        UsageError: There are none, or one of them is not finite.
    """
    parameters = probe.parameters
    if not parameters:
        raise UsageError("the model has no trainable parameters: a landscape over parameters needs requires_grad=True")
    for name, parameter in zip(probe.names, parameters, strict=True):
        if not bool(torch.isfinite(parameter).all()):
            raise UsageError(
                f"parameter {name} holds NaN or infinite values: load a checkpoint from before it diverged"
            )
    return tuple(parameter.detach().clone() for parameter in parameters)


def inner(a: Direction, b: Direction) -> float:
    """The Euclidean inner product."""
    return math.fsum(float((x.double() * y.double()).sum()) for x, y in zip(a, b, strict=True))


def norm(a: Direction) -> float:
    """The Euclidean norm over all parameters."""
    return math.sqrt(inner(a, a))


def cosine(a: Direction, b: Direction) -> float:
    """Of the angle between two directions; 0 where one of them is zero."""
    size = norm(a) * norm(b)
    return inner(a, b) / size if size > 0 else 0.0


def scaled(a: Direction, factor: float) -> Direction:
    return tuple(x * factor for x in a)


def minus(a: Direction, b: Direction) -> Direction:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def moved(a: Direction, factor: float, b: Direction) -> Direction:
    """`a + factor * b`, added up in float64 and rounded once."""
    return tuple((x.double() + factor * y.double()).to(x.dtype) for x, y in zip(a, b, strict=True))


def flat(a: Direction) -> Tensor:
    """All numbers in one vector of float64."""
    return torch.cat([part.detach().double().reshape(-1).cpu() for part in a])


def usable(direction: Direction, why: str) -> Direction:
    """The direction, where it is finite and not zero.

    Raises:
        UsageError: It is; `why` says how that comes and what to do.
    """
    size = norm(direction)
    if not math.isfinite(size):
        raise UsageError(f"the direction holds NaN or infinite values: {why}")
    if size == 0:
        raise UsageError(f"the direction is zero, there is nothing to draw: {why}")
    return direction
