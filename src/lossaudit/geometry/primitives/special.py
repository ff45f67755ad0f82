"""Trigonometric and special functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.interval import Interval, rational
from lossaudit.geometry.primitives.primitive import Constants, Curvature, Primitive, Ranges
from lossaudit.geometry.program import Builder
from lossaudit.geometry.ranges import decreasing, increasing

_erf = np.vectorize(math.erf, otypes=[float])


def _lgamma_of(x: float) -> float:
    try:
        return math.lgamma(x) if x > 0 else math.nan
    except OverflowError:
        return math.inf


_lgamma = np.vectorize(_lgamma_of, otypes=[float])


def _sin_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.multiply(adjoint, b.add("cos", args)),)


def _cos_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.scale(-1, b.multiply(adjoint, b.add("sin", args))),)


def _atan_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.divide(adjoint, b.scale(1, b.power(args[0], 2), 1)),)


def _erf_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    # 2 / sqrt(pi) to float64 precision: derivatives guide the search and prove nothing.
    slope = b.scale(rational(2 / math.sqrt(math.pi)), b.exp(b.scale(-1, b.power(args[0], 2))))
    return (b.multiply(adjoint, slope),)


def _lgamma_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.opaque("digamma", args),)


_ONE = fmpq(1)
_UP_TO_ONE = Interval(-_ONE, _ONE, False, False)
_PI, _HALF_PI = fmpq(314159, 100000), fmpq(157079, 100000)  # rounded down: pi = 3.14159265..., pi/2 = 1.570796...
_RIGHT_ANGLE = fmpq(157080, 100000)  # rounded up
_TURN_BEFORE, _TURN_AFTER = fmpq(146163, 100000), fmpq(146164, 100000)  # lgamma is least at 1.461632...
_LEAST = fmpq(-121487, 1000000)  # below that least value, -0.12148629...


def _within(x: Interval, low: fmpq, high: fmpq) -> bool:
    return x.low is not None and x.high is not None and low <= x.low and x.high <= high


def _sin_curvature(ranges: Ranges, _: Constants) -> Curvature:
    (x,) = ranges
    if _within(x, fmpq(0), _PI):
        return Curvature.CONCAVE
    return Curvature.CONVEX if _within(x, -_PI, fmpq(0)) else Curvature.UNKNOWN


def _cos_curvature(ranges: Ranges, _: Constants) -> Curvature:
    return Curvature.CONCAVE if _within(ranges[0], -_HALF_PI, _HALF_PI) else Curvature.UNKNOWN


def _s_shaped(ranges: Ranges, _: Constants) -> Curvature:
    """Convex up to 0 and concave from there."""
    (x,) = ranges
    if x.nonpositive:
        return Curvature.CONVEX
    return Curvature.CONCAVE if x.nonnegative else Curvature.UNKNOWN


def _lgamma_range(ranges: Ranges, _: Constants) -> Interval:
    (x,) = ranges
    if x.low is not None and x.low >= _TURN_AFTER:
        return increasing(arb.lgamma, x)
    if x.high is not None and x.high <= _TURN_BEFORE:
        return decreasing(arb.lgamma, x)
    return Interval(_LEAST)


def _lgamma_monotone(ranges: Ranges, _: Constants) -> tuple[int, ...]:
    (x,) = ranges
    if x.low is not None and x.low >= _TURN_AFTER:
        return (1,)
    return (-1,) if x.positive and x.high is not None and x.high <= _TURN_BEFORE else (0,)


PRIMITIVES = (
    Primitive(
        "sin",
        lambda xs, _: np.sin(xs[0]),
        lambda xs, _: xs[0].sin(),
        _sin_pullback,
        range=lambda ranges, _: _UP_TO_ONE,
        curvature=_sin_curvature,
        monotone=lambda ranges, _: (1 if _within(ranges[0], -_HALF_PI, _HALF_PI) else 0,),
        source="the second derivative of sin is -sin; its derivative is cos",
    ),
    Primitive(
        "cos",
        lambda xs, _: np.cos(xs[0]),
        lambda xs, _: xs[0].cos(),
        _cos_pullback,
        range=lambda ranges, _: _UP_TO_ONE,
        curvature=_cos_curvature,
        monotone=lambda ranges, _: (-1 if _within(ranges[0], fmpq(0), _PI) else 0,),
        source="the second derivative of cos is -cos; its derivative is -sin",
    ),
    Primitive(
        "atan",
        lambda xs, _: np.arctan(xs[0]),
        lambda xs, _: xs[0].atan(),
        _atan_pullback,
        range=lambda ranges, _: increasing(arb.atan, ranges[0], bottom=-_RIGHT_ANGLE, top=_RIGHT_ANGLE),
        curvature=_s_shaped,
        monotone=lambda ranges, _: (1,),
        source="the derivative of atan is 1 / (1 + x^2)",
    ),
    Primitive(
        "erf",
        lambda xs, _: _erf(xs[0]),
        lambda xs, _: xs[0].erf(),
        _erf_pullback,
        range=lambda ranges, _: increasing(arb.erf, ranges[0], bottom=-_ONE, top=_ONE),
        curvature=_s_shaped,
        monotone=lambda ranges, _: (1,),
        source="the derivative of erf is 2 exp(-x^2) / sqrt(pi)",
    ),
    Primitive(
        "lgamma",
        lambda xs, _: _lgamma(xs[0]),
        lambda xs, _: xs[0].lgamma(),
        _lgamma_pullback,
        range=_lgamma_range,
        defined=lambda ranges, _: ranges[0].positive,
        curvature=lambda ranges, _: Curvature.CONVEX,
        monotone=_lgamma_monotone,
        source="log Gamma is convex on x > 0 (Bohr and Mollerup), and least at 1.461632...",
    ),
)
