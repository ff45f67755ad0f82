"""From a request to a comparison that can run: the data, the model, the losses, and what it will cost."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from lossaudit.comparison import Better, Comparison, Measure
from lossaudit.errors import UsageError
from lossaudit.proving.loading import load as load_callable
from lossaudit.result import Result
from lossaudit.trials import cost
from lossaudit.trials.asked import Asked
from lossaudit.trials.audits import audits
from lossaudit.trials.compare import compare, key
from lossaudit.trials.contender import contenders, of_two_classes
from lossaudit.trials.data import load
from lossaudit.trials.data.targets import as_binary
from lossaudit.trials.duration import in_words
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.loop import Loop
from lossaudit.trials.measures import measures, metric
from lossaudit.trials.models import Factory, built_in, matched
from lossaudit.trials.own import Own
from lossaudit.trials.problem import Problem, Sealed, Task
from lossaudit.trials.race import race
from lossaudit.trials.request import Request, check
from lossaudit.trials.start import Fresh, start_of
from lossaudit.trials.trial import Recipe
from lossaudit.trials.workshop import Workshop

DEFAULTS = {
    Task.MULTICLASS: ("cross_entropy", "mse:softmax", "squared_outputs", "focal", "label_smoothing", "gce"),
    Task.BINARY: ("bce_with_logits", "mse:sigmoid", "binary_focal", "hinge"),
    Task.MULTILABEL: ("bce_with_logits", "mse:sigmoid", "binary_focal", "asymmetric"),
    Task.REGRESSION: ("mse", "mae", "huber", "log_cosh"),
}
"""Where no loss is named: the usual one of the task, what legacy code has, and what is often tried instead."""


_OURS = "the same initial weights and the same order of the data for every loss"
_THEIRS = "the same seeds for every loss; what they do is up to your function"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A comparison that can run.

    Attributes:
        request: What was asked for.
        asked: The part of it that the choice and the table need.
        title: In one line.
        setting: What is the same for all losses, but for what the trainer says; a sentence each.
        entrants: The losses.
        measures: In the order of the table; the first decides. Empty: those that the user's own function returns.
        trainer: Makes the trainer for a problem (its own where it is None, or a part of it) and so many epochs.
        problem: What is learnt; None where the user's own function trains.
        sealed: The test samples; None likewise.
    """

    request: Request
    asked: Asked
    title: str
    setting: tuple[str, ...]
    entrants: tuple[Entrant, ...]
    measures: tuple[Measure, ...]
    trainer: Callable[[Problem | None, int], Loop | Own]
    problem: Problem | None = None
    sealed: Sealed | None = None

    @property
    def names(self) -> list[str]:
        """Of the losses."""
        return [entrant.name for entrant in self.entrants]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a comparison will take.

    Attributes:
        trials: At least; rates further outwards may be added.
        epochs: Of each trial.
        per_epoch: Seconds, mean over the losses; NaN where nothing was measured.
        seconds: For all trials; NaN where nothing was measured.
        fitted: Whether the epochs were chosen so that all fits into the budget.
        stored: Whether the whole comparison is in the store: nothing has to be trained.
    """

    trials: int
    epochs: int
    per_epoch: float = math.nan
    seconds: float = math.nan
    fitted: bool = False
    stored: bool = False


def prepare(request: Request) -> Prepared:
    """Load the data, make the model once, and find the losses. Nothing is trained.

    Raises:
        UsageError: Something of it does not exist, does not fit, or cannot be meant; one line says what.
    """
    check(request)
    if request.train is not None:
        return _own(request)
    problem, sealed = load(request.data, noise=request.noise, imbalance=request.imbalance)
    factory, problem = _posed(request, problem)
    start = start_of(request.start)
    if request.race:
        factory, problem, sealed = race(factory, problem, sealed, start)
        start = Fresh()  # it is in the features
    found = contenders(tuple(request.losses) or DEFAULTS[problem.task], problem)
    own = None if request.metric is None else metric(request.metric, Better(request.metric_better))
    if own is not None:
        own.check(problem)

    @functools.cache  # what it depends on is looked at once
    def trainer(part: Problem | None, epochs: int) -> Loop:
        return Loop(factory, part or problem, found, _recipe(request, epochs), start, own)

    entrants = trainer(None, 1).entrants()
    names = [entrant.name for entrant in entrants]
    asked = _asked(request, names)
    title = f"{_listed(names)} on {problem.name}, {factory.name}"
    setting = (*problem.words, *_tuning(asked, _OURS))
    return Prepared(request, asked, title, setting, entrants, measures(problem.task, own), trainer, problem, sealed)


def _posed(request: Request, problem: Problem) -> tuple[Factory, Problem]:
    """The model, and the problem as the model answers it.

    Two classes are told apart by one number for a sample where the user's model returns one, and with a model of ours
    where each of the losses is made for that.
    """
    two = problem.task is Task.MULTICLASS and problem.outputs == 2
    if two and built_in(request.model) and request.losses and all(map(of_two_classes, request.losses)):
        problem = as_binary(problem)
    return matched(request.model, problem)


def _recipe(request: Request, epochs: int) -> Recipe:
    return Recipe(epochs=epochs, batch=request.batch, optimizer=request.optimizer, weight_decay=request.weight_decay)


def plan(prepared: Prepared, workshop: Workshop, *, measure: bool = False) -> Plan:
    """What it will take.

    Without a number of epochs, as many are planned as fit into the budget. The number is kept, so that a comparison
    that was stopped goes on with the same.

    Args:
        prepared: The comparison.
        workshop: Where it will run.
        measure: Whether to measure on a few batches also where the number of epochs does not depend on it. Nothing is
            measured where nothing has to be trained any more.

    Raises:
        UsageError: Not one epoch of each trial fits into the budget.
    """
    request, asked, jobs = prepared.request, prepared.asked, workshop.backend.jobs
    trials = cost.trials_of_a_loss(asked) * len(prepared.names)
    epochs = request.epochs or Recipe().epochs
    if prepared.problem is None:
        return Plan(trials, epochs)
    fit = request.epochs is None and request.budget is not None
    name = _plan_key(prepared) if fit else ""
    kept = workshop.store.planned(name) if fit else None
    if kept is not None:
        epochs = kept
    whole = key(prepared.trainer(None, epochs), prepared.names, asked)
    known = any(
        each.key == whole and not workshop.store.comparison(whole).missing for each in workshop.store.comparisons()
    )
    if known or not (measure or (fit and kept is None)):
        return Plan(trials, epochs, fitted=fit, stored=known)
    per_epoch = cost.seconds_per_epoch(
        lambda part: prepared.trainer(part, 1), prepared.problem, prepared.names, asked, request.batch
    )
    if fit and kept is None:
        epochs = cost.epochs_within(per_epoch, asked, jobs, request.budget or math.inf)
        if not epochs:
            needs = in_words(cost.expected(per_epoch, 1, asked, jobs) / 0.8)
            raise UsageError(
                f"--budget: one epoch of each of {trials} trials already takes about {needs}; give more time, "
                "name fewer losses, rates or seeds, or add --race"
            )
        workshop.store.keep_planned(name, epochs)
    seconds = cost.expected(per_epoch, epochs, asked, jobs)
    return Plan(trials, epochs, fmean(per_epoch.values()), seconds, fit)


def race_seconds(prepared: Prepared, epochs: int, jobs: int) -> float:
    """About how long the same takes on frozen features, measured on a part of the data; NaN where there is no race."""
    request, problem = prepared.request, prepared.problem
    if problem is None or request.race:
        return math.nan
    few = cost.first(problem, min(1.0, 4 * request.batch / len(problem.train)))
    more = len(problem.train) / len(few.train)
    began = time.perf_counter()
    try:
        last, features, _ = race(_posed(request, problem)[0], few, Sealed(few.validation), start_of(request.start))
    except UsageError:
        return math.nan
    computed = (time.perf_counter() - began) * more
    found = contenders(tuple(request.losses) or DEFAULTS[problem.task], features)
    per_epoch = cost.seconds_per_epoch(
        lambda part: Loop(last, part, found, _recipe(request, 1)),
        features,
        [each.name for each in found],
        prepared.asked,
        request.batch,
    )
    return computed + more * cost.expected(per_epoch, epochs, prepared.asked, jobs)


def run(prepared: Prepared, plan: Plan, workshop: Workshop) -> Comparison:
    """Train, choose, test, and say what is decided. The time of the budget begins here."""
    budget = prepared.request.budget
    if budget is not None and workshop.deadline is None:
        workshop = replace(workshop, deadline=time.monotonic() + budget)
    trainer = prepared.trainer(None, plan.epochs)
    said = trainer.setting() if isinstance(trainer, Loop) else (f"Its budget: {trainer.budget}.",)
    if plan.fitted:
        said += (f"{plan.epochs} epochs: as many as fit into the time that was given, the same for every loss.",)
    return compare(
        trainer,
        prepared.entrants,
        prepared.asked,
        workshop,
        sealed=prepared.sealed,
        title=prepared.title,
        setting=(*prepared.setting, *said),
        measures=prepared.measures,
    )


def audited(prepared: Prepared, comparison: Comparison, epochs: int, workshop: Workshop) -> Mapping[str, Result | str]:
    """The audit of each loss's model; none where the user's own function trains."""
    trainer = prepared.trainer(None, epochs)
    return audits(trainer, comparison, workshop, prepared.sealed) if isinstance(trainer, Loop) else {}


def _own(request: Request) -> Prepared:
    """A comparison in which the user's own function trains."""
    function: Any = load_callable(request.train) if isinstance(request.train, str) else request.train
    names = [str(loss) for loss in request.losses]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"--losses: {twice[0]} is named twice; your function would be called with the same")

    def trainer(_: Problem | None, budget: int) -> Own:
        return Own(function, budget)

    asked, name = _asked(request, names), trainer(None, 1).name
    setting = (f"Every trial is a call of {name}(loss, seed, lr, budget).", *_tuning(asked, _THEIRS))
    entrants = tuple(Entrant(each, each) for each in names)
    return Prepared(request, asked, f"{_listed(names)}, trained by {name}", setting, entrants, (), trainer)


