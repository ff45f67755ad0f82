"""Writing to names, attributes and items."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from lossaudit.pairing import Const
from lossaudit.readers.source.conditions import Guards, join
from lossaudit.readers.source.values import (
    Call,
    Class,
    Entries,
    External,
    Items,
    Literal,
    Module,
    Object,
    Opaque,
    Tensor,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

LIST, DICT = External("builtins.list"), External("builtins.dict")


def assign(run: Interpreter, target: ast.expr, value: Value) -> None:
    match target:
        case ast.Name():
            run.store.set(run.frame.elsewhere.get(target.id, run.frame.scope), target.id, value)
        case ast.Attribute():
            _to_attribute(run, run.evaluate(target.value), target.attr, value)
        case ast.Subscript():
            owner = run.evaluate(target.value)
            _to_item(run, owner, run.evaluate(target.slice), value)
            if isinstance(target.value, ast.Name | ast.Attribute):
                _into_tensor(run, target.value, owner, value)
        case ast.Tuple() | ast.List():
            _unpack(run, target.elts, value)
        case ast.Starred():
            assign(run, target.value, value)


def _to_attribute(run: Interpreter, owner: Value, name: str, value: Value) -> None:
    for guards, each in run.alternatives(owner):
        if name == "requires_grad":
            run.asked_for_gradient(each)
        cells = each.cells if isinstance(each, Object) else each.scope if isinstance(each, Class | Module) else None
        if cells is None:
            continue
        before = run.store.get(cells, name)
        certain = not guards or before is None
        run.store.set(cells, name, value if certain else join([(guards, value), ((), before)]))


def _to_item(run: Interpreter, owner: Value, index: Value, value: Value) -> None:
    """`container[index] = value`."""
    for _, each in run.alternatives(owner):
        if not isinstance(each, Object):
            continue
        held = run.get(each, "items")
        key = index.value if isinstance(index, Literal) else None
        if isinstance(held, Items):
            run.set(each, "items", _replaced(held, key, value))
        elif isinstance(held, Entries) or each.type == DICT:
            pairs = held.pairs if isinstance(held, Entries) else ()
            open_ = (isinstance(held, Entries) and held.open) or not isinstance(index, Literal)
            kept = tuple(pair for pair in pairs if pair[0] != index)
            run.set(each, "items", Entries((*kept, (index, value)), open=open_))


def _into_tensor(run: Interpreter, target: ast.expr, owner: Value, value: Value) -> None:
    """`tensor[index] = value`: from here on its name stands for what was made of it."""
    alternatives = run.alternatives(owner)
    if not any(isinstance(each, Tensor) for _, each in alternatives):
        return

    def written(each: Value) -> Value:
        inputs = {"input": each, **({} if isinstance(value, Literal) else {"value": value})}
        return run.apply(each.framework, "setitem", inputs, {}, Call()) if isinstance(each, Tensor) else each

    assign(run, target, join([(guards, written(each)) for guards, each in alternatives]))


def _replaced(held: Items, key: object, value: Value) -> Items:
    count = len(held.values)
    if isinstance(key, int) and -count <= key < count and not held.open:
        values = list(held.values)
        values[key] = value
        return Items(tuple(values))
    return Items(tuple(join([((), each), ((), value)]) for each in held.values) or (value,), open=True)


def _unpack(run: Interpreter, targets: list[ast.expr], value: Value) -> None:
    star = next((i for i, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
    for index, target in enumerate(targets):
        if star is not None and index >= star:
            part: Value = (
                _rest(run, value, star, len(targets) - star - 1)
                if index == star
                else element(run, value, index - len(targets))
            )
        else:
            part = element(run, value, index)
        assign(run, target, part)


def _rest(run: Interpreter, value: Value, start: int, behind: int) -> Value:
    values, open_ = run.items(value)
    stop = len(values) - behind
    return run.object(LIST, None, items=Items(values[start:stop], open=open_))


def element(run: Interpreter, value: Value, index: int) -> Value:
    """One part of a value that is taken apart."""
    found = [(guards, _element(run, each, index)) for guards, each in run.alternatives(value)]
    return join(found)


def _element(run: Interpreter, value: Value, index: int) -> Value:
    if isinstance(value, Opaque):
        symbol = f"{value.symbol}[{index}]" if value.symbol else ""
        return Opaque(value.reason, symbol, value.leaf, value.batched)
    if isinstance(value, Tensor):
        return value if value.leaf is not None else _row(run, value, index)
    values, open_ = run.items(value)
    if -len(values) <= index < len(values) and not open_:
        return values[index]
    if open_ and len(values) == 1:
        return values[0]
    return Opaque("an element of something unknown")


def _row(run: Interpreter, value: Tensor, index: int) -> Value:
    """A tensor that is unpacked along its first axis."""
    return run.apply(value.framework, "getitem", {"input": value}, {"index": Const(index)}, Call(place=value.place))


def augment(run: Interpreter, node: ast.AugAssign) -> None:
    """`x += y`: a list grows, anything else is a new value."""
    load = _as_load(node.target)
    before, value = run.evaluate(load), run.evaluate(node.value)
    if isinstance(node.op, ast.Add) and isinstance(before, Object) and before.type == LIST:
        held = run.get(before, "items")
        more, open_ = run.items(value)
        if isinstance(held, Items):
            run.set(before, "items", Items((*held.values, *more), held.open or open_))
        return
    combined = ast.copy_location(ast.BinOp(load, node.op, node.value), node)
    assign(run, node.target, _in_place(run, before, run.evaluate(combined)))


def _in_place(run: Interpreter, before: Value, made: Value) -> Value:
    """`w -= rate * w.grad` without gradients gives a tensor other numbers, and leaves it the leaf that it is."""
    was = [each for _, each in run.alternatives(before) if isinstance(each, Tensor)]
    changed: list[tuple[Guards, Value]] = []
    for guards, each in run.alternatives(made):
        if isinstance(each, Tensor) and was and each.quiet:
            each = replace(each, quiet=all(one.quiet for one in was))
            if any(id(one) in run.asked for one in was):
                run.asked_for_gradient(each)
        changed.append((guards, each))
    return join(changed)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name():
            return ast.copy_location(ast.Name(target.id, ast.Load()), target)
        case ast.Attribute():
            return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
        case ast.Subscript():
            return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target
