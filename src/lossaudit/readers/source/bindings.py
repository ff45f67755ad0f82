"""Names of the catalogue that a program calls: functions, layers, loss objects and methods of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind, Loss, Op, Param, Required, Role, Spelling
from lossaudit.pairing import Const, Place, Unknown
from lossaudit.pairing import Value as Argument
from lossaudit.readers.source import containers, operations
from lossaudit.readers.source.tables import methods_of_tensors
from lossaudit.readers.source.values import (
    NONE,
    Bound,
    Call,
    Entries,
    External,
    Items,
    Layer,
    Literal,
    Object,
    Opaque,
    Tensor,
    Value,
)
from lossaudit.trace import LeafKind

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

OfCall: TypeAlias = Callable[[Call], Value]

# Parameters that are tensors, in whatever operation they stand, when their value is not known.
_TENSORS = frozenset(
    {"input", "other", "target", "tensor", "tensors", "mat2", "index", "condition", "mask", "anchor", "positive"}
    | {"negative", "x1", "x2", "src", "exponent"}
)

# Methods that other objects have as well: on something unknown they say nothing.
_OTHERS_TOO = """
add append apply bool clear clone close copy copy_ count cpu cuda data device dim double equal eq expand fill_
filter flip float format get half index int item items join keys lower log map merge mode names new normal_ pop
put_ random_ remove repeat replace reset resize_ resize reverse round save set_ sort split start strip stop to
tolist type uniform_ unique update values where write zero_ share_memory_ size shape stride storage T select
search shuffle sample register_hook retain_grad requires_grad_ requires_grad grad name numel ndim numpy byte
char short long any all abs max min sum mean std var histogram cat stack train eval step
"""
_NOT_ONLY_TENSORS = frozenset(_OTHERS_TOO.split())


@cache
def _order(loss: str, framework: str) -> tuple[str, ...]:
    """The tensors of a loss object's call, in order: those of the same loss as a function."""
    entry = catalogue.LOSSES[loss]
    for spelling, meant in catalogue.spellings(framework, Kind.FUNCTION):
        if meant is entry:
            names = [param.canonical for param in spelling.params if isinstance(param.default, Required)]
            if entry.prediction in names:
                return tuple(names)
    sides = (entry.prediction, entry.target, *entry.others)
    return tuple(name for name in (sides if framework == "torch" else (sides[1], sides[0], *sides[2:])) if name)


def bound(
    run: Interpreter, entry: Op | Loss, spelling: Spelling, call: Call, receiver: Value | None = None
) -> tuple[list[tuple[str, Value]], dict[str, Argument]]:
    """Tensors and constants of a call, by the catalogue's names; defaults filled in for losses."""
    tensors = {entry.prediction, entry.target, *entry.others} if isinstance(entry, Loss) else _TENSORS
    inputs: list[tuple[str, Value]] = []
    args: dict[str, Argument] = {}
    given = list(call.args if receiver is None else (receiver, *call.args))
    seen: set[str] = set()
    for param in spelling.params:
        value = _taken(run, param, given, call)
        if value is None:
            continue
        name = param.canonical
        seen.add(name)
        first = not inputs and not args and not isinstance(entry, Loss)
        if (
            isinstance(value, Tensor)
            or (name in tensors and not _plain(value))
            or (first and not _plain(value))
            or name == "tensors"
            or (isinstance(entry, Loss) and name in tensors)
        ):
            inputs.append((name, value))
        else:
            plain = _plain_items(run, value)
            args[name] = _shape(plain) if name in _SHAPES else operations.constant(plain)
    for keyword, value in call.keywords.items():
        name = catalogue.KEYWORD_ALIASES.get(keyword)
        if name is not None and name not in seen and any(param.canonical == name for param in spelling.params):
            if name in tensors:
                inputs.insert(0, (name, value))
            else:
                args[name] = operations.constant(value)
            seen.add(name)
    for param in spelling.params:
        if param.canonical not in seen and not isinstance(param.default, Required):
            if not call.complete:
                args[param.canonical] = Unknown("given by * or **")
            elif isinstance(entry, Loss) or entry.axis == param.canonical:
                args[param.canonical] = Const(param.default)
    return inputs, args


