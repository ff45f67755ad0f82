"""Conditions of a path, as Python expressions over symbols, and values that depend on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from lossaudit.readers.source.values import Choice, External, Items, Literal, Object, Opaque, Value

Guards: TypeAlias = tuple[str, ...]
Alternatives: TypeAlias = tuple[tuple[Guards, Value], ...]

MOST = 8
"""More possibilities than these are not followed one by one."""

_EQUAL = " == "


def negation(condition: str) -> str:
    """The opposite condition.

    >>> negation("flag_1"), negation("not flag_1")
    ('not flag_1', 'flag_1')
    """
    return condition[4:] if condition.startswith("not ") else f"not {condition}"


def known(condition: str, guards: Sequence[str]) -> bool | None:
    """Whether a condition holds where the guards hold; None where they do not say.

    >>> known("a_1", ["not a_1"]), known("(m_1 == 'x')", ["(m_1 == 'y')"]), known("b_2", ["a_1"])
    (False, False, None)
    """
    if not guards:
        return None
    if condition in guards:
        return True
    if negation(condition) in guards:
        return False
    if _EQUAL in condition:
        positive = not condition.startswith("not ")
        left = _left(condition.removeprefix("not "))
        others = (guard for guard in guards if _EQUAL in guard and not guard.startswith("not "))
        if any(_left(guard) == left for guard in others):
            return not positive
    return None


def _left(comparison: str) -> str:
    return comparison.partition(_EQUAL)[0]


def compatible(some: Guards, others: Sequence[str]) -> bool:
    """Whether no condition of the one denies a condition of the other."""
    return not any(known(condition, others) is False for condition in some)


def alternatives(value: Value) -> Alternatives:
    return value.alternatives if isinstance(value, Choice) else (((), value),)


def narrowed(value: Value, guards: Sequence[str]) -> Value:
    """The value where the guards hold."""
    if not isinstance(value, Choice) or not guards:
        return value
    left = tuple(each for each in value.alternatives if compatible(each[0], guards))
    if len(left) == len(value.alternatives) or not left:
        return value
    return left[0][1] if len(left) == 1 else Choice(left)


def join(values: Iterable[tuple[Guards, Value]]) -> Value:
    """One of several values.

    >>> join([(("a_1",), Literal(1)), (("not a_1",), Literal(1))])
    Literal(value=1)
    """
    merged: dict[object, tuple[Guards, Value]] = {}
    for outer, value in values:
        for inner, each in alternatives(value):
            guards = (*outer, *(guard for guard in inner if guard not in outer))
            key = _key(each)
            if key in merged:
                guards = tuple(guard for guard in merged[key][0] if guard in guards)
            merged[key] = (guards, each)
    found = tuple(merged.values())
    if len(found) == 1:
        return found[0][1]
    if not found or len(found) > MOST:
        return Opaque("too many possibilities")
    return Choice(found)


def join_over(
    possibilities: Callable[[Value], Alternatives], value: Value, function: Callable[[Value], Value]
) -> Value:
    """A function that changes nothing, of each possibility."""
    if not isinstance(value, Choice):
        return function(value)
    return join([(guards, function(each)) for guards, each in possibilities(value)])


def _key(value: Value) -> object:
    """Equal for values that need not be told apart."""
    match value:
        case Opaque(symbol=""):
            return (Opaque, value.leaf)
        case Literal():
            return (Literal, type(value.value), value.value)
        case External() | Opaque():
            return value
        case Object():
            return (Object, value.cells)
        case Items():
            return (Items, tuple(map(_key, value.values)), value.open)
    return id(value)
