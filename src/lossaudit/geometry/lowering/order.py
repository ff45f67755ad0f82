"""Order statistics: the j-th largest of several numbers is S_j - S_{j-1}, where S_j is the sum of the j largest.

S_j is the largest of the sums over all j-subsets: exact, convex, and what is left when the j largest are added up.
At which index each of them stood is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np
from flint import fmpq

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, array
from lossaudit.geometry.lowering.reductions import folded
from lossaudit.geometry.program import Builder

_MOST_SUBSETS = 2_000
_MOST_TERMS = 50_000  # in all subsets of all lines of one operation


def sum_of_largest(b: Builder, row: Sequence[int], count: int) -> int:
    """The sum of the `count` largest: the largest sum over all subsets of that size.

    Raises:
        NotLowered: There are too many subsets.

    >>> b = Builder()
    >>> x, y, z = (b.variable(k) for k in range(3))
    >>> b.instructions[sum_of_largest(b, (x, y, z), 2)].op
    'max'
    """
    if math.comb(len(row), count) > _MOST_SUBSETS:
        raise NotLowered("too many subsets")
    return b.maximum([s.total(b, chosen) for chosen in combinations(row, count)])


def largest(b: Builder, row: Sequence[int], place: int) -> int:
    """The number at a place of the row when it falls, counted from 0."""
    return b.minus(sum_of_largest(b, row, place + 1), sum_of_largest(b, row, place))


def _bounded(shape: Sequence[int], axes: Sequence[int], counts: Sequence[int]) -> None:
    """Refuse what would take too many operations: sums of so many of the elements of each line."""
    size = math.prod(shape[axis] for axis in axes)
    if math.prod(shape) // max(size, 1) * sum(n * math.comb(size, n) for n in counts) > _MOST_TERMS:
        raise NotLowered("too many subsets")


def _with_places(o: Operands, values: Array) -> tuple[Array, Array]:
    places = [o.b.opaque("the place of an order statistic") for _ in range(values.size)]
    return values, array(places, values.shape)


def _last_axis(o: Operands) -> int:
    """The axis that is meant, by default the last."""
    ndim = len(o.shape("input"))
    return o.axis(ndim) if "dim" in o.call.args else max(ndim - 1, 0)


def _in_order(o: Operands, axis: int, places: Sequence[int], counts: Sequence[int]) -> Array:
    """The numbers at some places of each line when it falls; what would take too many subsets is opaque.

    Args:
        o: The operation.
        axis: Along which the lines run.
        places: Counted from 0.
        counts: How many elements are added up for that.
    """
    ids = o.ids("input")
    moved = np.moveaxis(ids.reshape(ids.shape or (1,)), axis, -1)
    size = moved.shape[-1]
    _bounded(moved.shape, (moved.ndim - 1,), [n for n in counts if math.comb(size, n) <= _MOST_SUBSETS])

    def one(row: list[int], place: int) -> int:
        if max(math.comb(size, place), math.comb(size, place + 1)) > _MOST_SUBSETS:
            return o.b.opaque("an order statistic", row)
        return largest(o.b, row, place)

    rows = [[one(row, place) for place in places] for row in moved.reshape(-1, size).tolist()]
    out = np.moveaxis(array(rows, (*moved.shape[:-1], len(places))), -1, axis)
    return out if ids.ndim else out.reshape(())


def _topk(o: Operands) -> tuple[Array, Array]:
    axis, count, falling = _last_axis(o), int(o.option("k")), bool(o.option("largest", True))
    size = (o.shape("input") or (1,))[axis]
    if not 1 <= count <= size or (count > 1 and not o.option("sorted", True)):
        raise NotLowered("more than there are, or in no order")
    counts = range(1, count + 1) if falling else range(size - count, size)
    if max(math.comb(size, n) for n in counts) > _MOST_SUBSETS:
        raise NotLowered("too many subsets")
    places = range(count) if falling else range(size - 1, size - count - 1, -1)
    return _with_places(o, _in_order(o, axis, places, counts))


def _all_in_order(o: Operands, axis: int, *, falling: bool) -> Array:
    places = range((o.shape("input") or (1,))[axis])
    return _in_order(o, axis, places if falling else places[::-1], range(1, len(places) + 1))


def _sort(o: Operands) -> tuple[Array, Array]:
    return _with_places(o, _all_in_order(o, _last_axis(o), falling=bool(o.option("descending", False))))


def _one(o: Operands, rank: fmpq, axes: Sequence[int]) -> Array:
    """The number of this rank in each line when it rises, counted from 0; between two of them in proportion."""
    shape = o.shape("input")
    below = int(rank.floor())
    share = rank - below
    place = math.prod(shape[axis] for axis in axes) - 1 - below
    if place < 0 or rank < 0:
        raise NotLowered("more than there are")
    _bounded(shape, axes, range(max(place - 1, 0), place + 2))

    def pick(b: Builder, row: Sequence[int]) -> int:
        if share == 0:
            return largest(b, row, place)
        return b.linear(((1 - share, largest(b, row, place)), (share, largest(b, row, place - 1))))

    return folded(o, pick, axes=axes)


def _kthvalue(o: Operands) -> tuple[Array, Array]:
    """The k-th smallest."""
    axes = (_last_axis(o),) if o.shape("input") else ()
    return _with_places(o, _one(o, o.number("k") - 1, axes))


def _median(o: Operands) -> Any:
    """The middle one; the smaller of the two in the middle of an even number."""
    shape = o.shape("input")
    axes = o.axes(len(shape))
    middle = _one(o, fmpq((math.prod(shape[axis] for axis in axes) - 1) // 2), axes)
    return middle if o.option("dim", None) is None else _with_places(o, middle)


def _quantile(o: Operands) -> Array:
    shape, q = o.shape("input"), o.number("q")
    axes = o.axes(len(shape))
    scalar = np.ndim(getattr(o.call.operands.get("q"), "values", 0)) == 0
    if not scalar or not 0 <= q <= 1 or o.option("interpolation", "linear") != "linear":
        raise NotLowered("a quantile of this kind")
    return _one(o, q * (math.prod(shape[axis] for axis in axes) - 1), axes)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "topk": _topk,
        "sort": _sort,
        "msort": lambda o: _all_in_order(o, 0, falling=False),
        "kthvalue": _kthvalue,
        "median": _median,
        "quantile": _quantile,
    }
)
