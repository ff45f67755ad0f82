"""What trials cost, by a short measurement, and how many epochs fit into the time there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from lossaudit.trials.asked import Asked
from lossaudit.trials.problem import Problem, Samples
from lossaudit.trials.trial import Trainer, Trial

PATIENCE = 0.3  # seconds that the last, longest measurement of a loss has to take, unless it is a whole epoch
_BATCHES = 4  # of the first measurement
_MOST = 100  # epochs: more time than these need is not used
_SHARE = 0.8  # of the budget: the rest is for starting workers, for testing, and for rates further outwards
_ALLOWED = 1  # rates further outwards that the plan has time for, per loss


def seconds_per_epoch(
    trainer: Callable[[Problem], Trainer], problem: Problem, losses: Sequence[str], asked: Asked, batch: int
) -> dict[str, float]:
    """How long an epoch of each loss takes in this process, with all that is measured after it.

    A few batches are trained, then twice as many, until that takes long enough to be measured.

    Args:
        trainer: Makes one for a problem, for trials of one epoch.
        problem: Its first samples are used.
        losses: Names.
        asked: The smallest rate is taken: a trial that diverges ends early.
        batch: Samples in a step.
    """
    once = trainer(first(problem, min(1.0, batch / len(problem.train))))
    once.train(Trial(losses[0], min(asked.rates), 0))  # what is done once in a process, such as imports, is no epoch
    return {loss: _measured(trainer, problem, Trial(loss, min(asked.rates), 0), batch) for loss in losses}


def _measured(trainer: Callable[[Problem], Trainer], problem: Problem, trial: Trial, batch: int) -> float:
    count, whole = _BATCHES * batch, len(problem.train)
    while True:
        share = min(1.0, count / whole)
        part = trainer(first(problem, share))
        start = time.perf_counter()
        part.train(trial)
        took = time.perf_counter() - start
        if took >= PATIENCE or share == 1.0:
            return took / share
        count *= 2


def first(problem: Problem, share: float) -> Problem:
    """The same problem with the first samples of each part only."""
    if share == 1.0:
        return problem
    return replace(problem, train=_first(problem.train, share), validation=_first(problem.validation, share))


def _first(samples: Samples, share: float) -> Samples:
    count = max(1, round(len(samples) * share))
    true = None if samples.true is None else samples.true[:count]
    return Samples(_rows(samples.x, count), samples.y[:count], true)


def _rows(x: Any, count: int) -> Any:
    if isinstance(x, Tensor):
        return x[:count]
    if isinstance(x, Mapping):
        return {name: _rows(each, count) for name, each in x.items()}
    return tuple(_rows(each, count) for each in x)


def trials_of_a_loss(asked: Asked, further: int = 0) -> int:
    """How many trials each loss needs, with so many rates further outwards.

    >>> trials_of_a_loss(Asked(losses=(), seeds=5, tuning_seeds=2, rates=(0.01, 0.1, 1.0)))
    9
    """
    tuning = min(asked.tuning_seeds, asked.seeds)
    further = further if len(set(asked.rates)) > 1 else 0
    return (len(set(asked.rates)) + further) * tuning + asked.seeds - tuning


def expected(per_epoch: Mapping[str, float], epochs: int, asked: Asked, jobs: int) -> float:
    """Seconds that all trials take, so many at once."""
    return sum(per_epoch.values()) * epochs * trials_of_a_loss(asked) / jobs


def epochs_within(per_epoch: Mapping[str, float], asked: Asked, jobs: int, budget: float) -> int:
    """How many epochs all trials of all losses can have within so many seconds; the same for all, at most 100.

    >>> asked = Asked(losses=(), seeds=2, rates=(0.1, 1.0), extensions=0)
    >>> epochs_within({"a": 1.0, "b": 1.0}, asked, jobs=2, budget=60.0)
    12
    """
    trials = trials_of_a_loss(asked, min(_ALLOWED, asked.extensions))
    return min(_MOST, int(_SHARE * budget * jobs / (trials * sum(per_epoch.values()))))
