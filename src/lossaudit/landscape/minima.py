"""Local minima within a slice.

A node that is lower than its neighbours is polished, and then asked for proof: on circles around it, with the lowest
point of each found to the end, the loss has to be larger beyond rounding. A valley fails there, and so does a plateau.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from lossaudit.landscape.derivatives import Function, Slice, examined
from lossaudit.landscape.picture import Floats, Mark, MarkKind, Surface
from lossaudit.landscape.untouched import untouched

_CANDIDATES = 64
_NEWTON = 30
_COMPASS = 60  # halvings of a step
_ANGLES = 64
_CIRCLES = (0.5, 0.1)  # radii, in widths of a cell
_BEYOND = 2.0**-40  # of the loss on the circle: well above its rounding
_AXES = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0))


def with_minima(surface: Surface, function: Function, centre: Floats, directions: Floats) -> Surface:
    """The surface with the strict local minima of its slice, those that lie inside of it.

    Args:
        surface: Drawn of this function, centre and directions.
        function: One point, a flat float64 tensor (n,), to a scalar tensor.
        centre: (n,).
        directions: (1, n) or (2, n).

    >>> from lossaudit.landscape.picture import Coordinate
    >>> from lossaudit.landscape.slices import surface
    >>> line = Coordinate("z", np.linspace(-3, 3, 20))
    >>> def double_well(z):
    ...     return ((z**2 - 2) ** 2).sum()
    >>> drawn = surface(double_well, np.zeros(1), np.eye(1), line, name="double well")
    >>> (mark,) = with_minima(drawn, double_well, np.zeros(1), np.eye(1)).marks
    >>> mark.points.ravel().round(12).tolist()
    [-1.414213562373, 1.414213562373]
    """
    axes = [axis.values for axis in (surface.x, surface.y) if axis is not None]
    start = _candidates(surface.loss, axes)
    if not len(start):
        return surface
    cell = np.array([np.diff(axis).max() for axis in axes])
    with untouched(function):
        made = examined(function, centre, directions, np.vstack([np.zeros(len(axes)), start[:2]]))
        points = _compass(made, _newton(made, start, cell), cell)
        low, high = (np.array([axis[k] for axis in axes]) for k in (0, -1))
        inside = ((points > low) & (points < high) & (np.abs(points - start) <= 2 * cell)).all(1)
        found = _apart([point for point in points[inside] if _strict(made, point, cell)], cell)
        if not found:
            return surface
        places = np.array(found)
        loss = _loss(made, places)
    label = "local minimum" if len(found) == 1 else "local minima"
    return replace(surface, marks=(*surface.marks, Mark(MarkKind.MINIMUM, label, places, loss)))


def _candidates(loss: Floats, axes: list[Floats]) -> Floats:
    """Coordinates of the inner nodes with no lower neighbour and mostly higher ones, lowest first."""
    inner = (np.s_[1:-1],) * loss.ndim
    here = loss[inner]
    lower, equal = np.zeros(here.shape, dtype=int), np.zeros(here.shape, dtype=int)
    for step in np.ndindex(*(3,) * loss.ndim):
        near = loss[tuple(slice(k, k + size) for k, size in zip(step, here.shape, strict=True))]
        lower += ~(near >= here)
        equal += near == here
    where = np.argwhere((lower == 0) & (equal <= 1 + loss.ndim + (loss.ndim > 1)) & np.isfinite(here)) + 1
    order = np.argsort(loss[tuple(where.T)], kind="stable")[:_CANDIDATES]
    return np.stack([axis[where[order, loss.ndim - 1 - k]] for k, axis in enumerate(axes)], -1)


def _newton(made: Slice, start: Floats, cell: Floats) -> Floats:
    """Each point after Newton's steps, taken while they lower the loss and stay in its cell."""
    points = start.copy()
    if not made.twice:
        return points
    for _ in range(_NEWTON):
        local = made.at(torch.from_numpy(points), 2)
        assert local.gradient is not None
        assert local.hessian is not None
        gradient = (local.gradient @ made.directions.T).numpy()
        steps = np.stack([_step(g, h) for g, h in zip(gradient, local.hessian.numpy(), strict=True)])
        there = points + np.clip(steps, -cell, cell)
        better = (_loss(made, there) <= local.loss.numpy()) & (np.abs(there - start) <= 2 * cell).all(1)
        better &= (steps != 0).any(1)
        if not better.any():
            break
        points[better] = there[better]
    return points


