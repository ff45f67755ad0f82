"""Curvature of a slice from its own values, by second differences.

This is what a network with kinks (ReLU, max pooling) has: automatic differentiation does not see a kink, and says zero
where the loss bends there. The stencils have three nodes each way, need not be uniform, and are exact for quadratics.

Between the nodes a loss may bend more than its stencil can tell: the second differences of a convex function can make a
matrix with a negative eigenvalue. So a negative curvature has a sign only where there is a witness: a node whose loss
lies above the chord between two other nodes of the grid. A convex function has none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossaudit.landscape.evaluate import Mover, losses
from lossaudit.landscape.picture import Bools, Floats
from lossaudit.landscape.probe import Probe, tensors

WAYS = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2))  # to the other nodes of a chord
STEPS = 6
SURE = 6  # standard deviations
KINKED = (
    *("Relu", "LeakyRelu", "Prelu", "Rrelu", "Elu", "Hardtanh", "Hardsigmoid", "Hardswish", "Hardshrink", "Softshrink"),
    *("Threshold", "MaxPool", "AdaptiveMaxPool", "FractionalMaxPool", "Clamp", "Abs", "Max", "Min", "Amax", "Amin"),
    *("Where", "Sort", "Topk", "Median", "MultiMargin", "MultilabelMargin"),
)


def curvature(loss: Floats, x: Floats, y: Floats | None, noise: Floats | float = 0.0) -> tuple[Floats, Floats]:
    """The smallest eigenvalue of the Hessian in the coordinates of a slice, and a bound of its rounding error.

    Args:
        loss: (len(y), len(x)), or (len(x),) where `y` is None.
        x: Increasing, in any steps.
        y: The same, or None for a line.
        noise: A bound of the error of each value of the loss.

    Returns:
        Two arrays of the shape of `loss`. At the edges, and next to a value that is not finite, they are NaN. Where a
        negative value has no witness, the bound is as large as the value.

    >>> x = np.array([-1.0, 0.0, 0.5, 2.0])
    >>> curvature(x**2, x, None)[0].tolist()
    [nan, 2.0, 2.0, nan]
    >>> a, b = np.meshgrid(x, x)
    >>> curvature(a * b, x, x)[0][1:-1, 1:-1].tolist()  # the eigenvalues of [[0, 1], [1, 0]] are 1 and -1
    [[-1.0, -1.0], [-1.0, -1.0]]
    """
    least, bound = np.full(loss.shape, np.nan), np.full(loss.shape, np.nan)
    noise = np.broadcast_to(np.asarray(noise, float), loss.shape)
    first, second = _stencils(x)
    if y is None:
        if len(x) >= 3:
            with np.errstate(all="ignore"):
                least[1:-1] = _along(loss, second)
            bound[1:-1] = _along(noise, abs(second))
        unknown = ~np.isfinite(least)  # a negative one is its own witness
        least[unknown], bound[unknown] = np.nan, np.nan
        return least, bound
    if len(x) < 3 or len(y) < 3:
        return least, bound
    first_y, second_y = _stencils(y)
    inner = (slice(1, -1), slice(1, -1))

    def entries(values: Floats, way: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
        dx, dxx, dy, dyy = way
        return (
            _along(values[1:-1], dxx),
            _along(values[:, 1:-1].T, dyy).T,
            _along(_along(values, dx).T, dy).T,
        )

    with np.errstate(all="ignore"):
        xx, yy, xy = entries(loss, (first, second, first_y, second_y))
        least[inner] = smallest(xx, xy, yy)
        wide_xx, wide_yy, wide_xy = entries(noise, tuple(abs(each) for each in (first, second, first_y, second_y)))
        bound[inner] = np.maximum(wide_xx, wide_yy) + wide_xy  # a symmetric error moves no eigenvalue by more
    unknown = ~np.isfinite(least)
    least[unknown], bound[unknown] = np.nan, np.nan
    return least, np.where(_witnessed(loss, noise, x, y), bound, np.maximum(bound, -least))


def _witnessed(loss: Floats, noise: Floats, x: Floats, y: Floats) -> Bools:
    """Where a node lies above a chord of the grid by more than rounding can do: not convex, whatever lies between."""
    found = np.zeros(loss.shape, bool)
    with np.errstate(all="ignore"):
        for values, errors, seen, axis in ((loss, noise, found, x), (loss.T, noise.T, found.T, y)):
            second = _stencils(axis)[1]
            seen[:, 1:-1] |= _along(values, second) < -_along(errors, abs(second))
        if not (_uniform(x) and _uniform(y)):
            return found  # other chords do not meet the nodes
        for way in WAYS:
            for flip in (slice(None), slice(None, None, -1)):
                before, middle, after = _chords(loss[:, flip], way)
                error = np.sum([1, 2, 1] * np.stack(_chords(noise[:, flip], way), axis=-1), axis=-1)
                _chords(found[:, flip], way)[1][...] |= before + after - 2 * middle < -error
    return found


def _chords(values: Any, way: tuple[int, int]) -> list[Any]:
    """Views of the first end, the middle and the last end of all chords that go this way."""
    down, across = way
    rows, columns = max(0, len(values) - 2 * down), max(0, values.shape[1] - 2 * across)
    return [values[k * down : k * down + rows, k * across : k * across + columns] for k in range(3)]


def _uniform(axis: Floats) -> bool:
    steps = np.diff(axis)
    return bool(np.ptp(steps) <= 1e-9 * steps[0])


def smallest(xx: Floats, xy: Floats, yy: Floats) -> Floats:
    """The smaller eigenvalue of the symmetric matrices [[xx, xy], [xy, yy]]."""
    return (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)


def _stencils(x: Floats) -> tuple[Floats, Floats]:
    """(3, n - 2) weights of the node before, the node and the node after: first and second derivative."""
    before, after = np.diff(x)[:-1], np.diff(x)[1:]
    both = before + after
    first = np.stack([-after / (before * both), (after - before) / (before * after), before / (after * both)])
    second = 2 * np.stack([1 / (before * both), -1 / (before * after), 1 / (after * both)])
    return first, second


def _along(values: Floats, weights: Floats) -> Floats:
    """A stencil along the last axis."""
    return values[..., :-2] * weights[0] + values[..., 1:-1] * weights[1] + values[..., 2:] * weights[2]


def noise(probe: Probe, mover: Mover, loss: Floats, x: Floats, y: Floats | None) -> Floats:
    """A bound of what rounding does to each value of a slice, measured in the middle and at two far ends.

    Steps of a few roundings change nothing but the roundings; third differences take away what else is left. Where a
    parameter or an output is so large that such a step does not change it, its rounding stays the same and is not seen:
    what it does to the loss follows from the gradient. At the ends it is taken in relation to the loss there.

    Args:
        probe: The model, its loss and its data.
        mover: Of `on_plane`.
        loss: The values of the slice, of the shape of the result.
        x: Its first axis.
        y: Its second axis, or None.
    """
    unit = max((torch.finfo(each.dtype).eps for each in mover.parameters), default=2**-52)
    axes = [x] if y is None else [x, y]
    step = 8 * unit * float(x[-1] - x[0])
    middle = np.asarray(mover.offset[: len(axes)])
    bound = unit * abs(loss)
    for place in (middle, np.array([axis[0] for axis in axes]), np.array([axis[-1] for axis in axes])):
        points = np.tile(place, (STEPS, 1))
        points[:, 0] += step * np.arange(STEPS)
        values = losses(probe, mover, points)[:, 0]
        with np.errstate(invalid="ignore"):  # of infinite values
            rounding = SURE * float(np.max(abs(np.diff(values, 3)))) / math.sqrt(20)
        rounding = math.hypot(rounding, SURE * _carried(probe, mover, place, outputs=place is middle))
        if not math.isfinite(rounding):
            continue
        level = abs(float(values[0]))
        here = rounding if place is middle else rounding / level * abs(loss) if level else 0.0
        bound = np.maximum(bound, here + unit * abs(loss))
    return bound


def _carried(probe: Probe, mover: Mover, place: Floats, *, outputs: bool) -> float:
    """Standard deviation of the loss by the rounding of each moved parameter, and of each output, at a point.

    The outputs are left out far away, where they may be saturated: a slope of 1e11 by a clamped logarithm says nothing
    of other nodes. 0 for a loss without a gradient.
    """
    next(mover.visit([place.tolist()]))
    with torch.enable_grad():
        output, target = probe.outputs()
        loss = probe.loss_fn(output, target)
        parts: list[Tensor] = [probe.parameters[i] for i in mover.moved]
        parts += [part for part in tensors(output) if outputs and part.requires_grad]
        if not loss.requires_grad or not parts:
            return 0.0
        try:
            slopes = torch.autograd.grad(loss, parts, allow_unused=True)
        except RuntimeError:  # it has no backward pass, or one that fails
            return 0.0
    square = 0.0
    for part, slope in zip(parts, slopes, strict=True):
        if slope is not None and part.is_floating_point():
            moved = slope.double() * part.detach().double() * torch.finfo(part.dtype).eps
            square += float(moved.square().sum()) / 12  # uniform within one unit in the last place
    return math.sqrt(square)


def bends_unseen(loss: Tensor) -> bool:
    """Whether a loss has operations whose bends automatic differentiation does not see (ReLU, max pooling, abs).

    The graph behind it is asked, so that functions are seen as well as modules.
    """
    waiting, seen = [loss.grad_fn], set[Any]()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.name().startswith(KINKED):
            return True
        waiting.extend(following for following, _ in node.next_functions)
    return False
