"""Products and sums of products: linear layers, matrix products, convolutions, contractions.

A product with a known tensor becomes `linear` instructions with exact coefficients; of two tensors that both depend
on the variables, a sum of products. What is too large to write out, and affine, stands for itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from flint import fmpq

from lossaudit.geometry.interval import rational
from lossaudit.geometry.lowering.operands import LIMIT, Array, NotLowered, Operands, Rule, each, whole
from lossaudit.geometry.program import Builder


class Factor(NamedTuple):
    """One operand of a contraction: its elements, a letter for each axis, and whether they are known values."""

    elements: Array
    letters: str
    known: bool


def factor(o: Operands, name: str, letters: str) -> Factor:
    values = o.values(name)
    return Factor(o.raw(name) if values is None else values, letters, values is not None)


def contract(o: Operands, factors: Sequence[Factor], out: str) -> Array:
    """Sum of products over every letter that the result does not have (Einstein's convention).

    The cost is the number of index tuples. Beyond the limit, the results of an affine contraction are new variables.
    """
    sizes: dict[str, int] = {}
    for elements, letters, _ in factors:
        for letter, size in zip(letters, elements.shape, strict=True):
            if sizes.setdefault(letter, size) != size and 1 not in (size, sizes[letter]):
                raise NotLowered("sizes do not match")
            sizes[letter] = max(sizes[letter], size)
    letters = out + "".join(sorted(set(sizes) - set(out)))
    shape = tuple(sizes[letter] for letter in out)
    tracked = [f for f in factors if not f.known]
    if math.prod(sizes.values()) * max(1, len(tracked)) > LIMIT:
        return _atoms(o, factors, tracked, shape)
    full = tuple(sizes[letter] for letter in letters)
    split = (math.prod(shape), math.prod(full[len(out) :]))
    ids = [_spread(o.low.real(f.elements), f.letters, letters, full).reshape(split).tolist() for f in tracked]
    values = [_spread(f.elements, f.letters, letters, full).reshape(split).tolist() for f in factors if f.known]
    return np.array(_sums(o.b, ids, values, split), dtype=np.int64).reshape(shape)


def _atoms(o: Operands, factors: Sequence[Factor], tracked: Sequence[Factor], shape: tuple[int, ...]) -> Array:
    finite = all(np.all(np.isfinite(f.elements)) for f in factors if f.known)
    if len(tracked) > 1 or not finite or not all(o.low.affine(f.elements) for f in tracked):
        raise NotLowered("too many products")
    return o.low.variables(math.prod(shape), atoms=True).reshape(shape)


def _spread(elements: Array, own: str, letters: str, full: tuple[int, ...]) -> Array:
    """The elements at every index tuple."""
    unique = "".join(dict.fromkeys(own))
    if unique != own:
        elements = np.einsum(f"{own}->{unique}", elements)
    order = sorted(range(len(unique)), key=lambda k: letters.index(unique[k]))
    present = [unique[k] for k in order]
    shape = [elements.shape[unique.index(letter)] if letter in present else 1 for letter in letters]
    return np.broadcast_to(np.transpose(elements, order).reshape(shape), full)


def _sums(b: Builder, ids: list[list[list[int]]], values: list[list[list[float]]], split: tuple[int, int]) -> list[int]:
    exact: dict[float, fmpq] = {}

    def number(value: float) -> fmpq:
        if value not in exact:
            if not math.isfinite(value):
                raise NotLowered("a factor is not finite")
            exact[value] = rational(value)
        return exact[value]

    one = b.constant(1)
    out: list[int] = []
    for row in range(split[0]):
        coefficients = [number(value) for value in values[0][row]] if values else [1] * split[1]
        for known in values[1:]:
            coefficients = [c * number(value) for c, value in zip(coefficients, known[row], strict=True)]
        products = ids[0][row] if ids else [one] * split[1]
        for factors in ids[1:]:
            products = [b.multiply(x, y) for x, y in zip(products, factors[row], strict=True)]
        out.append(b.linear(zip(coefficients, products, strict=True)))
    return out


def _plus(o: Operands, x: Array, name: str, *, alpha: fmpq | int = 1, beta: fmpq | int = 1) -> Array:
    """Alpha x + beta (operand `name`)."""
    if not o.has(name):
        return x
    return each(o.b, lambda b, u, v: b.linear(((alpha, u), (beta, v))), o.low.real(x), o.ids(name))


def _linear(o: Operands) -> Array:
    batch = ascii_lowercase[: len(o.shape("input")) - 1]
    weight = "YZ" if len(o.shape("weight")) == 2 else "Z"
    x = contract(o, [factor(o, "input", batch + "Z"), factor(o, "weight", weight)], batch + weight[:-1])
    return _plus_bias(o, x)


def _plus_bias(o: Operands, x: Array) -> Array:
    """Results that stand for themselves do so with their bias, if this is affine as well."""
    if o.has("bias") and x.size and x.min() < 0:
        bias = o.values("bias")
        if np.all(np.isfinite(bias)) if bias is not None else o.low.affine(o.raw("bias")):
            return x
    return _plus(o, x, "bias")


def product(o: Operands, x: Factor, y: Factor) -> Array:
    """The matrix product, as `torch.matmul` takes shapes: vectors, matrices and batches of them."""
    (p, _, p_known), (q, _, q_known) = x, y
    if not p.ndim or not q.ndim:
        raise NotLowered("a product of numbers")
    batch = np.broadcast_shapes(p.shape[:-2], q.shape[:-2])
    names = ascii_lowercase[: len(batch)]

    def lettered(elements: Array, matrix: str, vector: str, known: bool) -> Factor:
        if elements.ndim == 1:
            return Factor(elements, vector, known)
        spread = np.broadcast_to(elements, (*batch, *elements.shape[-2:]))
        return Factor(spread, names + matrix, known)

    left, right = lettered(p, "XZ", "Z", p_known), lettered(q, "ZY", "Z", q_known)
    out = names + ("X" if p.ndim > 1 else "") + ("Y" if q.ndim > 1 else "")
    return contract(o, [left, right], out)


def _matmul(o: Operands) -> Array:
    return product(o, factor(o, "input", ""), factor(o, "other", ""))


def _inner(o: Operands) -> Array:
    """Over the last axis of both."""
    n, m = len(o.shape("input")), len(o.shape("other"))
    if not n or not m:
        return each(o.b, Builder.multiply, o.ids("input"), o.ids("other"))
    left, right = ascii_lowercase[: n - 1], ascii_uppercase[: m - 1]
    return contract(o, [factor(o, "input", left + "Z"), factor(o, "other", right + "Z")], left + right)


def _outer(o: Operands) -> Array:
    return contract(o, [factor(o, "input", "a"), factor(o, "other", "b")], "ab")


def _kron(o: Operands) -> Array:
    x, y = o.ids("input"), o.ids("other")
    ndim = max(x.ndim, y.ndim)
    x, y = x.reshape((1,) * (ndim - x.ndim) + x.shape), y.reshape((1,) * (ndim - y.ndim) + y.shape)
    shape = tuple(a * b for a, b in zip(x.shape, y.shape, strict=True))
    every_other = tuple(slice(None) if k % 2 == 0 else None for k in range(2 * ndim))
    other = tuple(None if k % 2 == 0 else slice(None) for k in range(2 * ndim))
    return each(o.b, Builder.multiply, x[every_other], y[other]).reshape(shape)


def _added(left: str, right: str) -> Rule:
    """Beta input + alpha left right."""

    def rule(o: Operands) -> Array:
        x = product(o, factor(o, left, ""), factor(o, right, ""))
        return _plus(o, x, "input", alpha=o.number("alpha", 1), beta=o.number("beta", 1))

    return rule


def _addr(o: Operands) -> Array:
    x = contract(o, [factor(o, "vec1", "a"), factor(o, "vec2", "b")], "ab")
    return _plus(o, x, "input", alpha=o.number("alpha", 1), beta=o.number("beta", 1))


def _addbmm(o: Operands) -> Array:
    x = contract(o, [factor(o, "batch1", "axz"), factor(o, "batch2", "azy")], "xy")
    return _plus(o, x, "input", alpha=o.number("alpha", 1), beta=o.number("beta", 1))


def _bilinear(o: Operands) -> Array:
    batch = ascii_lowercase[: len(o.shape("input")) - 1]
    parts = [factor(o, "input", batch + "X"), factor(o, "weight", "ZXY"), factor(o, "other", batch + "Y")]
    return _plus(o, contract(o, parts, batch + "Z"), "bias")


def _vecdot(o: Operands) -> Array:
    x, y = factor(o, "input", ""), factor(o, "other", "")
    shape = np.broadcast_shapes(x.elements.shape, y.elements.shape)
    axis = o.option("dim", -1) % len(shape)
    letters = ascii_lowercase[: len(shape)]
    parts = [Factor(np.broadcast_to(f.elements, shape), letters, f.known) for f in (x, y)]
    return contract(o, parts, letters[:axis] + letters[axis + 1 :])


def _einsum(o: Operands) -> Array:
    """`ab,bc->ac` with or without an arrow and an ellipsis."""
    equation = o.option("equation")
    if not isinstance(equation, str):
        raise NotLowered("no equation")
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms, names = left.split(","), o.names("operands")
    if len(terms) != len(names):
        raise NotLowered("the operands are not all known")
    free = [letter for letter in ascii_uppercase + ascii_lowercase if letter not in equation]
    extra = [len(o.shape(n)) - len(t.replace("...", "")) for n, t in zip(names, terms, strict=True)]
    dots = "".join(free[: max((e for e, t in zip(extra, terms, strict=True) if "..." in t), default=0)])
    filled = [t.replace("...", dots[len(dots) - e :]) for e, t in zip(extra, terms, strict=True)]
    if arrow:
        out = right.replace("...", dots)
    else:
        every = "".join(terms).replace("...", "")
        out = dots + "".join(sorted({letter for letter in every if every.count(letter) == 1}))
    return contract(o, [factor(o, n, t) for n, t in zip(names, filled, strict=True)], out)


def _tensordot(o: Operands) -> Array:
    n, m = len(o.shape("input")), len(o.shape("other"))
    dims = o.option("dims", 2)
    if isinstance(dims, bool) or not isinstance(dims, int):
        raise NotLowered("named axes")
    x = ascii_lowercase[:n]
    y = x[n - dims :] + ascii_uppercase[: m - dims]
    return contract(o, [factor(o, "input", x), factor(o, "other", y)], x[: n - dims] + y[dims:])


def _multi_dot(o: Operands) -> Array:
    first, *rest = [factor(o, name, "") for name in o.names("tensors")]
    for other in rest:
        if first.known and other.known:
            raise NotLowered("a product of known matrices, whose exact value is not known")
        first = Factor(product(o, first, other), "", known=False)
    return first.elements


def windows(elements: Array, size: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Array:
    """Windows over the last axes: shape (..., positions..., window...).

    Args:
        elements: Anything.
        size: Of a window, one number for each of the last axes.
        stride: Between windows.
        dilation: Within a window.
    """
    rank = len(size)
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True))
    axes = tuple(range(elements.ndim - rank, elements.ndim))
    views = np.lib.stride_tricks.sliding_window_view(elements, span, axis=axes)
    step = tuple(slice(None, None, k) for k in stride)
    inner = tuple(slice(None, None, k) for k in dilation)
    return views[(..., *step, *inner)]


def padded(elements: Array, amounts: Sequence[tuple[int, int]], filler: float) -> Array:
    """The elements with `filler` around the last axes."""
    rest = [(0, 0)] * (elements.ndim - len(amounts))
    return np.pad(elements, [*rest, *amounts], constant_values=filler)


def _convolution(rank: int) -> Rule:
    def rule(o: Operands) -> Array:
        x, weight = factor(o, "input", ""), factor(o, "weight", "")
        single = x.elements.ndim == rank + 1
        elements = x.elements[None] if single else x.elements
        stride, dilation = (whole(o.option(name, 1), rank) for name in ("stride", "dilation"))
        size = weight.elements.shape[2:]
        amounts = _amounts(o.option("padding", 0), rank, size, dilation)
        filler = 0.0 if x.known else int(o.b.constant(0))
        parts = windows(padded(elements, amounts, filler), size, stride, dilation)
        groups = int(o.option("groups", 1))
        n, channels = parts.shape[:2]
        parts = parts.reshape(n, groups, channels // groups, *parts.shape[2:])
        kernels = weight.elements.reshape(groups, -1, *weight.elements.shape[1:])
        places, inner = ascii_lowercase[:rank], ascii_lowercase[10 : 10 + rank]
        left = Factor(parts, "NGC" + places + inner, x.known)
        right = Factor(kernels, "GOC" + inner, weight.known)
        out = contract(o, [left, right], "NGO" + places)
        out = out.reshape(n, -1, *out.shape[3:])
        if o.has("bias"):
            bias = o.ids("bias").reshape(-1, *(1,) * rank)
            out = each(o.b, Builder.plus, o.low.real(out), bias)
        return out[0] if single else out

    return rule


def _amounts(padding: object, rank: int, size: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0)] * rank
    if padding == "same":
        spans = [d * (k - 1) for d, k in zip(dilation, size, strict=True)]
        return [(span // 2, span - span // 2) for span in spans]
    return [(amount, amount) for amount in whole(padding, rank)]


def _embedding(o: Operands) -> Array:
    """Rows of the weight at known indices: nothing is computed."""
    if o.option("max_norm", None) is not None:
        raise NotLowered("an embedding that normalises its rows")
    return o.raw("weight")[o.known("input").astype(np.int64)]


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "linear": _linear,
        "bilinear": _bilinear,
        **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot", "vdot"), _matmul),
        "inner": _inner,
        "vecdot": _vecdot,
        "outer": _outer,
        "kron": _kron,
        "addmm": _added("mat1", "mat2"),
        "addmv": _added("mat", "vec"),
        "baddbmm": _added("batch1", "batch2"),
        "addbmm": _addbmm,
        "addr": _addr,
        "einsum": _einsum,
        "tensordot": _tensordot,
        "multi_dot": _multi_dot,
        "chain_matmul": _multi_dot,
        **{f"conv{rank}d": _convolution(rank) for rank in (1, 2, 3)},
        "embedding": _embedding,
    }
)
