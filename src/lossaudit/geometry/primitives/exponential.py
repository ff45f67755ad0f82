"""Exponentials and logarithms, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, ctx, fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.primitives.primitive import Constants, Curvature, Floats, Primitive, Ranges
from lossaudit.geometry.program import Builder
from lossaudit.geometry.ranges import BITS, above, below, hull, increasing


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


_ZERO, _ONE = fmpq(0), fmpq(1)
_FAR = fmpq(1024)  # exp is enclosed by its value here beyond it: the exponent would grow too long
_BEFORE, _AFTER = fmpq(36787, 100000), fmpq(36788, 100000)  # 1/e = 0.367879... is between them


def _exp_range(ranges: Ranges, _: Constants) -> Interval:
    (x,) = ranges
    low = None if x.low is None or x.low < -_FAR else min(x.low, _FAR)
    high = None if x.high is None or x.high > _FAR else max(x.high, -_FAR)
    return increasing(arb.exp, Interval(low, high, x.low_open, x.high_open), bottom=_ZERO)


def _log_range(ranges: Ranges, _: Constants) -> Interval:
    return increasing(arb.log, ranges[0])


def _logsumexp_range(ranges: Ranges, constants: Constants) -> Interval:
    """From the smallest arguments to the largest: it is increasing in each; one that goes to -inf adds nothing."""
    lows = [x.low for x in ranges if x.low is not None]
    highs = [x.high for x in ranges if x.high is not None]
    with ctx.workprec(BITS):
        low = below(_logsumexp_ball([arb(end) for end in lows], constants)) if lows else None
        high = above(_logsumexp_ball([arb(end) for end in highs], constants)) if len(highs) == len(ranges) else None
    return Interval(
        low,
        high,
        low is None or len(lows) < len(ranges) or any(x.low_open for x in ranges),
        high is None or any(x.high_open for x in ranges),
    )


def _xlogx_range(ranges: Ranges, constants: Constants) -> Interval:
    (x,) = ranges
    ends = [Interval(end, end, False, False) for end in (x.low, x.high) if end is not None]
    values = [_at_point(end, constants) for end in ends]
    if x.high is None:
        values.append(Interval(fmpq(0), None, False))
    result = values[0]
    for other in values[1:]:
        result = hull(result, other)
    inside = (x.low is None or x.low < _AFTER) and (x.high is None or x.high > _BEFORE)
    return hull(result, Interval(-_AFTER, -_AFTER, False, False)) if inside else result


def _at_point(x: Interval, constants: Constants) -> Interval:
    with ctx.workprec(BITS):
        ball = _xlogx_ball([arb(x.low)], constants)
        low, high = below(ball), above(ball)
    return Interval(low, high, low is None, high is None)


def _xlogx_monotone(ranges: Ranges, _: Constants) -> tuple[int, ...]:
    (x,) = ranges
    if x.low is not None and x.low >= _AFTER:
        return (1,)
    return (-1,) if x.high is not None and x.high <= _BEFORE else (0,)


def _positive(ranges: Ranges, _: Constants) -> bool:
    return ranges[0].positive


def _nonnegative(ranges: Ranges, _: Constants) -> bool:
    return ranges[0].nonnegative


def _rising(ranges: Ranges, _: Constants) -> tuple[int, ...]:
    return (1,) * len(ranges)


def _convex(ranges: Ranges, _: Constants) -> Curvature:
    return Curvature.CONVEX


def _concave(ranges: Ranges, _: Constants) -> Curvature:
    return Curvature.CONCAVE


PRIMITIVES = (
    Primitive(
        "exp",
        lambda xs, _: np.exp(xs[0]),
        lambda xs, _: xs[0].exp(),
        _exp_pullback,
        range=_exp_range,
        curvature=_convex,
        monotone=_rising,
        source="exp is its own derivative, and positive: convex and increasing",
    ),
    Primitive(
        "log",
        lambda xs, _: np.log(xs[0]),
        lambda xs, _: xs[0].log(),
        _log_pullback,
        range=_log_range,
        defined=_positive,
        curvature=_concave,
        monotone=_rising,
        source="log on x > 0 is the inverse of exp: concave and increasing",
    ),
    Primitive(
        "logsumexp",
        _logsumexp_value,
        _logsumexp_ball,
        _logsumexp_pullback,
        range=_logsumexp_range,
        monotone=_rising,
        expansion=lambda b, args, _: b.log(b.linear((1, b.exp(x)) for x in args)),
        source="log(sum_i exp(x_i)), increasing in every x_i; its curvature is proved from this",
    ),
    Primitive(
        "softplus",
        lambda xs, _: np.logaddexp(0.0, xs[0]),
        _softplus_ball,
        _softplus_pullback,
        range=lambda ranges, _: increasing(lambda u: (1 + u.exp()).log(), ranges[0], bottom=_ZERO),
        monotone=_rising,
        expansion=lambda b, args, _: b.log(b.scale(1, b.exp(args[0]), 1)),
        source="log(1 + exp(x)), increasing; its curvature is proved from this",
    ),
    Primitive(
        "sigmoid",
        _sigmoid_value,
        _sigmoid_ball,
        _sigmoid_pullback,
        range=lambda ranges, _: increasing(lambda u: 1 / (1 + (-u).exp()), ranges[0], bottom=_ZERO, top=_ONE),
        monotone=_rising,
        expansion=lambda b, args, _: b.power(b.scale(1, b.exp(b.scale(-1, args[0])), 1), -1),
        source="1 / (1 + exp(-x)), increasing; its curvature is proved from this",
    ),
    Primitive(
        "tanh",
        lambda xs, _: np.tanh(xs[0]),
        lambda xs, _: xs[0].tanh(),
        _tanh_pullback,
        range=lambda ranges, _: increasing(arb.tanh, ranges[0], bottom=-_ONE, top=_ONE),
        monotone=_rising,
        expansion=lambda b, args, _: b.scale(2, b.add("sigmoid", (b.scale(2, args[0]),)), -1),
        source="2 sigmoid(2x) - 1, increasing; its curvature is proved from this",
    ),
    Primitive(
        "xlogx",
        _xlogx_value,
        _xlogx_ball,
        _xlogx_pullback,
        range=_xlogx_range,
        defined=_nonnegative,
        curvature=_convex,
        monotone=_xlogx_monotone,
        source="the second derivative of x log(x) is 1/x > 0; its least value is -1/e, at 1/e; 0 at 0 by continuity",
    ),
)