def _asked(request: Request, names: Sequence[str]) -> Asked:
    if request.reference and request.reference not in names:
        raise UsageError(f"--reference {request.reference}: is none of the losses; there is {', '.join(names)}")
    return replace(request.asked(), losses=tuple(names))


def _tuning(asked: Asked, same: str) -> list[str]:
    """How learning rates are chosen, and what is the same at each seed, in sentences."""
    seeds = f"{asked.seeds} seed{'s' * (asked.seeds > 1)}"
    if len(asked.rates) == 1:
        return [f"Learning rate {asked.rates[0]:g} for every loss, as was asked for; {seeds}: {same}."]
    tuning = min(asked.seeds, asked.tuning_seeds)
    return [
        f"Learning rate of each loss: the best of {', '.join(f'{rate:.3g}' for rate in asked.rates)} on validation "
        f"data, over {tuning} seed{'s' * (tuning > 1)}. Where the best is outermost, the next one outwards is tried, "
        f"at most {asked.extensions} times at an end.",
        f"{seeds} at the chosen rate: {same}.",
        "Test data is read after all choices are made.",
    ]


def _listed(names: Sequence[str]) -> str:
    shown = list(names) if len(names) <= 4 else [*names[:3], f"{len(names) - 3} others"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _plan_key(prepared: Prepared) -> str:
    said = [key(prepared.trainer(None, 1), prepared.names, prepared.asked), prepared.request.budget]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
