"""What stands in the argument `activation`."""

from __future__ import annotations

from collections.abc import Mapping

from lossaudit import catalogue
from lossaudit.catalogue.schema import Op
from lossaudit.pairing import Place
from lossaudit.readers.source.frameworks import Handler, Interpreter
from lossaudit.readers.source.frameworks.keras.objects import defaults, is_none, text
from lossaudit.readers.source.values import Call, Choice, External, Layer, Literal, Opaque, Value


def activated(run: Interpreter, activation: Value | None, given: Value, place: Place | None) -> Value:
    """An activation (a name, a function, a layer, None) applied to a value."""
    if activation is None or is_none(activation):
        return given
    return run.call(
        resolved(run, activation, place), Call((given,), place=place, name=text(activation) or "activation")
    )


def resolved(run: Interpreter, activation: Value, place: Place | None) -> Value:
    """An activation that can be called: a name of Keras's configuration is looked up."""
    if isinstance(activation, Choice):
        found = run.alternatives(activation)
        return run.join(tuple((guards, resolved(run, each, place)) for guards, each in found))
    if is_none(activation) or text(activation) == "linear":
        return _LINEAR
    if not isinstance(activation, Literal):
        return activation
    name = text(activation)
    known = catalogue.find("keras", name) if name else None
    if known is None or not isinstance(known[0], Op):
        return Opaque(f"the activation {activation.value!r}")
    entry, spelling = known
    return Layer(entry.name, f"keras.activations.{name}", defaults(spelling.params), place, "keras")


def _get(run: Interpreter, call: Call) -> Value | None:
    """`keras.activations.get("relu")`."""
    given = call.argument(0, "identifier")
    return None if given is None else resolved(run, given, call.place)


def _linear(run: Interpreter, call: Call) -> Value | None:
    """`keras.activations.linear(x)` is `x`."""
    return call.argument(0, "x")


_LINEAR = External("keras.activations.linear")
CALLS: Mapping[str, Handler] = {
    "keras.activations.get": _get,
    "keras.activations.deserialize": _get,
    _LINEAR.path: _linear,
}
