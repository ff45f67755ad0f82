"""Curvature by the slope: a continuously differentiable function of one variable is convex where its slope rises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.known import AFFINE, CONCAVE, CONVEX
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Builder
from lossaudit.geometry.ranges import sign

SMOOTH = frozenset({"huber"})
"""Composites with cases whose value and slope are continuous: the cases meet with the same value and slope."""


def slope_of(builder: Builder, op: str, constants: Sequence[fmpq]) -> tuple[int, int]:
    """A new argument, and the slope of the operation there, as instructions."""
    arg, own = builder.opaque("argument"), builder.opaque("value")
    (slope,) = PRIMITIVES[op].pullback(builder, (arg,), constants, own, builder.constant(1))
    return arg, slope


def curvature_by_slope(builder: Builder, arg: int, slope: int, ranges: Sequence[Interval]) -> tuple[int, int]:
    """The curvature of a function with this slope, and the direction in which it goes.

    Args:
        builder: Holds the slope as a function of `arg`.
        arg: The argument.
        slope: The slope.
        ranges: Of all instructions.
    """
    rises = _directions(builder, arg, ranges).get(slope)
    curvature = 0 if rises is None else (AFFINE if rises == 0 else CONVEX if rises > 0 else CONCAVE)
    return curvature, sign(ranges[slope])


def _directions(builder: Builder, arg: int, ranges: Sequence[Interval]) -> Mapping[int, int]:
    """Which instructions are functions of `arg` that rise (1), fall (-1) or stay (0)."""
    found: dict[int, int] = {arg: 1}
    for index, (op, args, constants) in enumerate(builder.instructions):
        if op == "constant":
            found[index] = 0
        if op not in PRIMITIVES or not all(a in found for a in args):
            continue
        steps = zip(PRIMITIVES[op].monotone([ranges[a] for a in args], constants), args, strict=True)
        ways = {direction * found[a] if direction else None for direction, a in steps if found[a]}
        if len(ways) <= 1 and None not in ways:
            found[index] = next(iter(ways), 0) or 0
    return found