def _step(gradient: Floats, hessian: Floats) -> Floats:
    """Newton's step where the Hessian is positive definite, else none."""
    if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        return np.zeros_like(gradient)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    if values[0] <= 1e-12 * max(values[-1], 0.0) or values[0] <= 0:
        return np.zeros_like(gradient)
    return -vectors @ ((vectors.T @ gradient) / values)


def _compass(made: Slice, points: Floats, cell: Floats) -> Floats:
    """Each point after a search that needs no derivatives: to the lowest of the points around it, or a smaller step."""
    points, step = points.copy(), np.ones(len(points)) / 4
    around = np.array(_AXES)[:2, :1] if len(cell) == 1 else np.array(_AXES)
    best = _loss(made, points)
    for _ in range(2 * _COMPASS):
        tried = points[:, None] + step[:, None, None] * around * cell
        losses = _loss(made, tried.reshape(-1, len(cell))).reshape(tried.shape[:2])
        which = np.nan_to_num(losses, nan=np.inf).argmin(1)
        pick = np.arange(len(points))
        better = losses[pick, which] < best
        points[better], best[better] = tried[pick, which][better], losses[pick, which][better]
        step[~better] /= 2
        if (step < 2.0**-_COMPASS).all():
            break
    return points


def _strict(made: Slice, point: Floats, cell: Floats) -> bool:
    """Whether the loss is larger all around, on each circle, at the lowest point that there is on it."""
    centre = float(_loss(made, point[None])[0])
    for radius in _CIRCLES:
        lowest, size = _lowest(made, point, radius * cell)
        if not lowest > centre + _BEYOND * max(size, abs(centre)):
            return False
    return True


def _lowest(made: Slice, point: Floats, radii: Floats) -> tuple[float, float]:
    """The smallest loss on an ellipse around a point, NaN if there is one; and the largest in size."""
    if len(point) == 1:
        losses = _loss(made, point + radii * np.array([[-1.0], [1.0]]))
        return float(losses.min()), float(np.abs(losses).max())
    angles = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    losses = _on(made, point, radii, angles)
    size = float(np.abs(losses).max())
    if np.isnan(losses).any():
        return float("nan"), size
    dips = angles[(losses <= np.roll(losses, 1)) & (losses <= np.roll(losses, -1))]
    width = 2 * np.pi / _ANGLES
    for _ in range(12):  # each time 4 times narrower
        fan = dips[:, None] + width * np.linspace(-1, 1, 9)
        losses = _on(made, point, radii, fan.ravel()).reshape(fan.shape)
        dips, width = fan[np.arange(len(dips)), losses.argmin(1)], width / 4
    return float(losses.min()), size


def _on(made: Slice, point: Floats, radii: Floats, angles: Floats) -> Floats:
    return _loss(made, point + radii * np.stack([np.cos(angles), np.sin(angles)], -1))


def _apart(points: list[Floats], cell: Floats) -> list[Floats]:
    """Without those that were found twice."""
    kept: list[Floats] = []
    for point in points:
        if all((np.abs(point - other) > 0.01 * cell).any() for other in kept):
            kept.append(point)
    return sorted(kept, key=lambda point: tuple(point))


def _loss(made: Slice, points: NDArray[np.float64]) -> Floats:
    return made.at(torch.from_numpy(np.ascontiguousarray(points)), 0).loss.numpy()
