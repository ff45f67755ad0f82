"""A user's own training: a function `train(loss, seed, lr, budget) -> metrics` in place of ours.

The function trains under the loss of that name, with that seed and learning rate, for the budget: what was passed on,
else a number of epochs. It is called with these four names and returns

    {"validation": {"accuracy": 0.91, "f1": 0.88}, "test": {"accuracy": 0.90, "f1": 0.87}}

with the same names each time. In place of the numbers may stand `(outputs, targets)`, logits and labels of all samples:
then all our measures are made of them, and the test samples are compared one by one. So they are where a measure is
given as one number for each test sample. `{"validation_accuracy": 0.91, "test_accuracy": 0.90}` is the same, and so are
`val_` and `eval_`. What else may be returned:

- `"curves"`: lists by name, a number for each epoch: `{"val_accuracy": [0.5, 0.8, 0.91]}`, such as Keras's
  `history.history`. Those of the deciding measure say how soon a level is reached.
- `"task"`: `"multiclass"`, `"binary"`, `"multilabel"` or `"regression"`, where outputs do not tell.
- `"better"`: `{"fid": "smaller"}`, where the name does not tell. Larger is better, unless a word of the name is one of
  `lossaudit.trials.returned.SMALLER` (loss, error, rmse, nll, ...).

The first measure decides: by it, on validation data, learning rates are chosen. A measure `loss` decides only where it
is alone, since the values of different losses cannot be compared. Where the deciding measure is not finite, the trial
has diverged. Test results are sealed in the outcome and looked at after all choices are made.

Before each call the global generators of Python, NumPy and torch are set from the seed, and torch has one thread.
"""

from __future__ import annotations

import inspect
import io
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from lossaudit.comparison import Better, Measure
from lossaudit.errors import LossauditError, UsageError
from lossaudit.proving.failing import described
from lossaudit.trials import fingerprint
from lossaudit.trials.alone import alone
from lossaudit.trials.contender import Link, contender
from lossaudit.trials.measures import (
    Measured,
    inverse_temperature,
    measures,
    of_labels,
    of_numbers,
    reliability_of,
)
from lossaudit.trials.problem import Problem, Samples, Task
from lossaudit.trials.returned import Numbers, Outputs, Returned, deciding, direction, returned
from lossaudit.trials.trial import Outcome, Tested, Trial

_TAKES = ("loss", "seed", "lr", "budget")
_LINKS = {Task.MULTICLASS: Link.SOFTMAX, Task.REGRESSION: Link.NUMBERS}
_SHARES = frozenset({"accuracy", "acc", "f1", "precision", "recall", "auc", "auroc", "ece"})
_LEVEL = Measure("epochs_to_level", "epochs to level", Better.SMALLER)


class Own:
    """Trains with a user's function.

    >>> def train(loss, seed, lr, budget):
    ...     return {"validation": {"accuracy": 0.5 + lr}, "test": {"accuracy": 0.25}}
    >>> outcome = Own(train, budget=3).train(Trial("ce", 0.125, 0))
    >>> outcome.score, Own(train, budget=3).test(outcome, None).values
    (0.625, {'accuracy': 0.25})
    """

    def __init__(self, function: Callable[..., Any], budget: Any = 30) -> None:
        """What all trials have in common.

        Args:
            function: `train(loss, seed, lr, budget)`.
            budget: Passed to it: a number of epochs, or what else the function understands.

        Raises:
            UsageError: It cannot be called so.
        """
        self.function, self.budget = function, budget
        self.name = getattr(function, "__name__", type(function).__name__)
        if not callable(function):
            raise UsageError(f"train is {type(function).__name__}; give a function train(loss, seed, lr, budget)")
        try:
            inspect.signature(function).bind(**dict.fromkeys(_TAKES))
        except TypeError as error:
            raise UsageError(f"{self.name} cannot be called as train(loss, seed, lr, budget): {error}") from None
        except ValueError:  # no signature is known
            return

    def identity(self, loss: str) -> Mapping[str, Any]:
        """All on which an outcome under this loss depends, as far as code tells: the function's file and those that it
        imports, and the values that are bound to it. Data that it reads from elsewhere are not looked at.
        """
        return {
            "trainer": "own",
            "function": fingerprint.of(self.function),
            "loss": loss,
            "budget": fingerprint.of(self.budget),
            "environment": fingerprint.environment(),
        }

    def train(self, trial: Trial) -> Outcome:
        """Call the function.

        Raises:
            UsageError: It raises, or returns something else than it has to.
        """
        who = f"{self.name}({trial.loss!r}, seed={trial.seed}, lr={trial.rate:.3g})"
        began = time.perf_counter()
        with alone(trial.seed):
            try:
                given = self.function(loss=trial.loss, seed=trial.seed, lr=trial.rate, budget=self.budget)
            except LossauditError:
                raise
            except Exception as error:
                raise UsageError(f"{who} raises {described(error)}") from error
        found = returned(given, who)
        seconds = time.perf_counter() - began
        values = _measured(found.validation, trial.loss).values
        first = deciding(values)
        last, better = values[first], found.better.get(first, direction(first))
        drawn = found.curves.get(f"validation {first}", (last,))
        sign = 1.0 if better is Better.LARGER else -1.0
        score = tuple(sign * each for each in (*drawn[:-1], last))
        diverged = None
        if not math.isfinite(last):
            diverged = next((k for k, each in enumerate(score) if k and not math.isfinite(each)), len(score) - 1)
        return Outcome(trial, {**found.curves, "score": score}, values, diverged, seconds, _packed(found))

    def test(self, outcome: Outcome, samples: Samples | None) -> Tested:
        """What the function returned for the test samples; ours are not looked at."""
        part, inverse = _unpacked(outcome.sealed)
        measured = _measured(part, outcome.trial.loss, inverse)
        if isinstance(part, Numbers):
            return Tested(measured.values, measured.samples)
        link = _link(outcome.trial.loss, part)
        reliability = partial(reliability_of, part.outputs, part.y, part.task, link)
        return Tested(measured.values, measured.samples, part.outputs.numpy(), reliability)


