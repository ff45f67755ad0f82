"""Losses of two scores or two embeddings: ranking and metric learning."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from lossaudit.geometry.interval import rational
from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.heads import distance, exponent
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, array, each, lines
from lossaudit.geometry.lowering.pointwise import reduced
from lossaudit.geometry.program import Builder

_COSINE_EPS = rational(float(np.float32(1e-12)))  # what the implementation adds to each squared length


def _margin_ranking(o: Operands) -> Array:
    margin = o.number("margin", 0)

    def term(b: Builder, x: int, z: int, y: int) -> int:
        return s.relu(b, b.scale(-1, b.multiply(y, b.minus(x, z)), margin))

    return reduced(o, each(o.b, term, o.ids("input1"), o.ids("input2"), o.ids("target")))


def _cosine(b: Builder, x: list[int], y: list[int], *, coded: bool) -> int:
    inner = s.total(b, [b.multiply(p, q) for p, q in zip(x, y, strict=True)])
    squares = [s.total(b, [s.square(b, p) for p in row]) for row in (x, y)]
    if coded:
        squares = [b.scale(1, square, _COSINE_EPS) for square in squares]
    return b.divide(inner, s.sqrt(b, b.multiply(*squares)))


def _cosine_embedding(o: Operands) -> Array:
    """1 - cos where y = 1, max(0, cos - margin) where y = -1."""
    margin, target = o.number("margin", 0), o.known("target")
    coded = o.deviates("cosine_embedding_loss adds 1e-12 to each squared length")
    x, y = np.broadcast_arrays(o.ids("input1"), o.ids("input2"))
    (rows, shape), (others, _) = lines(x, (x.ndim - 1,)), lines(y, (y.ndim - 1,))
    b = o.b
    terms: list[int] = []
    for u, v, sign in zip(rows, others, target.ravel().tolist(), strict=True):
        cosine = _cosine(b, u, v, coded=coded)
        if sign == 1:
            terms.append(s.complement(b, cosine))
        else:
            terms.append(s.relu(b, b.scale(1, cosine, -margin)) if sign == -1 else b.constant(0))
    return reduced(o, array(terms, shape))


def _triplet(o: Operands) -> Array:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin)."""
    if o.option("distance_function", None) is not None:
        raise NotLowered("a distance of one's own")
    p, margin, b = exponent(o), o.number("margin", 1), o.b
    eps = b.constant(o.number("eps", 1e-6))
    triples = np.broadcast_arrays(*(o.ids(name) for name in ("anchor", "positive", "negative")))
    (anchors, shape), (positives, _), (negatives, _) = (lines(x, (x.ndim - 1,)) for x in triples)
    swap = bool(o.option("swap", False))
    terms: list[int] = []
    for a, near, far in zip(anchors, positives, negatives, strict=True):
        apart = distance(b, a, far, p, eps)
        if swap:
            apart = b.minimum((apart, distance(b, near, far, p, eps)))
        terms.append(s.relu(b, b.linear(((1, distance(b, a, near, p, eps)), (-1, apart)), margin)))
    return reduced(o, array(terms, shape))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "margin_ranking": _margin_ranking,
        "cosine_embedding": _cosine_embedding,
        "triplet_margin": _triplet,
        "triplet_margin_with_distance": _triplet,
    }
)
