"""Trains and tests linear forecasts: a `Trainer` whose model is as wide as its loss needs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import torch
from torch import Tensor

from lossaudit.comparison import Better, Measure
from lossaudit.trials import fingerprint
from lossaudit.trials.alone import alone
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.problem import Samples
from lossaudit.trials.series.linear import AVERAGED, Linear
from lossaudit.trials.series.losses import BINS, LEVELS, LOSSES, SIGMA, ForecastLoss
from lossaudit.trials.series.windows import Range, Split, Windows, blocks
from lossaudit.trials.trial import Outcome, Tested, Trial
from lossaudit.trials.weights import packed, unpacked

MEASURES = (
    Measure("mse", "MSE", Better.SMALLER),
    Measure("mae", "MAE", Better.SMALLER),
    Measure("crps", "CRPS", Better.SMALLER),
)


class Scaling(Enum):
    """Which window's smallest and largest number scale the target, and scale the forecast back."""

    LOOKBACK = "look-back window"  # known when the forecast is made
    FUTURE = "true future window"  # the leak: known only afterwards


@dataclass(frozen=True, slots=True)
class Course:
    """How every loss is trained: Adam, with a rate that does not change; what counts is the end of the last epoch.

    Attributes:
        epochs: Passes over the training windows.
        batch: Windows in a step.
    """

    epochs: int = 15
    batch: int = 64


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """Windows as the model meets them.

    Attributes:
        x: Pasts by their own range (N, lookback).
        y: Futures by the range of the scaling (N, horizon).
        scale: That range.
    """

    x: Tensor
    y: Tensor
    scale: Range

    @classmethod
    def of(cls, windows: Windows, scaling: Scaling) -> Scaled:
        """Of windows of the standardised series."""
        seen = Range.of(windows.past)
        scale = seen if scaling is Scaling.LOOKBACK else Range.of(windows.future)
        return cls(seen.scaled(windows.past), scale.scaled(windows.future), scale)

    def outside(self, edge: float = 1.0) -> float:
        """Share of the targets beyond +-edge."""
        return float((self.y.abs() > edge + 1e-6).double().mean())


