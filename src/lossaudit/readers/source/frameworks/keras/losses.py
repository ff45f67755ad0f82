"""Losses: what may stand in the argument `loss`, and classes that derive from Keras's."""

from __future__ import annotations

from collections.abc import Mapping

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind, Loss
from lossaudit.pairing import Place
from lossaudit.readers.source.frameworks import Handler, Interpreter, Method
from lossaudit.readers.source.frameworks.keras.objects import defaults, keep, text
from lossaudit.readers.source.values import Call, Choice, External, Layer, Literal, Object, Opaque, Value

_BASE = "keras.losses.Loss"


def resolved(run: Interpreter, loss: Value, place: Place | None) -> Value:
    """A loss that can be called: a name of Keras's configuration, or a function of Keras, is looked up."""
    if isinstance(loss, Choice):
        found = run.alternatives(loss)
        return run.join(tuple((guards, resolved(run, each, place)) for guards, each in found))
    if not isinstance(loss, Literal | External):
        return loss
    name = loss.path if isinstance(loss, External) else text(loss)
    found = catalogue.find("keras", name) if name else None
    if found is None or not isinstance(found[0], Loss) or found[1].kind is Kind.MODULE:
        return loss if isinstance(loss, External) else Opaque(f"the loss {loss.value!r}")
    entry, spelling = found
    return Layer(entry.name, f"keras.losses.{name.rpartition('.')[2]}", defaults(spelling.params), place, "keras")


def _get(run: Interpreter, call: Call) -> Value | None:
    """`keras.losses.get("mse")`."""
    given = call.argument(0, "identifier")
    return resolved(run, given, call.place) if given is not None else None


def _initialise(run: Interpreter, loss: Object, call: Call) -> Value:
    keep(run, loss, call, ("name", "reduction"))
    return Literal(None)


def _called(run: Interpreter, loss: Object, call: Call) -> Value | None:
    """A loss class of the linted tree: its `call(y_true, y_pred)`."""
    own = run.methods(loss, "call")
    if own is None:
        return None
    sides = (call.argument(0, "y_true"), call.argument(1, "y_pred"))
    return run.call(own, Call(tuple(side for side in sides if side is not None), place=call.place, name=call.name))


CALLS: Mapping[str, Handler] = {"keras.losses.get": _get, "keras.losses.deserialize": _get}
METHODS: Mapping[tuple[str, str], Method] = {(_BASE, "__init__"): _initialise, (_BASE, "__call__"): _called}
