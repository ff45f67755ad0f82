"""What a user asks for, checked as far as that needs no data, no model and no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from lossaudit.comparison import Better
from lossaudit.errors import UsageError
from lossaudit.trials.asked import RATES, Asked, LossLike

OPTIMIZERS = ("sgd", "adam", "adamw")
_OURS = (
    "data",
    "model",
    "start",
    "noise",
    "imbalance",
    "batch",
    "optimizer",
    "weight_decay",
    "metric",
    "metric_better",
    "race",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be compared, on what, and how.

    Attributes:
        losses: As `Asked.losses`; none: the usual ones of the task.
        data: `"digits"`, `"MODULE:DATA"`, `"FILE.npz"`, `"FILE.csv:TARGET"`, `(x, y)`, or samples.
        model: `"mlp"`, `"mlp:128,128"`, `"linear"`, `"cnn"`, `"MODULE:FACTORY"`, or a function that makes a module.
        start: `"fresh"`, `"checkpoint:FILE"`, `"legacy:FILE"`.
        noise: Share of wrong labels that are put in.
        imbalance: The most common class against the rarest, made by leaving samples out.
        seeds: How many.
        epochs: None: 30, or as many as fit into the budget.
        budget: Seconds for training all of it; None: no limit.
        batch, optimizer, weight_decay: As in `Recipe`.
        rates: Learning rates that every loss starts with.
        metric: `metric(outputs, y)`, or `"FILE.py:NAME"`; it then decides.
        metric_better: Which way it is better: `"larger"` or `"smaller"`.
        level: For epochs to a level; None: 95 % of the best loss's mean final score.
        reference: The loss that others are compared with; `""`: the first.
        race: Only the last layer, on the features of the trunk.
        train: The user's own `train(loss, seed, lr, budget) -> metrics`, or `"FILE.py:NAME"`, in place of our training.
    """

    losses: Sequence[LossLike] = ()
    data: Any = "digits"
    model: Any = "mlp"
    start: Any = "fresh"
    noise: float = 0.0
    imbalance: float | None = None
    seeds: int = 5
    epochs: int | None = None
    budget: float | None = None
    batch: int = 64
    optimizer: str = "sgd"
    weight_decay: float = 0.0
    rates: Sequence[float] = RATES
    metric: str | Callable[..., Any] | None = None
    metric_better: str = Better.LARGER.value
    level: float | None = None
    reference: str = ""
    race: bool = False
    train: str | Callable[..., Any] | None = None

    def asked(self) -> Asked:
        """What the choice and the table need of it."""
        return Asked(
            losses=tuple(self.losses),
            seeds=self.seeds,
            rates=tuple(sorted({float(rate) for rate in self.rates})),
            budget=self.budget,
            reference=self.reference,
            level=self.level,
        )


def check(request: Request) -> None:
    """Refuse what cannot be meant.

    Raises:
        UsageError: A number is out of range, or two options contradict each other.
    """
    for name, value in (("seeds", request.seeds), ("epochs", request.epochs), ("batch", request.batch)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise UsageError(f"--{name} {value}: give a whole number above 0")
    if request.budget is not None and not 0 < request.budget < math.inf:
        raise UsageError(f"--budget {request.budget}: give a time above 0, such as 10m, 90s or 2h")
    if not request.rates or not all(0 < rate < math.inf for rate in request.rates):
        raise UsageError("--rates: give learning rates above 0, such as 0.01,0.1,1")
    if not 0 <= request.weight_decay < math.inf:
        raise UsageError(f"--weight-decay {request.weight_decay}: give a number from 0 on")
    if not 0 <= request.noise < 1:
        raise UsageError(f"--noise {request.noise}: give a share of wrong labels from 0 to below 1, such as 0.4")
    if request.imbalance is not None and not 1 <= request.imbalance < math.inf:
        raise UsageError(f"--imbalance {request.imbalance}: give how much more common the first class is, such as 10")
    if request.level is not None and not math.isfinite(request.level):
        raise UsageError(f"--level {request.level}: give a number, such as 0.9")
    if request.metric_better not in [str(each.value) for each in Better]:
        raise UsageError(f"--metric-better {request.metric_better}: there is larger, smaller")
    if request.metric is None and request.metric_better != Better.LARGER.value and request.train is None:
        raise UsageError(f"--metric-better {request.metric_better} is said of your --metric: name it")
    if request.optimizer not in OPTIMIZERS:
        raise UsageError(f"--optimizer {request.optimizer}: there is {', '.join(OPTIMIZERS)}")
    if request.train is not None:
        _check_own(request)


def _check_own(request: Request) -> None:
    usual = {field.name: field.default for field in fields(Request)}
    given = [name for name in _OURS if getattr(request, name) is not usual[name]]
    if given:
        raise UsageError(
            f"--{given[0].replace('_', '-')} belongs to our training, and --train is yours: leave one of them out"
        )
    if not request.losses:
        raise UsageError("--train needs --losses: the names that your function is called with")
    if request.budget is not None and request.epochs is None:
        raise UsageError("--budget with --train needs --epochs: what your function gets as its budget")
