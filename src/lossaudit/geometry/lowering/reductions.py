"""Fewer numbers that stand for many, and running versions of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from flint import fmpq

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.affinity import as_atoms
from lossaudit.geometry.lowering.heads import along, exponent
from lossaudit.geometry.lowering.operands import LIMIT, Array, NotLowered, Operands, Rule, array, each, lines
from lossaudit.geometry.program import Builder

Fold = Callable[[Builder, Sequence[int]], int]


def _kept(o: Operands, shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    """Shape of the result: without the reduced axes, or with 1 in their place."""
    keep = bool(o.option("keepdim", False))
    return tuple(1 if k in axes else size for k, size in enumerate(shape) if keep or k not in axes)


def folded(o: Operands, fold: Fold, *, axes: Sequence[int] | None = None, cost: int = 1) -> Array:
    """Every line along the reduced axes made one number.

    Args:
        o: The operation.
        fold: What a line comes to.
        axes: By default those that `dim` names.
        cost: Operations per element of a line; 0 means as many as the line is long.
    """
    ids = o.ids("input")
    axes = o.axes(ids.ndim) if axes is None else axes
    rows, _ = lines(ids, axes)
    if rows and ids.size * (cost or len(rows[0])) > 10 * LIMIT:
        raise NotLowered("too many operations")
    return array([fold(o.b, row) for row in rows], _kept(o, ids.shape, axes))


def _reduce(fold: Fold, *, cost: int = 1) -> Rule:
    return lambda o: folded(o, fold, cost=cost)


def _additive(fold: Fold) -> Rule:
    """A sum or a mean: affine, however large."""

    def rule(o: Operands) -> Array:
        shape = o.shape("input")
        big = as_atoms(o, ("input",), shape=_kept(o, shape, o.axes(len(shape))))
        return folded(o, fold) if big is None else big

    return rule


def _some(fold: Fold) -> Fold:
    """A fold that means nothing on an empty line."""

    def checked(b: Builder, row: Sequence[int]) -> int:
        if not row:
            raise NotLowered("a reduction of nothing")
        return fold(b, row)

    return checked


def _extreme(fold: Fold, pair: Callable[[Builder, int, int], int]) -> Rule:
    def rule(o: Operands) -> Any:
        for second in ("other", "dim"):  # `torch.max(a, b)` puts the second tensor where an axis may stand
            if second in o.call.operands:
                return each(o.b, pair, o.ids("input"), o.ids(second))
        best = folded(o, _some(fold))
        if o.option("dim", None) is None:
            return best
        where = [o.b.opaque("the index of an extreme value") for _ in range(best.size)]
        return best, array(where, best.shape)

    return rule


def _aminmax(o: Operands) -> tuple[Array, Array]:
    return folded(o, _some(Builder.minimum)), folded(o, _some(Builder.maximum))


def _norm(o: Operands) -> Array:
    p = o.option("p", "fro")
    if p is None or p == "fro":
        power = 2.0
    elif p == "nuc":
        raise NotLowered("the nuclear norm")
    else:
        power = exponent(o)
    return folded(o, lambda b, row: s.norm(b, row, power))


def _linalg_norm(o: Operands) -> Array:
    """A matrix norm where two axes are meant; of these only the Frobenius norm is known here."""
    ndim, dim, p = len(o.shape("input")), o.option("dim", None), o.option("p", None)
    matrix = (isinstance(dim, tuple) and len(dim) == 2) or (dim is None and ndim == 2)
    if matrix and p not in (None, "fro"):
        raise NotLowered("a matrix norm")
    return _norm(o) if p is not None else folded(o, lambda b, row: s.norm(b, row, 2.0))


def _matrix_norm(o: Operands) -> Array:
    if o.option("p", "fro") != "fro":
        raise NotLowered("a matrix norm")
    shape = o.shape("input")
    axes = (len(shape) - 2, len(shape) - 1) if o.option("dim", None) is None else o.axes(len(shape))
    return folded(o, lambda b, row: s.norm(b, row, 2.0), axes=axes)


def variance(b: Builder, row: Sequence[int], correction: fmpq | int) -> int:
    """sum_i (x_i - mean)^2 / (n - correction)."""
    divisor = len(row) - correction
    if divisor <= 0:
        raise NotLowered("the variance of too few values")
    mean = s.mean(b, row)
    return b.scale(1 / fmpq(divisor), s.total(b, [s.square(b, b.minus(x, mean)) for x in row]))


def _correction(o: Operands) -> fmpq:
    if o.option("correction", None) is not None:
        return o.number("correction")
    return fmpq(int(bool(o.option("unbiased", True))))


def _var(o: Operands) -> Array:
    correction = _correction(o)
    return folded(o, lambda b, row: variance(b, row, correction), cost=0)


def _std(o: Operands) -> Array:
    correction = _correction(o)
    return folded(o, lambda b, row: s.sqrt(b, variance(b, row, correction)), cost=0)


def _with_mean(rule: Rule) -> Rule:
    return lambda o: (rule(o), folded(o, s.mean))


def _running(join: Callable[[Builder, int, int], int]) -> Rule:
    """Every element joined with all before it."""

    def rule(o: Operands) -> Array:
        ids = o.ids("input")
        if ids.ndim == 0:
            return ids
        axis = o.axis(ids.ndim)
        if ids.size * ids.shape[axis] > 10 * LIMIT:
            raise NotLowered("too many operations")

        def line(row: list[int]) -> list[int]:
            out = row[:1]
            for x in row[1:]:
                out.append(join(o.b, out[-1], x))
            return out

        return along(ids, axis, line)

    return rule


def _running_extreme(join: Callable[[Builder, int, int], int]) -> Rule:
    running = _running(join)

    def rule(o: Operands) -> tuple[Array, Array]:
        best = running(o)
        where = [o.b.opaque("the index of an extreme value") for _ in range(best.size)]
        return best, array(where, best.shape)

    return rule


def _logcumsumexp(o: Operands) -> Array:
    ids = o.ids("input")
    if ids.ndim == 0:
        return ids
    axis = o.axis(ids.ndim)
    return along(ids, axis, lambda row: [o.b.logsumexp(row[: k + 1]) for k in range(len(row))])


def _diff(o: Operands) -> Array:
    ids = o.ids("input")
    axis = o.axis(ids.ndim) if "dim" in o.call.args else ids.ndim - 1
    parts = [o.ids(name) for name in ("prepend",) if o.has(name)]
    parts += [ids, *(o.ids(name) for name in ("append",) if o.has(name))]
    ids = np.concatenate(parts, axis=axis)
    for _ in range(int(o.option("n", 1))):
        ids = np.moveaxis(ids, axis, 0)
        ids = np.moveaxis(each(o.b, Builder.minus, ids[1:], ids[:-1]), 0, axis)
    return ids


def _trace(o: Operands) -> Array:
    return array([s.total(o.b, np.diagonal(o.ids("input")).tolist())], ())


def _all(b: Builder, row: Sequence[int]) -> int:
    return s.product(b, [s.truth(b, x) for x in row])


def _any(b: Builder, row: Sequence[int]) -> int:
    return s.complement(b, s.product(b, [s.complement(b, s.truth(b, x)) for x in row]))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "sum": _additive(s.total),
        "mean": _additive(s.mean),
        "prod": _reduce(s.product),
        "logsumexp": _reduce(Builder.logsumexp),
        "max": _extreme(Builder.maximum, s.maximum),
        "min": _extreme(Builder.minimum, s.minimum),
        "amax": _reduce(_some(Builder.maximum)),
        "amin": _reduce(_some(Builder.minimum)),
        "aminmax": _aminmax,
        "norm": _norm,
        "vector_norm": _norm,
        "linalg_norm": _linalg_norm,
        "matrix_norm": _matrix_norm,
        "var": _var,
        "std": _std,
        "var_mean": _with_mean(_var),
        "std_mean": _with_mean(_std),
        "cumsum": _running(Builder.plus),
        "cumprod": _running(Builder.multiply),
        "cummax": _running_extreme(s.maximum),
        "cummin": _running_extreme(s.minimum),
        "logcumsumexp": _logcumsumexp,
        "diff": _diff,
        "trace": _trace,
        "count_nonzero": _reduce(lambda b, row: s.total(b, [s.truth(b, x) for x in row])),
        "all": _reduce(_all),
        "any": _reduce(_any),
    }
)
