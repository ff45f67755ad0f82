"""Which trials a comparison needs next, and which learning rate it chooses: pure functions of what is finished.

Each loss is decided by its own trials alone, so neither the order of the losses nor that of the trials matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from lossaudit.comparison import Tried
from lossaudit.trials.asked import Asked
from lossaudit.trials.trial import Outcome, Trial

Finished = Mapping[Trial, Outcome]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the tuning of one loss has come to.

    Attributes:
        loss: Name of the contender.
        rate: The learning rate that was chosen; NaN as long as a trial of the tuning is missing.
        tried: Rates of which a trial of the tuning is finished, in order.
        at_edge: Whether the chosen rate is the outermost that was tried.
        diverged: Whether at every rate a trial of the tuning diverged: the rate is then the one that did so least.
    """

    loss: str
    rate: float
    tried: tuple[Tried, ...]
    at_edge: bool = False
    diverged: bool = False

    @property
    def made(self) -> bool:
        """Whether all trials of the tuning are finished."""
        return not math.isnan(self.rate)

    def trials(self, seeds: Sequence[int]) -> tuple[Trial, ...]:
        """Those that the loss is judged by; none before the choice is made."""
        return tuple(Trial(self.loss, self.rate, seed) for seed in seeds) if self.made else ()


def needed(losses: Sequence[str], asked: Asked, finished: Finished) -> tuple[Trial, ...]:
    """The trials of the next round: first at every rate with the tuning seeds, then at the chosen rate with all.

    Args:
        losses: Names.
        asked: Seeds and rates.
        finished: All outcomes so far, in any order.

    Returns:
        Trials that are not finished; seed by seed, so that what is stopped half-way compares all losses. Empty: all is
        done.

    >>> [(trial.rate, trial.seed) for trial in needed(["ce"], Asked(losses=(), rates=(0.1, 1.0), seeds=3), {})]
    [(0.1, 0), (1.0, 0), (0.1, 1), (1.0, 1)]
    """
    trials = [trial for loss in losses for trial in _needed(loss, asked, finished)]
    return tuple(sorted(trials, key=lambda trial: (trial.seed, trial.rate)))  # stable: losses as they were given


def outstanding(losses: Sequence[str], asked: Asked, finished: Finished) -> int:
    """How many trials are still to be run, as far as is known: rates further outwards may be added."""
    later = asked.seeds - len(_tuning(asked))
    made = sum(choose(loss, asked, finished).made for loss in losses)
    return len(needed(losses, asked, finished)) + later * (len(losses) - made)


def choose(loss: str, asked: Asked, finished: Finished) -> Choice:
    """The rate with the largest mean score on validation data over the tuning seeds.

    A rate at which a trial diverged loses to every other. Of equal rates the one with the larger mean of the score's
    curve, which is the one that learns sooner, is chosen; then the smaller.
    """
    rates = _ladder(loss, asked, finished)
    tried = tuple(each for rate in rates if (each := _tried(loss, rate, asked, finished)).seeds)
    if not _complete(loss, rates, asked, finished):
        return Choice(loss, math.nan, tried)
    merits = _merits(loss, rates, asked, finished)
    rate = _best(merits)
    diverged = merits[rate][0] == -math.inf
    return Choice(loss, rate, tried, _outward(merits) is not None and not diverged, diverged)


def _needed(loss: str, asked: Asked, finished: Finished) -> list[Trial]:
    choice = choose(loss, asked, finished)
    tuning = (Trial(loss, rate, s) for rate in _ladder(loss, asked, finished) for s in _tuning(asked))
    return [trial for trial in (choice.trials(range(asked.seeds)) or tuning) if trial not in finished]


def _tuning(asked: Asked) -> range:
    return range(min(asked.tuning_seeds, asked.seeds))


def _ladder(loss: str, asked: Asked, finished: Finished) -> tuple[float, ...]:
    """The rates of a loss, with those outwards that its finished trials ask for."""
    rates = tuple(sorted(set(asked.rates)))
    left = {0: asked.extensions, -1: asked.extensions}
    while _complete(loss, rates, asked, finished):
        end = _outward(_merits(loss, rates, asked, finished))
        if end is None or not left[end]:
            break
        left[end] -= 1
        rates = (
            (rates[0] * (rates[0] / rates[1]), *rates) if end == 0 else (*rates, rates[-1] * (rates[-1] / rates[-2]))
        )
    return rates


def _outward(merits: Mapping[float, tuple[float, float]]) -> int | None:
    """At which end, 0 or -1, the next rate may be better: where the best is strictly better than the one inwards.

    Where all diverged, that is at the small end. A single rate is not tuned.
    """
    rates, best = list(merits), _best(merits)
    if len(rates) == 1:
        return None
    if merits[best][0] == -math.inf or (best == rates[0] and merits[best] > merits[rates[1]]):
        return 0
    return -1 if best == rates[-1] else None


def _best(merits: Mapping[float, tuple[float, float]]) -> float:
    return max(merits, key=lambda rate: (merits[rate], -rate))


def _merits(loss: str, rates: Sequence[float], asked: Asked, finished: Finished) -> dict[float, tuple[float, float]]:
    """What each rate is chosen by: mean score and mean of its curve; minus infinity and how often, if it diverged."""
    merits = dict[float, tuple[float, float]]()
    for rate in rates:
        outcomes = [finished[Trial(loss, rate, seed)] for seed in _tuning(asked)]
        lost = sum(_lost(outcome) for outcome in outcomes)
        merits[rate] = (-math.inf, -lost) if lost else (fmean(o.score for o in outcomes), fmean(map(_sooner, outcomes)))
    return merits


def _sooner(outcome: Outcome) -> float:
    return fmean(score for score in outcome.curves["score"] if math.isfinite(score))


def _lost(outcome: Outcome) -> bool:
    return outcome.diverged is not None or not math.isfinite(outcome.score)


def _complete(loss: str, rates: Sequence[float], asked: Asked, finished: Finished) -> bool:
    return all(Trial(loss, rate, seed) in finished for rate in rates for seed in _tuning(asked))


def _tried(loss: str, rate: float, asked: Asked, finished: Finished) -> Tried:
    trials = (Trial(loss, rate, seed) for seed in range(asked.seeds))
    outcomes = [finished[trial] for trial in trials if trial in finished]
    tuning = [outcome for outcome in outcomes if outcome.trial.seed in _tuning(asked)]
    diverged = tuple((each.trial.seed, each.diverged) for each in outcomes if each.diverged is not None)
    score = math.nan if not tuning or any(map(_lost, tuning)) else fmean(each.score for each in tuning)
    return Tried(rate, tuple(each.trial.seed for each in outcomes), score, diverged)
