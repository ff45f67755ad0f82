"""Entering a function of the linted tree with its arguments, and making objects of its classes."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lossaudit.pairing import Place
from lossaudit.readers.source import attributes, statements
from lossaudit.readers.source.conditions import join
from lossaudit.readers.source.frame import Frame
from lossaudit.readers.source.values import (
    NONE,
    Call,
    Class,
    Entries,
    External,
    Function,
    Items,
    Literal,
    Object,
    Opaque,
    Partial,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

NOTHING: Mapping[str, Value] = MappingProxyType({})
_DEEPEST = 24
_MOST_VIA = 6
_DICT = External("builtins.dict")


def enter(run: Interpreter, function: Function, call: Call) -> Value:
    """What the function returns for these arguments."""
    entered = sum(frame.node is function.node for frame in run.frames)
    if entered > 1 or len(run.frames) > _DEEPEST:
        return Opaque(f"{function.name} calls itself")
    run.entered.add(function.node)
    scope = run.store.new()
    run.parents[scope] = function.scope
    _bind(run, function, call, scope)
    frame = Frame(
        function.node,
        function.module,
        scope,
        _qualified(function),
        _via(run, call.place),
        len(run.guards),
        function.owner,
        function.receiver,
    )
    run.frames.append(frame)
    before = run.without_gradient
    run.without_gradient = 0 if _is_decorated(function, "enable_grad") else before
    run.without_gradient += _is_decorated(function, "no_grad", "inference_mode")
    try:
        if isinstance(function.node, ast.Lambda):
            return run.evaluate(function.node.body)
        statements.run_body(run, function.node.body)
    finally:
        run.without_gradient = before
        run.frames.pop()
        del run.guards[frame.depth :]
    if frame.yields:
        return Items(tuple(frame.yields), open=True)
    return join(frame.returns) if frame.returns else NONE


def _qualified(function: Function) -> str:
    return f"{function.owner.name}.{function.name}" if function.owner is not None else function.name


def _via(run: Interpreter, place: Place | None) -> tuple[Place, ...]:
    if place is None:
        return run.frame.via if run.frames else ()
    return (replace(place, via=()), *place.via)[:_MOST_VIA]


def _is_decorated(function: Function, *names: str) -> bool:
    if isinstance(function.node, ast.Lambda):
        return False
    return any(name.rpartition(".")[2] in names for name in map(_dotted, function.node.decorator_list))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def _bind(run: Interpreter, function: Function, call: Call, scope: int) -> None:
    """Write the arguments into the cells of the function's scope."""
    spec = function.node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    given = call.args if function.receiver is None else (function.receiver, *call.args)
    taken = dict(zip(names, given, strict=False))
    further = given[len(names) :]
    keywords = {name: value for name, value in call.keywords.items() if name not in names}
    taken.update((name, value) for name, value in call.keywords.items() if name in names)
    for name in (*names, *(arg.arg for arg in spec.kwonlyargs)):
        value = taken.get(name, keywords.pop(name, None))
        if value is None:
            value = function.defaults.get(name)
            if not call.complete or value is None:
                unknown = Opaque(f"the argument {name} of {function.name}", run.symbol(name))
                value = unknown if value is None else join([((), value), ((), unknown)])
        run.store.set(scope, name, value)
    if spec.vararg is not None:
        run.store.set(scope, spec.vararg.arg, Items(further, open=not call.complete))
    if spec.kwarg is not None:
        pairs = tuple((Literal(name), value) for name, value in keywords.items())
        rest = run.object(_DICT, None, items=Entries(pairs, open=not call.complete))
        run.store.set(scope, spec.kwarg.arg, rest)


def opaque_call(run: Interpreter, function: Function, given: Mapping[str, Value] = NOTHING) -> Call:
    """A call with arguments that nobody knows but for those given; a default is one of the possibilities."""
    spec = function.node.args
    positional = [arg.arg for arg in (*spec.posonlyargs, *spec.args)][1 if function.receiver is not None else 0 :]
    names = [*positional, *(arg.arg for arg in spec.kwonlyargs)]
    values: dict[str, Value] = {}
    for name in names:
        reason = f"the argument {name} of {function.name}, which nothing in this program calls"
        unknown = Opaque(reason, run.symbol(name))
        default = function.defaults.get(name)
        values[name] = given.get(name, unknown if default is None else join([((), default), ((), unknown)]))
    return Call((), values, complete=spec.vararg is None and spec.kwarg is None, name=function.name)


def instantiate(run: Interpreter, cls: Class, call: Call) -> Value:
    """A new object of a class of the linted tree."""
    made = run.object(cls, call.place)
    run.instances.setdefault(cls.node, []).append(made)
    initialise(run, made, call)
    return made


def initialise(run: Interpreter, made: Object, call: Call) -> None:
    """What `__init__` does with the arguments: the tree's own, or that of a base class outside it."""
    own = run.methods(made, "__init__")
    if isinstance(own, Function):
        run.enter(own, call)
        return
    base = statements.external_method(run, made, "__init__")
    if base is not None:
        base(run, made, call)
    elif isinstance(made.type, Class):
        _dataclass_fields(run, made, made.type, call)
        after = run.methods(made, "__post_init__")
        if isinstance(after, Function):
            run.enter(after, Call(place=call.place))
        for_all = statements.external_method(run, made, "__post_init__")
        if for_all is not None:
            for_all(run, made, Call(place=call.place))


def _dataclass_fields(run: Interpreter, made: Object, cls: Class, call: Call) -> None:
    """The fields of a dataclass, a NamedTuple or a flax module, in their order."""
    fields = [
        node.target.id
        for node in cls.node.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    for name, value in zip(fields, call.args, strict=False):
        run.set(made, name, value)
    for name, value in call.keywords.items():
        run.set(made, name, value)


def is_static(run: Interpreter, function: Function) -> bool:
    """Whether a method takes no object."""
    held = run.store.get(function.owner.scope, function.name) if function.owner is not None else None
    return isinstance(held, Partial) and held.function == External("builtins.staticmethod")


def constructor(run: Interpreter, cls: Class) -> Function | None:
    """The `__init__` that the linted tree gives to objects of this class, taken from one of them."""
    return attributes.method(run, Object(0, cls), "__init__")
