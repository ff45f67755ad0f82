"""Reads a compiled Keras model: its layers from each output back to the last affine one, and the loss of each output.

Keras 3 on every backend, `tf.keras` and `tf_keras`. The graph is what Keras itself keeps of the calls that made the
model; nothing is run, and no framework is imported. A layer or loss of the program's own is not looked into: what it
makes of its input is unknown, and that is said.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from lossaudit import catalogue
from lossaudit.catalogue.schema import Loss
from lossaudit.errors import UsageError
from lossaudit.pairing import (
    Const,
    LossUse,
    Objective,
    Pairing,
    Place,
    Reading,
    Source,
    Term,
    Unknown,
    Unresolved,
    Value,
)
from lossaudit.readers.keras_layers import (
    PATH,
    Output,
    bases,
    flow_of,
    graph_outputs,
    history,
    is_of_keras,
    is_sequential,
    params_of,
    with_roles,
)

_OWN_TRAINING = ("train_step", "compute_loss")


def is_model(value: object) -> bool:
    """Whether a value is a Keras model; Keras is not imported to find out."""
    return any(name.endswith(".Model") for name in bases(value))


def read_model(model: Any) -> Reading:
    """What a compiled Keras model pairs: each output's head with its loss.

    Args:
        model: Sequential, functional or subclassed; compiled. Targets come with `fit` and are not known.

    Returns:
        A reading with one objective. Its places have no line: `path` is `"<model>"`, `scope` the layer's name.

    Raises:
        UsageError: It is not compiled, or compiled without a loss.
    """
    loss = getattr(model, "loss", None)
    compiled = getattr(model, "compiled", getattr(model, "_is_compiled", False))  # Keras 3, Keras 2
    if not compiled or loss is None or loss == {}:
        state = "compiled without a loss" if compiled else "not compiled"
        raise UsageError(
            f"the Keras model {getattr(model, 'name', '')!r} is {state}: call model.compile(loss=...) before audit"
        )
    place = Place(PATH, 0, scope=str(getattr(model, "name", "")))
    own = [name for name in _OWN_TRAINING if not is_of_keras(getattr(type(model), name, None))]
    if own:
        reason = f"its class has a {own[0]} of its own, which is not looked into: lossaudit lint reads source"
        return Reading(unresolved=(Unresolved(f"the training of {type(model).__name__}", reason, place),))
    outputs = _outputs(model)
    several = len(outputs) > 1
    paired = _paired(outputs, loss, _weights(model))
    terms = tuple(_term(backend_of(model), *each, several=several) for each in paired)
    return Reading((Objective(place, terms),), tuple(each for term in terms for each in term.unresolved))


def backend_of(model: object) -> str:
    """The backend of the Keras that a model belongs to."""
    if not any(name.startswith("keras.") for name in bases(model)):
        return "tensorflow"
    backend = getattr(getattr(sys.modules.get("keras"), "backend", None), "backend", None)
    return str(backend()) if callable(backend) else "tensorflow"


def _term(backend: str, output: Output | None, loss: Any, weight: Any, *, several: bool) -> Term:
    """A loss, its weight, and the output it is for, where that is known; its place names one of several outputs."""
    coefficient = _weight(weight)
    place = Place(PATH, 0, scope=output.name if output is not None and several else "")
    name = _name(loss)
    if output is None:
        missed = Unresolved(name, "which output of the model it is for is not known", place)
        return Term(coefficient, (), (missed,))
    use = _use(loss, place)
    if use is None:
        missed = Unresolved(name, "a loss of the program's own, which is not looked into", place)
        return Term(coefficient, (), (missed,))
    entry = catalogue.loss(use.loss or "")
    flow = flow_of(output)
    if flow.source in (Source.OPAQUE, Source.UNKNOWN) and not flow.steps:
        return Term(coefficient, (), (Unresolved(name, flow.reason, place),))
    flow = with_roles(flow, class_axis=entry is not None and entry.class_axis)
    trained = coefficient != Const(0.0)
    return Term(coefficient, (Pairing(flow, use, trained=trained, framework="keras", backend=backend),))


def _weight(weight: Any) -> Value:
    if weight is None:
        return Const(1.0)
    return Const(float(weight)) if isinstance(weight, int | float) else Unknown("a weight that is no plain number")


def _weights(model: Any) -> Any:
    """The `loss_weights` of `compile`; Keras keeps them with the compiled loss."""
    for holder in ("_compile_loss", "compiled_loss"):
        weights = getattr(getattr(model, holder, None), "_user_loss_weights", None)
        if weights is not None:
            return weights
    return None


# Losses and outputs.


def _paired(outputs: list[Output], loss: Any, weights: Any) -> Iterator[tuple[Output | None, Any, Any]]:
    """Each output with its loss and weight: one loss for all, a sequence by position, a dictionary by name."""
    names = [output.name for output in outputs]
    if isinstance(loss, Mapping):
        alone = outputs[0] if len(outputs) == len(loss) == 1 else None
        by_name = {output.name: output for output in outputs}
        for position, (name, each) in enumerate(loss.items()):
            if each is not None:
                output = by_name.get(name, alone)
                yield output, each, _one(weights, name, names.index(output.name) if output else position)
    elif isinstance(loss, (list, tuple)):
        matched = len(loss) == len(outputs)
        for position, each in enumerate(loss):
            if each is not None:
                # Several losses of one output all count.
                output = outputs[position] if matched else outputs[0] if len(outputs) == 1 else None
                yield output, each, _one(weights, output.name if output else "", position)
    else:
        for position, output in enumerate(outputs):
            yield output, loss, _one(weights, output.name, position)


def _one(weights: Any, name: str, position: int) -> Any:
    if isinstance(weights, Mapping):
        return weights.get(name)
    if isinstance(weights, (list, tuple)):
        return weights[position] if position < len(weights) else None
    return weights


def _outputs(model: Any) -> list[Output]:
    """The outputs of a model by name, as `compile` knows them."""
    structure = getattr(model, "_outputs_struct", getattr(model, "_nested_outputs", None))  # Keras 3, Keras 2
    if isinstance(structure, Mapping):
        return [Output(str(name), structure[name]) for name in sorted(structure)]  # Keras's own order
    tensors = graph_outputs(model)
    if tensors:
        names = getattr(model, "output_names", None) or [history(tensor)[0].name for tensor in tensors]
        return [Output(str(name), tensor) for name, tensor in zip(names, tensors, strict=False)]
    layers = tuple(model.layers) if is_sequential(model) else ()
    return [Output(str(layers[-1].name) if layers else str(getattr(model, "name", "")), layers=layers or (model,))]


def _use(loss: Any, place: Place) -> LossUse | None:
    """The use of a loss that the catalogue knows; None for any other."""
    given: Mapping[str, Any] = {}
    if isinstance(loss, str):
        found = catalogue.find("keras", loss)
    else:
        function = loss
        if isinstance(loss, functools.partial):
            function, given = loss.func, loss.keywords
        elif not inspect.isroutine(loss):
            function, given = type(loss), _arguments(loss)
        path = f"keras.losses.{getattr(function, '__name__', '')}"
        found = catalogue.find("keras", path) if is_of_keras(function) else None
    if found is None or not isinstance(found[0], Loss):
        return None
    entry, spelling = found
    return LossUse(entry.name, params_of(spelling, given), place=place, name=_name(loss))


def _arguments(loss: Any) -> Mapping[str, Any]:
    """What a loss object was made with: its attributes, and what it hands to the function behind it."""
    return {**vars(loss), **(getattr(loss, "_fn_kwargs", None) or {})}


def _name(loss: Any) -> str:
    """What the program calls a loss."""
    if isinstance(loss, functools.partial):
        return _name(loss.func)
    return loss if isinstance(loss, str) else str(getattr(loss, "__name__", type(loss).__name__))
