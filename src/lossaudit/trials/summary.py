"""What a comparison has come to: a pure function of the choices, the outcomes, and what was reached on test data."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from lossaudit import __version__
from lossaudit.comparison import Better, Comparison, Contestant, Contrast, Curve, Figure, Measure
from lossaudit.trials.asked import Asked
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.own import measures_of
from lossaudit.trials.sentences import about, said, warned
from lossaudit.trials.statistics import ALPHA, Difference, as_one_run, difference, figure, holm, interval
from lossaudit.trials.trial import Outcome, Tested, Trial
from lossaudit.trials.tuning import Choice

EPOCHS = "epochs_to_level"
STUCK = "stuck"
_SLACK = 0.05  # how far the level of `EPOCHS` is from the best loss's mean final value
_FRAMEWORKS = ("torch", "numpy", "lightning", "transformers", "keras", "jax")


@dataclass(frozen=True)
class Ended:
    """The finished trials of one loss at its chosen rate.

    Attributes:
        outcomes: By seed.
        tested: By seed; empty before the choices of all losses.
    """

    outcomes: Mapping[int, Outcome]
    tested: Mapping[int, Tested]

    def sure(self, seed: int) -> bool:
        """Whether the trial did not diverge."""
        return self.outcomes[seed].diverged is None

    @cached_property
    def one_run(self) -> bool:
        """Whether the seed changed nothing: the trials are one trial, seen often."""
        seen = {(repr((each.validation, each.curves)), each.sealed) for each in self.outcomes.values()}
        return len(seen) == 1

    def values(self, measure: Measure, drawn: Curved) -> dict[int, float]:
        """The measure under each seed; NaN where the trial diverged. Empty: this loss has not got it."""
        name = measure.name
        if name == EPOCHS:
            found = {seed: drawn.epochs(each) for seed, each in self.outcomes.items() if drawn.told}
        elif name == STUCK:
            found = {seed: each.validation[name] for seed, each in self.outcomes.items() if name in each.validation}
        else:
            found = {seed: each.values[name] for seed, each in self.tested.items() if name in each.values}
        return {seed: value if self.sure(seed) else math.nan for seed, value in sorted(found.items())}

    def of_samples(self, measure: Measure, seeds: Sequence[int]) -> NDArray[np.float64] | None:
        """The values (S, N) of the test samples; None where a trial has none, or diverged."""
        rows = [_of_samples(measure.name, self.tested[s]) for s in seeds if s in self.tested and self.sure(s)]
        if not rows or len(rows) < len(seeds) or any(row is None for row in rows):
            return None
        return np.stack([np.asarray(row, dtype=np.float64) for row in rows])


@dataclass(frozen=True, slots=True)
class Curved:
    """What epochs are counted by: a curve on validation data, and the level that it has to reach."""

    name: str
    better: Better
    level: float

    @property
    def told(self) -> bool:
        return not math.isnan(self.level)

    def epochs(self, outcome: Outcome) -> float:
        """The first epoch that reaches the level; 0 is before the first step, infinity is never."""
        values = enumerate(outcome.curves.get(self.name, ()))
        sign = 1 if self.better is Better.LARGER else -1
        return float(next((epoch for epoch, value in values if sign * value >= sign * self.level), math.inf))


def summarise(
    *,
    key: str,
    title: str,
    setting: Sequence[str],
    measures: Sequence[Measure],
    entrants: Sequence[Entrant],
    asked: Asked,
    choices: Mapping[str, Choice],
    finished: Mapping[Trial, Outcome],
    tested: Mapping[Trial, Tested],
    missing: int = 0,
    stopped: str | None = None,
    made: str = "",
) -> Comparison:
    """The comparison, as far as it has got.

    Args:
        key: Of the comparison.
        title: What is compared on what, in one line.
        setting: What is the same for all losses, a sentence each.
        measures: In the order of the table; the first decides. One that no loss has is left out. Empty: those that the
            user's own function returned (`lossaudit.trials.own.measures_of`).
        entrants: The losses, in the order of the table.
        asked: Seeds, reference, level.
        choices: By the name of the loss.
        finished: Every finished trial.
        tested: Of the trials at chosen rates; empty as long as a choice is missing.
        missing: Trials that are not finished.
        stopped: What stopped it.
        made: Date and time; `""`: now.
    """
    ended = {entrant.name: _ended(choices[entrant.name], asked, finished, tested) for entrant in entrants}
    measures = measures or measures_of([outcome for each in ended.values() for outcome in each.outcomes.values()])
    drawn = _curved(measures[0], list(ended.values()), asked.level)
    shown = tuple(each for each in measures if any(loss.values(each, drawn) for loss in ended.values()))
    reference = asked.reference or entrants[0].name
    names = [entrant.name for entrant in entrants if entrant.name != reference]
    first, others = shown[:1], shown[1:]  # each family is corrected for its own number
    compared = tuple(each for family in (first, others) for each in _compared(family, drawn, ended, names, reference))
    comparison = Comparison(
        key=key,
        title=title,
        setting=tuple(setting),
        measures=shown,
        contestants=tuple(
            _contestant(each, choices[each.name], ended[each.name], shown, drawn, finished) for each in entrants
        ),
        reference=reference,
        contrasts=tuple(contrast for contrast, _ in compared),
        sentences=(),
        seeds=tuple(range(asked.seeds)),
        level=drawn.level,
        missing=missing,
        made=made or datetime.now(UTC).isoformat(timespec="seconds"),
        versions=_versions(),
    )
    repeated = tuple(name for name, each in ended.items() if len(each.outcomes) > 1 and each.one_run)
    return replace(comparison, sentences=said(comparison, compared), warnings=warned(comparison, stopped, repeated))


def _ended(choice: Choice, asked: Asked, finished: Mapping[Trial, Outcome], tested: Mapping[Trial, Tested]) -> Ended:
    trials = choice.trials(range(asked.seeds))
    return Ended(
        {trial.seed: finished[trial] for trial in trials if trial in finished},
        {trial.seed: tested[trial] for trial in trials if trial in tested and trial in finished},
    )


def _curved(first: Measure, ended: Sequence[Ended], level: float | None) -> Curved:
    """By the measure that decides, where there is a curve of it; else by the score."""
    outcomes = [outcome for each in ended for outcome in each.outcomes.values()]
    own = f"validation {first.name}"
    there = bool(outcomes) and all(own in outcome.curves for outcome in outcomes)
    name, better = (own, first.better) if there else ("score", Better.LARGER)
    if any(len(outcome.curves[name]) < 2 for outcome in outcomes):  # a user's own function gave no curve
        return Curved(name, better, math.nan)
    if level is not None:
        return Curved(name, better, level)
    means = [
        fmean(outcome.curves[name][-1] if each.sure(seed) else math.nan for seed, outcome in each.outcomes.items())
        for each in ended
        if each.outcomes
    ]
    known = [mean for mean in means if math.isfinite(mean)]
    if not known:
        return Curved(name, better, math.nan)
    if better is Better.LARGER:
        return Curved(name, better, max(known) - _SLACK * abs(max(known)))
    return Curved(name, better, min(known) + _SLACK * abs(min(known)))


def _compared(
    measures: Sequence[Measure], drawn: Curved, ended: Mapping[str, Ended], names: Sequence[str], reference: str
) -> list[tuple[Contrast, Difference]]:
    """Every other loss with the reference in these measures, corrected for the number of all of these together."""
    found = [
        (measure, name, each)
        for measure in measures
        for name in names
        if (each := _difference(measure, drawn, ended[name], ended[reference])) is not None
    ]
    tests = sum(each.testable for _, _, each in found)
    made = list[tuple[Contrast, Difference]]()
    for (measure, name, each), p in zip(found, holm([each.p() for _, _, each in found]), strict=True):
        low, high = interval(each, p, tests)
        if measure.percent:  # shares differ by 1 at most; NaN stays
            low, high = max(low, -1.0), min(high, 1.0)
        better = None
        if p < ALPHA:
            larger = each.signs[0] > each.signs[1] if each.signs else each.mean > 0
            better = name if larger == (measure.better is Better.LARGER) else reference
        made.append((Contrast(measure.name, name, reference, each.mean, low, high, p, better), each))
    return made


def _difference(measure: Measure, drawn: Curved, first: Ended, second: Ended) -> Difference | None:
    """Over the seeds that both have finished; None where one of the losses has not got the measure."""
    ours, theirs = first.values(measure, drawn), second.values(measure, drawn)
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return None
    one, other = first.of_samples(measure, seeds), second.of_samples(measure, seeds)
    if one is not None and other is not None and one.shape == other.shape:
        found = difference(one, other)
    else:
        resolution = 1.0 if measure.name == EPOCHS else 0.0
        found = difference([ours[seed] for seed in seeds], [theirs[seed] for seed in seeds], resolution)
    return as_one_run(found) if first.one_run and second.one_run else found


def _contestant(
    entrant: Entrant,
    choice: Choice,
    ended: Ended,
    measures: Sequence[Measure],
    drawn: Curved,
    finished: Mapping[Trial, Outcome],
) -> Contestant:
    figures = dict[str, Figure]()
    for measure in measures:
        values = list(ended.values(measure, drawn).values())
        if values:
            figures[measure.name] = figure(values, low=0.0, high=1.0) if measure.percent else figure(values)
    names = dict.fromkeys(name for outcome in ended.outcomes.values() for name in outcome.curves)
    reliable = (
        made() for seed in sorted(ended.tested) if ended.sure(seed) and (made := ended.tested[seed].reliability)
    )
    return Contestant(
        name=entrant.name,
        words=entrant.words,
        rate=choice.rate,
        tried=choice.tried,
        at_edge=choice.at_edge,
        seeds=tuple(sorted(ended.outcomes)),
        figures=figures,
        curves={
            name: tuple(Curve(s, tuple(o.curves[name])) for s, o in sorted(ended.outcomes.items()) if name in o.curves)
            for name in names
        },
        reliability=next((each for each in reliable if each is not None), None),
        convex=entrant.convex,
        notes=entrant.notes + about(choice.at_edge, choice.diverged, choice.rate, _lost(ended), len(ended.outcomes)),
        seconds=sum(outcome.seconds for trial, outcome in finished.items() if trial.loss == entrant.name),
    )


def _versions() -> dict[str, str]:
    """Of lossaudit and of what the trials were run with, as far as this process has loaded it."""
    loaded = {name: sys.modules[name] for name in _FRAMEWORKS if name in sys.modules}
    return {"lossaudit": __version__} | {name: str(module.__version__) for name, module in loaded.items()}


def _of_samples(name: str, tested: Tested) -> NDArray[np.float64] | None:
    """Numbers, one for each test sample, whose mean is the measure.

    A root of a mean square is no mean. To first order it is: of `rmse + (e^2 - rmse^2) / (2 rmse)`.
    """
    if name == "rmse" and "mse" in tested.samples and tested.values[name] > 0:
        rmse = tested.values[name]
        return rmse + (np.asarray(tested.samples["mse"]) - rmse**2) / (2 * rmse)
    return tested.samples.get(name)


def _lost(ended: Ended) -> int:
    return sum(not ended.sure(seed) for seed in ended.outcomes)
