"""Normalisation and pooling."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from flint import fmpq

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.affine import padded, windows
from lossaudit.geometry.lowering.operands import LIMIT, Array, NotLowered, Operands, Rule, array, each, lines, whole
from lossaudit.geometry.lowering.reductions import variance
from lossaudit.geometry.program import Builder


def _standardised(b: Builder, row: Sequence[int], eps: fmpq) -> list[int]:
    """(x - mean) / sqrt(variance + eps)."""
    if len(row) ** 2 > LIMIT:
        raise NotLowered("too many operations")
    mean = s.mean(b, row)
    factor = b.power(b.scale(1, variance(b, row, 0), eps), fmpq(-1, 2))
    return [b.multiply(b.minus(x, mean), factor) for x in row]


def _root_mean_square(b: Builder, row: Sequence[int], eps: fmpq) -> list[int]:
    """X / sqrt(mean of the squares + eps)."""
    factor = b.power(b.scale(1, s.mean(b, [s.square(b, x) for x in row]), eps), fmpq(-1, 2))
    return [b.multiply(x, factor) for x in row]


def _scaled(o: Operands, x: Array, shape: tuple[int, ...]) -> Array:
    """X times the weight plus the bias, where there are such."""
    if o.has("weight"):
        x = each(o.b, Builder.multiply, x, o.ids("weight").reshape(shape))
    return each(o.b, Builder.plus, x, o.ids("bias").reshape(shape)) if o.has("bias") else x


def _over(ids: Array, axes: Sequence[int], function: Callable[[list[int]], list[int]]) -> Array:
    """The array with all elements along some axes replaced together."""
    outer = [k for k in range(ids.ndim) if k not in axes]
    rows, shape = lines(ids, axes)
    out = array([function(row) for row in rows], (*shape, *(ids.shape[k] for k in axes)))
    return np.transpose(out, np.argsort([*outer, *axes]))


def _layer_norm(line: Callable[[Builder, Sequence[int], fmpq], list[int]], default: float) -> Rule:
    def rule(o: Operands) -> Array:
        ids, shape = o.ids("input"), o.option("normalized_shape")
        shape = shape if isinstance(shape, tuple) else (shape,)
        axes = range(ids.ndim - len(shape), ids.ndim)
        eps = o.number("eps", default) if o.option("eps", None) is not None else fmpq(*default.as_integer_ratio())
        return _scaled(o, _over(ids, axes, lambda row: line(o.b, row, eps)), ids.shape[axes.start :])

    return rule


def _per_channel(ids: Array) -> tuple[int, ...]:
    return (-1, *(1,) * (ids.ndim - 2))


def _group_norm(o: Operands) -> Array:
    ids, groups, eps = o.ids("input"), int(o.option("num_groups")), o.number("eps", 1e-5)
    apart = ids.reshape(ids.shape[0], groups, -1)
    done = _over(apart, (2,), lambda row: _standardised(o.b, row, eps)).reshape(ids.shape)
    return _scaled(o, done, _per_channel(ids))


def _batch_norm(o: Operands) -> Array:
    """With running statistics each channel is an affine function of itself; otherwise the batch gives them."""
    ids, eps = o.ids("input"), o.number("eps", 1e-5)
    if o.option("training", False) or not o.has("running_mean"):
        axes = [k for k in range(ids.ndim) if k != 1]
        return _scaled(o, _over(ids, axes, lambda row: _standardised(o.b, row, eps)), _per_channel(ids))
    mean, var = (o.ids(name).reshape(_per_channel(ids)) for name in ("running_mean", "running_var"))
    scale = each(o.b, lambda b, v: b.power(b.scale(1, v, eps), fmpq(-1, 2)), var)
    done = each(o.b, lambda b, x, m, f: b.multiply(b.minus(x, m), f), ids, mean, scale)
    return _scaled(o, done, _per_channel(ids))


def _instance_norm(o: Operands) -> Array:
    if not o.option("use_input_stats", True):
        return _batch_norm(o)
    ids, eps = o.ids("input"), o.number("eps", 1e-5)
    if ids.ndim < 3:
        raise NotLowered("an instance without axes")
    done = _over(ids, range(2, ids.ndim), lambda row: _standardised(o.b, row, eps))
    return _scaled(o, done, _per_channel(ids))


def _pool(rank: int, *, average: bool) -> Rule:
    def rule(o: Operands) -> Array:
        if o.option("ceil_mode", False) or o.option("return_indices", False):
            raise NotLowered("partial windows")
        if average and (o.option("divisor_override", None) is not None):
            raise NotLowered("a divisor of one's own")
        size = whole(o.option("kernel_size"), rank)
        given = o.option("stride", None)
        stride = size if given in (None, ()) else whole(given, rank)
        padding = whole(o.option("padding", 0), rank)
        dilation = (1,) * rank if average else whole(o.option("dilation", 1), rank)
        if average and any(padding) and not o.option("count_include_pad", True):
            raise NotLowered("windows of different sizes")
        filler = o.b.constant(0) if average else o.b.infinity(-1)
        ids = padded(o.ids("input"), [(p, p) for p in padding], filler)
        parts = windows(ids, size, stride, dilation)
        rows, shape = lines(parts, range(parts.ndim - rank, parts.ndim))
        fold = s.mean if average else Builder.maximum
        return array([fold(o.b, row) for row in rows], shape)

    return rule


def _adaptive(rank: int, *, average: bool) -> Rule:
    """Window k of n over a length L covers floor(k L / n) up to ceil((k + 1) L / n)."""

    def rule(o: Operands) -> Array:
        if o.option("return_indices", False):
            raise NotLowered("indices of extreme values")
        ids = o.ids("input")
        given = o.option("output_size")
        listed = given if isinstance(given, tuple) else (given,) * rank
        lead, sizes = ids.shape[:-rank], ids.shape[-rank:]
        counts = tuple(size if count is None else int(count) for count, size in zip(listed, sizes, strict=True))
        fold = s.mean if average else Builder.maximum
        out: list[list[int]] = []
        for place in np.ndindex(*counts):
            cut = tuple(
                slice(k * size // n, -(-(k + 1) * size // n)) for k, size, n in zip(place, sizes, counts, strict=True)
            )
            part = ids[(..., *cut)].reshape(math.prod(lead), -1)
            out.append([fold(o.b, row) for row in part.tolist()])
        return np.array(out, dtype=np.int64).T.reshape(*lead, *counts)

    return rule


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "layer_norm": _layer_norm(_standardised, 1e-5),
        "rms_norm": _layer_norm(_root_mean_square, float(np.finfo(np.float64).eps)),
        "group_norm": _group_norm,
        "batch_norm": _batch_norm,
        "instance_norm": _instance_norm,
    }
    | {f"avg_pool{rank}d": _pool(rank, average=True) for rank in (1, 2, 3)}
    | {f"max_pool{rank}d": _pool(rank, average=False) for rank in (1, 2, 3)}
    | {f"adaptive_avg_pool{rank}d": _adaptive(rank, average=True) for rank in (1, 2, 3)}
    | {f"adaptive_max_pool{rank}d": _adaptive(rank, average=False) for rank in (1, 2, 3)}
)
