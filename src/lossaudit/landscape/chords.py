"""Curvature from values alone: the smallest second difference over the directions of the grid.

A negative one is three points on a line whose middle lies above the chord, so a convex function has none. The smallest
eigenvalue of a matrix of second differences is no such thing: beside a kink that lies across the grid it is negative
also for convex functions, because its mixed entry is taken over other points than its diagonal.
"""

from __future__ import annotations

import numpy as np

from lossaudit.landscape.picture import Floats

RINGS = 2  # of nodes around the picture that are needed
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
"""Steps (rows, columns): every direction is within 14 degrees of one of them on a grid of squares."""


def padded(values: Floats) -> Floats:
    """An axis with `RINGS` more values at each end, at the distance of the last two.

    >>> padded(np.array([0.0, 1.0, 3.0])).tolist()
    [-2.0, -1.0, 0.0, 1.0, 3.0, 5.0, 7.0]
    """
    further = np.arange(1, RINGS + 1)
    return np.concatenate(
        [
            (values[0] - (values[1] - values[0]) * further)[::-1],
            values,
            values[-1] + (values[-1] - values[-2]) * further,
        ]
    )


def least(loss: Floats, noise: Floats, x: Floats, y: Floats | None) -> tuple[Floats, Floats]:
    """The smallest second difference at each node, and what rounding of the loss may have done to it.

    Args:
        loss: Values at the nodes and `RINGS` more all around.
        noise: A bound of the rounding of each.
        x: The padded axis along the columns.
        y: And along the rows, for a plane. Directions across the grid are looked at where both are evenly spaced.

    >>> t = padded(np.linspace(-1, 1, 5))
    >>> least(t**2, np.zeros_like(t), t, None)[0].tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0]
    """
    rows = padded(np.array([0.0, 1.0])) * 0.0 if y is None else y
    if y is None:
        loss, noise = np.tile(loss, (len(rows), 1)), np.tile(noise, (len(rows), 1))
    steps = STEPS[:1] if y is None else STEPS if _even(x) and _even(y) else STEPS[:2]
    smallest = np.full((len(rows) - 2 * RINGS, len(x) - 2 * RINGS), np.nan)
    bound = np.zeros_like(smallest)
    for step in steps:
        found, error = _difference(loss, noise, x, rows, step)
        with np.errstate(invalid="ignore"):
            better = ~(smallest <= found) & ~np.isnan(found)
        smallest, bound = np.where(better, found, smallest), np.where(better, error, bound)
    undefined = ~np.isfinite(_shifted(loss, (0, 0)))
    smallest[undefined] = np.nan
    return (smallest[0], bound[0]) if y is None else (smallest, bound)


def _difference(loss: Floats, noise: Floats, x: Floats, y: Floats, step: tuple[int, int]) -> tuple[Floats, Floats]:
    """The second difference quotient at each node along one step, and its rounding."""
    back = (-step[0], -step[1])
    ahead, behind = (np.hypot(*np.meshgrid(_along(x, by[1]), _along(y, by[0]))) for by in (step, back))
    here, after, before = (_shifted(loss, by) for by in ((0, 0), step, back))
    with np.errstate(invalid="ignore", over="ignore"):
        quotient = 2 * ((after - here) / ahead + (before - here) / behind) / (ahead + behind)
        errors = [_shifted(noise, by) for by in ((0, 0), step, back)]
        largest = np.maximum(np.abs(here), np.maximum(np.abs(after), np.abs(before)))
        error = (sum(errors) + errors[0] + 8 * np.finfo(float).eps * largest) / (ahead * behind)
    return quotient, np.nan_to_num(error, nan=np.inf)


def _shifted(values: Floats, step: tuple[int, int]) -> Floats:
    """The values a step away from each node of the picture."""
    rows, columns = values.shape
    return values[RINGS + step[0] : rows - RINGS + step[0], RINGS + step[1] : columns - RINGS + step[1]]


def _along(axis: Floats, step: int) -> Floats:
    """How far a step leads from each value."""
    return axis[RINGS + step : len(axis) - RINGS + step] - axis[RINGS : len(axis) - RINGS]


def _even(axis: Floats) -> bool:
    gaps = np.diff(axis)
    return bool(np.ptp(gaps) <= 1e-9 * np.abs(gaps).max())
