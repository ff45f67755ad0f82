"""Layers and losses as objects that keep the arguments of their constructors by name."""

from __future__ import annotations

from collections.abc import Iterable

from lossaudit.catalogue.schema import Param, Required
from lossaudit.pairing import Args, Const, Unknown
from lossaudit.pairing import Value as Argument
from lossaudit.readers.source.frameworks import Interpreter
from lossaudit.readers.source.values import Call, Entries, Items, Literal, Object, Opaque, Value

_REST = "**"  # stands in an object's cells when arguments were given that nobody can list


def keep(run: Interpreter, target: Object, call: Call, positional: Iterable[str]) -> None:
    """Write the arguments of a constructor into the object's cells."""
    for name, value in (*zip(positional, call.args, strict=False), *call.keywords.items()):
        run.set(target, name, value)
    if not call.complete:
        run.set(target, _REST, Opaque("arguments that are not written out"))


def argument(run: Interpreter, target: Object, name: str) -> Value | None:
    """What was given for a parameter; None where its default holds."""
    value = run.get(target, name)
    return run.get(target, _REST) if value is None else value


def constant(value: Value) -> Argument:
    """A value as an argument of an operation."""
    if isinstance(value, Literal) and not isinstance(value.value, bytes):
        return Const(value.value)
    return Unknown(value.reason if isinstance(value, Opaque) else "not a constant")


def constants(run: Interpreter, target: Object, params: Iterable[Param]) -> Args:
    """The arguments of an object's constructor by the catalogue's names, defaults filled in."""
    made: dict[str, Argument] = {}
    for param in params:
        value = argument(run, target, param.name) if param.name else None
        if value is not None:
            made[param.canonical] = constant(value)
        elif not isinstance(param.default, Required):
            made[param.canonical] = Const(param.default)
    return made


def defaults(params: Iterable[Param]) -> Args:
    """What holds where nothing is given."""
    return {each.canonical: Const(each.default) for each in params if not isinstance(each.default, Required)}


def text(value: Value | None) -> str:
    """A string that is known, else `""`."""
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else ""


def is_none(value: Value | None) -> bool:
    return value is None or value == Literal(None)


def entries(run: Interpreter, value: Value) -> Entries | None:
    """The keys and values of a dictionary; None for anything else."""
    held = run.get(value, "items") if isinstance(value, Object) else value
    return held if isinstance(held, Entries) else None


def elements(run: Interpreter, value: Value) -> Items | None:
    """The values of a list, a tuple or a dictionary that is known from end to end; None for anything else."""
    held = run.get(value, "items") if isinstance(value, Object) else value
    if isinstance(held, Entries):
        held = Items(tuple(each for _, each in held.pairs), held.open)
    return held if isinstance(held, Items) and not held.open else None
