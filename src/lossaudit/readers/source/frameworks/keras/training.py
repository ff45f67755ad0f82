"""`compile`, `fit` and their like: where a model's outputs meet its losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from lossaudit.pairing import Const, Place
from lossaudit.readers.source.frameworks import Interpreter, Method
from lossaudit.readers.source.frameworks.keras.losses import resolved
from lossaudit.readers.source.frameworks.keras.models import MODEL, SEQUENTIAL, named_outputs, outputs, placeholder
from lossaudit.readers.source.frameworks.keras.objects import elements, entries, is_none, text
from lossaudit.readers.source.values import Call, Choice, External, Layer, Literal, Object, Opaque, Tensor, Value

Outputs: TypeAlias = tuple[tuple[str, Value], ...]

OUTPUT = "output"
"""Argument of a loss that names the output it is for, where a model has several."""

_COMPILATION = External("keras.compilation")


def _compile(run: Interpreter, model: Object, call: Call) -> Value:
    """A compiled model is trained, whether `fit` is called in this program or in another."""
    loss = call.argument(1, "loss")
    run.set(model, "loss", Literal(None) if loss is None else loss)
    weights = call.keywords.get("loss_weights", call.argument(3, "loss_weights") or Literal(None))
    made = run.object(_COMPILATION, call.place, loss=run.get(model, "loss") or Literal(None), weights=weights)
    run.set(model, "compilation", made)
    if run.methods(model, "train_step") is None and not is_none(loss):
        _train(run, made, call.place, outputs(run, model, call), {})
    return Literal(None)


def _train(
    run: Interpreter, compilation: Object, place: Place | None, outputs: Outputs, targets: Mapping[int, Value]
) -> list[Value]:
    """Compute the losses of a compilation for these outputs and the targets by position."""
    made: list[Value] = []
    loss = run.get(compilation, "loss") or Literal(None)
    weights = run.get(compilation, "weights") or Literal(None)
    for position, (each, (name, output)) in enumerate(_pairs(run, loss, outputs)):
        if is_none(each) or not _is_minimised(run, weights, position, name):
            continue
        function = resolved(run, each, compilation.place)
        if len(outputs) > 1:
            function = _labelled(run, function, name or str(position))
        target = targets.get(position, placeholder(place, "the targets that fit is given"))
        result = run.call(function, Call((target, output), place=place, name=text(each) or "loss"))
        run.differentiated(result, place, asked=False)  # a compiled model may only be evaluated
        made.append(result)
    return made


def _labelled(run: Interpreter, loss: Value, name: str) -> Value:
    """The loss of one of several outputs: those that are computed at one place are told apart by it."""
    if isinstance(loss, Choice):
        return run.join(tuple((guards, _labelled(run, each, name)) for guards, each in run.alternatives(loss)))
    return replace(loss, args={**loss.args, OUTPUT: Const(name)}) if isinstance(loss, Layer) else loss


def _pairs(run: Interpreter, loss: Value, outputs: Outputs) -> Iterator[tuple[Value, tuple[str, Value]]]:
    """Each loss with its output: one for all, a list by position, a dictionary by name."""
    unknown = "", Opaque("which output this loss is for is not known")
    by_name = entries(run, loss)
    several = elements(run, loss)
    if by_name is not None:
        losses = {text(key): value for key, value in by_name.pairs}
        if len(losses) == len(outputs) == 1:
            yield next(iter(losses.values())), outputs[0]
            return
        yield from ((losses.pop(output[0], Literal(None)), output) for output in outputs)
        yield from ((each, unknown) for each in losses.values())
    elif several is not None:
        matched = len(several.values) == len(outputs)
        yield from zip(several.values, outputs if matched else [unknown] * len(several.values), strict=True)
    else:
        yield from ((loss, output) for output in outputs)


def _is_minimised(run: Interpreter, weights: Value, position: int, name: str) -> bool:
    """Whether the weight of an output's loss is not known to be zero or negative."""
    by_name = entries(run, weights)
    several = elements(run, weights)
    weight: Value | None = None
    if by_name is not None:
        weight = next((value for key, value in by_name.pairs if name and text(key) == name), None)
    elif several is not None and position < len(several.values):
        weight = several.values[position]
    number = weight.value if isinstance(weight, Literal) else None
    return not isinstance(number, int | float) or number > 0


def _fit(run: Interpreter, model: Object, call: Call) -> Value:
    """Targets whose encoding the program shows make a pairing that knows them."""
    made = Opaque("the history of a training")
    compilation = run.get(model, "compilation")
    given = call.argument(1, "y")
    if not isinstance(compilation, Object) or given is None or run.methods(model, "train_step") is not None:
        return made
    several = elements(run, given)
    values = (given,) if several is None else several.values
    known = {i: each for i, each in enumerate(values) if isinstance(each, Tensor) and _tells(each)}
    found = outputs(run, model, call) if known else ()
    place = compilation.place
    if place is not None and call.place is not None and len(found) == len(values):
        _train(run, compilation, replace(place, via=(replace(call.place, via=()), *place.via)), found, known)
    return made


def _tells(target: Tensor) -> bool:
    """Whether a target was encoded, or computed by a model, where the program shows it."""
    while target.inputs:
        if target.grad or target.op in _TELLING:
            return True
        target = target.inputs[0][1]
    return False


_TELLING = frozenset({"one_hot", "argmax", "numpy"})


def _computed(run: Interpreter, model: Object, call: Call) -> Value | None:
    """`self.compute_loss(x, y, y_pred)` in a `train_step`."""
    target, prediction = call.argument(1, "y"), call.argument(2, "y_pred")
    return _given(run, model, target, prediction, call.place)


def _compiled_loss(run: Interpreter, model: Object, call: Call) -> Value | None:
    """`self.compiled_loss(y, y_pred)` in a `train_step`."""
    return _given(run, model, call.argument(0, "y_true"), call.argument(1, "y_pred"), call.place)


def _given(
    run: Interpreter, model: Object, target: Value | None, prediction: Value | None, place: Place | None
) -> Value | None:
    compilation = run.get(model, "compilation")
    if target is None or prediction is None or not isinstance(compilation, Object):
        return None
    several = elements(run, target)
    targets = dict(enumerate((target,) if several is None else several.values))
    made = _train(run, compilation, place, named_outputs(run, prediction), targets)
    return made[0] if len(made) == 1 else Opaque("the sum of the losses")


def _add_loss(run: Interpreter, target: Object, call: Call) -> Value:
    for each in _losses(run, call.argument(0, "losses")):
        run.differentiated(each, call.place)
    return Literal(None)


def _losses(run: Interpreter, value: Value | None) -> tuple[Value, ...]:
    if value is None:
        return ()
    several = elements(run, value)
    return (value,) if several is None else several.values


METHODS: Mapping[tuple[str, str], Method] = {
    **{
        (kind, name): method
        for kind in (SEQUENTIAL, MODEL)
        for name, method in {
            "compile": _compile,
            "fit": _fit,
            "train_on_batch": _fit,
            "compute_loss": _computed,
            "compiled_loss": _compiled_loss,
            "add_loss": _add_loss,
        }.items()
    },
    ("keras.layers.Layer", "add_loss"): _add_loss,
}
