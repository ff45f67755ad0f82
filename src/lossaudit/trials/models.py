"""The model of a comparison, by name or of the user's own, and whether it answers the problem."""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import called, rows
from lossaudit.landscape.untouched import untouched
from lossaudit.proving.failing import described
from lossaudit.proving.loading import deferred
from lossaudit.trials import fingerprint
from lossaudit.trials.architectures import HIDDEN, convolutional, image, perceptron
from lossaudit.trials.data.inputs import count
from lossaudit.trials.data.targets import as_binary, asked
from lossaudit.trials.problem import Problem, Task

NAMES = "mlp, mlp:128,128, linear, cnn, MODULE:FACTORY or FILE.py:FACTORY"
_MOST_SAMPLES = 64
_CLOSE = 1e-4  # of a sum of probabilities to 1


@dataclass(frozen=True, slots=True, eq=False)
class Factory:
    """Makes the model of a trial.

    Attributes:
        name: For titles: `"mlp"`.
        make: Called in the trial, after `torch.manual_seed(seed)`.
        source: What the model depends on, for the store: hashes of the code, and of what it computes with one seed.
    """

    name: str
    make: Callable[[], nn.Module]
    source: str


def built_in(address: object) -> bool:
    """Whether a model is one of ours, named by a word.

    >>> built_in("mlp:128,128"), built_in("net.py:make")
    (True, False)
    """
    if not isinstance(address, str):
        return False
    name, _, widths = address.strip().partition(":")
    return name in ("mlp", "linear", "cnn") and not widths.startswith(":")


def load_model(address: str | Callable[..., nn.Module] | nn.Module, problem: Problem) -> Factory:
    """The model that an address names, tried on a few training samples.

    Args:
        address: `"mlp"` (one hidden layer of 64), `"mlp:128,128"`, `"linear"`, `"cnn"`, `"MODULE:FACTORY"`,
            `"FILE.py:FACTORY"`, or a function or class that makes the model. It takes nothing, or any of `inputs=` (how
            many numbers a sample has, or its shape) and `outputs=` by keyword; plain literals for other arguments may
            follow: `"net.py:make(hidden=32)"`.
        problem: What it has to answer.

    Raises:
        UsageError: There is no such model, it raises, or it does not return logits, or numbers, for this problem.
    """
    factory, posed = matched(address, problem)
    if posed is not problem:
        raise UsageError(f"{factory.name} returns one number for a sample, and {problem.name} has 2 classes; return 2")
    return factory


def matched(address: str | Callable[..., nn.Module] | nn.Module, problem: Problem) -> tuple[Factory, Problem]:
    """The model, and the problem as this model answers it: two classes may be told apart by one number for a sample.

    Args:
        address: As `load_model` takes it.
        problem: What it has to answer.

    Raises:
        UsageError: As `load_model` does.
    """
    if isinstance(address, nn.Module):
        kind = type(address).__name__
        raise UsageError(
            f"the model is a {kind} with one set of weights, and every trial begins with its own: give a function that "
            f"makes it, such as lambda: {kind}(...); to begin with these weights, save its state_dict and start there"
        )
    name, make = _found(address, problem)
    few = rows(problem.train.x, slice(_samples(problem)), count(problem.train.x))
    with untouched(*_modules(make)):
        first, again, other = (_answered(name, make, few, seed) for seed in (0, 0, 1))
        _seed(0)
        source = json.dumps(fingerprint.of_model(make, few), sort_keys=True)
    if _places(first.model) & _places(again.model):
        raise UsageError(
            f"{name} returns models that share weights, and every trial needs its own; build all layers inside, and "
            "take copy.deepcopy of what is trained already"
        )
    if not _same(first.state, again.state):
        raise UsageError(f"{name} gives other weights each time with the same seed; draw them with torch's generator")
    posed = _posed(name, first.outputs, problem)
    _check_values(name, (first.outputs, other.outputs), posed)
    return Factory(name, make, source), posed