_SHAPES = frozenset({"shape", "size", "sizes"})


def _shape(value: Value) -> Argument:
    """A shape, with None for a size that is not known: its length says how many axes there are."""
    if not isinstance(value, Items) or value.open:
        return operations.constant(value)
    return Const(
        tuple(
            each.value if isinstance(each, Literal) and isinstance(each.value, int) else None for each in value.values
        )
    )


def _taken(run: Interpreter, param: Param, given: list[Value], call: Call) -> Value | None:
    if given and param.name:
        if param.variadic:
            rest = tuple(given)
            given.clear()
            only = rest[0] if len(rest) == 1 else None
            return only if isinstance(only, Items | Object | Tensor) else Items(rest)
        return given.pop(0)
    return call.keywords.get(param.name)


def _plain(value: Value) -> bool:
    return isinstance(value, Literal | Items | Entries | External)


def _plain_items(run: Interpreter, value: Value) -> Value:
    if isinstance(value, Object):
        return Items(*containers.items(run, value))
    return value


def function(run: Interpreter, framework: str, path: str, entry: Op | Loss, spelling: Spelling, call: Call) -> Value:
    """A function of a framework that is one operation or loss."""
    inputs, args = bound(run, entry, spelling, call)
    return _made(run, framework, entry, inputs, args, call)


def _made(
    run: Interpreter,
    framework: str,
    entry: Op | Loss,
    inputs: Sequence[tuple[str, Value]],
    args: dict[str, Argument],
    call: Call,
) -> Value:
    if isinstance(entry, Loss) and not any(name == entry.prediction and value != NONE for name, value in inputs):
        return Opaque(f"{call.name} without a prediction")
    only = inputs[0][1] if len(inputs) == 1 else None
    cast = isinstance(entry, Op) and entry.role is Role.CAST
    if cast and isinstance(only, Opaque) and not (only.leaf is LeafKind.DATA and entry.name in _TYPES):
        return only
    return operations.apply(run, framework, entry.name, inputs, args, call)


def layer(run: Interpreter, framework: str, path: str, entry: Op | Loss, spelling: Spelling, call: Call) -> Layer:
    """A layer or loss object."""
    inputs, args = bound(run, entry, spelling, call)
    for name, _ in inputs:
        args[name] = Unknown("a tensor of the program")
    for param in spelling.params:
        if not isinstance(param.default, Required):
            args.setdefault(param.canonical, Const(param.default))
    features = next((args[name] for name in _FEATURES if name in args), None)
    if isinstance(entry, Op) and entry.role is Role.AFFINE:
        args["out_features"] = features if features is not None else Unknown("not given")
    return Layer(entry.name, path, args, call.place, framework)


_FEATURES = ("out_features", "out_channels", "units", "features", "filters")


def applied(run: Interpreter, module: Layer, call: Call) -> Value:
    """What a layer gives, or what a loss object computes."""
    entry = catalogue.op(module.op) or catalogue.loss(module.op)
    if entry is None:
        return Opaque(f"the result of {module.path}")
    values = list(call.args)
    if isinstance(entry, Loss):
        order = _order(module.op, module.framework)
        names = dict(zip(order, values, strict=False))
        aliases = _aliases(module.op, module.framework)
        names.update((aliases.get(key, key), value) for key, value in call.keywords.items())
        inputs: list[tuple[str, Value]] = [(name, names[name]) for name in order if name in names]
        inputs += [(name, value) for name, value in names.items() if name in entry.others and name not in order]
        return _made(run, module.framework, entry, inputs, dict(module.args), _named(call, module))
    if not values:
        values = [value for key, value in call.keywords.items() if key in ("input", "x", "inputs")][:1]
    if not values:
        return Opaque(f"the result of {module.path}")
    joins = entry.role is Role.JOIN
    placed = [("tensors" if joins else "input", values[0])] + [("other", each) for each in values[1:2] if not joins]
    tensors = [(name, value) for name, value in placed if not _plain(value) or joins]
    if not tensors:
        return Opaque(f"the result of {module.path}")
    made = operations.apply(run, module.framework, module.op, tensors, dict(module.args), call)
    if module.op in _RECURRENT:
        return Items((made, Opaque("the state of a recurrent layer")))
    return made


