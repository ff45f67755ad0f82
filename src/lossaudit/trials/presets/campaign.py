"""The runs of a preset, one after the other, and networks that have learnt something before."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from lossaudit.comparison import Comparison, Measure
from lossaudit.trials.asked import Asked
from lossaudit.trials.compare import compare
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.execute import execute
from lossaudit.trials.loop import Loop
from lossaudit.trials.measures import measures
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Sealed
from lossaudit.trials.trial import Outcome, Trainer, Trial
from lossaudit.trials.workshop import Workshop

Weights = Mapping[str, Tensor]
"""A state dict."""


class Entering(Trainer, Protocol):
    """A trainer that knows its losses."""

    def entrants(self) -> Sequence[Entrant]:
        """In the order of the table."""
        ...


@dataclass(slots=True)
class Campaign:
    """The runs of a preset. Once something is stopped, the rest only looks up what is stored.

    Attributes:
        workshop: Where trials are run and kept.
        missing: Trials that are not finished.
    """

    workshop: Workshop
    missing: int = 0

    def train(self, loop: Loop, trials: Sequence[Trial]) -> Mapping[Trial, Outcome]:
        """Trials at given rates: nothing is chosen."""
        outcomes = execute(loop, trials, self.workshop).outcomes
        self._count(len(set(trials)) - len(outcomes))
        return outcomes

    def compare(self, title: str, loop: Loop, asked: Asked, sealed: Sealed) -> Comparison:
        """A comparison with rates chosen on validation data."""
        setting = (*loop.problem.words, *loop.setting())
        return self.compare_with(title, loop, asked, sealed, setting, measures(loop.problem.task))

    def compare_with(
        self,
        title: str,
        trainer: Entering,
        asked: Asked,
        sealed: Sealed,
        setting: Sequence[str],
        measured: Sequence[Measure],
    ) -> Comparison:
        """The same with any trainer that knows its losses."""
        comparison = compare(
            trainer,
            trainer.entrants(),
            asked,
            self.workshop,
            sealed=sealed,
            title=title,
            setting=setting,
            measures=measured,
        )
        self._count(comparison.missing)
        return comparison

    def _count(self, missing: int) -> None:
        self.missing += missing
        if missing:
            self.workshop = replace(self.workshop, deadline=-math.inf)


def learnt(campaign: Campaign, loop: Loop, loss: str, rate: float, seeds: int) -> Mapping[int, Weights]:
    """The weights, for each seed, of networks that have been trained; of those that are finished."""
    trials = [Trial(loss, rate, seed) for seed in range(seeds)]
    outcomes = campaign.train(loop, trials)
    return {
        trial.seed: {name: value.detach().clone() for name, value in loop.model(outcomes[trial]).state_dict().items()}
        for trial in trials
        if trial in outcomes
    }


def beginning(name: str, factory: Factory, weights: Mapping[int, Weights], scale: float = 1.0) -> Factory:
    """A factory whose model has the weights of the trial's seed, and its last layer made larger.

    Args:
        name: For titles.
        factory: Makes a fresh model of the same shape.
        weights: By seed.
        scale: What the last layer's weights and biases, and so the logits, are multiplied by.
    """
    content = hashlib.sha256(f"{factory.source} {scale.hex()}".encode())
    for seed, state in sorted(weights.items()):
        for entry, value in state.items():
            content.update(f"{seed} {entry} {tuple(value.shape)}".encode() + value.numpy().tobytes())
    return Factory(name, partial(_begin, factory, weights, scale), content.hexdigest())


def _begin(factory: Factory, weights: Mapping[int, Weights], scale: float) -> nn.Module:
    """The model of the seed that torch was seeded with last."""
    model = factory.make()
    model.load_state_dict(dict(weights[torch.initial_seed()]))
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.mul_(scale)
    return model
