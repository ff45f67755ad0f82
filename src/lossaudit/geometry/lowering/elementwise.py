"""Arithmetic and functions, element by element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from flint import fmpq

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.affinity import as_atoms
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, each
from lossaudit.geometry.program import Builder

One = Callable[[Builder, int], int]
Two = Callable[[Builder, int, int], int]


def of_one(function: One) -> Rule:
    """The rule of a function of one number."""
    return lambda o: each(o.b, function, o.ids("input"))


def of_two(function: Two) -> Rule:
    """The rule of a function of two numbers."""
    return lambda o: each(o.b, function, o.ids("input"), o.ids("other"))


def _sum_of(sign: int) -> Rule:
    def rule(o: Operands) -> Array:
        alpha = sign * o.number("alpha", 1)
        big = as_atoms(o, ("input", "other"))
        if big is not None:
            return big
        return each(o.b, lambda b, x, y: b.linear(((1, x), (alpha, y))), o.ids("input"), o.ids("other"))

    return rule


def _mul(o: Operands) -> Array:
    big = as_atoms(o, ("input", "other"), at_most_one=True)
    return each(o.b, Builder.multiply, o.ids("input"), o.ids("other")) if big is None else big


def _div(o: Operands) -> Array:
    if o.option("rounding_mode", None) is not None:
        raise NotLowered("division that rounds")
    known = o.values("other")
    if known is not None and np.all(known != 0) and np.all(np.isfinite(known)):
        big = as_atoms(o, ("input",))
        if big is not None:
            return big
    return each(o.b, Builder.divide, o.ids("input"), o.ids("other"))


def _neg(o: Operands) -> Array:
    big = as_atoms(o, ("input",))
    return each(o.b, lambda b, x: b.scale(-1, x), o.ids("input")) if big is None else big


def _addc(divide: bool) -> Rule:
    def rule(o: Operands) -> Array:
        value = o.number("value", 1)

        def one(b: Builder, x: int, y: int, z: int) -> int:
            return b.linear(((1, x), (value, b.divide(y, z) if divide else b.multiply(y, z))))

        return each(o.b, one, o.ids("input"), o.ids("tensor1"), o.ids("tensor2"))

    return rule


def _lerp(o: Operands) -> Array:
    def one(b: Builder, x: int, y: int, w: int) -> int:
        return b.plus(x, b.multiply(w, b.minus(y, x)))

    return each(o.b, one, o.ids("input"), o.ids("other"), o.ids("weight"))


def _bound(o: Operands, name: str) -> Array | None:
    return o.ids(name) if o.has(name) else None


def _clamp(o: Operands) -> Array:
    low, high = _bound(o, "min"), _bound(o, "max")
    bounds = [bound for bound in (low, high) if bound is not None]

    def one(b: Builder, x: int, *given: int) -> int:
        rest = list(given)
        return s.clamp(b, x, rest.pop(0) if low is not None else None, rest.pop() if high is not None else None)

    return each(o.b, one, o.ids("input"), *bounds)


def _select(b: Builder, condition: int, x: int, y: int) -> int:
    """One of two; the one that it must be, where the condition can have only one value (`x == x`) if it has any."""
    condition = s.truth(b, condition)
    settled = s.settled(b, condition)
    chosen = x if settled else y
    if settled is None or b.infinite(chosen):
        return b.select(condition, x, y)
    return b.linear(((1, chosen), (0, condition)))


def _where(o: Operands) -> Array:
    return each(o.b, _select, o.ids("condition"), o.ids("input"), o.ids("other"))


def _masked_fill(o: Operands) -> Array:
    return each(o.b, _select, o.ids("mask"), o.ids("value"), o.ids("input"))


def _xlogy(shift: int) -> Two:
    def one(b: Builder, x: int, y: int) -> int:
        if x == y and not shift:
            return s.xlogx(b, x)
        return s.times(b, x, lambda: s.log(b, b.scale(1, y, shift)))

    return one


def _logit(o: Operands) -> Array:
    eps = o.option("eps", None)
    bound = None if eps is None else o.number("eps")

    def one(b: Builder, x: int) -> int:
        if bound is not None:
            x = s.clamp(b, x, b.constant(bound), b.constant(1 - bound))
        return b.minus(b.log(x), b.log(s.complement(b, x)))

    return each(o.b, one, o.ids("input"))


def _logs(b: Builder, x: int, base: int) -> int:
    return b.divide(s.log(b, x), b.log(b.constant(base)))


def _exp2(b: Builder, x: int) -> int:
    return s.exp(b, b.multiply(x, b.log(b.constant(2))))


def _logaddexp2(b: Builder, x: int, y: int) -> int:
    two = b.log(b.constant(2))
    return b.divide(b.logsumexp((b.multiply(x, two), b.multiply(y, two))), two)


def _hyperbolic(sign: int) -> One:
    return lambda b, x: b.linear(((fmpq(1, 2), s.exp(b, x)), (fmpq(sign, 2), s.exp(b, b.scale(-1, x)))))


def _area(sign: int) -> One:
    """Log(x + sqrt(x^2 + sign)): asinh, acosh."""
    return lambda b, x: b.log(b.plus(x, s.sqrt(b, b.scale(1, s.square(b, x), sign))))


def _asin(b: Builder, x: int) -> int:
    """atan(x / sqrt(1 - x^2)), on -1 < x < 1."""
    return b.add("atan", (b.multiply(x, b.power(s.complement(b, s.square(b, x)), fmpq(-1, 2))),))


def _acos(b: Builder, x: int) -> int:
    """A right angle minus asin(x)."""
    return b.linear(((fmpq(1, 2), s.pi(b)), (-1, _asin(b, x))))


def _atanh(b: Builder, x: int) -> int:
    half = fmpq(1, 2)
    return b.linear(((half, b.log(b.scale(1, x, 1))), (-half, b.log(s.complement(b, x)))))


def _ndtr(b: Builder, x: int) -> int:
    """The normal distribution function, (1 + erf(x / sqrt(2))) / 2."""
    root = b.power(b.constant(fmpq(1, 2)), fmpq(1, 2))
    return b.scale(fmpq(1, 2), b.add("erf", (b.multiply(x, root),)), fmpq(1, 2))


def _hypot(b: Builder, x: int, y: int) -> int:
    return s.norm(b, (x, y), fmpq(2))


def _ldexp(b: Builder, x: int, y: int) -> int:
    return b.multiply(x, s.power(b, b.constant(2), y))


def _sign(b: Builder, x: int) -> int:
    return b.minus(s.step(b, x), s.step(b, b.scale(-1, x)))


def _heaviside(o: Operands) -> Array:
    def one(b: Builder, x: int, at_zero: int) -> int:
        return b.select(s.equal(b, x, b.constant(0)), at_zero, s.step(b, x))

    return each(o.b, one, o.ids("input"), o.ids("values"))


def _degrees(inverse: bool) -> One:
    def one(b: Builder, x: int) -> int:
        radian = b.scale(fmpq(1, 180), s.pi(b))
        return b.divide(x, radian) if inverse else b.multiply(x, radian)

    return one


def _cross(o: Operands) -> Array:
    x, y = np.broadcast_arrays(o.ids("input"), o.ids("other"))
    if o.option("dim", None) is None:
        axis = next((k for k, size in enumerate(x.shape) if size == 3), 0)
    else:
        axis = o.axis(x.ndim)
    x, y = np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0)

    def one(b: Builder, p: int, q: int, r: int, t: int) -> int:
        return b.minus(b.multiply(p, q), b.multiply(r, t))

    parts = [each(o.b, one, x[i], y[j], x[j], y[i]) for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.moveaxis(np.stack(parts), 0, axis)


_ONE: Mapping[str, One] = MappingProxyType(
    {
        "square": s.square,
        "sqrt": s.sqrt,
        "rsqrt": lambda b, x: b.power(x, fmpq(-1, 2)),
        "reciprocal": lambda b, x: b.power(x, -1),
        "abs": s.absolute,
        "sign": _sign,
        "sgn": _sign,
        "exp": s.exp,
        "exp2": _exp2,
        "expm1": lambda b, x: b.scale(1, s.exp(b, x), -1),
        "log": s.log,
        "log2": lambda b, x: _logs(b, x, 2),
        "log10": lambda b, x: _logs(b, x, 10),
        "log1p": lambda b, x: s.log(b, b.scale(1, x, 1)),
        "entr": lambda b, x: b.scale(-1, s.xlogx(b, x)),
        "sin": s.unary("sin"),
        "cos": s.unary("cos"),
        "tan": lambda b, x: b.divide(b.add("sin", (x,)), b.add("cos", (x,))),
        "atan": s.unary("atan"),
        "asin": _asin,
        "acos": _acos,
        "sinh": _hyperbolic(-1),
        "cosh": _hyperbolic(1),
        "asinh": _area(1),
        "acosh": _area(-1),
        "atanh": _atanh,
        "erf": s.unary("erf"),
        "erfc": lambda b, x: s.complement(b, b.add("erf", (x,))),
        "ndtr": _ndtr,
        "log_ndtr": lambda b, x: b.log(_ndtr(b, x)),
        "lgamma": s.unary("lgamma"),
        "deg2rad": _degrees(inverse=False),
        "rad2deg": _degrees(inverse=True),
    }
)

_TWO: Mapping[str, Two] = MappingProxyType(
    {
        "pow": s.power,
        "float_power": s.power,
        "maximum": s.maximum,
        "minimum": s.minimum,
        "fmax": s.maximum,
        "fmin": s.minimum,
        "logaddexp": lambda b, x, y: b.logsumexp((x, y)),
        "logaddexp2": _logaddexp2,
        "xlogy": _xlogy(0),
        "xlog1py": _xlogy(1),
        "hypot": _hypot,
        "ldexp": _ldexp,
    }
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: of_one(function) for name, function in _ONE.items()}
    | {name: of_two(function) for name, function in _TWO.items()}
    | {
        "positive": lambda o: o.raw("input"),
        "neg": _neg,
        "add": _sum_of(1),
        "sub": _sum_of(-1),
        "mul": _mul,
        "div": _div,
        "addcmul": _addc(divide=False),
        "addcdiv": _addc(divide=True),
        "lerp": _lerp,
        "clamp": _clamp,
        "clamp_min": _clamp,
        "clamp_max": _clamp,
        "where": _where,
        "masked_fill": _masked_fill,
        "logit": _logit,
        "heaviside": _heaviside,
        "cross": _cross,
    }
)
