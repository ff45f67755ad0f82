"""Is a program the user's code? Compared at random and extreme points and around each constant: a test, no proof."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.evaluate import balls, floats
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Program

_SCALES = (1e-3, 0.1, 1.0, 1.0, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4)
_MOST_CONSTANTS = 12
_BALL_LIMIT = 100_000
_ROUNDING = 1e-10  # relative to the largest value on the way: float64 keeps sixteen digits


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a program and a callable compare.

    Attributes:
        points: At how many points both had a value, and the values agreed.
        mismatch: A point at which they differ, with the two values; None if there is none.
    """

    points: int
    mismatch: tuple[tuple[float, ...], float, float] | None = None


def compare(program: Program, function: Callable[[Sequence[float]], float], example: Sequence[float]) -> Comparison:
    """Evaluate both at the example and at many other points.

    Args:
        program: With as many variables as `example` has entries.
        function: The user's callable as a function of the flat variables.
        example: A point in the domain.
    """
    tested = _points(program, np.asarray(example, dtype=float))
    values = floats(program, tested)
    agreed = 0
    for column in range(tested.shape[1]):
        point = tuple(float(x) for x in tested[:, column])
        theirs = function(point)
        if not math.isfinite(theirs):
            continue
        ours = float(values[program.output][column])
        if not math.isfinite(ours):
            ours = _by_balls(program, point)
            if not math.isfinite(ours):
                continue
        largest = max((abs(float(v[column])) for v in values if math.isfinite(v[column])), default=1.0)
        if abs(ours - theirs) > _ROUNDING * max(1.0, largest):
            return Comparison(agreed, (point, ours, theirs))
        agreed += 1
    return Comparison(agreed)


def _by_balls(program: Program, point: Sequence[float]) -> float:
    if len(program.instructions) > _BALL_LIMIT:
        return math.nan
    value = balls(program, [arb(x) for x in point], 200)[program.output]
    return float(value.mid()) if value.is_finite() else math.nan


def _points(program: Program, example: np.ndarray) -> np.ndarray:
    """Points in the domain, one a column: the example, random ones of all sizes, and both sides of each constant."""
    random = np.random.default_rng(0)
    columns = [example]
    columns += [_within(program.domain, scale * random.standard_normal(example.shape)) for scale in _SCALES]
    for constant in _constants(program):
        for side in (-1e-3, 1e-3):
            moved = np.where(random.random(example.shape) < 0.5, constant + side, example)
            columns.append(_within(program.domain, moved))
    return np.stack(columns, axis=1)


def _constants(program: Program) -> list[float]:
    found: dict[float, None] = {}
    for op, _, constants in program.instructions:
        if op in ("constant", "linear"):
            found.setdefault(float(constants[-1]), None)
            found.setdefault(-float(constants[-1]), None)
    return list(found)[:_MOST_CONSTANTS]


def _within(domain: Interval, x: np.ndarray) -> np.ndarray:
    """The same points, moved into the domain where they lie outside."""
    if domain.low is None and domain.high is None:
        return x
    if domain.low is not None and domain.high is not None:
        low, high = _float(domain.low), _float(domain.high)
        return low + (high - low) * np.clip(1 / (1 + np.exp(-np.clip(x, -30, 30))), 1e-12, 1 - 1e-12)
    if domain.low is not None:
        return _float(domain.low) + np.abs(x) + 1e-12
    assert domain.high is not None
    return _float(domain.high) - np.abs(x) - 1e-12


def _float(x: fmpq) -> float:
    return int(x.p) / int(x.q)
