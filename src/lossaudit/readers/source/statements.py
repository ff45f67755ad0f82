"""Statements of a program, run abstractly."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from lossaudit.readers.source import assignments, attributes, imports
from lossaudit.readers.source.conditions import known, negation
from lossaudit.readers.source.frame import Frame
from lossaudit.readers.source.frameworks import Method
from lossaudit.readers.source.values import (
    NONE,
    Class,
    Function,
    Literal,
    Object,
    Opaque,
    Tensor,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

_MOST_ROUNDS, _MOST_COUNTS = 64, 6


class Ending(Enum):
    """Where a block leads."""

    NEXT = "next"
    LOOP = "loop"  # break or continue
    AWAY = "away"  # return or raise


def run_body(run: Interpreter, body: Sequence[ast.stmt]) -> Ending:
    for statement in body:
        run.step()
        handler = _HANDLERS.get(type(statement))
        if handler is not None:
            ending = handler(run, statement)
            if ending is not Ending.NEXT:
                return ending
    return Ending.NEXT


def _expression(run: Interpreter, node: ast.Expr) -> Ending:
    if not isinstance(node.value, ast.Constant):
        value = run.evaluate(node.value)
        changed = _changed_in_place(node.value)
        if changed is not None and isinstance(value, Tensor) and isinstance(run.evaluate(changed), Tensor):
            assignments.assign(run, changed, value)
    return Ending.NEXT


def _changed_in_place(node: ast.expr) -> ast.expr | None:
    """`p` in `p.clamp_(0, 1)`: what a method changes whose name ends so."""
    function = node.func if isinstance(node, ast.Call) else None
    if not isinstance(function, ast.Attribute) or not function.attr.endswith("_") or function.attr.startswith("_"):
        return None
    return function.value if isinstance(function.value, ast.Name | ast.Attribute) else None


def _assign(run: Interpreter, node: ast.Assign) -> Ending:
    value = run.evaluate(node.value)
    for target in node.targets:
        assignments.assign(run, target, value)
    return Ending.NEXT


def _annotated(run: Interpreter, node: ast.AnnAssign) -> Ending:
    if node.value is not None:
        assignments.assign(run, node.target, run.evaluate(node.value))
    return Ending.NEXT


def _augmented(run: Interpreter, node: ast.AugAssign) -> Ending:
    assignments.augment(run, node)
    return Ending.NEXT


def _return(run: Interpreter, node: ast.Return) -> Ending:
    value = run.evaluate(node.value) if node.value is not None else NONE
    frame = run.frame
    frame.returns.append((tuple(run.guards[frame.depth :]), value))
    return Ending.AWAY


def _raise(run: Interpreter, node: ast.Raise) -> Ending:
    return Ending.AWAY


def _leave_round(run: Interpreter, node: ast.stmt) -> Ending:
    return Ending.LOOP


def _if(run: Interpreter, node: ast.If) -> Ending:
    truth, condition = run.truth(run.evaluate(node.test))
    if truth is not None:
        return run_body(run, node.body if truth else node.orelse)
    return branch(run, condition, lambda: run_body(run, node.body), lambda: run_body(run, node.orelse))


def branch(run: Interpreter, condition: str, first: Callable[[], Ending], second: Callable[[], Ending]) -> Ending:
    """Follow both ways and join what they made; where one leads away, the other's condition holds from here on."""
    depth, scope, store = len(run.guards), run.frame.scope, run.store
    outcomes = []
    for guard, way in ((condition, first), (negation(condition), second)):
        mark = store.mark()
        run.guards.append(guard)
        ending = way()
        del run.guards[depth:]
        outcomes.append((guard, ending, store.undo(mark)))
    staying = [each for each in outcomes if each[1] is Ending.NEXT]
    if len(staying) == 1:
        guard, _, _ = staying[0]
        # what the way that leads away wrote into objects may be seen later, its variables are not
        run.merge(
            [((way,), writes if ending is Ending.NEXT else _without(writes, scope)) for way, ending, writes in outcomes]
        )
        for key, value in next(writes for way, _, writes in outcomes if way == guard).items():
            if key[0] == scope:
                store.set(*key, value)
        run.guards.append(guard)
        return Ending.NEXT
    run.merge([((guard,), writes) for guard, _, writes in outcomes])
    if staying:
        return Ending.NEXT
    endings = {ending for _, ending, _ in outcomes}
    return endings.pop() if len(endings) == 1 else Ending.LOOP


def _without(writes: dict[tuple[int, str], Value], scope: int) -> dict[tuple[int, str], Value]:
    return {key: value for key, value in writes.items() if key[0] != scope}


def _for(run: Interpreter, node: ast.For | ast.AsyncFor) -> Ending:
    depth = len(run.guards)
    for value in _rounds(node, *run.items(run.evaluate(node.iter))):
        assignments.assign(run, node.target, value)
        ending = run_body(run, node.body)
        del run.guards[depth:]
        if ending is Ending.AWAY:
            break
    run_body(run, node.orelse)
    return Ending.NEXT


def _rounds(node: ast.For | ast.AsyncFor, values: tuple[Value, ...], open_: bool) -> tuple[Value, ...]:
    """The elements to go through: one unknown number stands for a count that the body does not read, or a long one."""
    if not values:
        return (Opaque("an element of something unknown"),) if open_ else ()
    if not all(isinstance(value, Literal) for value in values):
        return values if len(values) <= _MOST_ROUNDS else (Opaque("one of many elements"),)
    names = (each for statement in node.body for each in ast.walk(statement) if isinstance(each, ast.Name))
    counts = isinstance(node.target, ast.Name) and not any(each.id == node.target.id for each in names)
    return (values[0],) if counts else values if len(values) <= _MOST_COUNTS else (Opaque("a count"),)


