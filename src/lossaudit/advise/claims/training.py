"""Short trainings with a seed: a small network on scikit-learn's digits, each made once a process.

What is said of a loss is said at its best learning rate: each loss gets the same rates, and the one that is best on
validation data counts. Accuracies are of test data, whose labels are always right. All networks of a loss, one for each
rate and seed, are trained side by side as one stack of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from torch import Tensor

Stack: TypeAlias = "list[Tensor]"
"""Weights (networks, in, out) and biases (networks, 1, out), in turn."""

SEEDS = (0, 1, 2)
RATES = (0.03, 0.1, 0.3, 1.0)
CLASSES = 10
_WIDTH, _BATCH, _MOMENTUM = 64, 64, 0.9


class Start(Enum):
    """Where a training begins."""

    ORDINARY = "default weights"
    WRONG = "confident in the wrong class"
    LEARNT = "trained with cross-entropy"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is trained, and on what.

    Attributes:
        start: The weights at the beginning.
        wrong_labels: Share of the training and validation labels that are wrong.
        hidden: Number of hidden layers of 64.
        epochs: How long.
    """

    start: Start = Start.ORDINARY
    wrong_labels: float = 0.0
    hidden: int = 1
    epochs: int = 30


USUAL = Setting()


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one training.

    Attributes:
        test: Share of the test images that are right, after each epoch.
        validation: The same of the validation images, by the labels given, at the end.
        fitted: The same of the training images.
    """

    test: tuple[float, ...]
    validation: float
    fitted: float

    def epochs_to(self, accuracy: float) -> int | None:
        """The first epoch after which the test accuracy is reached, counted from 1."""
        return next((epoch for epoch, reached in enumerate(self.test, 1) if reached >= accuracy), None)


@dataclass(frozen=True, slots=True)
class Tuned:
    """The trainings of one loss at its best rate, one for each seed."""

    rate: float
    runs: tuple[Run, ...]

    @property
    def accuracy(self) -> float:
        """Of test images at the end, mean over the seeds."""
        return sum(run.test[-1] for run in self.runs) / len(self.runs)


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    return -torch.log_softmax(z, -1).gather(-1, y[..., None])[..., 0]


def brier(z: Tensor, y: Tensor) -> Tensor:
    """Squared error on the softmax, summed over the classes."""
    return ((torch.softmax(z, -1) - _one_hot(z, y)) ** 2).sum(-1)


def sigmoid_error(z: Tensor, y: Tensor) -> Tensor:
    """Squared error on one sigmoid a class."""
    return ((torch.sigmoid(z) - _one_hot(z, y)) ** 2).sum(-1)


def _one_hot(z: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(y, z.shape[-1]).to(z.dtype)


LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {loss.__name__: loss for loss in (cross_entropy, brier, sigmoid_error)}
)
"""Of logits (..., K) and class indices (...): the loss of each sample."""


@dataclass(frozen=True, slots=True)
class Split:
    """Images (n, 64), and labels: (n,), or (networks, n) where each network has its own."""

    x: Tensor
    y: Tensor


@cache
def digits() -> tuple[Split, Split, Split]:
    """Training, validation and test images (60, 15 and 25 %), pixels in [0, 1]."""
    from sklearn.datasets import load_digits

    pixels, labels = map(torch.tensor, load_digits(return_X_y=True))
    x, y = pixels.float() / 16, labels
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    first, second = round(0.6 * len(y)), round(0.75 * len(y))
    train, validation, test = (Split(x[rows], y[rows]) for rows in order.tensor_split((first, second)))
    return train, validation, test


def spoiled(split: Split, share: float, seeds: tuple[int, ...]) -> Split:
    """The same images; for each seed, a share of them has one of the wrong labels, each as likely."""
    rows: list[Tensor] = []
    for seed in seeds:
        noise = torch.Generator().manual_seed(seed)
        y = split.y.clone()
        chosen = torch.randperm(len(y), generator=noise)[: round(share * len(y))]
        y[chosen] = (y[chosen] + torch.randint(1, CLASSES, chosen.shape, generator=noise)) % CLASSES
        rows.append(y)
    return replace(split, y=torch.stack(rows))


def networks(hidden: int, seeds: tuple[int, ...]) -> Stack:
    """One network for each seed, initialised as `torch.nn.Linear` is: uniform within 1 / sqrt(inputs)."""
    sizes = [*[_WIDTH] * (hidden + 1), CLASSES]
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    made: Stack = []
    for inputs, outputs in pairwise(sizes):
        for rows in (inputs, 1):
            drawn = [torch.rand(rows, outputs, generator=generator) for generator in generators]
            made.append((2 * torch.stack(drawn) - 1) / inputs**0.5)
    return made


def logits(stack: Stack, x: Tensor) -> Tensor:
    """Of shape (networks, n, K)."""
    for layer in range(0, len(stack), 2):
        x = torch.matmul(torch.relu(x) if layer else x, stack[layer]) + stack[layer + 1]
    return x


def train(
    stack: Stack, split: Split, loss: str, rates: tuple[float, ...], seeds: tuple[int, ...], epochs: int, test: Split
) -> Tensor:
    """SGD with momentum, in place, in batches whose order depends on the seed alone.

    Args:
        stack: The networks: for each seed all rates.
        split: What they are trained on.
        loss: A name in `LOSSES`.
        rates: Of each network.
        seeds: Of each network.
        epochs: How long.
        test: What is measured after each epoch.

    Returns:
        Test accuracies: (epochs, networks).
    """
    step = torch.tensor(rates)[:, None, None]
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    labels = split.y.expand(len(rates), -1)
    velocity = [torch.zeros_like(parameter) for parameter in stack]
    reached: list[Tensor] = []
    for parameter in stack:
        parameter.requires_grad_()
    for _ in range(epochs):
        shuffled = torch.stack([torch.randperm(len(split.x), generator=order) for order in orders])
        for batch in shuffled.split(_BATCH, dim=1):
            total = LOSSES[loss](logits(stack, split.x[batch]), labels.gather(1, batch)).mean(-1).sum()
            slopes = torch.autograd.grad(total, stack)
            with torch.no_grad():
                for parameter, moving, slope in zip(stack, velocity, slopes, strict=True):
                    moving.mul_(_MOMENTUM).add_(slope)
                    parameter.sub_(step * moving)
        reached.append(right(stack, test))
    return torch.stack(reached)


def right(stack: Stack, split: Split) -> Tensor:
    """Share of the images whose largest output is the label's, of each network; what is not a number is wrong."""
    with torch.no_grad():
        z = logits(stack, split.x)
        return ((z.argmax(-1) == split.y) & z.isfinite().all(-1)).double().mean(-1)