_RECURRENT = frozenset({"lstm", "gru", "rnn", "rnn_tanh", "rnn_relu"})


def _named(call: Call, module: Layer) -> Call:
    """A loss object is known by its class, whatever variable it stands in."""
    return Call(call.args, call.keywords, call.place, call.complete, module.path.rpartition(".")[2])


@cache
def _aliases(loss: str, framework: str) -> dict[str, str]:
    return {
        param.name: param.canonical
        for spelling, entry in catalogue.spellings(framework, Kind.FUNCTION)
        if entry.name == loss
        for param in spelling.params
    }


_RESULTS = {"values": 0, "indices": 1}
_TWO_RESULTS = frozenset({"max", "min", "sort", "topk", "median", "mode", "kthvalue", "cummax", "cummin"})
_PROPERTIES = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})


def member(run: Interpreter, owner: Tensor, name: str, place: Place | None) -> Value:
    """`tensor.name`: a property is computed, a method waits for its call."""
    if name in _PROPERTIES:
        return method(run, owner, name, Call(place=place or owner.place, name=name))
    if name in _RESULTS and owner.op in _TWO_RESULTS:
        return operations.selected(run, owner, Literal(_RESULTS[name]), Call(place=place))
    array = _ARRAYS.get(owner.framework)
    own = catalogue.find(owner.framework, f"{array}.{name}") if array is not None else None
    if own is not None or name in methods_of_tensors() or (Tensor, name) in run.tables.values:
        return Bound(owner, name)
    return Opaque(f"the attribute {name} of what a model returns")


def is_of_tensors(name: str) -> bool:
    """Whether only a tensor has a method of this name."""
    return name in methods_of_tensors() and name not in _NOT_ONLY_TENSORS


def is_of_data(leaf: LeafKind, name: str) -> bool:
    """Whether this method of what a loader hands out is a tensor's, though other objects have it as well."""
    return leaf is LeafKind.DATA and (name in _TYPES or name in _KEEPS_OPAQUE)


# What a cast says of labels is worth keeping: `y.long()` are indices.
_TYPES = frozenset({"float", "double", "half", "bfloat16", "long", "int", "short", "byte", "bool"})


def method(run: Interpreter, receiver: Tensor | Opaque, name: str, call: Call) -> Value:
    """`tensor.softmax(1)`."""
    data = isinstance(receiver, Opaque) and receiver.leaf is LeafKind.DATA
    if isinstance(receiver, Opaque) and not is_of_tensors(name) and not (data and name in _TYPES):
        keeps = name in _KEEPS_OPAQUE
        return receiver if keeps else Opaque(f"the result of {call.name or name}", leaf=receiver.leaf)
    framework = receiver.framework if isinstance(receiver, Tensor) else "torch"
    path = methods_of_tensors().get(name)
    found = catalogue.find(framework, f"{_ARRAYS[framework]}.{name}") if framework in _ARRAYS else None
    if found is None and path is not None:
        found = catalogue.find("torch", path)
    if found is None:
        return Opaque(f"the result of {call.name or name}")
    inputs, args = bound(run, *found, call, receiver)
    return _made(run, framework, found[0], inputs, args, call)


# The class of a framework's tensors, where its methods have names or parameters of their own.
_ARRAYS = {"jax": "jax.Array", "tensorflow": "tensorflow.Tensor", "keras": "tensorflow.Tensor"}
_KEEPS_OPAQUE = frozenset(
    {"to", "cuda", "cpu", "float", "long", "half", "double", "clone", "contiguous", "int", "type"}
)
