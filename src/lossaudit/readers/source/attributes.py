"""Attributes: of instances and classes, of modules, of tensors, of what is not known."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lossaudit.pairing import Place
from lossaudit.readers.source import bindings
from lossaudit.readers.source.conditions import narrowed
from lossaudit.readers.source.values import (
    Bound,
    Call,
    Class,
    External,
    Function,
    Items,
    Layer,
    Literal,
    Module,
    Object,
    Opaque,
    Partial,
    Tensor,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

_MOST_BASES = 24
SUPER = External("builtins.super")
LOUD = "torch.enable_grad"
QUIET = ("torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad")


def attribute(run: Interpreter, value: Value, name: str, place: Place | None) -> Value:
    """`value.name`, of a value that is no choice."""
    match value:
        case Module():
            return _of_module(run, value, name)
        case External():
            return External(f"{value.path}.{name}")
        case Object():
            return _of_object(run, value, name, place)
        case Class():
            found = _in_class(run, value, name)
            if found is None:
                return _of_bases(run, value, name) or Opaque(f"{value.name}.{name}", f"{value.name}.{name}")
            return _taken(run, found[0], value, from_class=True)
        case Opaque():
            symbol = f"{value.symbol}.{name}" if value.symbol else ""
            return Opaque(value.reason, symbol, value.leaf, value.batched) if symbol else Bound(value, name)
        case Layer() if name == "forward":
            return value
        case Function() if name in ("__name__", "__qualname__"):
            return Literal(value.name)
        case Tensor():
            return bindings.member(run, value, name, place)
        case Layer() | Items() | Literal() | Bound() | Partial():
            return Bound(value, name)
    return Opaque(f"an attribute {name}")


def _of_bases(run: Interpreter, cls: Class, name: str) -> External | None:
    """A function that a base class outside the linted tree offers: `State.create`."""
    names = (f"{each.path}.{name}" for each in lineage(run, cls) if isinstance(each, External))
    return next((External(path) for path in names if run.tables.knows(path)), None)


def _of_module(run: Interpreter, module: Module, name: str) -> Value:
    found = run.store.get(module.scope, name)
    if found is not None:
        return narrowed(found, run.guards)
    from lossaudit.readers.source import imports  # a submodule that somebody else has imported

    return imports.external_name(run, module, name) or imports.submodule(run, module, name) or Opaque(f"{name}")


def _of_object(run: Interpreter, target: Object, name: str, place: Place | None) -> Value:
    if target.type == SUPER:
        return _of_super(run, target, name)
    own = run.get(target, name)
    if own is not None and name != "items":
        return narrowed(own, run.guards)
    if isinstance(target.type, Class):
        if name == "__class__":
            return target.type
        found = _in_class(run, target.type, name)
        if found is not None:
            return _taken(run, found[0], target, from_class=False)
    if any(run.tables.method(base, name) is not None for base in external_bases(run, target)):
        return Bound(target, name)
    if isinstance(target.type, External) or any(run.tables.is_container(base) for base in external_bases(run, target)):
        return Bound(target, name)
    getter = method(run, target, "__getattr__")
    if getter is not None:
        return run.call(getter, Call((Literal(name),), {}, place))
    what = target.type.name if isinstance(target.type, Class) else "an object"
    return Opaque(f"{name} of {what}", f"object_{target.cells}.{name}")


def _of_super(run: Interpreter, proxy: Object, name: str) -> Value:
    """What stands behind the class that is being run, in the line of the object's class."""
    target, owner = run.get(proxy, "object"), run.get(proxy, "owner")
    if not isinstance(target, Object) or not isinstance(owner, Class):
        return Opaque(f"{name} of a base class")
    if isinstance(target.type, Class):
        found = _in_class(run, target.type, name, owner)
        if found is not None:
            return _taken(run, found[0], target, from_class=False)
    return Bound(target, name)


