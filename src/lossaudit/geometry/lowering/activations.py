"""Heads and activations that act on each number alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from flint import fmpq

from lossaudit.geometry.interval import rational
from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.elementwise import of_one
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, each
from lossaudit.geometry.program import Builder

_SELU_ALPHA = rational(1.6732632423543772848170429916717)
_SELU_SCALE = rational(1.0507009873554804934193349852946)
_GELU_CUBE = rational(0.044715)
_HALF = fmpq(1, 2)


def logsigmoid(b: Builder, x: int) -> int:
    return b.scale(-1, s.softplus(b, b.scale(-1, x)))


def leaky(b: Builder, x: int, slope: fmpq) -> int:
    """X above 0, slope x below: the larger of the two where slope <= 1, else the smaller."""
    both = (x, b.scale(slope, x))
    return b.maximum(both) if slope <= 1 else b.minimum(both)


def _exponential_below(b: Builder, x: int, alpha: fmpq, width: fmpq | int = 1, scale: fmpq | int = 1) -> int:
    """Scale (x above 0, alpha (exp(x / width) - 1) below)."""
    below = b.scale(alpha, s.exp(b, b.scale(1 / fmpq(width), x)), -alpha)
    return b.scale(scale, b.select(s.step(b, x), x, below))


def _with(name: str, default: float, function: Callable[[Builder, int, fmpq], int]) -> Rule:
    """The rule of a function with one parameter."""

    def rule(o: Operands) -> Array:
        number = o.number(name, default)
        return each(o.b, lambda b, x: function(b, x, number), o.ids("input"))

    return rule


def _celu(b: Builder, x: int, alpha: fmpq) -> int:
    if alpha <= 0:
        raise NotLowered("celu is meant for alpha > 0")
    return _exponential_below(b, x, alpha, alpha)


def _hardtanh(o: Operands) -> Array:
    low, high = o.b.constant(o.number("min_val", -1)), o.b.constant(o.number("max_val", 1))
    return each(o.b, lambda b, x: s.clamp(b, x, low, high), o.ids("input"))


def _relu6(b: Builder, x: int) -> int:
    return s.clamp(b, x, b.constant(0), b.constant(6))


def _hardsigmoid(b: Builder, x: int) -> int:
    return b.scale(fmpq(1, 6), _relu6(b, b.scale(1, x, 3)))


def _softshrink(b: Builder, x: int, bound: fmpq) -> int:
    if bound < 0:
        raise NotLowered("softshrink is meant for lambd >= 0")
    return b.minus(x, s.clamp(b, x, b.constant(-bound), b.constant(bound)))


def _hardshrink(b: Builder, x: int, bound: fmpq) -> int:
    outside = s.step(b, b.scale(1, s.absolute(b, x), -bound))
    return b.select(outside, x, b.constant(0))


def _threshold(o: Operands) -> Array:
    bound, value = o.number("threshold"), o.b.constant(o.number("value"))
    return each(o.b, lambda b, x: b.select(s.step(b, b.scale(1, x, -bound)), x, value), o.ids("input"))


def _prelu(o: Operands) -> Array:
    x, slope = o.ids("input"), o.ids("weight")
    if slope.size > 1:
        slope = slope.reshape([-1 if axis == 1 else 1 for axis in range(x.ndim)] if x.ndim > 1 else [-1])

    def one(b: Builder, x: int, slope: int) -> int:
        value = b.value(slope)
        if value is not None:
            return leaky(b, x, value)
        return b.plus(s.relu(b, x), b.multiply(slope, b.minimum((x, b.constant(0)))))

    return each(o.b, one, x, slope.reshape(()) if slope.size == 1 else slope)


def _rrelu(o: Operands) -> Array:
    if o.option("training", False):
        raise NotLowered("random slopes")
    slope = (o.number("lower", 1 / 8) + o.number("upper", 1 / 3)) / 2
    return each(o.b, lambda b, x: leaky(b, x, slope), o.ids("input"))


def _gelu_exact(b: Builder, x: int) -> int:
    root = b.power(b.constant(_HALF), _HALF)
    return b.multiply(x, b.scale(_HALF, b.add("erf", (b.multiply(x, root),)), _HALF))


def _gelu_tanh(b: Builder, x: int) -> int:
    root = b.power(b.scale(_HALF, s.pi(b)), -_HALF)
    inner = b.multiply(root, b.linear(((1, x), (_GELU_CUBE, b.power(x, 3)))))
    return b.multiply(x, b.scale(_HALF, s.tanh(b, inner), _HALF))


def _gelu(o: Operands) -> Array:
    exact = o.option("approximate", "none") == "none"
    return each(o.b, _gelu_exact if exact else _gelu_tanh, o.ids("input"))


def _glu(o: Operands) -> Array:
    x = o.ids("input")
    first, second = np.split(x, 2, axis=o.axis(x.ndim))
    return each(o.b, lambda b, x, y: b.multiply(x, s.sigmoid(b, y)), first, second)


def _softplus(o: Operands) -> Array:
    beta, bound = o.number("beta", 1), o.number("threshold", 20)
    if beta == 0:
        raise NotLowered("softplus is meant for beta > 0")
    coded = o.deviates(f"softplus is the identity where {float(beta):g} x > {float(bound):g}")

    def one(b: Builder, x: int) -> int:
        inner = b.scale(beta, x)
        smooth = b.scale(1 / beta, s.softplus(b, inner))
        return b.select(s.step(b, b.scale(1, inner, -bound)), x, smooth) if coded else smooth

    return each(o.b, one, o.ids("input"))


_ONE: Mapping[str, Callable[[Builder, int], int]] = MappingProxyType(
    {
        "relu": s.relu,
        "relu6": _relu6,
        "sigmoid": s.sigmoid,
        "logsigmoid": logsigmoid,
        "hardsigmoid": _hardsigmoid,
        "tanh": s.tanh,
        "softsign": lambda b, x: b.divide(x, b.scale(1, s.absolute(b, x), 1)),
        "tanhshrink": lambda b, x: b.minus(x, s.tanh(b, x)),
        "selu": lambda b, x: _exponential_below(b, x, _SELU_ALPHA, 1, _SELU_SCALE),
        "silu": lambda b, x: b.multiply(x, s.sigmoid(b, x)),
        "mish": lambda b, x: b.multiply(x, s.tanh(b, s.softplus(b, x))),
        "hardswish": lambda b, x: b.multiply(x, _hardsigmoid(b, x)),
    }
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: of_one(function) for name, function in _ONE.items()}
    | {
        "hardtanh": _hardtanh,
        "leaky_relu": _with("negative_slope", 0.01, leaky),
        "prelu": _prelu,
        "rrelu": _rrelu,
        "elu": _with("alpha", 1, _exponential_below),
        "celu": _with("alpha", 1, _celu),
        "gelu": _gelu,
        "glu": _glu,
        "softplus": _softplus,
        "softshrink": _with("lambd", 0.5, _softshrink),
        "hardshrink": _with("lambd", 0.5, _hardshrink),
        "threshold": _threshold,
    }
)
