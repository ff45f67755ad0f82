"""The way from an output of a Keras model back to its last affine layer.

Followed are the calls that Keras keeps of a model that was built from symbols (`_keras_history`), or the layers of a
Sequential that does not know its input yet. A layer of the program's own is not looked into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossaudit import catalogue
from lossaudit.catalogue.schema import Op, Required, Role, Spelling
from lossaudit.pairing import AxisRole, Const, Dim, Flow, Place, Scalar, Source, Step, Unknown, Value

PATH = "<model>"
"""The path of a place in a live model; its scope is a layer's name, and it has no line."""

_PASSED = frozenset({Role.HEAD, Role.VIEW, Role.CAST, Role.SELECT, Role.NOISE, Role.ELEMENTWISE, Role.REDUCE, Role.CUT})
_SAME = frozenset({"InputLayer", "Masking", "ActivityRegularization", "Identity"})
_WRAPPERS = frozenset({"TimeDistributed", "SpectralNormalization"})


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a model: its name, and its tensor or, of a model without a graph, its layers."""

    name: str
    tensor: Any = None
    layers: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class _Inner:
    """Where a walk is inside a nested model: its inputs, and what they were given."""

    inputs: tuple[Any, ...]
    given: tuple[Any, ...]


def flow_of(output: Output) -> Flow:
    """The way from an output back to the last affine layer."""
    if output.tensor is None:
        flow = _through_layers(output.layers)
        return replace(flow, batched=True)
    shape = getattr(output.tensor, "shape", None)
    dims = tuple(Dim(size if isinstance(size, int) else None) for size in shape) if shape is not None else ()
    return replace(_through_graph(output.tensor, ()), dims=dims, batched=True)


def _through_layers(layers: tuple[Any, ...]) -> Flow:
    """Of a Sequential that does not know its input yet."""
    steps: list[Step] = []
    for layer in reversed(layers):
        inner = graph_outputs(layer)
        nested = tuple(layer.layers) if is_sequential(layer) else ()
        if len(inner) == 1 or nested:
            before = _through_graph(inner[0], ()) if inner else _through_layers(nested)
            steps[:0] = before.steps
            if before.source is not Source.LABELS:
                return replace(before, steps=tuple(steps))
            continue
        made, end = _read(layer)
        steps[:0] = made
        if end is not None:
            return replace(end, steps=tuple(steps))
    return Flow(Source.LABELS, tuple(steps))


def _through_graph(tensor: Any, outer: tuple[_Inner, ...]) -> Flow:
    """Back through the calls that made a tensor, into nested models and out of them again."""
    steps: list[Step] = []
    while True:
        inside = outer[-1] if outer else None
        if inside is not None and (entry := _position(tensor, inside.inputs)) is not None:
            if entry >= len(inside.given):
                return Flow(Source.NETWORK, tuple(steps))
            tensor, outer = inside.given[entry], outer[:-1]
            continue
        layer, node_index, tensor_index = history(tensor)
        given = _inputs(layer, node_index)
        inner = graph_outputs(layer)
        if inner and tensor_index < len(inner):
            outer = (*outer, _Inner(tuple(layer.inputs), tuple(given)))
            tensor = inner[tensor_index]
            continue
        made, end = _read(layer)
        if end is not None:
            return replace(end, steps=(*made, *steps))
        if not given:
            return Flow(Source.LABELS, tuple(steps))
        before = given[0]
        if len(given) > 1:
            ways = [_through_graph(each, outer) for each in given]
            return _joined(layer, ways, made, tuple(steps))
        steps[:0] = made
        tensor = before


def _joined(layer: Any, ways: Sequence[Flow], made: tuple[Step, ...], after: tuple[Step, ...]) -> Flow:
    """Several values side by side: one flow if they came the same way."""
    same = {(way.source, way.layer, tuple(step.op for step in way.steps)) for way in ways}
    if _role(layer) is not Role.JOIN or len(same) > 1:
        hidden = next((way for way in ways if way.source is Source.OPAQUE), Flow(Source.NETWORK))
        return replace(hidden, steps=after)
    return replace(ways[0], units=None, steps=(*ways[0].steps, *made, *after))


def history(tensor: Any) -> tuple[Any, int, int]:
    """The layer whose call made a tensor, the number of that call, and which of its results the tensor is."""
    history = tensor._keras_history
    return getattr(history, "operation", None) or history[0], history[1], history[2]


def _inputs(layer: Any, call: int) -> list[Any]:
    node = layer._inbound_nodes[call]
    tensors = getattr(node, "keras_inputs", None)
    tensors = node.input_tensors if tensors is None else tensors
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _position(tensor: Any, inputs: tuple[Any, ...]) -> int | None:
    """Which of a nested model's inputs a tensor is."""
    return next((position for position, each in enumerate(inputs) if each is tensor), None)


def _read(layer: Any) -> tuple[tuple[Step, ...], Flow | None]:
    """What a layer does to its input, and where the flow begins when it begins here."""
    title = type(layer).__name__
    if not is_of_keras(type(layer)):
        return (), Flow(Source.OPAQUE, reason=f"the layer {title} is the program's own: its call is not looked into")
    if title == "Lambda":
        return (), Flow(Source.OPAQUE, reason="the function of a Lambda layer is not looked into")
    if title in _SAME:
        return (), None
    if title in _WRAPPERS:
        return _read(layer.layer)
    if title == "Activation":
        return _activation(layer)
    found = _entry(layer)
    if found is None:
        return (), Flow(Source.NETWORK)
    entry, spelling = found
    if entry.role is Role.AFFINE:
        steps, end = _activation(layer)
        return steps, end or _affine(layer, entry)
    if entry.role in _PASSED or entry.role is Role.JOIN:
        return (_step(entry, params_of(spelling, vars(layer)), layer),), None
    return (), Flow(Source.NETWORK)


