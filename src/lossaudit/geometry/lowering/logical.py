"""Comparisons and logic: 1 for true, 0 for false. Casts, which keep the number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lossaudit.geometry.lowering import scalars as s
from lossaudit.geometry.lowering.elementwise import of_one, of_two
from lossaudit.geometry.lowering.operands import Array, NotLowered, Operands, Rule, each
from lossaudit.geometry.program import Builder


def _and(b: Builder, x: int, y: int) -> int:
    x, y = s.truth(b, x), s.truth(b, y)
    for one, other in ((x, y), (y, x)):
        only = s.settled(b, one)
        if only is not None:
            return b.linear(((only, other), (0, one)))
    return b.multiply(x, y)


def _or(b: Builder, x: int, y: int) -> int:
    return s.complement(b, _and(b, _not(b, x), _not(b, y)))


def _not(b: Builder, x: int) -> int:
    return s.complement(b, s.truth(b, x))


def _xor(b: Builder, x: int, y: int) -> int:
    x, y = s.truth(b, x), s.truth(b, y)
    return b.linear(((1, x), (1, y), (-2, b.multiply(x, y))))


_LOGIC: Mapping[str, Callable[[Builder, int, int], int]] = MappingProxyType({"and": _and, "or": _or, "xor": _xor})

_COMPARISONS: Mapping[str, Callable[[Builder, int, int], int]] = MappingProxyType(
    {
        "gt": s.greater,
        "ge": s.at_least,
        "lt": lambda b, x, y: s.greater(b, y, x),
        "le": lambda b, x, y: s.at_least(b, y, x),
        "eq": s.equal,
        "ne": lambda b, x, y: s.complement(b, s.equal(b, x, y)),
    }
)


def _is_finite(b: Builder, x: int) -> int:
    """No for a value that is infinite by itself; otherwise yes wherever it is defined: real numbers do not overflow."""
    return b.constant(0) if b.infinite(x) else b.linear(((0, x),), 1)


def _bitwise(rule: Rule, *names: str) -> Rule:
    """Logic where every operand is true or false; on whole numbers it is something else."""

    def checked(o: Operands) -> Array:
        if not all(s.is_truth(o.b, i) for name in names for i in set(o.ids(name).ravel().tolist())):
            raise NotLowered("bits of whole numbers")
        return rule(o)

    return checked


def _whole(o: Operands) -> Array:
    """A cast to integers keeps only what is 0 or 1."""
    ids = o.ids("input")
    if not all(s.is_truth(o.b, i) for i in set(ids.ravel().tolist())):
        raise NotLowered("a cast that rounds")
    return ids


def _same(o: Operands) -> Array:
    """Precision is not kept account of: the number stays as it is."""
    return o.raw("input")


RULES: Mapping[str, Rule] = MappingProxyType(
    {name: of_two(function) for name, function in _COMPARISONS.items()}
    | {f"logical_{name}": of_two(function) for name, function in _LOGIC.items()}
    | {f"bitwise_{name}": _bitwise(of_two(function), "input", "other") for name, function in _LOGIC.items()}
    | {"logical_not": of_one(_not), "bitwise_not": _bitwise(of_one(_not), "input")}
    | {"isfinite": of_one(_is_finite)}
    | {"bool": lambda o: each(o.b, s.truth, o.ids("input"))}
    | dict.fromkeys(("int", "long", "short", "char", "byte"), _whole)
    | dict.fromkeys(("float", "double", "half", "bfloat16", "clone", "contiguous"), _same)
)
