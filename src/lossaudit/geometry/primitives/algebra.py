"""Sums, products and powers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.primitives.primitive import Constants, Floats, Primitive
from lossaudit.geometry.program import Builder


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


PRIMITIVES = (
    Primitive("linear", _linear_value, _linear_ball, _linear_pullback),
    Primitive("multiply", lambda xs, _: xs[0] * xs[1], lambda xs, _: xs[0] * xs[1], _product_pullback),
    Primitive("power", _power_value, _power_ball, _power_pullback),
)
