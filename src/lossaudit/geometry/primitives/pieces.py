"""Operations with kinks and cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.interval import Interval, point
from lossaudit.geometry.primitives.primitive import Constants, Curvature, Floats, Primitive, Ranges
from lossaudit.geometry.program import Builder
from lossaudit.geometry.ranges import hull, magnitude, sign


def _max_value(xs: Sequence[Floats], _: Constants) -> Floats:
    top = xs[0]
    for x in xs[1:]:
        top = np.maximum(top, x)
    return top


def _max_ball(xs: Sequence[arb], _: Constants) -> arb:
    top = xs[0]
    for x in xs[1:]:
        top = top.max(x)
    return top


def _step_ball(xs: Sequence[arb], _: Constants) -> arb:
    (x,) = xs
    if x > 0:
        return arb(1)
    return arb(0) if x <= 0 else (arb(0.5, 0.5) if x.is_finite() else x)


def _step_closed_ball(xs: Sequence[arb], _: Constants) -> arb:
    (x,) = xs
    if x >= 0:
        return arb(1)
    return arb(0) if x < 0 else (arb(0.5, 0.5) if x.is_finite() else x)


def _select_ball(xs: Sequence[arb], _: Constants) -> arb:
    """The branch that is taken; both, where that is not certain."""
    condition, x, y = xs
    if condition == 1:
        return x
    return y if condition == 0 else x.union(y)


def _abs_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    (x,) = args
    sign = b.minus(b.step(x), b.step(b.scale(-1, x)))
    return (b.multiply(adjoint, sign),)


def _max_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return tuple(b.multiply(adjoint, b.step(b.minus(x, own), closed=True)) for x in args)


def _flat(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.constant(0),)


def _select_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    zero = b.constant(0)
    return zero, b.select(args[0], adjoint, zero), b.select(args[0], zero, adjoint)


def _at_zero(_: Constants) -> tuple[fmpq, ...]:
    return (fmpq(0),)


def _abs_curvature(ranges: Ranges, _: Constants) -> Curvature:
    return Curvature.AFFINE if sign(ranges[0]) else Curvature.CONVEX


def _max_range(ranges: Ranges, _: Constants) -> Interval:
    """From the highest lower end to the highest upper end."""
    low: fmpq | None = None
    low_open = True
    high, high_open = ranges[0].high, ranges[0].high_open
    for x in ranges:
        if x.low is not None and (low is None or x.low > low or (x.low == low and x.low_open)):
            low, low_open = x.low, x.low_open
        if high is not None and (x.high is None or x.high > high or (x.high == high and not x.high_open)):
            high, high_open = x.high, x.high_open
    return Interval(low, high, low_open, high_open)


def _step_range(ranges: Ranges, _: Constants) -> Interval:
    (x,) = ranges
    return point(1) if x.positive else (point(0) if x.nonpositive else Interval(fmpq(0), fmpq(1), False, False))


def _step_closed_range(ranges: Ranges, _: Constants) -> Interval:
    (x,) = ranges
    return point(1) if x.nonnegative else (point(0) if x.negative else Interval(fmpq(0), fmpq(1), False, False))


def _step_curvature(ranges: Ranges, constants: Constants) -> Curvature:
    (x,) = ranges
    return Curvature.CONSTANT if x.positive or x.nonpositive else Curvature.UNKNOWN


def _step_closed_curvature(ranges: Ranges, constants: Constants) -> Curvature:
    (x,) = ranges
    return Curvature.CONSTANT if x.nonnegative or x.negative else Curvature.UNKNOWN


def _select_range(ranges: Ranges, _: Constants) -> Interval:
    condition, x, y = ranges
    taken = _taken(condition)
    return hull(x, y) if taken is None else (x, y)[taken]


def _taken(condition: Interval) -> int | None:
    """Which branch a decided condition takes: the first where it is never 0, the second where it is always 0."""
    if not condition.contains(fmpq(0)):
        return 0
    return 1 if condition.low == condition.high else None


def _select_curvature(ranges: Ranges, _: Constants) -> Curvature:
    return Curvature.UNKNOWN if _taken(ranges[0]) is None else Curvature.AFFINE


def _select_monotone(ranges: Ranges, _: Constants) -> tuple[int, ...]:
    """In the branches it is increasing; in a decided condition it is constant."""
    return (0 if _taken(ranges[0]) is None else 1, 1, 1)


PRIMITIVES = (
    Primitive(
        "abs",
        lambda xs, _: np.abs(xs[0]),
        lambda xs, _: abs(xs[0]),
        _abs_pullback,
        range=lambda ranges, _: magnitude(ranges[0]),
        curvature=_abs_curvature,
        monotone=lambda ranges, _: (sign(ranges[0]),),
        kinks=_at_zero,
        source="|x| = max(x, -x): convex; x where x >= 0, -x where x <= 0",
    ),
    Primitive(
        "max",
        _max_value,
        _max_ball,
        _max_pullback,
        range=_max_range,
        curvature=lambda ranges, _: Curvature.CONVEX,
        monotone=lambda ranges, _: (1,) * len(ranges),
        source="the largest of several numbers is jointly convex and increasing in each",
    ),
    Primitive(
        "step",
        lambda xs, _: (xs[0] > 0) * 1.0,
        _step_ball,
        _flat,
        range=_step_range,
        curvature=_step_curvature,
        monotone=lambda ranges, _: (1,),
        kinks=_at_zero,
        source="1 where x > 0, otherwise 0: increasing",
    ),
    Primitive(
        "step_closed",
        lambda xs, _: (xs[0] >= 0) * 1.0,
        _step_closed_ball,
        _flat,
        range=_step_closed_range,
        curvature=_step_closed_curvature,
        monotone=lambda ranges, _: (1,),
        kinks=_at_zero,
        source="1 where x >= 0, otherwise 0: increasing",
    ),
    Primitive(
        "select",
        lambda xs, _: np.where(xs[0] != 0, xs[1], xs[2]),
        _select_ball,
        _select_pullback,
        range=_select_range,
        curvature=_select_curvature,
        monotone=_select_monotone,
        source="one of its two branches; the same one everywhere where the condition is decided",
    ),
)
