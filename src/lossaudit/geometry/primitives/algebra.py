"""Sums, products and powers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.interval import REALS, Interval, point
from lossaudit.geometry.primitives.primitive import Constants, Curvature, Floats, Primitive, Ranges
from lossaudit.geometry.program import Builder
from lossaudit.geometry.ranges import (
    combination,
    hull,
    increasing,
    magnitude,
    mirrored,
    product,
    reciprocal,
    rounded,
    sign,
)


def _linear_value(xs: Sequence[Floats], constants: Constants) -> Floats:
    total = float(constants[-1])
    for coefficient, x in zip(constants, xs, strict=False):
        total = total + float(coefficient) * x
    return total


def _linear_ball(xs: Sequence[arb], constants: Constants) -> arb:
    total = arb(constants[-1])
    for coefficient, x in zip(constants, xs, strict=False):
        total += coefficient * x
    return total


def _linear_pullback(
    builder: Builder, args: Sequence[int], constants: Constants, own: int, adjoint: int
) -> tuple[int, ...]:
    return tuple(builder.scale(coefficient, adjoint) for coefficient in constants[:-1])


def _product_pullback(
    builder: Builder, args: Sequence[int], constants: Constants, own: int, adjoint: int
) -> tuple[int, ...]:
    x, y = args
    return builder.multiply(adjoint, y), builder.multiply(adjoint, x)


def _power_value(xs: Sequence[Floats], constants: Constants) -> Floats:
    (r,) = constants
    return np.power(xs[0], float(r))


def _power_ball(xs: Sequence[arb], constants: Constants) -> arb:
    """x^r: every real x for r a natural number, x != 0 for other integers, x >= 0 or x > 0 for the rest."""
    (x,), (r,) = xs, constants
    if r.q == 1 and abs(r) <= 1 << 16:
        result = _whole_power(x, abs(int(r.p)))
        return result if r > 0 else 1 / result
    if r == fmpq(1, 2):
        return x.sqrt()
    if x == 0 and r > 0:
        return arb(0)
    return (x.log() * arb(r)).exp()


def _whole_power(x: arb, n: int) -> arb:
    """x^n by squaring; even powers through |x|, so that a ball around 0 stays >= 0."""
    if n and n % 2 == 0:
        x = abs(x)
    result = arb(1)
    for bit in bin(n)[2:]:
        result = result * result
        if bit == "1":
            result = result * x
    return result


def _power_pullback(
    builder: Builder, args: Sequence[int], constants: Constants, own: int, adjoint: int
) -> tuple[int, ...]:
    (r,) = constants
    return (builder.scale(r, builder.multiply(adjoint, builder.power(args[0], r - 1))),)


def _linear_curvature(ranges: Ranges, constants: Constants) -> Curvature:
    return Curvature.AFFINE if any(constants[:-1]) else Curvature.CONSTANT


def _linear_monotone(ranges: Ranges, constants: Constants) -> tuple[int, ...]:
    return tuple(-1 if c < 0 else 1 for c in constants[:-1])


def _product_monotone(ranges: Ranges, _: Constants) -> tuple[int, ...]:
    x, y = ranges
    return sign(y), sign(x)


def _power_defined(ranges: Ranges, constants: Constants) -> bool:
    (x,), (r,) = ranges, constants
    if r.q == 1:
        return r >= 0 or x.positive or x.negative
    return x.nonnegative if r > 0 else x.positive


def _power_range(ranges: Ranges, constants: Constants) -> Interval:
    (x,), (r,) = ranges, constants
    if r == 0:
        return point(1)
    even, odd = r.q == 1 and r.p % 2 == 0, r.q == 1 and r.p % 2 != 0
    if even:
        x = magnitude(x)
    if x.positive or (x.nonnegative and r > 0):
        return _positive_power(x, r)
    if odd and x.negative:
        return mirrored(_positive_power(mirrored(x), r))
    if odd and r > 0:
        down = mirrored(_positive_power(Interval(ZERO, None if x.low is None else -x.low, False, x.low_open), r))
        return hull(down, _positive_power(Interval(ZERO, x.high, False, x.high_open), r))
    return REALS


def _positive_power(x: Interval, r: fmpq) -> Interval:
    """All x^r of an interval of numbers >= 0; > 0 if r < 0."""
    if r < 0:
        return reciprocal(_positive_power(x, -r))
    bits = max((end.height_bits() for end in (x.low, x.high) if end is not None), default=0)
    if r.q == 1 and r * bits <= _LONG:
        n = int(r.p)
        return rounded(
            Interval(
                None if x.low is None else x.low**n, None if x.high is None else x.high**n, x.low_open, x.high_open
            )
        )
    return increasing(lambda u: _power_ball([u], (r,)), x, bottom=ZERO)


def _power_curvature(ranges: Ranges, constants: Constants) -> Curvature:
    (x,), (r,) = ranges, constants
    if r == 0:
        return Curvature.CONSTANT
    if r == 1:
        return Curvature.AFFINE
    even, odd = r.q == 1 and r.p % 2 == 0, r.q == 1 and r.p % 2 != 0
    if x.nonnegative and _power_defined(ranges, constants):
        return Curvature.CONCAVE if 0 < r < 1 else Curvature.CONVEX
    if even and (r > 0 or x.negative):
        return Curvature.CONVEX
    if odd and (x.negative or (r > 0 and x.nonpositive)):
        return Curvature.CONCAVE
    return Curvature.UNKNOWN


def _power_monotone(ranges: Ranges, constants: Constants) -> tuple[int, ...]:
    (x,), (r,) = ranges, constants
    if r == 0:
        return (1,)
    even, odd = r.q == 1 and r.p % 2 == 0, r.q == 1 and r.p % 2 != 0
    growing = 1 if r > 0 else -1
    if x.nonnegative and _power_defined(ranges, constants):
        return (growing,)
    if odd and (r > 0 or x.negative):
        return (growing,)
    if even and (x.negative or (r > 0 and x.nonpositive)):
        return (-growing,)
    return (0,)


_LONG = 4096  # bits up to which powers of ends are exact
ZERO = fmpq(0)

PRIMITIVES = (
    Primitive(
        "linear",
        _linear_value,
        _linear_ball,
        _linear_pullback,
        range=lambda ranges, constants: combination(constants, ranges, constants[-1]),
        curvature=_linear_curvature,
        monotone=_linear_monotone,
        source="sum_i c_i x_i + b is affine, increasing in x_i where c_i >= 0 and decreasing where c_i <= 0",
    ),
    Primitive(
        "multiply",
        lambda xs, _: xs[0] * xs[1],
        lambda xs, _: xs[0] * xs[1],
        _product_pullback,
        range=lambda ranges, _: product(*ranges),
        monotone=_product_monotone,
        source="x y is increasing in x where y >= 0 and decreasing where y <= 0",
    ),
    Primitive(
        "power",
        _power_value,
        _power_ball,
        _power_pullback,
        range=_power_range,
        defined=_power_defined,
        curvature=_power_curvature,
        monotone=_power_monotone,
        source="the second derivative of x^r is r (r - 1) x^(r-2): convex on x > 0 for r < 0 or r > 1, concave for "
        "0 < r < 1; even powers mirror it, odd powers turn it round",
    ),
)
