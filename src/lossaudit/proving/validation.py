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
_OF_EPSILON = 1e4  # the same for types of fewer digits
_NEAR, _MODERATE = 10.0, 1e30  # where no code that is defined gives up
_BALL_LIMIT = 100_000
_ROUNDING = 1e-10  # relative to the largest value on the way: float64 keeps sixteen digits
_AMPLIFIED = 64  # two orders of the same operations lose digits alike, up to such a factor
_DOUBLE = 53  # bits of a float64
_EXACT = 400  # bits that stand for the exact value
_SMALLEST, _LARGEST = 1e-290, 1e290  # beyond these float64 soon has no digits, or no value


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a program and a callable compare.

    Attributes:
        points: At how many points both had a value, and the values agreed. Points at which float64 loses the digits
            that would tell are left out.
        mismatch: A point at which they differ, with the two values; None if there is none.
    """

    points: int
    mismatch: tuple[tuple[float, ...], float, float] | None = None


def compare(
    program: Program,
    function: Callable[[Sequence[float]], float],
    example: Sequence[float],
    epsilon: float = 2.0**-52,
) -> Comparison:
    """Evaluate both at the example and at many other points.

    Args:
        program: With as many variables as `example` has entries.
        function: The user's callable as a function of the flat variables; nan where it raises.
        example: A point in the domain.
        epsilon: Of the type of floats in which the callable computes.
    """
    tested = _points(program, np.asarray(example, dtype=float))
    values = floats(program, tested)
    sizes = np.abs(np.stack(np.broadcast_arrays(*values)))
    largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
    agreed = 0
    for column in range(tested.shape[1]):
        point = tuple(float(x) for x in tested[:, column])
        theirs = function(point)
        ours = float(values[program.output][column])
        if not math.isfinite(theirs):
            if math.isfinite(ours) and max(map(abs, point), default=0.0) <= _NEAR and largest[column] <= _MODERATE:
                return Comparison(agreed, (point, ours, theirs))  # no overflow: the code has no value there
            continue
        if not math.isfinite(ours):
            ours = _by_balls(program, point)
            if not math.isfinite(ours):
                continue
        if abs(ours - theirs) <= max(_ROUNDING, _OF_EPSILON * epsilon) * max(1.0, float(largest[column])):
            agreed += 1
        elif _is_telling(program, point, [float(v[column]) for v in values], theirs):
            return Comparison(agreed, (point, ours, theirs))
    return Comparison(agreed)


def _is_telling(program: Program, point: Sequence[float], values: Sequence[float], theirs: float) -> bool:
    """Whether a difference of two values is more than float64 itself explains.

    It explains as much as the program's own value in float64 is off, and as much as rounding every operation to 53
    bits may move it; and anything where a value on the way is nearly too small or too large for a float64.
    """
    if len(program.instructions) > _BALL_LIMIT:
        return True
    if any(0 < abs(v) < _SMALLEST or _LARGEST < abs(v) < math.inf for v in values):
        return False
    at = [arb(x) for x in point]
    exact, rounded = (balls(program, at, bits)[program.output] for bits in (_EXACT, _DOUBLE))
    if not exact.is_finite():
        return True
    if not rounded.is_finite():
        return False
    truth = float(exact.mid())
    noise = max(abs(values[program.output] - truth), float(rounded.rad()))
    return not abs(theirs - truth) <= _AMPLIFIED * noise


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
