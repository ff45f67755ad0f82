"""Operations with kinks and cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossaudit.geometry.primitives.primitive import Constants, Floats, Primitive
from lossaudit.geometry.program import Builder


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


PRIMITIVES = (
    Primitive("abs", lambda xs, _: np.abs(xs[0]), lambda xs, _: abs(xs[0]), _abs_pullback, kinks=_at_zero),
    Primitive("max", _max_value, _max_ball, _max_pullback),
    Primitive("step", lambda xs, _: (xs[0] > 0) * 1.0, _step_ball, _flat, kinks=_at_zero),
    Primitive("step_closed", lambda xs, _: (xs[0] >= 0) * 1.0, _step_closed_ball, _flat, kinks=_at_zero),
    Primitive("select", lambda xs, _: np.where(xs[0] != 0, xs[1], xs[2]), _select_ball, _select_pullback),
)
