"""What tuples, lists, dictionaries and other containers hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossaudit.readers.source import assignments, operations
from lossaudit.readers.source.conditions import join, narrowed
from lossaudit.readers.source.values import (
    Call,
    Choice,
    Entries,
    External,
    Items,
    Literal,
    Object,
    Opaque,
    Tensor,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

_LONGEST = 64
LIST, DICT = assignments.LIST, assignments.DICT


def items(run: Interpreter, value: Value) -> tuple[tuple[Value, ...], bool]:
    """The elements of a tuple, list or container, and whether there may be others."""
    value = narrowed(value, run.guards)
    if isinstance(value, Object):
        held = run.get(value, "items")
        if isinstance(held, Entries):
            return tuple(key for key, _ in held.pairs), held.open
        if isinstance(held, Choice):
            return (join([(guards, each) for guards, each in held.alternatives]),), True
        if held is None:
            return (run.element(value),), True
        return items(run, held)
    if isinstance(value, Items):
        return value.values, value.open
    if isinstance(value, Entries):
        return tuple(key for key, _ in value.pairs), value.open
    if isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) <= _LONGEST:
        return tuple(map(Literal, value.value)), False
    if isinstance(value, Opaque):
        return (Opaque(value.reason, leaf=value.leaf, batched=value.batched),), True
    if isinstance(value, Tensor):
        return (run.apply(value.framework, "getitem", {"input": value}, {}, Call(place=value.place)),), True
    return (Opaque("an element of something unknown"),), True


def entries(run: Interpreter, value: Value) -> Entries | None:
    """The keys and values of a dictionary, or None where it is none or not known."""
    value = narrowed(value, run.guards)
    held = run.get(value, "items") if isinstance(value, Object) else value
    return held if isinstance(held, Entries) else None


def item(run: Interpreter, owner: Value, index: Value, call: Call) -> Value:
    """`owner[index]`."""
    key = index.value if isinstance(index, Literal) else None
    match owner:
        case Tensor():
            return operations.selected(run, owner, index, call)
        case Opaque():
            symbol = f"{owner.symbol}[{key!r}]" if owner.symbol and key is not None else ""
            return Opaque(owner.reason, symbol, owner.leaf, owner.batched and key is None)
        case Object() if isinstance(held := run.get(owner, "items"), Entries):
            return _entry(held, index)
        case Object() if owner.type not in (LIST, DICT) and not isinstance(run.get(owner, "items"), Items):
            getter = run.methods(owner, "__getitem__")
            if getter is not None:
                return run.call(getter, Call((index,), {}, call.place))
            return Opaque("an element of something unknown")
        case External():
            return owner  # a generic type: `list[int]`
    values, open_ = items(run, owner)
    if isinstance(index, Items) and isinstance(owner, Object | Items) and key is None:
        return _slice(run, owner, values, open_, index)
    if isinstance(key, int) and -len(values) <= key < len(values) and (not open_ or key < 0):
        return values[key]
    return join([((), each) for each in values]) if values and not open_ else Opaque("an element of a list")


def _entry(held: Entries, index: Value) -> Value:
    if isinstance(index, Literal):
        found = next((value for key, value in held.pairs if key == index), None)
        if found is not None:
            return found
        return Opaque("an entry of a dictionary")
    values = [((), value) for _, value in held.pairs]
    return join([*values, ((), Opaque("an entry of a dictionary"))]) if held.open or not values else join(values)


def _slice(run: Interpreter, owner: Value, values: tuple[Value, ...], open_: bool, index: Items) -> Value:
    """`layers[:-1]`: a slice is kept as its three bounds."""
    bounds = [each.value if isinstance(each, Literal) else "?" for each in index.values]
    if not open_ and len(bounds) == 3 and all(bound is None or isinstance(bound, int) for bound in bounds):
        start, stop, step = (bound if isinstance(bound, int) else None for bound in bounds)
        part = Items(values[start:stop:step])
    else:
        part = Items((join([((), each) for each in values]),) if values else (), open=True)
    if isinstance(owner, Object):
        return run.object(owner.type, owner.place, items=part)
    return part
