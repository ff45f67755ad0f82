"""Logits into a loss of probabilities that has no switch for them."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    # Written by hand, a loss of that form may be meant for numbers that are no probabilities.
    written = bool(pairing.loss.ops) or pairing.loss.loss == "bce"
    if written or heads.is_switched(pairing) or heads.expects(pairing) is not Expects.PROBABILITIES:
        return None
    if not heads.raw(pairing.prediction):
        return None
    return Problem(
        message=wording.logits(pairing),
        why="it takes them for probabilities: below 0 and above 1 it means nothing, and what it clips has no gradient",
        places=wording.places(pairing),
        remedy=Remedy(title="put softmax (over classes) or sigmoid (each for itself) on the last layer"),
    )


RULE = Rule(
    name="logits-as-probabilities",
    code="LA120",
    severity=Severity.ERROR,
    summary="logits into a loss of probabilities that has no switch for them",
    check=check,
)