def _affine(layer: Any, entry: Op) -> Flow:
    units = next((size for name in ("units", "filters") if isinstance(size := getattr(layer, name, None), int)), None)
    own = entry.name == "linear" or entry.name.startswith("conv")
    return Flow(Source.AFFINE, units=units, layer=entry.name if own else "")


def _activation(layer: Any) -> tuple[tuple[Step, ...], Flow | None]:
    """The activation of a layer: a function of Keras, a layer, or one of the program's own."""
    activation = getattr(layer, "activation", None)
    if activation is None:
        return (), None
    if hasattr(activation, "_inbound_nodes"):
        return _read(activation)
    name = str(getattr(activation, "__name__", type(activation).__name__))
    names = [f"tensorflow.{each}" for each in getattr(activation, "_tf_api_names", ())]
    names += [f"keras.activations.{name}", f"keras.ops.{name}"] if is_of_keras(activation) else []
    found = next((found for each in names if (found := catalogue.find(each.partition(".")[0], each))), None)
    if name == "linear" and is_of_keras(activation):
        return (), None
    if found is None or not isinstance(found[0], Op):
        return (), Flow(Source.OPAQUE, reason=f"the activation {name} is the program's own: it is not looked into")
    return (_step(found[0], params_of(found[1], {}), layer),), None


def _step(entry: Op, args: Mapping[str, Value], layer: Any) -> Step:
    return Step(entry.name, args, place=Place(PATH, 0, scope=str(getattr(layer, "name", ""))))


def _entry(layer: Any) -> tuple[Op, Spelling] | None:
    """What the catalogue knows of a layer, or of an operation of `keras.ops` in a graph."""
    title = type(layer).__name__
    snake = "".join(f"_{char.lower()}" if char.isupper() else char for char in title).lstrip("_")
    of_ops = ".ops." in type(layer).__module__
    found = catalogue.find("keras", f"keras.ops.{snake}" if of_ops else f"keras.layers.{title}")
    if found is None or not isinstance(found[0], Op):
        return None
    return found[0], found[1]


def _role(layer: Any) -> Role:
    found = _entry(layer)
    return found[0].role if found is not None else Role.OTHER


def with_roles(flow: Flow, *, class_axis: bool) -> Flow:
    """Say which axis of the output is which, and along which a softmax runs: Keras has the classes last."""
    rank = len(flow.dims)
    softmax = next((step for step in reversed(flow.steps) if step.op in ("softmax", "log_softmax")), None)
    if rank and (class_axis or softmax is not None):
        last = replace(flow.dims[-1], role=AxisRole.CLASS)
        flow = replace(flow, dims=(*flow.dims[:-1], last) if rank == 1 else (_batch(flow), *flow.dims[1:-1], last))
    return replace(flow, steps=tuple(_with_axis(step, rank) for step in flow.steps))


def _batch(flow: Flow) -> Dim:
    return replace(flow.dims[0], role=AxisRole.BATCH)


def _with_axis(step: Step, rank: int) -> Step:
    dim = step.args.get("dim")
    number = dim.value if isinstance(dim, Const) else None
    if step.op not in ("softmax", "log_softmax") or not isinstance(number, int):
        return step
    axis = number % rank if rank else None
    last = number == -1 or (rank > 0 and axis == rank - 1)
    return replace(step, axis=axis, axis_role=AxisRole.CLASS if last else AxisRole.UNKNOWN)


def params_of(spelling: Spelling, given: Mapping[str, Any]) -> dict[str, Value]:
    """Arguments by the catalogue's names, defaults filled in."""
    params: dict[str, Value] = {}
    for param in spelling.params:
        if param.name and param.name in given:
            params[param.canonical] = _constant(given[param.name])
        elif not isinstance(param.default, Required):
            params[param.canonical] = Const(param.default)
    return params


def _constant(value: Any) -> Value:
    """A plain value as it is; anything else is not looked at."""
    if value is None or isinstance(value, bool | int | float | str):
        plain: Scalar = value
        return Const(plain)
    if isinstance(value, (list, tuple)) and all(isinstance(item, bool | int | float | str) for item in value):
        return Const(tuple(value))
    return Unknown(f"a value of type {type(value).__name__}")


def graph_outputs(model: Any) -> Sequence[Any]:
    """The symbolic outputs of a model; none of a subclassed model or of one that does not know its input yet."""
    if not is_of_keras(getattr(type(model), "call", None)):
        return ()  # what it computes is not what it was built from
    try:
        outputs = model.outputs
    except (AttributeError, ValueError):
        return ()
    return [tensor for tensor in outputs or () if hasattr(tensor, "_keras_history")]


def bases(value: object) -> list[str]:
    """Dotted names of the classes of Keras that a value is of."""
    kinds = value.__mro__ if isinstance(value, type) else type(value).__mro__
    names = [f"{kind.__module__}.{kind.__name__}" for kind in kinds]
    return [name for name in names if _is_keras_name(name)]


def is_sequential(model: object) -> bool:
    """Whether a model is nothing but its layers, one after another."""
    return any(name.endswith(".Sequential") for name in bases(model)) and is_of_keras(
        getattr(type(model), "call", None)
    )


def is_of_keras(value: object) -> bool:
    """Whether Keras itself, and not the program, defines a class or function."""
    return value is None or _is_keras_name(f"{getattr(value, '__module__', '')}.")


def _is_keras_name(name: str) -> bool:
    return name.startswith(("keras.", "tf_keras.", "tensorflow.python.keras."))
