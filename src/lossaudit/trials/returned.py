"""What a user's own `train` function returns, read and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossaudit.comparison import Better
from lossaudit.errors import UsageError
from lossaudit.trials.problem import Task

FORM = '{"validation": {"accuracy": 0.9}, "test": {"accuracy": 0.8}}, or (outputs, targets) in place of the numbers'
SMALLER = frozenset(
    {"brier", "cer", "crps", "deviance", "distance", "divergence", "ece", "err", "error", "fid", "kl", "loss", "mae"}
    | {"mape", "mer", "mse", "nll", "perplexity", "pinball", "ppl", "regret", "risk", "rmse", "smape", "wer"}
)
"""Where one of these words is in a measure's name, smaller is better."""

_PARTS = ("validation", "test", "curves", "task", "better")
_FLAT = re.compile(r"(?P<part>validation|val|eval|test)[_/ ](?P<name>.+)")
_PART = {"validation": "validation", "val": "validation", "eval": "validation", "test": "test"}


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """Logits (or predicted numbers) of a model, and the targets."""

    outputs: Tensor
    y: Tensor
    task: Task


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Measures by name; and for those that came as one number for each sample, these."""

    values: Mapping[str, float]
    samples: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, "NDArray[np.float64]"])


@dataclass(frozen=True, slots=True, eq=False)
class Returned:
    """What came of a call.

    Attributes:
        validation: What was reached.
        test: The same, on test data.
        curves: By name, one number for each epoch.
        better: Of the measures whose direction was said.
    """

    validation: Outputs | Numbers
    test: Outputs | Numbers
    curves: Mapping[str, tuple[float, ...]]
    better: Mapping[str, Better]


def direction(name: str) -> Better:
    """Which way a measure is better, by the words of its name.

    >>> direction("val_rmse").value, direction("cross entropy loss").value, direction("accuracy").value
    ('smaller', 'smaller', 'larger')
    """
    words = re.split(r"[^a-z]+", name.lower())
    return Better.SMALLER if SMALLER.intersection(words) else Better.LARGER


def returned(value: Any, who: str) -> Returned:
    """What the function returned.

    Args:
        value: See `lossaudit.trials.own`.
        who: The call, for errors.

    Raises:
        UsageError: It is something else.
    """
    if not isinstance(value, Mapping):
        raise UsageError(f"{who} returns {type(value).__name__}; return {FORM}")
    parts = {name: value[name] for name in _PARTS if value.get(name) is not None}
    for name, each in value.items():
        flat = _FLAT.fullmatch(str(name))
        if flat is not None and name not in _PARTS:
            part = _PART[flat["part"]]
            held: Any = parts.get(part, {})
            if not isinstance(held, Mapping):
                raise UsageError(f"{who} returns {part} and {name} as well; return one of them")
            parts[part] = {**held, flat["name"]: each}
    for name, why in (("validation", "learning rates are chosen by it"), ("test", "losses are compared by it")):
        if name not in parts:
            raise UsageError(f"{who} returns no {name} results, and {why}; return {FORM}")
    task = _task(parts.get("task"), who)
    validation, test = (_part(parts[name], task, f"{name} of {who}") for name in ("validation", "test"))
    if isinstance(validation, Numbers) and isinstance(test, Numbers):
        first = deciding(validation.values)
        if first not in test.values:
            raise UsageError(f"{who}: learning rates are chosen by {first}, which the test results have not got")
    elif type(validation) is not type(test) or _tasks(validation) != _tasks(test):
        raise UsageError(f"{who} returns different things for validation and test; return the same of both")
    return Returned(validation, test, _curves(parts.get("curves", {}), who), _better(parts.get("better", {}), who))


def deciding(names: Mapping[str, Any]) -> str:
    """The measure that decides: the first, but not the training's own loss where there is another."""
    return next((name for name in names if name.lower() != "loss"), next(iter(names)))


def _tasks(part: Outputs | Numbers) -> Task | None:
    return part.task if isinstance(part, Outputs) else None


def _part(value: Any, task: Task | None, who: str) -> Outputs | Numbers:
    if isinstance(value, Mapping):
        return _numbers(value, who)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return _outputs(_tensor(value[0], who), _tensor(value[1], who), task, who)
    raise UsageError(f"the {who} is {type(value).__name__}; return numbers by name, or (outputs, targets)")


