"""Where a program is least, looked for in floats: a guess that others verify."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from lossaudit.geometry.evaluate import floats, gradient
from lossaudit.geometry.program import Program

Array: TypeAlias = Any
_STEPS = 200
_SIZES = 2.0 ** -np.arange(28)  # of a step, tried all at once
_FAR = 60.0  # where a minimiser is taken to be infinite


def minimiser(program: Program, starts: Sequence[Sequence[float]]) -> Array:
    """The best point that descent finds from any of the starts, by quasi-Newton steps with halving.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> parabola = b.build(b.power(b.scale(1, b.variable(0), -3), 2), 1)
    >>> round(float(minimiser(parabola, [[0.0]])[0]), 6)
    3.0
    """
    slopes, partials = gradient(program)

    def at(points: Array) -> tuple[Array, Array]:
        values = floats(slopes, points)
        return values[program.output], np.stack([values[i] for i in partials])

    found = [_descend(at, np.array(start, dtype=float)) for start in starts]
    return min(found, key=lambda pair: pair[0])[1]


def _descend(at: Callable[[Array], tuple[Array, Array]], z: Array) -> tuple[float, Array]:
    """From one start; `at` gives values and gradients at many points, one a column."""
    n = len(z)
    values, slopes = at(z[:, None])
    value, slope = float(values[0]), slopes[:, 0]
    inverse = np.eye(n)
    for _ in range(_STEPS):
        if not np.all(np.isfinite(slope)) or np.linalg.norm(slope) < 1e-13 or np.max(np.abs(z)) > _FAR:
            break
        step = -inverse @ slope
        if not float(step @ slope) < 0:
            inverse, step = np.eye(n), -slope
        step *= min(1.0, 4.0 / max(float(np.linalg.norm(step)), 1e-300))
        values, slopes = at(z[:, None] + step[:, None] * _SIZES)
        enough = np.flatnonzero(values <= value + 1e-4 * _SIZES * float(step @ slope))
        if not len(enough) or not values[enough[0]] < value - 1e-15 * (1 + abs(value)):
            break
        best = enough[0]
        change, turn = _SIZES[best] * step, slopes[:, best] - slope
        z, value, slope = z + change, float(values[best]), slopes[:, best]
        inverse = _updated(inverse, change, turn)
    return value, z


def _updated(inverse: Array, change: Array, turn: Array) -> Array:
    """The Broyden-Fletcher-Goldfarb-Shanno update, where the curvature along the step is positive."""
    product = float(change @ turn)
    if not (np.all(np.isfinite(turn)) and product > 1e-14):
        return np.eye(len(change))
    left = np.eye(len(change)) - np.outer(change, turn) / product
    return left @ inverse @ left.T + np.outer(change, change) / product
