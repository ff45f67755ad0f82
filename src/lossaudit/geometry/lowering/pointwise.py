"""Losses of one prediction and one target each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from flint import fmpq

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, array, each
from lossaudit.geometry.program import Builder

Term = Callable[[Builder, int, int], int]

_HALF = fmpq(1, 2)


def reduction(o: Operands) -> str:
    """How the terms are put together; the two old options win over the new one."""
    average, reduce = o.option("size_average", None), o.option("reduce", None)
    if average is None and reduce is None:
        return str(o.option("reduction", "mean"))
    if reduce is False:
        return "none"
    return "mean" if average in (None, True) else "sum"


def reduced(o: Operands, terms: Array, how: str | None = None) -> Array:
    how = reduction(o) if how is None else how
    if how == "none":
        return terms
    row = terms.ravel().tolist()
    if how not in ("mean", "sum") or not row:
        raise NotLowered(f"the reduction {how!r}")
    return array([s.mean(o.b, row) if how == "mean" else s.total(o.b, row)], ())


def _terms(o: Operands, term: Term) -> Array:
    return each(o.b, term, o.ids("input"), o.ids("target"))


def _pointwise(term: Callable[[Operands], Term]) -> Rule:
    return lambda o: reduced(o, _terms(o, term(o)))


def _weighted(term: Callable[[Operands], Term], *, divide: bool) -> Rule:
    """With a weight for each term; the mean then divides by the sum of the weights, or by their number."""

    def rule(o: Operands) -> Array:
        terms = _terms(o, term(o))
        if not o.has("weight"):
            return reduced(o, terms)
        weight = o.ids("weight")
        terms = each(o.b, Builder.multiply, weight, terms)
        if not divide or reduction(o) != "mean":
            return reduced(o, terms)
        mass = s.total(o.b, weight.ravel().tolist())
        return array([o.b.divide(s.total(o.b, terms.ravel().tolist()), mass)], ())

    return rule


def _squared(b: Builder, x: int, y: int) -> int:
    return s.square(b, b.minus(x, y))


def _absolute(b: Builder, x: int, y: int) -> int:
    return s.absolute(b, b.minus(x, y))


def huber(b: Builder, r: int, delta: fmpq) -> int:
    """r^2 / 2 up to |r| = delta, then delta (|r| - delta / 2)."""
    value = b.value(r)
    if value is None:
        return b.add("huber", (r,), (delta,))
    size = abs(value)
    return b.constant(size * size / 2 if size <= delta else delta * (size - delta / 2))


def _huber(o: Operands) -> Term:
    delta = o.number("delta", 1)
    if delta <= 0:
        raise NotLowered("delta has to be positive")
    return lambda b, x, y: huber(b, b.minus(x, y), delta)


def _smooth_l1(o: Operands) -> Term:
    beta = o.number("beta", 1)
    if beta < 0:
        raise NotLowered("beta has to be at least 0")
    if beta == 0:
        return _absolute
    return lambda b, x, y: b.scale(1 / beta, huber(b, b.minus(x, y), beta))


def _bce(o: Operands) -> Term:
    """0 log 0 is 0: a term whose factor is exactly 0 is left out."""
    coded = o.deviates("binary_cross_entropy keeps each logarithm at -100 or more")
    floor = o.b.constant(-100)

    def log(b: Builder, x: int) -> int:
        return b.maximum((b.log(x), floor)) if coded else b.log(x)

    def term(b: Builder, x: int, y: int) -> int:
        hit = s.times(b, y, lambda: log(b, x))
        miss = s.times(b, s.complement(b, y), lambda: log(b, s.complement(b, x)))
        return b.linear(((-1, hit), (-1, miss)))

    return term


def logistic(b: Builder, x: int, y: int, pos_weight: int | None = None) -> int:
    """(1 - y) x + (1 + (pos_weight - 1) y) log(1 + e^-x)."""
    factor = b.constant(1)
    if pos_weight is not None:
        factor = b.scale(1, b.multiply(b.scale(1, pos_weight, -1), y), 1)
    soft = s.softplus(b, b.scale(-1, x))
    return b.plus(b.multiply(s.complement(b, y), x), b.multiply(factor, soft))


def _bce_with_logits(o: Operands) -> Array:
    x, y = o.ids("input"), o.ids("target")
    terms = each(o.b, logistic, x, y, o.ids("pos_weight")) if o.has("pos_weight") else each(o.b, logistic, x, y)
    if o.has("weight"):
        terms = each(o.b, Builder.multiply, o.ids("weight"), terms)
    return reduced(o, terms)


def _soft_margin(b: Builder, x: int, y: int) -> int:
    return s.softplus(b, b.scale(-1, b.multiply(y, x)))


def _multilabel_soft_margin(o: Operands) -> Array:
    terms = _terms(o, logistic)
    if o.has("weight"):
        terms = each(o.b, Builder.multiply, o.ids("weight"), terms)
    rows = terms.reshape(-1, terms.shape[-1]).tolist()
    return reduced(o, array([s.mean(o.b, row) for row in rows], terms.shape[:-1]))


def _kl_div(o: Operands) -> Array:
    def plain(b: Builder, x: int, y: int) -> int:
        return b.minus(s.xlogx(b, y), b.multiply(y, x))

    def log_target(b: Builder, x: int, y: int) -> int:
        return b.multiply(s.exp(b, y), b.minus(y, x))

    terms = _terms(o, log_target if o.option("log_target", False) else plain)
    how = reduction(o)
    if how != "batchmean":
        return reduced(o, terms, how)
    batch = o.shape("input")[:1]
    return each(o.b, lambda b, x: b.scale(1 / fmpq(*batch) if batch else 1, x), reduced(o, terms, "sum"))


def _poisson(o: Operands) -> Term:
    eps, full = o.number("eps", 1e-8), bool(o.option("full", False))
    exponential = bool(o.option("log_input", True))

    def term(b: Builder, x: int, y: int) -> int:
        if exponential:
            value = b.minus(s.exp(b, x), b.multiply(y, x))
        else:
            value = b.minus(x, b.multiply(y, s.log(b, b.scale(1, x, eps))))
        if not full:
            return value
        return b.plus(value, b.select(s.step(b, b.scale(1, y, -1)), _stirling(b, y), b.constant(0)))

    return term


def _stirling(b: Builder, y: int) -> int:
    """Y log y - y + log(2 pi y) / 2: what stands for log(y!)."""
    if (value := b.value(y)) is not None and value <= 1:
        return b.constant(0)
    around = b.log(b.scale(2, b.multiply(s.pi(b), y)))
    return b.linear(((1, s.xlogx(b, y)), (-1, y), (_HALF, around)))


def _gaussian(o: Operands) -> Array:
    x, y, var = o.ids("input"), o.ids("target"), o.ids("var")
    if var.shape != x.shape and var.shape == x.shape[:-1]:
        var = var[..., None]
    eps = o.b.constant(o.number("eps", 1e-6))
    full = bool(o.option("full", False))

    def term(b: Builder, x: int, y: int, var: int) -> int:
        v = b.maximum((var, eps))
        terms = [(_HALF, b.log(v)), (_HALF, b.divide(s.square(b, b.minus(x, y)), v))]
        if full:
            terms.append((_HALF, b.log(b.scale(2, s.pi(b)))))
        return b.linear(terms)

    return reduced(o, each(o.b, term, x, y, var))


def _hinge_embedding(o: Operands) -> Array:
    """X where y = 1, max(0, margin - x) where y = -1, and both for any other target."""
    margin, target = o.number("margin", 1), o.known("target")

    def term(b: Builder, x: int, positive: int, negative: int) -> int:
        parts: list[int] = []
        if not positive:
            parts.append(s.relu(b, b.scale(-1, x, margin)))
        if not negative:
            parts.append(x)
        return s.total(b, parts)

    return reduced(o, each(o.b, term, o.ids("input"), target == 1, target == -1))


def _plain(term: Term) -> Callable[[Operands], Term]:
    return lambda o: term


RULES: Mapping[str, Any] = MappingProxyType(
    {
        "mse": _weighted(_plain(_squared), divide=True),
        "mae": _weighted(_plain(_absolute), divide=True),
        "huber": _weighted(_huber, divide=False),
        "smooth_l1": _pointwise(_smooth_l1),
        "bce": _weighted(_bce, divide=False),
        "bce_with_logits": _bce_with_logits,
        "soft_margin": _pointwise(_plain(_soft_margin)),
        "multilabel_soft_margin": _multilabel_soft_margin,
        "kl_div": _kl_div,
        "poisson_nll": _pointwise(_poisson),
        "gaussian_nll": _gaussian,
        "hinge_embedding": _hinge_embedding,
    }
)


def is_index(values: Array) -> bool:
    """Whether known values are classes and not amounts."""
    return np.issubdtype(values.dtype, np.integer)
