"""Slope and curvature of a slice by automatic differentiation, at one node after the other.

Where the loss is not finite they are NaN: the derivative of log(-1) would be -1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossaudit.landscape.differences import STEPS, SURE, smallest
from lossaudit.landscape.evaluate import Mover, Reading, losses
from lossaudit.landscape.picture import Floats
from lossaudit.landscape.probe import Probe

ROUNDING = 16  # in units of the type's precision, of the longest product


def slope(probe: Probe, mover: Mover) -> Reading:
    """The norm of the gradient of all parameters, and its components along the directions."""
    parameters = probe.parameters
    names = ("slope", *(f"arrow {k}" for k in range(len(mover.directions))))

    def take(_output: Any, _target: Any, loss: Tensor) -> list[float]:
        if not math.isfinite(loss.item()):
            return [math.nan] * len(names)
        gradient = _gradient(loss, parameters, keep=True)
        moved = [gradient[i] for i in mover.moved]
        norm = math.sqrt(sum(float(each.double().square().sum()) for each in gradient))
        return [norm, *(_dot(moved, direction) for direction in mover.directions)]

    return Reading(names, take, differentiates=True)


def curvature(probe: Probe, mover: Mover) -> Reading:
    """The smallest eigenvalue of the Hessian in the slice, and a bound of its rounding error.

    The Hessian's products with the directions come from a second backward pass through the first one.
    """
    parameters = [probe.parameters[i] for i in mover.moved]
    directions = mover.directions
    lengths = [math.sqrt(_dot(direction, direction)) for direction in directions]
    unit = ROUNDING * max((torch.finfo(each.dtype).eps for each in parameters), default=0.0)

    def take(_output: Any, _target: Any, loss: Tensor) -> tuple[float, float]:
        if not math.isfinite(loss.item()):
            return math.nan, math.nan
        gradient = _gradient(loss, parameters, keep=True, graph=True)
        entries, errors = np.zeros((2, len(directions), len(directions)))
        for k, direction in enumerate(directions):
            along = sum(((g * d).sum() for g, d in zip(gradient, direction, strict=True)), torch.zeros(()))
            product = _gradient(along, parameters, keep=True)
            entries[k] = [_dot(product, other) for other in directions]
            errors[k] = [unit * math.sqrt(_dot(product, product)) * length for length in lengths]
        return _least(entries), float(np.max((errors + errors.T).sum(axis=1) / 2, initial=0.0))

    return Reading(("curvature", "rounding"), take, differentiates=True)


def scatter(probe: Probe, mover: Mover, reading: Reading, x: Floats, y: Floats | None) -> float:
    """What rounding does to the curvature, as it scatters where the parameters move by a few roundings.

    What cancels inside of the products leaves no trace in their size. It is measured in the middle and at two far ends.

    Args:
        probe: The model, its loss and its data.
        mover: Of `on_plane`.
        reading: Of `curvature`.
        x: The slice's first axis.
        y: Its second axis, or None.
    """
    unit = max((torch.finfo(each.dtype).eps for each in mover.parameters), default=2.0**-52)
    axes = [x] if y is None else [x, y]
    found = 0.0
    for place in (list(mover.offset[: len(axes)]), [axis[0] for axis in axes], [axis[-1] for axis in axes]):
        points = np.tile(np.asarray(place, float), (STEPS, 1))
        points[:, 0] += 8 * unit * float(x[-1] - x[0]) * np.arange(STEPS)
        values = losses(probe, mover, points, [reading])[:, 1]
        with np.errstate(invalid="ignore"):  # of infinite values
            off = SURE * float(np.max(np.abs(np.diff(values, 3)))) / math.sqrt(20)
        found = max(found, off) if math.isfinite(off) else found
    return found


def _least(entries: np.ndarray[Any, Any]) -> float:
    if len(entries) == 1:
        return float(entries[0, 0])
    return float(smallest(entries[0, 0], (entries[0, 1] + entries[1, 0]) / 2, entries[1, 1]))


def _gradient(value: Tensor, parameters: Sequence[Tensor], *, keep: bool, graph: bool = False) -> list[Tensor]:
    """Zeros where the value does not depend on a parameter."""
    if not value.requires_grad:
        return [torch.zeros_like(each) for each in parameters]
    given = torch.autograd.grad(value, parameters, retain_graph=keep, create_graph=graph, allow_unused=True)
    return [
        torch.zeros_like(parameter) if each is None else each for each, parameter in zip(given, parameters, strict=True)
    ]


def _dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
    return float(sum(float((x.detach().double() * y.double()).sum()) for x, y in zip(a, b, strict=True)))
