"""{0, 1} labels into losses that want {-1, +1}."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import labels, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# What torch makes of a label 0, per loss.
OF_ZERO = {
    "hinge_embedding": "of a 0 it makes both branches at once",
    "soft_margin": "of a 0 it makes the constant ln 2, without a gradient",
    "margin_ranking": "of a 0 it makes the constant margin, without a gradient",
    "cosine_embedding": "of a 0 it makes zero, without a gradient",
}


def check(pairing: Pairing) -> Problem | None:
    effect = OF_ZERO.get(pairing.loss.loss or "")
    if effect is None or pairing.framework != "torch" or not labels.are_zero_one(pairing):
        return None
    name = f"{wording.loss_name(pairing)}{wording.line(pairing.loss.place)}"
    return Problem(
        message=f"labels in {{0, 1}} + {name}, which wants -1 and +1",
        why=effect,
        places=wording.places(pairing),
        remedy=Remedy(title="make the labels -1 and +1: 2 * y - 1"),
    )


RULE = Rule(
    name="hinge-labels-01",
    code="LA201",
    severity=Severity.ERROR,
    summary="labels in {0, 1} for a loss that wants {-1, +1}",
    check=check,
)
