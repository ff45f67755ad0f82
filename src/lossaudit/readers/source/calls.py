"""Calling anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind
from lossaudit.readers.source import bindings, functions, operations, statements
from lossaudit.readers.source.values import (
    Bound,
    Call,
    Choice,
    Class,
    External,
    Function,
    Layer,
    Module,
    Object,
    Opaque,
    Partial,
    Tensor,
    Value,
)

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter


def call(run: Interpreter, function: Value, given: Call) -> Value:
    """The result of a call. What is not known gives something opaque, with the reason."""
    match function:
        case Choice():
            return run.spread((function,), lambda only: call(run, only[0], given))
        case Function():
            return run.enter(function, given)
        case Class():
            return functions.instantiate(run, function, given)
        case Object():
            return _of_object(run, function, given)
        case External():
            given = _settled(given) if _forgets(run, function) else given
            return _spread(run, given, lambda each: _of_external(run, function, each))
        case Layer():
            given = _settled(given) if operations.forgets(function.op) else given
            return _spread(run, given, lambda each: bindings.applied(run, function, each))
        case Bound():
            return _spread(run, given, lambda each: of_method(run, function, each))
        case Partial():
            return _of_partial(run, function, given)
        case Opaque():
            return _of_opaque(run, function, given)
        case Module():
            return Opaque("a module that is called")
    return Opaque(f"the result of {given.name or 'a call'}")


def _forgets(run: Interpreter, function: External) -> bool:
    framework, path = run.tables.canonical(function.path)
    found = catalogue.find(framework, path) if framework and path not in run.tables.calls else None
    return found is not None and found[1].kind is Kind.FUNCTION and operations.forgets(found[0].name)


def _settled(given: Call) -> Call:
    """The call with one of the possibilities of each tensor: what is computed of them does not say which it was."""
    if not any(isinstance(value, Choice) for value in (*given.args, *given.keywords.values())):
        return given
    keywords = {name: _one_tensor(value) for name, value in given.keywords.items()}
    return Call(tuple(map(_one_tensor, given.args)), keywords, given.place, given.complete, given.name)


def _one_tensor(value: Value) -> Value:
    """A possibility with a gradient, where there is one; what is no choice of tensors stays as it is."""
    if not isinstance(value, Choice):
        return value
    tensors = [each for _, each in value.alternatives if isinstance(each, Tensor)]
    if len(tensors) + sum(isinstance(each, Opaque) for _, each in value.alternatives) < len(value.alternatives):
        return value
    return next((each for each in tensors if each.grad), tensors[0] if tensors else value)


def _spread(run: Interpreter, given: Call, function: operations.OfCall) -> Value:
    """A call for each combination of its arguments' possibilities."""
    values = (*given.args, *given.keywords.values())
    if not any(isinstance(value, Choice) for value in values):
        return function(given)
    count = len(given.args)

    def one(combination: tuple[Value, ...]) -> Value:
        keywords = dict(zip(given.keywords, combination[count:], strict=True))
        return function(Call(combination[:count], keywords, given.place, given.complete, given.name))

    return run.spread(values, one)


def _of_external(run: Interpreter, function: External, given: Call) -> Value:
    framework, path = run.tables.canonical(function.path)
    handler = run.tables.calls.get(path)
    if handler is not None:
        result = handler(run, given)
        if result is not None:
            return result
    found = catalogue.find(framework, path) if framework else None
    if found is None:
        return _unbound_method(run, framework, path, given) or Opaque(f"the result of {given.name or path}")
    entry, spelling = found
    if spelling.kind is Kind.MODULE:
        return bindings.layer(run, framework, path, entry, spelling, given)
    return bindings.function(run, framework, path, entry, spelling, given)


def _unbound_method(run: Interpreter, framework: str, path: str, given: Call) -> Value | None:
    """`nn.Module.__init__(self)`, `Base.forward(self, x)` of a class outside the linted tree."""
    owner, _, name = path.rpartition(".")
    if not given.args or not isinstance(given.args[0], Object):
        return None
    method = run.tables.method(owner, name)
    target, rest = given.args[0], given.args[1:]
    return method(run, target, Call(rest, given.keywords, given.place, given.complete)) if method else None


def _of_object(run: Interpreter, target: Object, given: Call) -> Value:
    own = run.methods(target, "__call__")
    if own is not None:
        return run.call(own, given)
    method = statements.external_method(run, target, "__call__")
    if method is not None:
        result = method(run, target, given)
        if result is not None:
            return result
    what = target.type.name if isinstance(target.type, Class) else target.type.path
    return Opaque(f"the result of calling {what}")


def of_method(run: Interpreter, function: Bound, given: Call) -> Value:
    """A method of something that is no object of the linted tree."""
    receiver, name = function.receiver, function.name
    if isinstance(receiver, Object):
        method = statements.external_method(run, receiver, name)
        result = method(run, receiver, given) if method is not None else None
        return result if result is not None else Opaque(f"the result of {given.name or name}")
    special = run.tables.values.get((type(receiver), name))
    if special is not None:
        result = special(run, receiver, given)
        if result is not None:
            return result
    if isinstance(receiver, Tensor | Opaque):
        return bindings.method(run, receiver, name, given)
    if isinstance(receiver, Layer):
        return receiver if name in _KEEPS_LAYER else Opaque(f"{name} of a layer")
    return Opaque(f"the result of {given.name or name}")


_KEEPS_LAYER = frozenset({"to", "cuda", "cpu", "half", "float", "double", "train", "eval", "requires_grad_", "apply"})


def _of_partial(run: Interpreter, function: Partial, given: Call) -> Value:
    keywords = {**function.keywords, **given.keywords}
    return call(
        run,
        function.function,
        Call((*function.args, *given.args), keywords, given.place, given.complete, given.name),
    )


def _of_opaque(run: Interpreter, function: Opaque, given: Call) -> Value:
    """An unknown function; or a tensor's method, where nothing but a tensor has a method of that name."""
    receiver, _, name = function.symbol.rpartition(".")
    special = run.tables.values.get((Opaque, name)) if receiver else None
    if special is not None:
        result = special(run, Opaque(function.reason, receiver, function.leaf, function.batched), given)
        if result is not None:
            return result
    if receiver and (bindings.is_of_tensors(name) or bindings.is_of_data(function.leaf, name)):
        owner = Opaque(function.reason, receiver, function.leaf, function.batched)
        return _spread(run, given, lambda each: bindings.method(run, owner, name, each))
    return Opaque(f"what {given.name or 'an unknown function'} returns")
