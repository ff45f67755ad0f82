"""Robust losses of a residual."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.primitives.primitive import Constants, Floats, Primitive
from lossaudit.geometry.program import Builder
from lossaudit.geometry.ranges import increasing, magnitude, sign


def _value(xs: Sequence[Floats], constants: Constants) -> Floats:
    size, delta = np.abs(xs[0]), float(constants[0])
    short = np.minimum(size, delta)
    return short * (size - 0.5 * short)


def _ball(xs: Sequence[arb], constants: Constants) -> arb:
    """It does not decrease with |x|, so the ends of |x| bound it."""
    delta = arb(constants[0])

    def at(size: arb) -> arb:
        short = size.min(delta)
        return short * (size - short / 2)

    size = abs(xs[0])
    return at(size) if size.is_exact() or not size.is_finite() else at(size.abs_lower()).union(at(size.abs_upper()))


def _pullback(b: Builder, args: Sequence[int], constants: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    """The residual, cut off at -delta and delta."""
    (delta,) = constants
    inner = b.maximum((args[0], b.constant(-delta)))
    return (b.multiply(adjoint, b.minimum((inner, b.constant(delta)))),)


def _expansion(b: Builder, args: Sequence[int], constants: Constants) -> int:
    (x,), (delta,) = args, constants
    size = b.absolute(x)
    outside = b.step(b.scale(1, size, -delta))
    return b.select(outside, b.scale(delta, size, -delta * delta / 2), b.scale(fmpq(1, 2), b.power(x, 2)))


PRIMITIVES = (
    Primitive(
        "huber",
        _value,
        _ball,
        _pullback,
        range=lambda ranges, constants: increasing(lambda u: _ball([u], constants), magnitude(ranges[0])),
        monotone=lambda ranges, _: (sign(ranges[0]),),
        kinks=lambda constants: (-constants[0], constants[0]),
        expansion=_expansion,
        source="x^2 / 2 up to |x| = delta, then delta (|x| - delta / 2): the slope min(max(x, -delta), delta) rises",
    ),
)
