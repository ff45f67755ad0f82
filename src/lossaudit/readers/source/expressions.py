"""What an expression may be."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lossaudit.readers.source import assignments, computations, containers, imports, statements
from lossaudit.readers.source.conditions import join, join_over, narrowed, negation
from lossaudit.readers.source.values import (
    Call,
    Choice,
    Entries,
    External,
    Items,
    Literal,
    Opaque,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

_DEEPEST = 120
_LONGEST = 64
_LONGEST_TEXT = 10_000
LIST, DICT = assignments.LIST, assignments.DICT


def evaluate(run: Interpreter, node: ast.expr) -> Value:
    """The value of an expression on the path that is being followed."""
    run.step()
    kind = type(node)
    if kind is ast.Name or kind is ast.Constant:  # by far the most frequent, and never deep
        return _HANDLERS[kind](run, node)
    if run.depth > _DEEPEST:
        return Opaque("nested too deep")
    run.depth += 1
    try:
        handler = _HANDLERS.get(kind)
        return handler(run, node) if handler is not None else Opaque("an expression")
    finally:
        run.depth -= 1


def _constant(run: Interpreter, node: ast.Constant) -> Value:
    value = node.value
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return Literal(value)
    return Opaque("ellipsis" if value is ... else "a constant")


def _name(run: Interpreter, node: ast.Name) -> Value:
    frame, store = run.frame, run.store
    scope: int | None = frame.elsewhere.get(node.id, frame.scope)
    while scope is not None:
        value = store.cells.get((scope, node.id))
        if value is not None:
            return narrowed(value, run.guards) if isinstance(value, Choice) else value
        scope = run.parents.get(scope)
    value = store.cells.get((frame.module.scope, node.id)) or imports.external_name(run, frame.module, node.id)
    if value is not None:
        return narrowed(value, run.guards)
    if hasattr(builtins, node.id):
        return External(f"builtins.{node.id}")
    return Opaque(f"the name {node.id}, which nothing here defines", node.id)


def _attribute(run: Interpreter, node: ast.Attribute) -> Value:
    owner = evaluate(run, node.value)
    return join_over(run.alternatives, owner, lambda each: run.attribute(each, node.attr, None))


def _call(run: Interpreter, node: ast.Call) -> Value:
    function = evaluate(run, node.func)
    args: list[Value] = []
    complete = True
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            values, open_ = containers.items(run, evaluate(run, arg.value))
            args.extend(values)
            complete = complete and not open_
        else:
            args.append(evaluate(run, arg))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluate(run, keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
            continue
        pairs = containers.entries(run, value)
        complete = complete and pairs is not None and not pairs.open
        for key, each in pairs.pairs if pairs is not None else ():
            if isinstance(key, Literal) and isinstance(key.value, str):
                keywords[key.value] = each
    name = _spelled(node.func)
    return run.call(function, Call(tuple(args), keywords, run.place(node), complete, name))


def _spelled(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts)).lstrip(".")


def _tuple(run: Interpreter, node: ast.Tuple) -> Value:
    return _sequence(run, node.elts)


def _sequence(run: Interpreter, elements: Sequence[ast.expr]) -> Items:
    values: list[Value] = []
    open_ = len(elements) > 10 * _LONGEST
    for each in elements[: 10 * _LONGEST]:
        if isinstance(each, ast.Starred):
            more, unknown = containers.items(run, evaluate(run, each.value))
            values.extend(more)
            open_ = open_ or unknown
        else:
            values.append(evaluate(run, each))
    return Items(tuple(values), open_)


def _list(run: Interpreter, node: ast.List | ast.Set) -> Value:
    return run.object(LIST, None, items=_sequence(run, node.elts))


def _dict(run: Interpreter, node: ast.Dict) -> Value:
    pairs: list[tuple[Value, Value]] = []
    open_ = False
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            inner = containers.entries(run, evaluate(run, value))
            pairs.extend(inner.pairs if inner is not None else ())
            open_ = open_ or inner is None or inner.open
        else:
            pairs.append((evaluate(run, key), evaluate(run, value)))
    return run.object(DICT, None, items=Entries(tuple(pairs), open_))


def _subscript(run: Interpreter, node: ast.Subscript) -> Value:
    owner, index = evaluate(run, node.value), evaluate(run, node.slice)
    place = run.place(node)
    return run.spread((owner, index), lambda pair: containers.item(run, pair[0], pair[1], Call(place=place)))


def _slice_bounds(run: Interpreter, node: ast.Slice) -> Value:
    bounds = (node.lower, node.upper, node.step)
    return Items(tuple(Literal(None) if each is None else evaluate(run, each) for each in bounds))


def _conditional(run: Interpreter, node: ast.IfExp) -> Value:
    truth, condition = run.truth(evaluate(run, node.test))
    if truth is not None:
        return evaluate(run, node.body if truth else node.orelse)
    made: list[tuple[tuple[str, ...], Value]] = []
    for guard, way in ((condition, node.body), (negation(condition), node.orelse)):
        with run.given((guard,)):
            made.append(((guard,), evaluate(run, way)))
    return join(made)


def _lambda(run: Interpreter, node: ast.Lambda) -> Value:
    made = statements.make_function(run, node)
    run.functions[node] = made
    return made


def _comprehension(run: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    made = Items(*_produced(run, node.generators, lambda: evaluate(run, node.elt)))
    return made if isinstance(node, ast.GeneratorExp) else run.object(LIST, None, items=made)


def _dict_comprehension(run: Interpreter, node: ast.DictComp) -> Value:
    pairs, open_ = _produced(run, node.generators, lambda: Items((evaluate(run, node.key), evaluate(run, node.value))))
    made = tuple((pair.values[0], pair.values[1]) for pair in pairs if isinstance(pair, Items))
    return run.object(DICT, None, items=Entries(made, open_))


def _produced(
    run: Interpreter, generators: Sequence[ast.comprehension], make: Callable[[], Value]
) -> tuple[tuple[Value, ...], bool]:
    if not generators:
        return (make(),), False
    first, rest = generators[0], generators[1:]
    values, open_ = containers.items(run, evaluate(run, first.iter))
    if len(values) > _LONGEST:
        values, open_ = (Opaque("one of many elements"),), True
    made: list[Value] = []
    for value in values:
        assignments.assign(run, first.target, value)
        truths = [run.truth(evaluate(run, test))[0] for test in first.ifs]
        if any(truth is False for truth in truths):
            continue
        more, unknown = _produced(run, rest, make)
        made.extend(more)
        open_ = open_ or unknown or any(truth is None for truth in truths)
    return tuple(made), open_


def _named(run: Interpreter, node: ast.NamedExpr) -> Value:
    value = evaluate(run, node.value)
    assignments.assign(run, node.target, value)
    return value


def _text(run: Interpreter, node: ast.JoinedStr) -> Value:
    parts: list[str] = []
    for each in node.values:
        value = evaluate(run, each.value if isinstance(each, ast.FormattedValue) else each)
        plain = isinstance(each, ast.Constant) or (isinstance(each, ast.FormattedValue) and each.format_spec is None)
        if not isinstance(value, Literal) or not plain:
            return Opaque("a text")
        parts.append(str(value.value))
    return Literal("".join(parts))


def _awaited(run: Interpreter, node: ast.Await) -> Value:
    return evaluate(run, node.value)


def _yield(run: Interpreter, node: ast.Yield) -> Value:
    if node.value is not None:
        run.frame.yields.append(evaluate(run, node.value))
    return Opaque("what was sent to a generator")


def _yield_from(run: Interpreter, node: ast.YieldFrom) -> Value:
    run.frame.yields.extend(containers.items(run, evaluate(run, node.value))[0])
    return Opaque("what was sent to a generator")


_HANDLERS: dict[type[ast.expr], Callable[[Interpreter, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Slice: _slice_bounds,
    ast.BinOp: computations.binary,
    ast.UnaryOp: computations.unary,
    ast.BoolOp: computations.boolean,
    ast.Compare: computations.compare,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.NamedExpr: _named,
    ast.JoinedStr: _text,
    ast.Await: _awaited,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
