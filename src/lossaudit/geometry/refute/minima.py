"""Local minima of a function of one variable, each enclosed and verified.

Needed for the two valleys of a single sigmoid neuron under squared error (Auer, Herbster and Warmuth 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx, fmpq

from lossaudit.geometry.evaluate import balls, floats
from lossaudit.geometry.interval import rational
from lossaudit.geometry.program import Program
from lossaudit.geometry.refute.counterexample import enclosed

_BITS = 256
_JUMPS = frozenset({"step", "step_closed", "select", "opaque", "infinity"})
_HALF_WIDTHS = tuple(2.0**-k for k in (24, 20, 16, 12, 8, 4, 2))


@dataclass(frozen=True, slots=True)
class Minimum:
    """A local minimum, known to lie strictly between two numbers.

    Attributes:
        low, high: The open interval that holds it; both ends are binary fractions.
        value: Encloses the function's value at the minimum: (at least, at most), rounded outward.
    """

    low: fmpq
    high: fmpq
    value: tuple[float, float]


def two_minima(program: Program, near: Sequence[float]) -> tuple[Minimum, ...]:
    """Verified local minima of a function of one variable: two or more of them, that no valley can join, or none.

    A continuous function that is larger at both ends of an interval than somewhere inside has a local minimum
    inside. Between any two of those returned the function is somewhere larger than at both: they lie in different
    valleys, which a convex function does not have.

    Args:
        program: The function.
        near: Where to look, one number for each valley.

    Returns:
        From left to right; empty unless at least two are verified.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> w = b.variable(0)
    >>> double_well = b.build(b.power(b.scale(1, b.power(w, 2), -4), 2), 1)
    >>> [round(float(m.low)) for m in two_minima(double_well, [-1.5, 1.5])]
    [-2, 2]
    """
    found = sorted((m for m in (local_minimum(program, x) for x in near) if m is not None), key=lambda m: m.low)
    apart: list[Minimum] = []
    for minimum in found:
        if not apart or _ridge(program, apart[-1], minimum):
            apart.append(minimum)
    return tuple(apart) if len(apart) > 1 else ()


def local_minimum(program: Program, near: float) -> Minimum | None:
    """A verified local minimum that descent from a point leads to, or None.

    Args:
        program: A function of one variable, continuous: built without steps and cases.
        near: Where to begin.
    """
    if program.variables != 1 or _JUMPS & {op for op, _, _ in program.instructions}:
        return None
    bottom = _descend(program, near)
    for half in _HALF_WIDTHS:
        scale = half * max(1.0, 2.0 ** np.ceil(np.log2(abs(bottom) + 1)))
        low, middle, high = (rational(float(x)) for x in (bottom - scale, bottom, bottom + scale))
        if not (program.domain.contains(low) and program.domain.contains(high)):
            continue
        left, centre, right = (enclosed(program, (x,), _BITS) for x in (low, middle, high))
        with ctx.workprec(_BITS):
            hull = arb(low).union(arb(high))
            everything = balls(program, [hull], _BITS)
            if centre < left and centre < right and all(ball.is_finite() for ball in everything):
                floor = np.nextafter(float(everything[program.output].lower()), -np.inf)
                return Minimum(low, high, (float(floor), float(np.nextafter(float(centre.upper()), np.inf))))
    return None


def _descend(program: Program, near: float) -> float:
    """Where the function is least, looked for downhill from a point in ever finer steps; floats, a guess."""
    at, reach = near, max(1.0, abs(near) / 4)
    for _ in range(60):
        grid = at + reach * np.linspace(-1, 1, 65)
        values = floats(program, grid[None, :])[program.output]
        middle = 32
        while 0 < middle < 64 and min(values[middle - 1], values[middle + 1]) < values[middle]:
            middle += 1 if values[middle + 1] < values[middle - 1] else -1
        at = float(grid[middle])
        reach = reach if middle in (0, 64) else reach / 8
        if reach < 2.0**-30 * max(1.0, abs(at)):
            break
    return at


def _ridge(program: Program, left: Minimum, right: Minimum) -> bool:
    """Whether the function is proved to be larger, somewhere between two minima, than at both."""
    if not left.high < right.low:
        return False
    grid = np.linspace(float(left.high), float(right.low), 129)[1:-1]
    values = floats(program, grid[None, :])[program.output]
    if not np.isfinite(values).any():
        return False
    top = rational(float(grid[np.nanargmax(values)]))
    with ctx.workprec(_BITS):
        height = enclosed(program, (top,), _BITS)
        return bool(height > arb(left.value[1]) and height > arb(right.value[1]))
