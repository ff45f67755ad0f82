"""Symmetric label noise: a share of the labels is wrong, each wrong one as likely."""

from __future__ import annotations

from dataclasses import replace

import torch

from lossaudit.errors import UsageError
from lossaudit.trials.data.targets import asked
from lossaudit.trials.problem import Problem, Samples, Task


def noisy(problem: Problem, share: float, seed: int = 0) -> Problem:
    """The problem with wrong labels among the training and the validation samples. Test labels are right.

    Args:
        problem: Of classes. `Samples.true` of the result keeps the labels before.
        share: Of the labels that are wrong, 0 or above, below 1; exact but for rounding.
        seed: Of the choice.

    Raises:
        UsageError: The share is none, or the problem has no classes.
    """
    if not 0 <= share < 1:
        raise UsageError(f"noise {share:g}: a share of wrong labels is wanted, at least 0 and below 1")
    if share == 0:
        return problem
    if problem.task not in (Task.MULTICLASS, Task.BINARY):
        raise UsageError(
            f"--noise puts in wrong labels, and {problem.name} has {asked(problem)} to predict and no classes"
        )
    classes = len(problem.labels)
    generator = torch.Generator().manual_seed(seed)
    train, validation = (_spoiled(part, share, classes, generator) for part in (problem.train, problem.validation))
    told = " and ".join(
        f"{round(share * len(part))} of {len(part)} {kind} labels"
        for part, kind in ((train, "training"), (validation, "validation"))
    )
    words = [
        f"{told} are wrong on purpose ({share:.3g} of each), each other class as likely; the test labels are right."
    ]
    if share >= (classes - 1) / classes:
        words.append(
            f"With {classes} classes, so many wrong labels make the right class no longer the most common one."
        )
    return replace(problem, train=train, validation=validation, words=(*problem.words, *words))


def _spoiled(samples: Samples, share: float, classes: int, generator: torch.Generator) -> Samples:
    y = samples.y.clone()
    chosen = torch.randperm(len(y), generator=generator)[: round(share * len(y))]
    y[chosen] = (y[chosen] + torch.randint(1, classes, chosen.shape, generator=generator)) % classes
    return Samples(samples.x, y, samples.y if samples.true is None else samples.true)
