"""What targets are: classes, yes-or-no labels, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossaudit.advise.choose.words import one_line
from lossaudit.errors import UsageError
from lossaudit.trials.data.source import nonfinite, plural
from lossaudit.trials.problem import Problem, Task

_NAMED = 8  # classes that are written out
_MANY = 20  # from so many classes on they have to come twice each on average


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets of all parts, of one kind.

    Attributes:
        task: What they are.
        parts: As a `Problem` holds them.
        outputs: Numbers that a model returns for a sample.
        labels: Names of the classes.
        words: What was found, and how classes are numbered, a sentence each.
    """

    task: Task
    parts: tuple[Tensor, ...]
    outputs: int
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def understood(parts: Sequence[NDArray[Any]], name: str) -> Targets:
    """What the targets are, by the type of their array, as in PyTorch.

    Whole numbers and texts are classes, numbers with a decimal point are numbers, unless all of them are 0 or 1. Rows
    of 0 and 1 are classes where each has a single 1 (one-hot), else yes-or-no labels.

    Args:
        parts: Of the training samples first, or of all.
        name: For messages.

    Raises:
        UsageError: They are none of these, there is a single class, or a class that training does not have.
    """
    flat = [_flat(part, f"{name}: the targets") for part in parts]
    first = flat[0]
    if {part.shape[1:] for part in flat} != {first.shape[1:]}:
        shapes = " and ".join(str(part.shape) for part in flat)
        raise UsageError(f"{name}: the targets of the parts have the shapes {shapes}; they have to agree")
    if all(_yes_no(part) for part in flat) and first.ndim == 2:
        return _rows_of_labels(flat, name)
    if first.ndim == 1 and (first.dtype.kind in "biuUSO" or all(_yes_no(part) for part in flat)):
        return _classes([part.astype(np.int64) if part.dtype.kind in "bf" else part for part in flat], name)
    if first.dtype.kind != "f":
        raise UsageError(
            f"{name}: the targets have shape {first.shape}; class indices in the shape (samples,) are wanted"
        )
    return _numbers(flat, name)


def as_binary(problem: Problem) -> Problem:
    """Two classes for a model that returns one number for a sample, the logit of the second class.

    Raises:
        UsageError: There are not two classes.

    >>> from lossaudit.trials.data import made
    >>> x, y = torch.zeros(2, 1), torch.tensor([0, 1])
    >>> as_binary(made("two", (x, y), (x, y), (x, y))[0]).outputs
    1
    """
    if problem.task is Task.BINARY:
        return problem
    if problem.task is not Task.MULTICLASS or problem.outputs != 2:
        raise UsageError(f"{problem.name}: one number for a sample tells two classes apart; here are {asked(problem)}")
    words = f"The model returns one number for a sample: the logit of class {problem.labels[1]}."
    return replace(problem, task=Task.BINARY, outputs=1, words=(*problem.words, words))


def asked(problem: Problem) -> str:
    """What the targets of a problem are, in words."""
    return {
        Task.MULTICLASS: plural(problem.outputs, "class"),
        Task.BINARY: "2 classes",
        Task.MULTILABEL: plural(problem.outputs, "label"),
        Task.REGRESSION: plural(problem.outputs, "number"),
    }[problem.task]