def measures_of(outcomes: Sequence[Outcome]) -> tuple[Measure, ...]:
    """The table of trials of `Own`: what the function returned, the deciding measure first.

    Raises:
        UsageError: It returned other names from trial to trial.
    """
    found = sorted(outcomes, key=lambda each: (each.diverged is not None, each.trial))
    sound = [each for each in found if each.diverged is None]
    if not found:
        return ()
    first = found[0]
    for each in sound:
        if each.validation.keys() != first.validation.keys():
            told = (f"{', '.join(o.validation)} under {o.trial.loss}, seed {o.trial.seed}" for o in (first, each))
            raise UsageError(f"train returns {' and '.join(told)}; return the same measures each time")
    head = _head(first.sealed)
    if head.task is not None:
        return measures(head.task)
    names = sorted(first.validation, key=lambda name: name != deciding(first.validation))
    return (*(_measure(name, head, sound) for name in names), _LEVEL)


def _measure(name: str, head: Head, outcomes: Sequence[Outcome]) -> Measure:
    share = not _SHARES.isdisjoint(re.split(r"[^a-z0-9]+", name.lower()))
    inside = all(0 <= each.validation[name] <= 1 for each in outcomes)
    return Measure(name, name, head.better.get(name, direction(name)), percent=share and inside)


def _measured(part: Outputs | Numbers, loss: str, inverse: float | None = None) -> Measured:
    if isinstance(part, Numbers):
        return Measured(part.values, part.samples)
    if part.task is Task.REGRESSION:
        return of_numbers(part.outputs, part.y)
    return of_labels(part.outputs, part.y, part.task, _link(loss, part), inverse)


def _link(loss: str, part: Outputs) -> Link:
    """What the outputs mean under the loss, if the name is one that we know; else as is usual for the task."""
    usual = _LINKS.get(part.task, Link.SIGMOID)
    width = part.outputs.shape[1] if part.outputs.ndim == 2 else 1
    samples = Samples(torch.zeros(len(part.y), 1), part.y)
    try:
        return contender(loss, Problem("own", part.task, samples, samples, width)).link
    except LossauditError:
        return usual


@dataclass(frozen=True, slots=True)
class Head:
    """The form of sealed results, without these.

    Attributes:
        task: Of outputs; None: they are numbers.
        better: Of the measures whose direction was said.
        names: Of the numbers.
        samples: Those of them that have values of samples.
    """

    task: Task | None
    better: Mapping[str, Better]
    names: tuple[str, ...]
    samples: tuple[str, ...]


def _packed(found: Returned) -> bytes:
    """Test results as the bytes of an `.npz` file."""
    test = found.test
    head: dict[str, Any] = {"better": {name: each.value for name, each in found.better.items()}}
    if isinstance(test, Outputs):
        head |= {"task": test.task.value, "names": (), "samples": ()}
        arrays = {"outputs": test.outputs.numpy(), "y": test.y.numpy()}
        if isinstance(found.validation, Outputs) and test.task is not Task.REGRESSION:
            validation = found.validation
            arrays["inverse"] = np.array(inverse_temperature(validation.outputs, validation.y, validation.task))
    else:
        head |= {"task": None, "names": list(test.values), "samples": list(test.samples)}
        arrays = {"values": np.array(list(test.values.values()))}
        arrays |= {f"samples{k}": each for k, each in enumerate(test.samples.values())}
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _head(sealed: bytes) -> Head:
    if not sealed:  # forgotten by the store
        return Head(None, {}, (), ())
    with np.load(io.BytesIO(sealed), allow_pickle=False) as file:
        said = json.loads(file["head"].tobytes())
    return Head(
        None if said["task"] is None else Task(said["task"]),
        {name: Better(each) for name, each in said["better"].items()},
        tuple(said["names"]),
        tuple(said["samples"]),
    )


def _unpacked(sealed: bytes) -> tuple[Outputs | Numbers, float | None]:
    """Test results, and one over the temperature of the validation outputs."""
    head = _head(sealed)
    with np.load(io.BytesIO(sealed), allow_pickle=False) as file:
        if head.task is None:
            samples = {name: file[f"samples{k}"] for k, name in enumerate(head.samples)}
            return Numbers(dict(zip(head.names, file["values"].tolist(), strict=True)), samples), None
        inverse = float(file["inverse"]) if "inverse" in file else None
        return Outputs(torch.from_numpy(file["outputs"]), torch.from_numpy(file["y"]), head.task), inverse