def _while(run: Interpreter, node: ast.While) -> Ending:
    depth = len(run.guards)
    truth, _ = run.truth(run.evaluate(node.test))
    if truth is not False:
        run_body(run, node.body)
    del run.guards[depth:]
    run_body(run, node.orelse)
    return Ending.NEXT


def _with(run: Interpreter, node: ast.With | ast.AsyncWith) -> Ending:
    before = run.without_gradient
    quiet = before
    for item in node.items:
        manager = run.evaluate(item.context_expr)
        quiet = 0 if attributes.switches_gradients_on(manager) else quiet
        quiet += attributes.switches_gradients_off(run, manager)
        if item.optional_vars is not None:
            assignments.assign(run, item.optional_vars, attributes.entered(run, manager))
    run.without_gradient = quiet
    try:
        return run_body(run, node.body)
    finally:
        run.without_gradient = before


def _try(run: Interpreter, node: ast.Try) -> Ending:
    """The way without exceptions; handlers are run for the losses in them, and leave nothing behind."""
    ending = run_body(run, node.body)
    for handler in node.handlers:
        mark, depth = run.store.mark(), len(run.guards)
        returned = len(run.frame.returns)
        run.guards.append(run.symbol("exception"))
        if handler.name:
            run.store.set(run.frame.scope, handler.name, Opaque("an exception"))
        run_body(run, handler.body)
        del run.guards[depth:]
        del run.frame.returns[returned:]
        run.store.undo(mark)
    if ending is Ending.NEXT:
        ending = run_body(run, node.orelse)
    last = run_body(run, node.finalbody)
    return last if last is not Ending.NEXT else ending


def _match(run: Interpreter, node: ast.Match) -> Ending:
    run.evaluate(node.subject)

    def cases(index: int) -> Ending:
        if index == len(node.cases):
            return Ending.NEXT
        case = node.cases[index]
        for each in ast.walk(case.pattern):
            name = getattr(each, "name", None)
            if isinstance(name, str):
                run.store.set(run.frame.scope, name, Opaque("matched by a pattern"))
        return branch(run, run.symbol("case"), lambda: run_body(run, case.body), lambda: cases(index + 1))

    return cases(0)


def _function(run: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Ending:
    made = make_function(run, node)
    run.functions[node] = made
    value: Value = made
    for decorator in reversed(node.decorator_list):
        value = attributes.decorated(run, run.evaluate(decorator), value)
    run.store.set(run.frame.elsewhere.get(node.name, run.frame.scope), node.name, value)
    return Ending.NEXT


def make_function(run: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Function:
    """A function and the values of its defaults."""
    spec, frame = node.args, run.frame
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    defaults = dict(zip(reversed(names), map(run.evaluate, reversed(spec.defaults)), strict=False))
    for arg, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if default is not None:
            defaults[arg.arg] = run.evaluate(default)
    owner = run.classes.get(frame.node)
    scope = run.parents[frame.scope] if owner is not None else frame.scope
    return Function(node, scope, frame.module, defaults, owner=owner)


def _class(run: Interpreter, node: ast.ClassDef) -> Ending:
    frame = run.frame
    bases = tuple(run.evaluate(base) for base in node.bases)
    scope = run.store.new()
    run.parents[scope] = frame.scope
    made = Class(node, scope, frame.module, bases)
    run.classes[node] = made
    run.frames.append(Frame(node, frame.module, scope, node.name, frame.via, len(run.guards)))
    try:
        run_body(run, node.body)
    finally:
        run.frames.pop()
    run.store.set(frame.elsewhere.get(node.name, frame.scope), node.name, made)
    return Ending.NEXT


def external_method(run: Interpreter, target: Object, name: str) -> Method | None:
    """What the tables know of this method for a base class outside the linted tree."""
    return next(
        (found for base in attributes.external_bases(run, target) if (found := run.tables.method(base, name))), None
    )


def _delete(run: Interpreter, node: ast.Delete) -> Ending:
    return Ending.NEXT


def _declare(run: Interpreter, node: ast.Global | ast.Nonlocal) -> Ending:
    frame = run.frame
    for name in node.names:
        scope = frame.module.scope
        if isinstance(node, ast.Nonlocal):
            around = run.parents.get(frame.scope)
            while around is not None and run.store.get(around, name) is None:
                around = run.parents.get(around)
            scope = frame.scope if around is None else around
        frame.elsewhere[name] = scope
    return Ending.NEXT


def _assert(run: Interpreter, node: ast.Assert) -> Ending:
    """What is asserted holds from here on."""
    truth, condition = run.truth(run.evaluate(node.test))
    if truth is None and known(condition, run.guards) is None:
        run.guards.append(condition)
    return Ending.NEXT


def _import(run: Interpreter, node: ast.Import) -> Ending:
    imports.run_import(run, node)
    return Ending.NEXT


def _import_from(run: Interpreter, node: ast.ImportFrom) -> Ending:
    imports.run_import_from(run, node)
    return Ending.NEXT


_HANDLERS: dict[type[ast.stmt], Callable[[Interpreter, Any], Ending]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _leave_round,
    ast.Continue: _leave_round,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Delete: _delete,
    ast.Global: _declare,
    ast.Nonlocal: _declare,
    ast.Assert: _assert,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
}
