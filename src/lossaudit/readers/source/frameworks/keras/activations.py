"""What stands in the argument `activation`."""

from __future__ import annotations

from lossaudit import catalogue
from lossaudit.catalogue.schema import Op
from lossaudit.pairing import Place
from lossaudit.readers.source.frameworks import Interpreter
from lossaudit.readers.source.frameworks.keras.objects import defaults, is_none, text
from lossaudit.readers.source.values import Call, Choice, Literal, Opaque, Value


def activated(run: Interpreter, activation: Value | None, given: Value, place: Place | None) -> Value:
    """An activation (a name, a function, a layer, None) applied to a value."""
    if isinstance(activation, Choice):
        found = run.alternatives(activation)
        return run.join(tuple((guards, activated(run, each, given, place)) for guards, each in found))
    if activation is None or is_none(activation):
        return given
    if isinstance(activation, Literal):
        return _named(run, text(activation), given, place)
    return run.call(activation, Call((given,), place=place, name="activation"))


def _named(run: Interpreter, name: str, given: Value, place: Place | None) -> Value:
    if name == "linear":
        return given
    found = catalogue.find("keras", name)
    if found is None or not isinstance(found[0], Op):
        return Opaque(f"the activation {name!r}")
    entry, spelling = found
    return run.apply("keras", entry.name, {"input": given}, defaults(spelling.params), Call(place=place, name=name))
