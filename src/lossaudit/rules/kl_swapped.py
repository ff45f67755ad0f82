"""Prediction and target of kl_div in the wrong order."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import divergence, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    sides = divergence.swapped(pairing)
    if sides is None:
        return None
    probabilities, logarithm = sides
    where = pairing.loss.place
    return Problem(
        message=(
            f"{wording.loss_name(pairing)}{wording.line(where)} gets {probabilities.op}"
            f"{wording.line(probabilities.place, where)} as its input and {logarithm.op}"
            f"{wording.line(logarithm.place, where)} as its target: the other way round"
        ),
        why="kl_div takes the log-probabilities first and the probabilities second; of a negative target it is NaN",
        places=tuple(place for place in (where, probabilities.place, logarithm.place) if place is not None),
        remedy=Remedy(title="swap the two arguments of kl_div"),
    )


RULE = Rule(
    name="kl-swapped",
    code="LA117",
    severity=Severity.ERROR,
    summary="kl_div whose two arguments are swapped",
    check=check,
)
