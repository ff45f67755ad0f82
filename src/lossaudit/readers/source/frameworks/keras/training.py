"""`compile`, `fit` and their like: where a model's outputs meet its losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lossaudit.readers.source.frameworks import Interpreter, Method
from lossaudit.readers.source.frameworks.keras.losses import resolved
from lossaudit.readers.source.frameworks.keras.models import MODEL, SEQUENTIAL, named_outputs, outputs
from lossaudit.readers.source.frameworks.keras.objects import elements, entries, is_none, text
from lossaudit.readers.source.values import Call, External, Literal, Object, Opaque, Tensor, Value
from lossaudit.trace import LeafKind

_LABELS = "the targets that fit is given"
_COMPILATION = External("keras.compilation")


def _compile(run: Interpreter, model: Object, call: Call) -> Value:
    """A compiled model is trained, whether `fit` is called in this program or in another."""
    loss = call.argument(1, "loss")
    run.set(model, "loss", Literal(None) if loss is None else loss)
    weights = call.keywords.get("loss_weights", call.argument(3, "loss_weights") or Literal(None))
    made = run.object(_COMPILATION, call.place, loss=run.get(model, "loss") or Literal(None), weights=weights)
    run.set(model, "compilation", made)
    if run.methods(model, "train_step") is None and not is_none(loss):
        _train(run, made, outputs(run, model, call), {})
    return Literal(None)


def _train(
    run: Interpreter,
    compilation: Object,
    predictions: tuple[tuple[str, Value], ...],
    targets: Mapping[int, Value],
) -> list[Value]:
    """Compute the losses of a compilation for these outputs and the targets by position."""
    made: list[Value] = []
    loss = run.get(compilation, "loss") or Literal(None)
    weights = run.get(compilation, "weights") or Literal(None)
    for position, (each, prediction) in enumerate(_pairs(run, loss, predictions)):
        if is_none(each) or not _minimised(run, weights, position, predictions):
            continue
        target = targets.get(position, Opaque(_LABELS, leaf=LeafKind.DATA, batched=True))
        result = run.call(
            resolved(run, each, compilation.place),
            Call((target, prediction), place=compilation.place, name=text(each) or "loss"),
        )
        run.differentiated(result, compilation.place)
        made.append(result)
    return made


def _pairs(run: Interpreter, loss: Value, predictions: tuple[tuple[str, Value], ...]) -> Iterator[tuple[Value, Value]]:
    """Each output with its loss: one for all, a list by position, a dictionary by name."""
    unknown = Opaque("which output this loss is for is not known")
    by_name = entries(run, loss)
    several = elements(run, loss)
    if by_name is not None:
        losses = {text(key): value for key, value in by_name.pairs}
        if len(losses) == len(predictions) == 1:
            yield next(iter(losses.values())), predictions[0][1]
            return
        yield from ((losses.pop(name, Literal(None)), output) for name, output in predictions)
        yield from ((each, unknown) for each in losses.values())
    elif several is not None:
        matched = len(several.values) == len(predictions)
        outputs = [output if matched else unknown for _, output in predictions]
        outputs += [unknown] * (len(several.values) - len(outputs))
        yield from zip(several.values, outputs, strict=False)
    else:
        yield from ((loss, output) for _, output in predictions)


def _minimised(run: Interpreter, weights: Value, position: int, predictions: tuple[tuple[str, Value], ...]) -> bool:
    """Whether the weight of an output's loss is not known to be zero or negative."""
    by_name = entries(run, weights)
    several = elements(run, weights)
    weight: Value | None = None
    if by_name is not None and position < len(predictions):
        name = predictions[position][0]
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
    known = {i: each for i, each in enumerate(values) if isinstance(each, Tensor) and each.op}
    if known:
        found = outputs(run, model, call)
        if len(found) == len(values):
            _train(run, compilation, found, known)
    return made


def _computed(run: Interpreter, model: Object, call: Call) -> Value | None:
    """`self.compute_loss(x, y, y_pred)` in a `train_step`."""
    target, prediction = call.argument(1, "y"), call.argument(2, "y_pred")
    return _given(run, model, target, prediction)


def _compiled_loss(run: Interpreter, model: Object, call: Call) -> Value | None:
    """`self.compiled_loss(y, y_pred)` in a `train_step`."""
    return _given(run, model, call.argument(0, "y_true"), call.argument(1, "y_pred"))


def _given(run: Interpreter, model: Object, target: Value | None, prediction: Value | None) -> Value | None:
    compilation = run.get(model, "compilation")
    if target is None or prediction is None or not isinstance(compilation, Object):
        return None
    several = elements(run, target)
    targets = dict(enumerate((target,) if several is None else several.values))
    made = _train(run, compilation, named_outputs(run, prediction), targets)
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