# --- what an address names


def _found(address: str | Callable[..., Any], problem: Problem) -> tuple[str, Callable[[], Any]]:
    """Its name, and what makes it."""
    if isinstance(address, str):
        name, _, widths = address.strip().partition(":")
        if built_in(address):
            return address, _by_name(address, name, widths, problem)
        if ":" not in address:
            raise UsageError(f"--model {address}: no such model; give {NAMES}")
        function, arguments = deferred(address)
        shown = f"--model {address}"
    else:
        function, arguments, shown = address, None, getattr(address, "__qualname__", type(address).__name__)
    if isinstance(function, nn.Module):
        raise UsageError(f"{shown} is a model with one set of weights; name a function that makes one")
    if not callable(function):
        raise UsageError(f"{shown} is {type(function).__name__}; name a function that makes a model")
    args, keywords = arguments or ([], {})
    return shown.removeprefix("--model "), _with_sizes(function, args, keywords, problem, shown)


def _by_name(address: str, name: str, widths: str, problem: Problem) -> Callable[[], nn.Module]:
    x: Any = problem.train.x
    if not isinstance(x, Tensor) or not x.is_floating_point():
        held = str(x.dtype).removeprefix("torch.") if isinstance(x, Tensor) else "several tensors"
        raise UsageError(
            f"--model {address}: takes one tensor of floats, and the inputs are {held}; give your own model"
        )
    shape = tuple(x.shape[1:])
    if name == "mlp":
        hidden = widths.split(",") if widths else list(map(str, HIDDEN))
        if not all(width.strip().isdecimal() and int(width) for width in hidden):
            raise UsageError(f"--model {address}: widths of hidden layers are wanted, as in mlp:128,128")
        return partial(perceptron, x[0].numel(), tuple(map(int, hidden)), problem.outputs)
    if widths:
        raise UsageError(f"--model {address}: {name} takes no widths; mlp:128,128 does")
    if name == "linear":
        return partial(perceptron, x[0].numel(), (), problem.outputs)
    image(shape)
    return partial(convolutional, shape, problem.outputs)


def _with_sizes(
    function: Callable[..., Any], args: list[Any], keywords: dict[str, Any], problem: Problem, shown: str
) -> Callable[[], Any]:
    """The user's function, with `inputs=` and `outputs=` where it has such parameters."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # built in, without a signature
        return partial(function, *args, **keywords)
    x: Any = problem.train.x
    sizes: dict[str, Any] = {"outputs": problem.outputs}
    if isinstance(x, Tensor):
        sizes["inputs"] = x.shape[1] if x.ndim == 2 else tuple(x.shape[1:])
    wanted = {name: size for name, size in sizes.items() if name in signature.parameters and name not in keywords}
    try:
        signature.bind(*args, **keywords, **wanted)
    except TypeError as error:
        raise UsageError(
            f"{shown}: {error}; it is called with nothing, or with inputs= and outputs=; plain literals may be given "
            "to it, as in 'net.py:make(hidden=32)'"
        ) from None
    return partial(function, *args, **keywords, **wanted)


def _modules(make: Callable[[], Any]) -> list[nn.Module]:
    """Models that a function holds on to."""
    function: Any = make
    while isinstance(function, partial):
        function = function.func
    try:
        held = inspect.getclosurevars(function)
    except TypeError:
        return []
    return [each for each in (*held.nonlocals.values(), *held.globals.values()) if isinstance(each, nn.Module)]


# --- what it answers


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """A model, its state as it was made, and its outputs on a few training samples."""

    model: nn.Module
    state: dict[str, Tensor]
    outputs: Tensor


def _answered(name: str, make: Callable[[], Any], x: Any, seed: int) -> _Answer:
    """Make the model and call it, in train mode as a trial does. Only inside of `untouched`."""
    _seed(seed)
    model = _made(name, make)
    _check_parameters(name, model)
    state = {key: tensor.detach().clone() for key, tensor in model.state_dict().items() if isinstance(tensor, Tensor)}
    model.train()
    try:
        with torch.no_grad():
            outputs: Any = called(model, x)
    except Exception as error:
        raise UsageError(f"{name}: calling the model on training samples raises {described(error)}") from error
    if not isinstance(outputs, Tensor):
        held = ", it has .logits: return these" if hasattr(outputs, "logits") else ""
        raise UsageError(f"{name}: the model returns {type(outputs).__name__}{held}; a tensor is wanted")
    return _Answer(model, state, outputs)


def _seed(seed: int) -> None:
    """Begin all random numbers that a model may be made with. Only inside of `untouched`."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _made(name: str, make: Callable[[], Any]) -> nn.Module:
    try:
        model = make()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"{name} raises {described(error)}") from error
    if not isinstance(model, nn.Module):
        raise UsageError(f"{name} returns {type(model).__name__}; a torch.nn.Module is wanted")
    return model