def _taken(run: Interpreter, value: Value, owner: Value, *, from_class: bool) -> Value:
    """What a class attribute is when it is taken from an instance or the class."""
    value = narrowed(value, run.guards)
    if isinstance(value, Partial) and isinstance(value.function, External) and value.args:
        inner, kind = value.args[0], value.function.path
        if not isinstance(inner, Function):
            return inner
        if kind == "builtins.staticmethod":
            return inner
        if kind == "builtins.classmethod":
            return bound(inner, owner.type if isinstance(owner, Object) else owner)
        if from_class:
            return inner
        return run.enter(bound(inner, owner), Call(name=inner.name))
    if isinstance(value, Function) and not from_class:
        return bound(value, owner)
    return value


def bound(function: Function, receiver: Value) -> Function:
    return Function(
        function.node, function.scope, function.module, function.defaults, receiver=receiver, owner=function.owner
    )


def lineage(run: Interpreter, cls: Class) -> Iterator[Class | External]:
    """A class and its bases, nearest first. (Depth first: enough where diamonds do not override each other.)"""
    stack: list[Value] = [cls]
    seen: list[Value] = []
    while stack and len(seen) < _MOST_BASES:
        each = narrowed(stack.pop(0), run.guards)
        if any(each is other for other in seen):
            continue
        seen.append(each)
        if isinstance(each, Class):
            yield each
            stack[:0] = each.bases
        elif isinstance(each, External):
            yield each


def external_bases(run: Interpreter, target: Object) -> Iterator[str]:
    """Dotted names of the classes outside the linted tree that an object is an instance of, nearest first."""
    if isinstance(target.type, External):
        yield target.type.path
    else:
        yield from (each.path for each in lineage(run, target.type) if isinstance(each, External))


def _in_class(run: Interpreter, cls: Class, name: str, after: Class | None = None) -> tuple[Value, Class] | None:
    """What a class or a base of it defines under a name; with `after`, only what comes behind that class."""
    passed = after is None
    for each in lineage(run, cls):
        if isinstance(each, Class):
            if passed:
                found = run.store.get(each.scope, name)
                if found is not None:
                    return found, each
            passed = passed or each is after
    return None


def method(run: Interpreter, target: Object, name: str, after: Class | None = None) -> Function | None:
    """A method that the linted tree defines, bound to the object."""
    if not isinstance(target.type, Class):
        return None
    found = _in_class(run, target.type, name, after)
    if found is None:
        return None
    taken = _taken(run, found[0], target, from_class=False) if isinstance(found[0], Function) else None
    return taken if isinstance(taken, Function) else None


def decorated(run: Interpreter, decorator: Value, value: Value) -> Value:
    """A decorator is taken to keep what the function computes, but for the builtin ones and JAX's."""
    path = decorator.path if isinstance(decorator, External) else ""
    if _transforms(run, decorator):
        return run.call(decorator, Call((value,), {}, None, True, value.name if isinstance(value, Function) else ""))
    if path in ("builtins.staticmethod", "builtins.classmethod"):
        return Partial(External(path), (value,), {})
    if path == "builtins.property" or path.endswith(("cached_property", "lazy_property")):
        return Partial(External("builtins.property"), (value,), {})
    if isinstance(decorator, Bound | Opaque) and isinstance(value, Function):
        setter = isinstance(value.node, ast.FunctionDef) and any(
            isinstance(each, ast.Attribute) and each.attr in ("setter", "deleter") for each in value.node.decorator_list
        )
        if setter:  # `@x.setter` must not hide the property
            return run.store.get(run.frame.scope, value.name) or value
    return value


def _transforms(run: Interpreter, decorator: Value) -> bool:
    """`@jax.value_and_grad`, `@partial(jax.jit, static_argnums=0)`."""
    while isinstance(decorator, Partial):
        decorator = decorator.function
    if not isinstance(decorator, External):
        return False
    framework, path = run.tables.canonical(decorator.path)
    return framework == "jax" and path in run.tables.calls


def switches_gradients_off(run: Interpreter, manager: Value) -> bool:
    return isinstance(manager, Object) and isinstance(manager.type, External) and manager.type.path in QUIET


def switches_gradients_on(manager: Value) -> bool:
    return isinstance(manager, Object) and isinstance(manager.type, External) and manager.type.path == LOUD


def entered(run: Interpreter, manager: Value) -> Value:
    """What `with manager as name` gives a name to."""
    if isinstance(manager, Object):
        enter = method(run, manager, "__enter__")
        if enter is not None:
            return run.call(enter, Call())
    return manager