def _numbers(value: Mapping[Any, Any], who: str) -> Numbers:
    if not value:
        raise UsageError(f"the {who} is empty; return numbers by name, or (outputs, targets)")
    values, samples = dict[str, float](), dict[str, NDArray[np.float64]]()
    for name, each in value.items():
        try:
            numbers = np.asarray(_plain(each), dtype=np.float64)
        except (TypeError, ValueError):
            numbers = np.empty((0, 0))
        if numbers.ndim > 1 or not numbers.size or each is None or isinstance(each, str | bytes):
            told = f"{each!r}" if isinstance(each, str) else type(each).__name__
            raise UsageError(f"{name} in the {who} is {told}; give a number, or one for each sample")
        values[str(name)] = float(numbers.mean())
        if numbers.size > 1:
            samples[str(name)] = numbers
    return Numbers(values, samples)


def _outputs(outputs: Tensor, y: Tensor, task: Task | None, who: str) -> Outputs:
    z, y = outputs.float(), y.squeeze(1) if y.ndim == 2 and y.shape[1] == 1 else y
    if z.ndim == 2 and z.shape[1] == 1:
        z = z.squeeze(1)
    shapes = f"outputs {tuple(outputs.shape)} and targets {tuple(y.shape)}"
    if not len(z) or len(z) != len(y) or z.ndim > 2:
        raise UsageError(f"the {who} has {shapes}; give a row for each sample in both")
    whole = not (y.is_floating_point() and bool((y != y.round()).any()))
    labels = whole and bool(((y == 0) | (y == 1)).all())
    if task is None:
        if z.ndim == 2 and y.ndim == 1 and whole and not y.is_floating_point():
            task = Task.MULTICLASS
        elif z.shape == y.shape and labels:
            task = Task.BINARY if z.ndim == 1 else Task.MULTILABEL
        else:
            task = Task.REGRESSION
    fits = {
        Task.MULTICLASS: z.ndim == 2 and y.ndim == 1 and whole and int(y.min()) >= 0 and int(y.max()) < z.shape[-1],
        Task.BINARY: z.ndim == 1 and y.ndim == 1 and labels,
        Task.MULTILABEL: z.shape == y.shape and z.ndim == 2 and labels,
        Task.REGRESSION: z.shape == y.shape,
    }
    if not fits[task]:
        raise UsageError(f'the {who} has {shapes}, which is no {task.value}; say which it is by "task"')
    ends = z.min(), z.max()
    if task is Task.MULTICLASS and ends[0] >= 0 and bool(((z.sum(1) - 1).abs() < 1e-3).all()):
        raise UsageError(
            f"the outputs in the {who} are probabilities; return the logits, or the probabilities' logarithm"
        )
    kept = y.long() if task in (Task.MULTICLASS, Task.BINARY) else y.float()
    return Outputs(z, kept, task)


def _curves(value: Any, who: str) -> dict[str, tuple[float, ...]]:
    """Names as ours: `val_accuracy` is `"validation accuracy"`, `loss` is `"training loss"`."""
    if not isinstance(value, Mapping):
        raise UsageError(f"the curves of {who} are {type(value).__name__}; give lists of numbers by name")
    found = dict[str, tuple[float, ...]]()
    for name, each in value.items():
        try:
            numbers = np.asarray([float(_plain(one)) for one in each])
        except (TypeError, ValueError):
            raise UsageError(f"the curve {name} of {who} is no list of numbers, one for each epoch") from None
        flat = _FLAT.fullmatch(str(name))
        shown = f"{_PART[flat['part']]} {flat['name']}" if flat else {"loss": "training loss"}.get(str(name), str(name))
        found[shown] = (math.nan, *numbers.tolist())
    return found


def _better(value: Any, who: str) -> dict[str, Better]:
    told = {each.value: each for each in Better}
    if not isinstance(value, Mapping) or not all(each in [*told] for each in value.values()):
        raise UsageError(f'"better" of {who} has to be such as {{"accuracy": "larger", "fid": "smaller"}}')
    return {str(name): told[each] for name, each in value.items()}


def _task(value: Any, who: str) -> Task | None:
    told = {each.value: each for each in Task}
    if value is not None and value not in [*told]:
        raise UsageError(f"{who}: there is no task {value!r}; there is {', '.join(told)}")
    return None if value is None else told[value]


def _plain(value: Any) -> Any:
    """Without a gradient and on the CPU, if it is a tensor."""
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else value


def _tensor(value: Any, who: str) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().cpu()
    try:
        array = np.asarray(value)
        return torch.from_numpy(np.array(array, dtype=np.float64 if array.dtype.kind == "f" else np.int64))
    except (TypeError, ValueError):
        raise UsageError(f"the {who} has {type(value).__name__} in it; give arrays of numbers") from None
