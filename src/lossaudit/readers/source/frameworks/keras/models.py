"""Models: what they compute from their inputs, as a graph that is kept while they are built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lossaudit.pairing import Place
from lossaudit.readers.source.frameworks import Handler, Interpreter, Method
from lossaudit.readers.source.frameworks.keras.layers import called_itself, label_of, labelled, parameter
from lossaudit.readers.source.frameworks.keras.objects import elements, entries, is_none, text
from lossaudit.readers.source.values import (
    Bound,
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
from lossaudit.trace import LeafKind

SEQUENTIAL, MODEL = "keras.Sequential", "keras.Model"
_LIST = External("builtins.list")


def placeholder(place: Place | None, name: str = "the input") -> Tensor:
    """What stands for the input while a model is built; each is told from all others."""
    return Tensor("", place=place, leaf=LeafKind.DATA, name=name, batched=True, framework="keras")


def _input(run: Interpreter, call: Call) -> Value:
    if "tensor" in call.keywords and not is_none(call.keywords["tensor"]):
        return call.keywords["tensor"]
    return labelled(run, placeholder(call.place), call.keywords.get("name"))


# Sequential


def _sequential(run: Interpreter, call: Call) -> Value:
    made = run.object(External(SEQUENTIAL), call.place)
    _start(run, made, call)
    return made


def _start(run: Interpreter, model: Object, call: Call) -> Value:
    """The constructor of a `Sequential`."""
    given = call.argument(0, "layers")
    run.set(model, "name", call.argument(1, "name") or Literal(None))
    run.set(model, "layers", run.object(_LIST, call.place, items=Items(())))
    run.set(model, "input", placeholder(call.place))
    run.set(model, "output", _only(run, model, "input"))
    if given is None or is_none(given):
        return Literal(None)
    held = given if isinstance(given, Items) else run.get(given, "items") if isinstance(given, Object) else None
    run.call(Bound(model, "_extend"), Call((held or Opaque("layers"),), place=call.place))
    return Literal(None)


def _extend(run: Interpreter, model: Object, call: Call) -> Value:
    """The layers of a list, once for each possibility of what is in it."""
    layers = elements(run, call.args[0])
    for layer in () if layers is None else layers.values:
        _append(run, model, layer, call.place)
    if layers is None:
        run.set(model, "output", Opaque("a list of layers that is not known"))
    return Literal(None)


def _only(run: Interpreter, model: Object, cell: str) -> Value:
    return run.get(model, cell) or Opaque(f"the {cell} of a model")


def _add(run: Interpreter, model: Object, call: Call) -> Value:
    layer = call.argument(0, "layer")
    if layer is not None:
        _append(run, model, layer, call.place)
    return Literal(None)


def _append(run: Interpreter, model: Object, layer: Value, place: Place | None) -> None:
    if isinstance(layer, Tensor):  # `keras.Input(...)` as the first layer
        return
    run.set(model, "output", run.call(layer, Call((_only(run, model, "output"),), place=place, name="layer")))
    held = run.get(model, "layers")
    if isinstance(held, Object):
        before = run.alternatives(run.get(held, "items") or Items((), open=True))
        after = ((guards, _with(items, layer)) for guards, items in before)
        run.set(held, "items", run.join(tuple(after)))


def _with(items: Value, layer: Value) -> Items:
    return replace(items, values=(*items.values, layer)) if isinstance(items, Items) else Items((layer,), open=True)


def _pop(run: Interpreter, model: Object, call: Call) -> Value:
    """`model.pop()`: the output is that of the layers that are left."""
    held = run.get(model, "layers")
    left = elements(run, held) if held is not None else None
    if not isinstance(held, Object) or left is None or not left.values:
        run.set(model, "output", Opaque("a model whose last layer was removed"))
        return Opaque("a layer")
    run.set(held, "items", Items(()))
    run.set(model, "output", _only(run, model, "input"))
    for layer in left.values[:-1]:
        _append(run, model, layer, call.place)
    return left.values[-1]


# The functional interface


def _model(run: Interpreter, call: Call) -> Value:
    made = run.object(External(MODEL), call.place)
    _define(run, made, call)
    return made


def _define(run: Interpreter, model: Object, call: Call) -> Value:
    """The constructor of a `Model`, which takes nothing where a subclass has a `call`."""
    keywords = call.keywords
    inputs = call.args[0] if call.args else keywords.get("inputs", keywords.get("input"))
    outputs = call.args[1] if len(call.args) > 1 else keywords.get("outputs", keywords.get("output"))
    run.set(model, "name", call.argument(2, "name") or Literal(None))
    if inputs is not None and outputs is not None:
        run.set(model, "input", inputs)
        run.set(model, "output", outputs)
        run.set(model, "inputs", Items(_flat(run, inputs)))
        run.set(model, "outputs", Items(_flat(run, outputs)))
    return Literal(None)


def _flat(run: Interpreter, value: Value) -> tuple[Value, ...]:
    several = elements(run, value)
    return (value,) if several is None else several.values


# Calling


def _called(run: Interpreter, model: Object, call: Call) -> Value:
    """What a model gives for an input."""
    own = run.methods(model, "call")
    if own is not None:
        return labelled(run, called_itself(run, model, own, call), run.get(model, "name"))
    given = call.argument(0, "inputs")
    inputs, output = run.get(model, "input"), run.get(model, "output")
    if output is None or given is None:
        return Opaque("the output of a model")
    if isinstance(given, Choice):
        return run.call(Bound(model, "__call__"), call)  # once for each possibility
    leaves: dict[int, Tensor] = {}
    if inputs is not None and not isinstance(inputs, Choice):
        pairs = zip(_flat(run, inputs), _flat(run, given), strict=False)
        leaves = {id(leaf): run.tensor(value) for leaf, value in pairs if isinstance(leaf, Tensor)}
    return labelled(run, _replaced(run, output, leaves), run.get(model, "name"))


def _replaced(run: Interpreter, value: Value, leaves: Mapping[int, Tensor]) -> Value:
    """The same graph on other leaves."""
    match value:
        case Choice():
            found = run.alternatives(value)
            return run.join(tuple((guards, _replaced(run, each, leaves)) for guards, each in found))
        case Tensor():
            return _on_other_leaves(value, dict(leaves))
        case Items():
            return Items(tuple(_replaced(run, each, leaves) for each in value.values), value.open)
        case Entries():
            pairs = tuple((key, _replaced(run, each, leaves)) for key, each in value.pairs)
            return Entries(pairs, value.open)
        case Object() if (held := run.get(value, "items")) is not None:
            return run.object(value.type, value.place, items=_replaced(run, held, leaves))
    return value


def _on_other_leaves(tensor: Tensor, done: dict[int, Tensor]) -> Tensor:
    """Without recursion, since residual networks are deep. `done` holds what is known, by identity."""
    stack = [tensor]
    while stack:
        here = stack[-1]
        missing = [each for _, each in here.inputs if id(each) not in done]
        if id(here) in done or not missing:
            stack.pop()
            if id(here) not in done:
                inputs = tuple((name, done[id(each)]) for name, each in here.inputs)
                same = all(new is old for (_, new), (_, old) in zip(inputs, here.inputs, strict=True))
                done[id(here)] = here if same else replace(here, inputs=inputs)
        else:
            stack.extend(missing)
    return done[id(tensor)]


def outputs(run: Interpreter, model: Object, call: Call) -> tuple[tuple[str, Value], ...]:
    """The outputs of a model in training, with their names where these are known."""
    if run.methods(model, "call") is not None:
        training = {"training": Literal(True)}
        made = _called(run, model, Call((placeholder(call.place),), training, call.place, name="call"))
    else:
        made = run.get(model, "output") or Opaque("the output of a model")
    return named_outputs(run, made)


def named_outputs(run: Interpreter, made: Value) -> tuple[tuple[str, Value], ...]:
    """One or several outputs, by name where these are known."""
    by_name = entries(run, made)
    if by_name is not None and not by_name.open:
        return tuple((text(key), value) for key, value in by_name.pairs)
    several = elements(run, made)
    if several is not None:
        return tuple((label_of(each), each) for each in several.values)
    return ((label_of(made), made),)


def _predicted(run: Interpreter, model: Object, call: Call) -> Value:
    """`model.predict(x)`: numbers, without a gradient."""
    made = _called(run, model, Call(call.args[:1] or tuple(call.keywords.values())[:1], {}, call.place))
    return run.apply("keras", "numpy", {"input": made}, {}, call) if isinstance(made, Tensor) else made


def _stateless(run: Interpreter, model: Object, call: Call) -> Value:
    """`model.stateless_call(trainable, non_trainable, x)` of Keras on JAX: the outputs, and new states."""
    keywords = {name: value for name, value in call.keywords.items() if name != "return_losses"}
    made = run.call(model, Call(call.args[2:], keywords, call.place, call.complete, call.name))
    states = (Opaque("the states of a model"),) * (2 if "return_losses" in call.keywords else 1)
    return Items((made, *states))


def _layer_of(run: Interpreter, model: Object, call: Call) -> Value:
    """`model.get_layer(name)`, `model.get_layer(index=-1)`."""
    held = run.get(model, "layers")
    layers = elements(run, held) if held is not None else None
    name, index = text(call.argument(0, "name")), call.argument(1, "index")
    if layers is None:
        return Opaque("a layer of a model")
    if isinstance(index, Literal) and isinstance(index.value, int) and -len(layers.values) <= index.value:
        return layers.values[index.value] if index.value < len(layers.values) else Opaque("a layer of a model")
    found = [
        each for each in layers.values if name and isinstance(each, Object) and text(run.get(each, "name")) == name
    ]
    return found[0] if len(found) == 1 else Opaque("a layer of a model")


def _same_model(run: Interpreter, call: Call) -> Value | None:
    """`clone_model(model)`, `multi_gpu_model(model, gpus=2)`."""
    model = call.argument(0, "model")
    if not isinstance(model, Object) or "clone_function" in call.keywords:
        return None
    copy = run.object(model.type, call.place)
    for cell in ("input", "output", "inputs", "outputs", "layers", "name"):
        value = run.get(model, cell)
        if value is not None:
            run.set(copy, cell, value)
    return copy


CALLS: Mapping[str, Handler] = {
    "keras.Input": _input,
    "keras.layers.Input": _input,
    SEQUENTIAL: _sequential,
    MODEL: _model,
    "keras.models.clone_model": _same_model,
    "keras.utils.multi_gpu_model": _same_model,
}
METHODS: Mapping[tuple[str, str], Method] = {
    (SEQUENTIAL, "__init__"): _start,
    (SEQUENTIAL, "_extend"): _extend,
    (SEQUENTIAL, "add"): _add,
    (SEQUENTIAL, "pop"): _pop,
    (MODEL, "__init__"): _define,
    **{
        (kind, name): method
        for kind in (SEQUENTIAL, MODEL)
        for name, method in {
            "__call__": _called,
            "stateless_call": _stateless,
            "predict": _predicted,
            "predict_on_batch": _predicted,
            "get_layer": _layer_of,
            "add_weight": parameter,
        }.items()
    },
}
