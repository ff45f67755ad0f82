"""Exponentials and logarithms, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb

from lossaudit.geometry.primitives.primitive import Constants, Floats, Primitive
from lossaudit.geometry.program import Builder


def _logsumexp_value(xs: Sequence[Floats], _: Constants) -> Floats:
    stacked = np.stack(np.broadcast_arrays(*xs))
    top = stacked.max(axis=0)
    top = np.where(np.isfinite(top), top, 0.0)
    return top + np.log(np.exp(stacked - top).sum(axis=0))


def _logsumexp_ball(xs: Sequence[arb], _: Constants) -> arb:
    total = arb(0)
    for x in xs:
        total += x.exp()
    return total.log()


def _sigmoid_value(xs: Sequence[Floats], _: Constants) -> Floats:
    small = np.exp(-np.abs(xs[0]))
    return np.where(xs[0] >= 0, 1.0, small) / (1.0 + small)


def _sigmoid_ball(xs: Sequence[arb], _: Constants) -> arb:
    (x,) = xs

    def at(u: arb) -> arb:
        return 1 / (1 + (-u).exp())

    return at(x) if x.is_exact() else at(x.lower()).union(at(x.upper()))


def _softplus_ball(xs: Sequence[arb], _: Constants) -> arb:
    (x,) = xs

    def at(u: arb) -> arb:
        return (1 + u.exp()).log()

    return at(x) if x.is_exact() else at(x.lower()).union(at(x.upper()))


def _xlogx_ball(xs: Sequence[arb], _: Constants) -> arb:
    (x,) = xs
    return arb(0) if x == 0 else x * x.log()


def _xlogx_value(xs: Sequence[Floats], _: Constants) -> Floats:
    (x,) = xs
    return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, x)))


def _exp_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.multiply(adjoint, own),)


def _log_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.divide(adjoint, args[0]),)


def _logsumexp_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return tuple(b.multiply(adjoint, b.exp(b.minus(x, own))) for x in args)


def _softplus_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.multiply(adjoint, b.add("sigmoid", (args[0],))),)


def _sigmoid_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    complement = b.add("sigmoid", (b.scale(-1, args[0]),))
    return (b.multiply(adjoint, b.multiply(own, complement)),)


def _tanh_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.multiply(adjoint, b.scale(-1, b.power(own, 2), 1)),)


def _xlogx_pullback(b: Builder, args: Sequence[int], _: Constants, own: int, adjoint: int) -> tuple[int, ...]:
    return (b.multiply(adjoint, b.scale(1, b.log(args[0]), 1)),)


PRIMITIVES = (
    Primitive("exp", lambda xs, _: np.exp(xs[0]), lambda xs, _: xs[0].exp(), _exp_pullback),
    Primitive("log", lambda xs, _: np.log(xs[0]), lambda xs, _: xs[0].log(), _log_pullback),
    Primitive(
        "logsumexp",
        _logsumexp_value,
        _logsumexp_ball,
        _logsumexp_pullback,
        expansion=lambda b, args, _: b.log(b.linear((1, b.exp(x)) for x in args)),
    ),
    Primitive(
        "softplus",
        lambda xs, _: np.logaddexp(0.0, xs[0]),
        _softplus_ball,
        _softplus_pullback,
        expansion=lambda b, args, _: b.log(b.scale(1, b.exp(args[0]), 1)),
    ),
    Primitive(
        "sigmoid",
        _sigmoid_value,
        _sigmoid_ball,
        _sigmoid_pullback,
        expansion=lambda b, args, _: b.power(b.scale(1, b.exp(b.scale(-1, args[0])), 1), -1),
    ),
    Primitive(
        "tanh",
        lambda xs, _: np.tanh(xs[0]),
        lambda xs, _: xs[0].tanh(),
        _tanh_pullback,
        expansion=lambda b, args, _: b.scale(2, b.add("sigmoid", (b.scale(2, args[0]),)), -1),
    ),
    Primitive("xlogx", _xlogx_value, _xlogx_ball, _xlogx_pullback),
)
