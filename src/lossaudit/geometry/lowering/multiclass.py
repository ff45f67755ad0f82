"""Losses along a class axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from flint import fmpq

from lossaudit.geometry.interval import rational
from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.affine import RULES as AFFINE
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, array, lines
from lossaudit.geometry.lowering.pointwise import is_index, reduced, reduction
from lossaudit.geometry.program import Builder


def _class_weights(o: Operands, classes: int) -> list[fmpq]:
    if not o.has("weight"):
        return [fmpq(1)] * classes
    values = o.known("weight").ravel().tolist()
    if len(values) != classes or not all(map(math.isfinite, values)):
        raise NotLowered("the class weights")
    return [rational(value) for value in values]


def _rows(ids: Array) -> tuple[list[list[int]], tuple[int, ...]]:
    """The lines along the class axis: the only one, or the second."""
    return lines(ids, (min(1, ids.ndim - 1),))


def _classes(o: Operands, count: int) -> list[int]:
    values = o.known("target")
    if not is_index(values):
        raise NotLowered("targets that are no classes")
    flat = values.ravel().tolist()
    if len(flat) != count:
        raise NotLowered("one class for each sample")
    return flat


def _averaged(o: Operands, terms: list[int], masses: list[fmpq], shape: tuple[int, ...]) -> Array:
    """Reduced; the mean divides by the sum of the weights of the classes that were met."""
    if reduction(o) != "mean":
        return reduced(o, array(terms, shape))
    mass = sum(masses, fmpq(0))
    if mass == 0:
        return array([o.b.opaque("a mean over no samples")], ())
    return array([o.b.linear((1 / mass, term) for term in terms)], ())


def _of_index(o: Operands, ids: Array, smoothing: fmpq) -> Array:
    rows, shape = _rows(ids)
    weights = _class_weights(o, len(rows[0]))
    ignored = int(o.option("ignore_index", -100) if o.option("ignore_index", -100) is not None else -100)
    terms: list[int] = []
    masses: list[fmpq] = []
    for row, y in zip(rows, _classes(o, len(rows)), strict=True):
        if y == ignored:
            terms.append(o.b.constant(0))
            continue
        if not 0 <= y < len(row):
            raise NotLowered("a class that does not exist")
        terms.append(_smoothed(o.b, row, y, weights, smoothing))
        masses.append(weights[y])
    return _averaged(o, terms, masses, shape)


def _smoothed(b: Builder, row: Sequence[int], y: int, weights: Sequence[fmpq], smoothing: fmpq) -> int:
    """(1 - smoothing) w_y (lse - z_y) + smoothing / K sum_k w_k (lse - z_k)."""
    total = b.logsumexp(row)
    if smoothing == 0:
        return b.linear(((weights[y], total), (-weights[y], row[y])))
    share = smoothing / len(row)
    factors = [share * w for w in weights]
    factors[y] += (1 - smoothing) * weights[y]
    return b.linear([(sum(factors, fmpq(0)), total), *((-c, z) for c, z in zip(factors, row, strict=True))])


def _of_distribution(o: Operands, ids: Array, smoothing: fmpq) -> Array:
    """sum_k w_k t_k (lse - z_k); the mean divides by the number of samples."""
    rows, shape = _rows(ids)
    targets, _ = _rows(o.ids("target"))
    weights = _class_weights(o, len(rows[0]))
    b = o.b
    terms: list[int] = []
    for row, target in zip(rows, targets, strict=True):
        mixed = [
            b.scale(w * (1 - smoothing), t, w * smoothing / len(row)) for w, t in zip(weights, target, strict=True)
        ]
        total = b.logsumexp(row)
        factors = [b.value(t) for t in mixed]
        if None in factors:
            terms.append(s.total(b, [b.multiply(t, b.minus(total, z)) for t, z in zip(mixed, row, strict=True)]))
            continue
        known = [c for c in factors if c is not None]
        terms.append(b.linear([(sum(known, fmpq(0)), total), *((-c, z) for c, z in zip(known, row, strict=True))]))
    return reduced(o, array(terms, shape))


def _cross_entropy_of(o: Operands, ids: Array) -> Array:
    smoothing = o.number("label_smoothing", 0)
    if not 0 <= smoothing <= 1:
        raise NotLowered("label_smoothing lies in [0, 1]")
    if ids.ndim == 0 or ids.size == 0:
        raise NotLowered("no classes")
    if o.shape("target") == ids.shape:
        target = o.values("target")
        if target is not None and is_index(target):
            raise NotLowered("whole numbers as probabilities")
        return _of_distribution(o, ids, smoothing)
    return _of_index(o, ids, smoothing)


def _cross_entropy(o: Operands) -> Array:
    return _cross_entropy_of(o, o.ids("input"))


class _Linear(Operands):
    """The linear layer inside another operation, whose operands have other names."""

    _NAMES: Mapping[str, str] = MappingProxyType({"weight": "linear_weight", "bias": "linear_bias"})

    def values(self, name: str) -> Array | None:
        return super().values(self._NAMES.get(name, name))

    def has(self, name: str) -> bool:
        return super().has(self._NAMES.get(name, name))

    def raw(self, name: str) -> Array:
        return super().raw(self._NAMES.get(name, name))

    def shape(self, name: str) -> tuple[int, ...]:
        return super().shape(self._NAMES.get(name, name))


def _linear_cross_entropy(o: Operands) -> Array:
    if len(o.shape("linear_weight")) != 2:
        raise NotLowered("more than one output axis")
    logits = AFFINE["linear"](_Linear(o.low, o.call))
    return _cross_entropy_of(o, o.low.real(logits))


def _nll(o: Operands) -> Array:
    rows, shape = _rows(o.ids("input"))
    weights = _class_weights(o, len(rows[0]))
    given = o.option("ignore_index", -100)
    ignored = -100 if given is None else int(given)
    terms: list[int] = []
    masses: list[fmpq] = []
    for row, y in zip(rows, _classes(o, len(rows)), strict=True):
        if y == ignored:
            terms.append(o.b.constant(0))
        elif 0 <= y < len(row):
            terms.append(o.b.scale(-weights[y], row[y]))
            masses.append(weights[y])
        else:
            raise NotLowered("a class that does not exist")
    return _averaged(o, terms, masses, shape)


def _multi_margin(o: Operands) -> Array:
    """w_y / K sum_{k != y} max(0, margin - z_y + z_k)^p."""
    p, margin = o.number("p", 1), o.number("margin", 1)
    if p not in (1, 2):
        raise NotLowered("p is 1 or 2")
    ids = o.ids("input")
    rows, shape = lines(ids, (ids.ndim - 1,)) if ids.ndim else ([[int(ids)]], ())
    weights = _class_weights(o, len(rows[0]))
    b = o.b
    terms: list[int] = []
    for row, y in zip(rows, _classes(o, len(rows)), strict=True):
        gaps = [s.relu(b, b.linear(((1, z), (-1, row[y])), margin)) for k, z in enumerate(row) if k != y]
        factor = weights[y] / len(row)
        terms.append(b.linear((factor, b.power(gap, p)) for gap in gaps))
    return reduced(o, array(terms, shape))


def _multilabel_margin(o: Operands) -> Array:
    """1 / K sum over labels j that hold, and i that do not, of max(0, 1 - z_j + z_i)."""
    ids, target = o.ids("input"), np.atleast_1d(o.known("target"))
    rows, shape = lines(ids, (ids.ndim - 1,)) if ids.ndim else ([[int(ids)]], ())
    b = o.b
    terms: list[int] = []
    for row, listed in zip(rows, target.reshape(len(rows), -1).tolist(), strict=True):
        hold = listed[: listed.index(-1)] if -1 in listed else listed
        rest = [i for i in range(len(row)) if i not in hold]
        gaps = [s.relu(b, b.linear(((1, row[i]), (-1, row[j])), 1)) for j in hold for i in rest]
        terms.append(b.linear((fmpq(1, len(row)), gap) for gap in gaps))
    return reduced(o, array(terms, shape))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "cross_entropy": _cross_entropy,
        "linear_cross_entropy": _linear_cross_entropy,
        "nll": _nll,
        "multi_margin": _multi_margin,
        "multilabel_margin": _multilabel_margin,
    }
)
