"""Log-probabilities as the target of a kl_div that takes probabilities."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import divergence, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    logarithm = divergence.log_target(pairing)
    if logarithm is None or divergence.swapped(pairing) is not None:
        return None
    where = pairing.loss.place
    return Problem(
        message=(
            f"{logarithm.op}{wording.line(logarithm.place, where)} as the target of "
            f"{wording.loss_name(pairing)}{wording.line(where)} without log_target=True"
        ),
        why="kl_div takes the logarithm of its target itself, and of a negative target it is NaN",
        places=tuple(place for place in (where, logarithm.place) if place is not None),
        remedy=Remedy(title="pass log_target=True, or give the target as probabilities"),
    )


RULE = Rule(
    name="kl-target-log",
    code="LA118",
    severity=Severity.ERROR,
    summary="log-probabilities as the target of kl_div without log_target=True",
    check=check,
)
