"""How findings speak: the same sentence for the same thing in every rule."""

from __future__ import annotations

from lossaudit.pairing import Const, Pairing, Place, Step
from lossaudit.rules import heads


def share(value: float) -> str:
    """A share in per cent, without false precision at the ends.

    >>> share(0.62), share(0.004), share(1.0)
    ('62 %', '0.4 %', '100 %')
    """
    percent = 100 * value
    return f"{percent:.1f} %" if 0 < percent < 1 else f"{percent:.0f} %"


def line(place: Place | None, beside: Place | None = None) -> str:
    """` (line 33)`, with the file where it is another than `beside`; in a live model the name of the layer."""
    if place is None or not place.line:
        named = place is not None and place.path == "<model>" and place.scope
        return f" ({'output' if beside is None else 'layer'} {place.scope!r})" if place is not None and named else ""
    if beside is not None and beside.path != place.path:
        return f" ({place})"
    return f" (cell {place.cell}, line {place.line})" if place.cell is not None else f" (line {place.line})"


def loss_name(pairing: Pairing) -> str:
    """What the program calls the loss, and whether it told it to expect logits."""
    name = pairing.loss.name or pairing.loss.loss or "loss"
    told = pairing.loss.params.get("from_logits") == Const(True) and "(" not in name
    return f"{name}(from_logits=True)" if told else name


def together(step: Step, pairing: Pairing) -> str:
    """`softmax (line 33) + MSELoss (line 41), 10 classes`."""
    count = heads.classes(pairing.prediction)
    classes = f", {count} classes" if count is not None and count > 1 else ""
    where = pairing.loss.place
    return f"{step.op}{line(step.place, where)} + {loss_name(pairing)}{line(where)}{classes}"


def logits(pairing: Pairing) -> str:
    """`logits of a linear layer + BCELoss (line 41), 10 classes`."""
    count = heads.classes(pairing.prediction)
    classes = f", {count} classes" if count is not None and count > 1 else ""
    layer = "convolution" if pairing.prediction.layer.startswith("conv") else "linear layer"
    return f"logits of a {layer} + {loss_name(pairing)}{line(pairing.loss.place)}{classes}"


def nested(pairing: Pairing, inner: Step, outer: Step) -> str:
    """`softmax (line 30) and again log_softmax (line 33) before NLLLoss (line 41)`."""
    where = pairing.loss.place
    first, second = line(inner.place, where), line(outer.place, where)
    return f"{inner.op}{first} and again {outer.op}{second} before {loss_name(pairing)}{line(where)}"


def nested_places(pairing: Pairing, inner: Step, outer: Step) -> tuple[Place, ...]:
    """First the loss, then both heads, then what made the target."""
    return (*places(pairing, inner), *((outer.place,) if outer.place is not None else ()))


def places(pairing: Pairing, step: Step | None = None) -> tuple[Place, ...]:
    """First the loss, then the head, then what made the target, as far as they are known."""
    encode = pairing.target.flow.steps if pairing.target is not None else ()
    target = next((made.place for made in reversed(encode) if made.op == "one_hot"), None)
    found = (pairing.loss.place, step.place if step is not None else None, target)
    return tuple(place for place in found if place is not None)
