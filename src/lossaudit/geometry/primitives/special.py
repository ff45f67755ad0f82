"""Trigonometric and special functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossaudit.geometry.interval import rational
from lossaudit.geometry.primitives.primitive import Constants, Primitive
from lossaudit.geometry.program import Builder

_erf = np.vectorize(math.erf, otypes=[float])


def _lgamma_of(x: float) -> float:
    return math.lgamma(x) if x > 0 else math.nan


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


PRIMITIVES = (
    Primitive("sin", lambda xs, _: np.sin(xs[0]), lambda xs, _: xs[0].sin(), _sin_pullback),
    Primitive("cos", lambda xs, _: np.cos(xs[0]), lambda xs, _: xs[0].cos(), _cos_pullback),
    Primitive("atan", lambda xs, _: np.arctan(xs[0]), lambda xs, _: xs[0].atan(), _atan_pullback),
    Primitive("erf", lambda xs, _: _erf(xs[0]), lambda xs, _: xs[0].erf(), _erf_pullback),
    Primitive("lgamma", lambda xs, _: _lgamma(xs[0]), lambda xs, _: xs[0].lgamma(), _lgamma_pullback),
)
