"""What a user asked a comparison for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

LossLike: TypeAlias = "str | Callable[..., Any]"

RATES = tuple(10 ** (k / 2) for k in range(-4, 1))
"""Learning rates that every loss starts with: 0.01 to 1, half a decade apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a comparison is to find out, and how much it may cost.

    Attributes:
        losses: `"mse:softmax"`, `"focal(gamma=5)"`, `"FILE.py:NAME"`, or callables `loss(outputs, y)`.
        seeds: How many, from 0.
        tuning_seeds: The first so many of them are trained at every rate; the others at the chosen rate only.
        rates: Learning rates that every loss starts with. Where the best is outermost, the next one outwards is tried,
            for every loss by the same rule, at most `extensions` times.
        extensions: At each end.
        budget: Seconds for all trials together; None: no limit.
        reference: The loss that others are compared with; `""`: the first.
        level: For epochs to a level; None: 95 % of the best loss's mean final score.
    """

    losses: Sequence[LossLike]
    seeds: int = 5
    tuning_seeds: int = 2
    rates: tuple[float, ...] = RATES
    extensions: int = 3
    budget: float | None = None
    reference: str = ""
    level: float | None = None
