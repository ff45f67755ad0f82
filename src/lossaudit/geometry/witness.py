"""The search for a witness of non-convexity: two points whose midpoint lies strictly above the chord.

The search walks a few lines through the origin (towards "confident and wrong", towards "confident and right", ...)
on grids of short binary fractions at several scales, so that all three points are exact. It works in balls from
the start: a gap that comes out positive is a proof already, and rounding cannot make one up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flint import arb, ctx

from lossaudit.geometry.balls import Blocks, value
from lossaudit.geometry.formula import Formula
from lossaudit.pairing import TargetEncoding
from lossaudit.verdict import Witness

if TYPE_CHECKING:
    import torch

LARGEST = 1000
"""No witness is written down for more logits than this; a certificate needs none."""

_UNITS = (1.0, 0.125, 16.0)
_REACH = 24  # grid points on either side of the origin
_STEPS = (1, 2, 3, 4, 6, 8, 12)  # half the length of a chord, in grid points
_PRECISIONS = (128, 1024)  # bits
_WORTH_IT = 1e-9  # an undecided gap that may be larger than this is looked at again with more bits


def find_witness(formula: Formula, parts: Blocks) -> Witness | None:
    """A confirmed witness for the formula with this target, or None (which means nothing)."""
    if formula.classes > LARGEST:
        return None
    for unit in _UNITS:
        for bits in _PRECISIONS:
            with ctx.workprec(bits):
                found = [chord for line in _lines(len(parts.counts)) for chord in _chords(formula, parts, line, unit)]
            confirmed = [chord for chord in found if chord[0] > 0]
            if confirmed:
                return _write_down(formula, parts, *max(confirmed)[1:])
            if not found:  # more bits cannot help
                break
    return None


def as_coded_gap(witness: Witness, loss: Callable[[torch.Tensor], Any], dtype: torch.dtype | None = None) -> float:
    """The gap of a witness as the user's own code computes it: f(midpoint) - (f(a) + f(b)) / 2.

    Args:
        witness: Where to evaluate.
        loss: Takes one row of logits of shape (1, K); returns a scalar.
        dtype: Of the logits that it is given; float32 by default.

    Returns:
        The gap; not positive when rounding, or the code, hides the violation.
    """
    import torch

    with torch.no_grad():
        at = [
            float(loss(torch.tensor([point], dtype=dtype or torch.float32)))
            for point in (witness.a, witness.midpoint, witness.b)
        ]
    return at[1] - (at[0] + at[2]) / 2


def _lines(size: int) -> list[tuple[int, ...]]:
    """Directions over the blocks: true class, wrong class, one against the other, the rest."""
    starts = [(1,), (0, 1), (1, -1), (0, 0, 1)]
    return [start + (0,) * (size - len(start)) for start in starts if len(start) <= size]


def _at(line: Sequence[int], unit: float, index: int) -> list[float]:
    return [unit * index * step for step in line]


def _chords(
    formula: Formula, parts: Blocks, line: tuple[int, ...], unit: float
) -> list[tuple[float, tuple[int, ...], float, int, int]]:
    """Chords whose gap is positive, or not decided at the working precision (gap 0 then)."""
    along = {
        index: value(formula, parts, [arb(x) for x in _at(line, unit, index)]) for index in range(-_REACH, _REACH + 1)
    }
    found: list[tuple[float, tuple[int, ...], float, int, int]] = []
    for step in _STEPS:
        for middle in range(step - _REACH, _REACH - step + 1):
            gap = along[middle] - (along[middle - step] + along[middle + step]) / 2
            if gap > 0:
                found.append((_below(gap), line, unit, middle, step))
            elif gap.upper() > _WORTH_IT and not gap <= 0:
                found.append((0.0, line, unit, middle, step))
    return found


def _below(gap: arb) -> float:
    return max(0.0, math.nextafter(float(gap.lower()), -math.inf))


def _write_down(
    formula: Formula, parts: Blocks, line: tuple[int, ...], unit: float, middle: int, step: int
) -> Witness | None:
    points = [_at(line, unit, index) for index in (middle - step, middle, middle + step)]
    with ctx.workprec(_PRECISIONS[-1]):
        left, centre, right = (value(formula, parts, [arb(x) for x in point]) for point in points)
        gap = _below(centre - (left + right) / 2)
    if not gap > 0:
        return None
    index = formula.encoding is TargetEncoding.CLASS_INDEX and formula.over_classes
    return Witness(
        a=parts.spread(points[0]),
        midpoint=parts.spread(points[1]),
        b=parts.spread(points[2]),
        target=(0.0,) if index else parts.spread([float(y) for y in parts.target]),
        gap=gap,
        values=(float(left.mid()), float(centre.mid()), float(right.mid())),
    )