def _check_parameters(name: str, model: nn.Module) -> None:
    if any(isinstance(each, UninitializedParameter) for each in model.parameters()):
        raise UsageError(f"{name}: the model has lazy layers without a shape; let the function take inputs=")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise UsageError(f"{name}: the model has no trainable parameters")
    elsewhere = {parameter.device.type for parameter in model.parameters()} - {"cpu"}
    if elsewhere:
        raise UsageError(f"{name}: the model is on {elsewhere.pop()}; trials run on the CPU, so make it there")


def _samples(problem: Problem) -> int:
    return min(_MOST_SAMPLES, count(problem.train.x))


def _places(model: nn.Module) -> set[int]:
    """Where its parameters lie."""
    return {parameter.data_ptr() for parameter in model.parameters() if parameter.numel()}


def _same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[key].nan_to_num(), second[key].nan_to_num()) for key in first
    )


def _posed(name: str, outputs: Tensor, problem: Problem) -> Problem:
    """The problem that outputs of this shape answer."""
    samples, width = _samples(problem), problem.outputs
    shape = tuple(outputs.shape)
    one_number = shape in ((samples,), (samples, 1))
    numbers = problem.task is Task.BINARY or (problem.task is Task.REGRESSION and problem.train.y.ndim == 1)
    if one_number if numbers else shape == (samples, width):
        return problem
    if one_number and problem.task is Task.MULTICLASS and width == 2:
        return as_binary(problem)
    raise UsageError(
        f"{name}: the model returns {shape} for {samples} samples and {asked(problem)}; {(samples, width)} is wanted"
    )


def _check_values(name: str, answers: tuple[Tensor, ...], problem: Problem) -> None:
    """Finite, real numbers, and no probabilities: each loss brings its own head."""
    if not all(outputs.is_floating_point() for outputs in answers):
        raise UsageError(f"{name}: the model returns {str(answers[0].dtype).removeprefix('torch.')}; floats are wanted")
    if not all(bool(outputs.isfinite().all()) for outputs in answers):
        raise UsageError(f"{name}: the model returns NaN or infinite numbers before any training")
    if problem.task is Task.REGRESSION:
        return
    within = all(bool(((outputs >= 0) & (outputs <= 1)).all()) for outputs in answers)
    if problem.task is Task.MULTICLASS:
        if within and all(_one(outputs.sum(1)) for outputs in answers):
            found, head = "probabilities: its rows sum to 1", "softmax"
        elif all(_one(outputs.exp().sum(1)) for outputs in answers):
            found, head = "log-probabilities: the exponentials of its rows sum to 1", "log_softmax"
        else:
            return
    elif within and all(bool((outputs > 0).all()) and bool((outputs < 1).any()) for outputs in answers):
        found, head = "probabilities: all lie between 0 and 1", "sigmoid"
    else:
        return
    raise UsageError(f"{name}: the model returns {found}; each loss brings its own head: return what goes into {head}")


def _one(sums: Tensor) -> bool:
    return bool(((sums - 1).abs() < _CLOSE).all())