@cache
def beginning(start: Start, hidden: int) -> Stack:
    """The networks at the beginning, one for each seed.

    A network that is confident and wrong has learnt labels that are each one too high, and then its last layer is
    made five times as large.
    """
    stack = networks(hidden, SEEDS)
    if start is not Start.ORDINARY:
        training, _, test = digits()
        shift = int(start is Start.WRONG)
        shifted = replace(training, y=(training.y + shift) % CLASSES)
        train(stack, shifted, "cross_entropy", (0.1,) * len(SEEDS), SEEDS, 10, test)
    if start is Start.WRONG:
        stack[-2:] = [5 * parameter for parameter in stack[-2:]]
    return [parameter.detach() for parameter in stack]


@cache
def tried(loss: str, setting: Setting = USUAL) -> Mapping[float, tuple[Run, ...]]:
    """The trainings of a loss: by rate, one for each seed."""
    training, validation, test = digits()
    seeds = tuple(seed for seed in SEEDS for _ in RATES)
    rates = RATES * len(SEEDS)
    training, validation = (spoiled(split, setting.wrong_labels, seeds) for split in (training, validation))
    stack = [p.repeat_interleave(len(RATES), 0) for p in beginning(setting.start, setting.hidden)]
    reached = train(stack, training, loss, rates, seeds, setting.epochs, test).T.tolist()
    ends = zip(reached, right(stack, validation).tolist(), right(stack, training).tolist(), strict=True)
    runs = [Run(tuple(history), validated, fitted) for history, validated, fitted in ends]
    return MappingProxyType({rate: tuple(runs[i :: len(RATES)]) for i, rate in enumerate(RATES)})


def tuned(loss: str, setting: Setting = USUAL) -> Tuned:
    """The trainings of a loss at the rate that is best on validation data, over the seeds."""
    runs = tried(loss, setting)
    best = max(RATES, key=lambda rate: sum(run.validation for run in runs[rate]))
    return Tuned(best, runs[best])