class Forecasting:
    """Trains a linear forecast of a series under a loss.

    Args:
        split: Of the series. Its test windows are left out.
        losses: Names in `LOSSES`.
        course: How.
        scaling: Of the targets, and of the forecasts back.
    """

    def __init__(
        self, split: Split, losses: Sequence[str], course: Course, scaling: Scaling = Scaling.LOOKBACK
    ) -> None:
        self.losses = tuple(losses)
        self.course = course
        self.scaling = scaling
        self.train_windows = Scaled.of(split.train, scaling)
        self.validation_windows = Scaled.of(split.validation, scaling)
        parts = (split.train, split.validation)
        self._of = fingerprint.of([(part.past, part.future) for part in parts])

    def identity(self, loss: str) -> Mapping[str, Any]:
        """All on which an outcome depends, besides rate and seed."""
        known = LOSSES[loss]
        return {
            "trainer": "linear forecast, Adam",
            "data": self._of,
            "loss": known.name,
            "width": known.width,
            "constants": [BINS, SIGMA, AVERAGED, *LEVELS],
            "course": asdict(self.course),
            "scaling": self.scaling.value,
            "environment": fingerprint.environment(),
        }

    def entrants(self) -> tuple[Entrant, ...]:
        """The losses, as the table of a comparison knows them."""
        made: list[Entrant] = []
        for name in self.losses:
            edge, notes = LOSSES[name].edge, ()
            if math.isfinite(edge):
                share = self.train_windows.outside(edge)
                notes = (f"{share:.1%} of its training targets lie beyond the bins and are moved to the end.",)
            made.append(Entrant(name, LOSSES[name].words, LOSSES[name].convex, notes))
        return tuple(made)

    def train(self, trial: Trial) -> Outcome:
        """Run a trial."""
        loss, windows, size = LOSSES[trial.loss], self.train_windows, self.course.batch
        began = time.perf_counter()
        with alone(trial.seed):
            model = self._model(trial.loss)
            optimizer = torch.optim.Adam(model.parameters(), lr=trial.rate)
            order = torch.Generator().manual_seed(trial.seed)
            with torch.inference_mode():
                training = [float(loss.value(model(windows.x), windows.y))]
            error = [self._validated(model, loss)]
            diverged = None
            for epoch in range(1, self.course.epochs + 1):
                total = 0.0
                for rows in torch.randperm(len(windows.x), generator=order).split(size):
                    optimizer.zero_grad()
                    value = loss.value(model(windows.x[rows]), windows.y[rows])
                    value.backward()
                    optimizer.step()
                    total += value.item() * len(rows)
                training.append(total / len(windows.x))
                error.append(self._validated(model, loss))
                if not math.isfinite(training[-1] + error[-1]):
                    diverged = epoch
                    training[-1], error[-1] = math.nan, math.nan
                    break
        lost = (math.nan,) * (self.course.epochs + 1 - len(error))
        curves = {
            "score": (*(-each for each in error), *lost),
            "training loss": (*training, *lost),
            "validation MSE": (*error, *lost),
        }
        seconds = time.perf_counter() - began
        return Outcome(trial, curves, {"mse": curves["validation MSE"][-1]}, diverged, seconds, packed(model))

    def test(self, outcome: Outcome, samples: Samples | None) -> Tested:
        """Errors on test windows: samples are blocks of as many windows as the horizon has steps."""
        if samples is None:
            raise ValueError("a forecast is tested on windows of the test part")
        model = self.model(outcome)
        scaled = Scaled.of(Windows(samples.x, samples.y), self.scaling)
        with torch.inference_mode():
            outputs = model(scaled.x)
        return blocked(errors(LOSSES[outcome.trial.loss], outputs, scaled))

    def model(self, outcome: Outcome) -> Linear:
        """The model with the weights at the end of a trial."""
        with alone(outcome.trial.seed):
            model = self._model(outcome.trial.loss)
            model.load_state_dict(dict(unpacked(outcome.sealed)))
        return model

    def _model(self, loss: str) -> Linear:
        (_, lookback), (_, horizon) = self.train_windows.x.shape, self.train_windows.y.shape
        return Linear(lookback, horizon, LOSSES[loss].width)

    def _validated(self, model: Linear, loss: ForecastLoss) -> float:
        """MSE on validation windows of the standardised series."""
        windows = self.validation_windows
        with torch.inference_mode():
            return float(_miss(loss, model(windows.x), windows).square().mean())


def errors(loss: ForecastLoss, outputs: Tensor, windows: Scaled) -> dict[str, Tensor]:
    """Errors of forecasts on the standardised series, by measure: (N, horizon)."""
    miss = _miss(loss, outputs, windows)
    return {"mse": miss**2, "mae": miss.abs(), "crps": loss.crps(outputs, windows.y) * windows.scale.half}


def _miss(loss: ForecastLoss, outputs: Tensor, windows: Scaled) -> Tensor:
    return (loss.point(outputs) - windows.y) * windows.scale.half


def blocked(found: Mapping[str, Tensor]) -> Tested:
    """What errors (N, horizon) come to: their means, and those of blocks of windows."""
    samples = {name: blocks(error.double().mean(1), error.shape[1]) for name, error in found.items()}
    return Tested(
        {name: float(each.mean()) for name, each in samples.items()}, {k: v.numpy() for k, v in samples.items()}
    )


def without_learning(test: Windows) -> dict[str, dict[str, Tensor]]:
    """Errors of answers that learn nothing: of the last value that is seen, and of two windows' mid-range."""
    answers = {
        "the last value": test.past[:, -1:],
        "mid-range of the look-back window": Range.of(test.past).middle,
        "mid-range of the true future window": Range.of(test.future).middle,
    }
    misses = {name: answer - test.future for name, answer in answers.items()}
    return {name: {"mse": miss**2, "mae": miss.abs(), "crps": miss.abs()} for name, miss in misses.items()}
