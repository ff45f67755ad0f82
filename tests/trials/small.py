"""A problem of milliseconds, and trainers that tell what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from lossaudit.comparison import Comparison
from lossaudit.trials.asked import Asked
from lossaudit.trials.backend import backend
from lossaudit.trials.compare import compare
from lossaudit.trials.contender import contenders
from lossaudit.trials.data import made
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.loop import Loop
from lossaudit.trials.measures import measures
from lossaudit.trials.models import load_model
from lossaudit.trials.problem import Problem, Samples, Sealed
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Outcome, Recipe, Tested, Trial
from lossaudit.trials.workshop import Workshop


def blobs(seed: int = 0) -> tuple[Problem, Sealed]:
    """Three clouds that overlap: 60 samples to train on, 60 to validate, 90 to test."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(210) % 3
    x = torch.randn(210, 4, generator=generator) + 1.5 * torch.eye(3, 4)[y]
    parts = [(x[rows], y[rows]) for rows in (slice(0, 60), slice(60, 120), slice(120, 210))]
    return made("blobs", *parts)


class Watched:
    """A trainer around another that notes every trial, and can be interrupted after some."""

    def __init__(self, inner: Loop, stop_after: int | None = None) -> None:
        self.inner = inner
        self.stop_after = stop_after
        self.trained = list[Trial]()
        self.tested = list[Trial]()

    def identity(self, loss: str) -> Mapping[str, Any]:
        return self.inner.identity(loss)

    def train(self, trial: Trial) -> Outcome:
        if self.stop_after is not None and len(self.trained) >= self.stop_after:
            raise KeyboardInterrupt
        self.trained.append(trial)
        return self.inner.train(trial)

    def test(self, outcome: Outcome, samples: Samples | None) -> Tested:
        self.tested.append(outcome.trial)
        return self.inner.test(outcome, samples)


def watched(losses: list[Any], problem: Problem, *, epochs: int = 4, stop_after: int | None = None) -> Watched:
    recipe = Recipe(epochs=epochs, batch=20)
    found = contenders(losses, problem)
    return Watched(Loop(load_model("mlp:8", problem), problem, found, recipe), stop_after)


def compared(trainer: Watched, asked: Asked, sealed: Sealed, store: Store | None = None, **options: Any) -> Comparison:
    workshop = Workshop(store or Store(None), backend("serial"), **options)
    inner = trainer.inner
    return compare(
        trainer,
        [Entrant(each.name, each.words) for each in inner.contenders.values()],
        asked,
        workshop,
        sealed=sealed,
        title="blobs",
        setting=(),
        measures=measures(inner.problem.task, inner.metric),
    )
