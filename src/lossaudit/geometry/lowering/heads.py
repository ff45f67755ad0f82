"""Heads that compare numbers along an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, array, each, lines
from lossaudit.geometry.program import Builder


def log_softmax(b: Builder, row: Sequence[int]) -> list[int]:
    """z_k - log(sum_j exp(z_j))."""
    total = b.logsumexp(row)
    return [b.minus(x, total) for x in row]


def softmax(b: Builder, row: Sequence[int]) -> list[int]:
    return [b.exp(x) for x in log_softmax(b, row)]


def _softmin(b: Builder, row: Sequence[int]) -> list[int]:
    return softmax(b, [b.scale(-1, x) for x in row])


def along(ids: Array, axis: int, function: Callable[[list[int]], list[int]]) -> Array:
    """The array with every line along an axis replaced by a line of the same length."""
    rows, shape = lines(ids, (axis,))
    out = array([function(row) for row in rows], (*shape, ids.shape[axis]))
    return np.moveaxis(out, -1, axis)


def _head(function: Callable[[Builder, Sequence[int]], list[int]], *, dim: int | None = None) -> Rule:
    def rule(o: Operands) -> Array:
        ids = o.ids("input")
        if dim is not None:
            axis = dim % ids.ndim
        elif o.option("dim", None) is None:  # what torch takes where no axis is named
            axis = 0 if ids.ndim in (0, 1, 3) else 1
        else:
            axis = o.axis(ids.ndim)
        if ids.ndim == 0:
            return array(function(o.b, [int(ids)]), ())
        return along(ids, axis, lambda row: function(o.b, row))

    return rule


def exponent(o: Operands, name: str = "p", default: float = 2.0) -> float:
    """The p of a p-norm; it may be infinite."""
    p = o.option(name, default)
    if isinstance(p, str) and p in ("inf", "-inf"):
        p = float(p)
    if isinstance(p, bool) or not isinstance(p, int | float) or p != p:
        raise NotLowered(f"the norm {p!r}")
    return float(p)


def _normalize(o: Operands) -> Array:
    ids, p, eps = o.ids("input"), exponent(o), o.b.constant(o.number("eps", 1e-12))

    def line(row: list[int]) -> list[int]:
        length = o.b.maximum((s.norm(o.b, row, p), eps))
        return [o.b.divide(x, length) for x in row]

    if o.option("dim", 1) is None:
        raise NotLowered("no axis")
    axis = o.axis(ids.ndim) if "dim" in o.call.args else 1
    return along(ids, axis, line)


def _cosine_similarity(o: Operands) -> Array:
    x, y = np.broadcast_arrays(o.ids("input"), o.ids("other"))
    axis = o.axis(x.ndim) if "dim" in o.call.args else 1
    eps = o.b.constant(o.number("eps", 1e-8))
    rows, shape = lines(x, (axis,))
    others, _ = lines(y, (axis,))
    return array([_cosine(o.b, p, q, eps) for p, q in zip(rows, others, strict=True)], shape)


def _cosine(b: Builder, x: Sequence[int], y: Sequence[int], eps: int) -> int:
    """x.y / (max(|x|, eps) max(|y|, eps))."""
    inner = s.total(b, [b.multiply(p, q) for p, q in zip(x, y, strict=True)])
    for row in (x, y):
        inner = b.divide(inner, b.maximum((s.norm(b, row, 2.0), eps)))
    return inner


def distance(b: Builder, x: Sequence[int], y: Sequence[int], p: float, eps: int | None = None) -> int:
    """The p-norm of x - y + eps."""
    terms = [b.minus(u, v) for u, v in zip(x, y, strict=True)]
    return s.norm(b, terms if eps is None else [b.plus(t, eps) for t in terms], p)


def _pairwise_distance(o: Operands) -> Array:
    x, y = np.broadcast_arrays(o.ids("input"), o.ids("other"))
    eps, p = o.b.constant(o.number("eps", 1e-6)), exponent(o)
    (rows, shape), (others, _) = lines(x, (x.ndim - 1,)), lines(y, (x.ndim - 1,))
    out = array([distance(o.b, u, v, p, eps) for u, v in zip(rows, others, strict=True)], shape)
    return out[..., None] if o.option("keepdim", False) else out


def _cdist(o: Operands) -> Array:
    x, y = o.ids("input"), o.ids("other")
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    size = (*batch, x.shape[-2], y.shape[-2], x.shape[-1])
    if np.prod(size) > 100_000:
        raise NotLowered("too many distances")
    left = np.broadcast_to(x[..., :, None, :], size)
    right = np.broadcast_to(y[..., None, :, :], size)
    (rows, shape), (others, _) = lines(left, (left.ndim - 1,)), lines(right, (right.ndim - 1,))
    p = exponent(o)
    return array([distance(o.b, u, v, p) for u, v in zip(rows, others, strict=True)], shape)


def _pdist(o: Operands) -> Array:
    rows, p = o.ids("input").tolist(), exponent(o)
    out = [distance(o.b, x, y, p) for k, x in enumerate(rows) for y in rows[k + 1 :]]
    return array(out, (len(out),))


def _dist(o: Operands) -> Array:
    terms = each(o.b, Builder.minus, o.ids("input"), o.ids("other"))
    return array([s.norm(o.b, terms.ravel().tolist(), exponent(o))], ())


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "softmax": _head(softmax),
        "softmax2d": _head(softmax, dim=-3),
        "log_softmax": _head(log_softmax),
        "softmin": _head(_softmin),
        "normalize": _normalize,
        "cosine_similarity": _cosine_similarity,
        "pairwise_distance": _pairwise_distance,
        "cdist": _cdist,
        "pdist": _pdist,
        "dist": _dist,
    }
)