def _flat(y: NDArray[Any], name: str) -> NDArray[Any]:
    """Of shape (samples,) or (samples, numbers)."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2):
        raise UsageError(f"{name} have shape {y.shape}; one target for each sample is wanted")
    if y.dtype.kind == "O" and not all(isinstance(each, str) for each in y.ravel()):
        raise UsageError(f"{name} hold Python objects; numbers or texts are wanted")
    if y.dtype.kind not in "biufUSO":
        raise UsageError(f"{name} hold {y.dtype}; numbers or texts are wanted")
    if not len(y):
        raise UsageError(f"{name} are empty")
    bad, first = nonfinite(y)
    if bad:
        raise UsageError(f"{name} hold {plural(bad, 'value')} NaN or infinite, the first in row {first:,}")
    return y


def _yes_no(y: NDArray[Any]) -> bool:
    return y.dtype.kind in "biuf" and bool(np.isin(y, (0, 1)).all())


def _rows_of_labels(parts: list[NDArray[Any]], name: str) -> Targets:
    if all(bool((part.sum(1) == 1).all()) for part in parts):
        indices = [part.argmax(1) for part in parts]
        made = _classes(indices, name)
        return replace(made, words=("The targets are one-hot rows, read as class indices.", *made.words))
    width = parts[0].shape[1]
    constant = np.flatnonzero(parts[0].min(0) == parts[0].max(0))
    if len(constant):
        raise UsageError(f"{name}: label {constant[0]} of {width} has the same value in every row; leave it out")
    words = (f"The targets are {width} yes-or-no labels for each sample.",)
    ready = tuple(torch.tensor(part, dtype=torch.float32) for part in parts)
    return Targets(Task.MULTILABEL, ready, width, tuple(map(str, range(width))), words)


def _classes(parts: list[NDArray[Any]], name: str) -> Targets:
    parts = [np.char.decode(part, "utf-8") if part.dtype.kind == "S" else part for part in parts]
    parts = [part.astype(str) if part.dtype.kind == "O" else part for part in parts]
    values, counts = np.unique(parts[0], return_counts=True)
    texts = values.dtype.kind == "U"
    if len(values) == 1:
        raise UsageError(f"{name}: every target is {one_line(str(values[0]))}; two classes are needed")
    if len(values) > _MANY and len(values) > len(parts[0]) / 2:
        advice = "these are no classes" if texts else "give them as floats if they are numbers to predict"
        raise UsageError(f"{name}: {len(values)} different targets in {len(parts[0])} rows; {advice}")
    for part in parts[1:]:
        odd = part[~np.isin(part, values)]
        if len(odd):
            raise UsageError(
                f"{name}: a part holds the class {one_line(str(odd[0]))}, which the training part does not"
            )
    indices = tuple(torch.from_numpy(np.searchsorted(values, part)) for part in parts)
    labels = tuple(map(str, values.tolist()))
    as_they_are = not texts and values.tolist() == list(range(len(values)))
    words = (
        f"{plural(len(values), 'class')}: the smallest has {counts.min():,}, the largest {counts.max():,} samples.",
    )
    if not as_they_are:
        order = "alphabetical order" if texts else "their order"
        words += (f"The classes are numbered in {order}: {_numbering(labels)}.",)
    return Targets(Task.MULTICLASS, indices, len(values), labels, words)


def _numbering(labels: Sequence[str]) -> str:
    """Which class has which index; of many, the first ones.

    >>> _numbering(["no", "yes"])
    '0 is no, 1 is yes'
    """
    named = [f"{index} is {one_line(label, 30)}" for index, label in enumerate(labels)]
    shown = ", ".join(named[:_NAMED])
    return shown if len(labels) <= _NAMED else f"{shown}, and so on to {named[-1]}"


def _numbers(parts: list[NDArray[Any]], name: str) -> Targets:
    first = parts[0]
    if bool((first.min(0) == first.max(0)).any()):
        raise UsageError(
            f"{name}: every target is {first.reshape(len(first), -1)[0, 0]:g}, so there is nothing to learn"
        )
    if first.ndim == 2 and bool((first >= 0).all()) and np.allclose(first.sum(1), 1, atol=1e-4):
        raise UsageError(f"{name}: the targets are probabilities of classes; a comparison takes class indices")
    outputs = first.shape[1] if first.ndim == 2 else 1
    words = (f"The targets are {'real numbers' if outputs == 1 else f'{outputs} real numbers for each sample'}.",)
    return Targets(
        Task.REGRESSION, tuple(torch.tensor(part, dtype=torch.float32) for part in parts), outputs, (), words
    )
