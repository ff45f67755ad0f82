"""Layers: their constructors, and what calling them gives.

Nothing below the last affine operation matters to a head, so that an affine layer forgets what it was called on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind, Op, Param, Role
from lossaudit.pairing import Const, Unknown
from lossaudit.readers.source.frameworks import Handler, Interpreter, Method
from lossaudit.readers.source.frameworks.keras.activations import activated
from lossaudit.readers.source.frameworks.keras.objects import (
    argument,
    constant,
    constants,
    elements,
    is_none,
    keep,
    text,
)
from lossaudit.readers.source.values import (
    Bound,
    Call,
    Choice,
    External,
    Function,
    Items,
    Literal,
    Object,
    Opaque,
    Tensor,
    Value,
)
from lossaudit.trace import LeafKind

Apply: TypeAlias = Callable[[Interpreter, Object, Value], Value]


@dataclass(frozen=True, slots=True)
class LayerClass:
    """A class of layers.

    Attributes:
        apply: What calling a layer of it gives.
        parameters: Of its constructor, in order.
        forgets: Whether what it is called on does not matter.
    """

    apply: Apply
    parameters: tuple[str, ...] = ()
    forgets: bool = False


FEATURES = Tensor("", leaf=LeafKind.HIDDEN, name="features", batched=True, framework="keras")
KERNEL = Tensor("", leaf=LeafKind.PARAMETER, name="kernel", grad=True, framework="keras")

LABEL = "layer"
"""Argument of a tensor that holds the name of the layer that made it; losses are matched with outputs by it."""


def affine(run: Interpreter, op: str, units: Value | None, call: Call) -> Tensor:
    """The output of an affine operation."""
    width = Unknown("the number of units is not given") if units is None else constant(units)
    return run.apply("keras", op, {"input": FEATURES, "weight": KERNEL}, {"out_features": width}, call)


def _affine(op: str, params: tuple[Param, ...], run: Interpreter, layer: Object, given: Value) -> Value:
    names = [param.name for param in params if param.canonical in _WIDTHS]
    width = next((value for name in (*names, *_OLD_WIDTHS) if (value := argument(run, layer, name)) is not None), None)
    made = affine(run, op, width, Call(place=layer.place, name=_name(layer)))
    return activated(run, argument(run, layer, "activation"), made, layer.place)


_WIDTHS = frozenset({"out_features", "out_channels", "embedding_dim"})
_OLD_WIDTHS = ("output_dim", "nb_filter")  # of Keras 1


def _name(layer: Object) -> str:
    return layer.type.path.rpartition(".")[2] if isinstance(layer.type, External) else layer.type.name


def _unary(op: str, params: tuple[Param, ...], run: Interpreter, layer: Object, given: Value) -> Value:
    if not isinstance(given, Tensor | Opaque):
        return Opaque(f"{_name(layer)} of several values")
    if not is_none(argument(run, layer, "return_state")):
        return Opaque(f"{_name(layer)} with its state")
    call = Call(place=layer.place, name=_name(layer))
    return run.apply("keras", op, {"input": given}, constants(run, layer, params), call)


def _activation(run: Interpreter, layer: Object, given: Value) -> Value:
    return activated(run, argument(run, layer, "activation") or Opaque("no activation"), given, layer.place)


def _function(run: Interpreter, layer: Object, given: Value) -> Value:
    function = argument(run, layer, "function")
    if function is None:
        return Opaque("the function of a Lambda layer")
    more = elements(run, argument(run, layer, "arguments") or Items(()))
    if more is None or more.values:
        return Opaque("a Lambda layer with further arguments")
    return run.call(function, Call((given,), place=layer.place, name="Lambda"))


def _wrapped(run: Interpreter, layer: Object, given: Value) -> Value:
    inner = argument(run, layer, "layer")
    return Opaque("a layer") if inner is None else run.call(inner, Call((given,), place=layer.place))


def _same(run: Interpreter, layer: Object, given: Value) -> Value:
    return given


def merged(run: Interpreter, op: str, given: Value, call: Call) -> Value:
    """Several values made one: `add` and the like of each with the next."""
    several = elements(run, given)
    if several is None or not several.values:
        return Opaque(f"{call.name} of an unknown number of values")
    if op == "cat":
        return run.apply("keras", "cat", {"tensors": several}, {"dim": Const(-1)}, call)
    total = several.values[0]
    for each in several.values[1:]:
        total = run.apply("keras", op, {"input": total, "other": each}, {}, call)
    return total


def _merge(op: str, run: Interpreter, layer: Object, given: Value) -> Value:
    return merged(run, op, given, Call(place=layer.place, name=_name(layer)))


def _average(run: Interpreter, layer: Object, given: Value) -> Value:
    total = _merge("add", run, layer, given)
    several = elements(run, given)
    if several is None or not isinstance(total, Tensor):
        return Opaque("an average")
    call = Call(place=layer.place, name="Average")
    return run.apply("keras", "div", {"input": total}, {"other": Const(len(several.values))}, call)


_MERGES = frozenset({"add", "sub", "mul", "maximum", "minimum", "cat"})
_SAME = ("InputLayer", "Masking")
_WRAPPERS = ("TimeDistributed", "TimeDistributedDense", "SpectralNormalization")
_OTHER_NAMES: Mapping[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "LocallyConnected1D": "Conv1D",
    "LocallyConnected2D": "Conv2D",
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "GaussianNoise": "GaussianDropout",
}


def _classes() -> dict[str, LayerClass]:
    """Layers by the last part of their names."""
    found: dict[str, LayerClass] = {}
    for spelling, entry in catalogue.spellings("keras", Kind.MODULE):
        if isinstance(entry, Op):
            found[spelling.path.rpartition(".")[2]] = _class_of(entry, spelling.params)
    found.update((other, found[name]) for other, name in _OTHER_NAMES.items() if name in found)
    found.update(dict.fromkeys(_SAME, LayerClass(_same)))
    found.update(dict.fromkeys(_WRAPPERS, LayerClass(_wrapped, ("layer",))))
    found["RepeatVector"] = LayerClass(partial(_unary, "repeat", ()))
    found["Average"] = LayerClass(_average)
    found["Activation"] = LayerClass(_activation, ("activation",))
    found["Lambda"] = LayerClass(_function, ("function",))
    return found


def _class_of(entry: Op, params: tuple[Param, ...]) -> LayerClass:
    names = tuple(param.name for param in params)
    if entry.role is Role.AFFINE:
        return LayerClass(partial(_affine, entry.name, params), names, forgets=True)
    if entry.name in _MERGES:
        return LayerClass(partial(_merge, entry.name), names)
    return LayerClass(partial(_unary, entry.name, params), names)


def labelled(run: Interpreter, value: Value, name: Value | None) -> Value:
    """A layer's output that remembers the layer's name."""
    label = text(name)
    if not label:
        return value
    if isinstance(value, Choice):
        return run.join(tuple((guards, labelled(run, each, name)) for guards, each in run.alternatives(value)))
    if isinstance(value, Opaque):
        value = run.tensor(value)
    return replace(value, args={**value.args, LABEL: Const(label)}) if isinstance(value, Tensor) else value


def label_of(value: Value) -> str:
    """The name of the layer that made a value, where it was given one."""
    if isinstance(value, Choice):
        labels = {label_of(each) for _, each in value.alternatives}
        return labels.pop() if len(labels) == 1 else ""
    label = value.args.get(LABEL) if isinstance(value, Tensor) else None
    return str(label.value) if isinstance(label, Const) else ""


def called_itself(run: Interpreter, target: Object, own: Value, call: Call) -> Value:
    """The `call` of a layer or model of the linted tree; what its `build` makes is made first."""
    building = run.methods(target, "build")
    if building is not None and run.get(target, "built") is None:
        run.set(target, "built", Literal(True))
        run.call(building, Call((Opaque("the shape of the input"),), place=call.place, name="build"))
    return run.call(own, replace(call, keywords=_accepted(own, call.keywords)))


def _accepted(own: Value, keywords: Mapping[str, Value]) -> Mapping[str, Value]:
    """Keras hands `training` and `mask` on only to a `call` that takes them."""
    if not isinstance(own, Function) or own.node.args.kwarg is not None:
        return keywords
    spec = own.node.args
    names = {each.arg for each in (*spec.args, *spec.kwonlyargs)}
    return {name: value for name, value in keywords.items() if name in names or name not in ("training", "mask")}


def _construct(path: str, parameters: tuple[str, ...], run: Interpreter, call: Call) -> Value:
    made = run.object(External(path), call.place)
    keep(run, made, call, parameters)
    return made


def _initialise(parameters: tuple[str, ...], run: Interpreter, layer: Object, call: Call) -> Value:
    keep(run, layer, call, parameters)
    return Literal(None)


def _call(kind: LayerClass, run: Interpreter, layer: Object, call: Call) -> Value:
    given = call.argument(0, "inputs") or Opaque("the input of a layer")
    own = run.methods(layer, "call")
    if own is not None:
        made = called_itself(run, layer, own, call)
    elif isinstance(given, Choice) and not kind.forgets:
        return run.call(Bound(layer, "__call__"), call)  # once for each possibility
    else:
        made = kind.apply(run, layer, given)
    made = labelled(run, made, run.get(layer, "name"))
    run.set(layer, "output", made)
    return made


def parameter(run: Interpreter, layer: Object, call: Call) -> Value:
    """`self.add_weight(...)`."""
    return KERNEL


def _unknown(run: Interpreter, layer: Object, given: Value) -> Value:
    return Opaque(f"the output of {_name(layer)}")


def _function_of(op: str, run: Interpreter, call: Call) -> Value:
    return merged(run, op, call.argument(0, "inputs") or Items((), open=True), call)


_CLASSES = _classes()
# TensorFlow 1 has the oldest of them under names of its own.
_OLD = ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Flatten", "Dropout", "BatchNormalization")

CALLS: Mapping[str, Handler] = {
    **{f"keras.layers.{n}": partial(_construct, f"keras.layers.{n}", c.parameters) for n, c in _CLASSES.items()},
    **{f"tensorflow.layers.{n}": partial(_construct, f"keras.layers.{n}", _CLASSES[n].parameters) for n in _OLD},
    **{
        f"keras.layers.{name}": partial(_function_of, op)
        for name, op in (("add", "add"), ("subtract", "sub"), ("multiply", "mul"), ("concatenate", "cat"))
    },
}
METHODS: Mapping[tuple[str, str], Method] = {
    **{(f"keras.layers.{n}", "__init__"): partial(_initialise, c.parameters) for n, c in _CLASSES.items()},
    **{(f"keras.layers.{n}", "__call__"): partial(_call, c) for n, c in _CLASSES.items()},
    ("keras.layers.Layer", "__init__"): partial(_initialise, ()),
    ("keras.layers.Layer", "__call__"): partial(_call, LayerClass(_unknown)),
    ("keras.layers.Layer", "add_weight"): parameter,
    ("keras.layers.Layer", "add_variable"): parameter,
}
