"""What is learnt: samples in three parts, and what the model has to return for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from torch import Tensor


class Task(Enum):
    """What the targets are. The model returns logits, or numbers; never probabilities."""

    MULTICLASS = "multiclass"  # y (N,) int64, outputs (N, K)
    BINARY = "binary"  # y (N,) int64, 0 or 1; outputs (N,) or (N, 1)
    MULTILABEL = "multilabel"  # y (N, K) float, 0 or 1; outputs (N, K)
    REGRESSION = "regression"  # y (N,) or (N, D) float; outputs of the same shape, or (N, 1) for (N,)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs and targets, a row for each sample.

    Attributes:
        x: A tensor, a tuple of tensors (the model is called `model(*x)`), or a mapping of tensors (`model(**x)`).
        y: Targets.
        true: Targets before noise was put in, where that was done by us; else None.
    """

    x: Any
    y: Tensor
    true: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What trials may see: training and validation samples. The test samples are not in it (see `Sealed`).

    Attributes:
        name: For titles: `"digits"`, `"clinic.csv"`.
        task: What the targets are.
        train: What is trained on.
        validation: What learning rates are chosen on.
        outputs: How many numbers the model returns for a sample.
        labels: Names of the classes, in the order of their indices; empty for numbers.
        words: Where it comes from and what was done to it (split, scaling, noise, imbalance), a sentence each.
    """

    name: str
    task: Task
    train: Samples
    validation: Samples
    outputs: int
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Sealed:
    """The test samples, which nothing reads before every choice is made.

    >>> import torch
    >>> Sealed(Samples(torch.zeros(2, 1), torch.zeros(2))).opened
    False
    """

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.opened = False

    def __len__(self) -> int:
        return len(self._samples)

    def open(self) -> Samples:
        """The samples. Called once, after the choices."""
        self.opened = True
        return self._samples
