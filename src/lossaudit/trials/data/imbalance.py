"""Classes of different sizes: the exponential profile of Cui et al. 2019, Class-Balanced Loss, section 5.1."""

from __future__ import annotations

from dataclasses import replace

import torch

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import rows
from lossaudit.trials.data.targets import asked
from lossaudit.trials.problem import Problem, Samples, Task

_ROUNDING = 1e-6  # of a size that is a whole number but for floating point


def imbalanced(problem: Problem, ratio: float, seed: int = 0) -> Problem:
    """The problem with fewer samples in later classes, for training and validation. The test keeps all of its samples.

    Class k of K keeps `n ratio^(-k/(K-1))` samples, rounded down; n is the largest number that all allow.

    Args:
        problem: Of classes.
        ratio: Samples of the first class over those of the last, at least 1.
        seed: Of the choice of samples.

    Raises:
        UsageError: The ratio is none, the problem has no classes, or the last class would have no training sample.
    """
    if not 1 <= ratio < float("inf"):
        raise UsageError(f"imbalance {ratio:g}: the largest class over the smallest is wanted, at least 1")
    if problem.task not in (Task.MULTICLASS, Task.BINARY):
        raise UsageError(f"--imbalance is of classes, and {problem.name} has {asked(problem)} to predict")
    classes = len(problem.labels)
    generator = torch.Generator().manual_seed(seed)
    sizes = profile(problem.train.y.bincount(minlength=classes).tolist(), ratio)
    if not all(sizes):
        raise UsageError(
            f"--imbalance {ratio:g}: too much for {problem.name}: class {problem.labels[-1]} keeps no training sample"
        )
    train = _thinned(problem.train, sizes, generator)
    held = problem.validation.y.bincount(minlength=classes).clamp(min=1).tolist()
    validation = _thinned(problem.validation, [max(1, size) for size in profile(held, ratio)], generator)
    words = (
        f"Classes are imbalanced on purpose: from {sizes[0]} training samples in the first, falling exponentially, to "
        f"{sizes[-1]} in the last; {len(train)} training and {len(validation)} validation samples are left; the test "
        "has all of its."
    )
    return replace(problem, train=train, validation=validation, words=(*problem.words, words))


def profile(available: list[int], ratio: float) -> list[int]:
    """Samples that each class keeps.

    >>> profile([100, 100, 100], 100)
    [100, 10, 1]
    >>> profile([100, 5, 100], 100)
    [50, 5, 0]
    """
    falling = [ratio ** (-k / (len(available) - 1)) for k in range(len(available))]
    largest = min(count / share for count, share in zip(available, falling, strict=True))
    return [int(largest * share + _ROUNDING) for share in falling]


def _thinned(samples: Samples, sizes: list[int], generator: torch.Generator) -> Samples:
    kept: list[torch.Tensor] = []
    for index, size in enumerate(sizes):
        found = (samples.y == index).nonzero()[:, 0]
        kept.append(found[torch.randperm(len(found), generator=generator)[:size]])
    chosen = torch.cat(kept).sort().values
    true = None if samples.true is None else samples.true[chosen]
    return Samples(rows(samples.x, chosen, len(samples)), samples.y[chosen], true)
