"""Logits into binary cross-entropy, which takes probabilities."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    # Torch refuses numbers outside [0, 1]: a run that went on was given probabilities, whatever made them.
    library = pairing.framework == "torch" and not pairing.loss.ops and pairing.observed is None
    if pairing.loss.loss != "bce" or not library or not heads.raw(pairing.prediction):
        return None
    return Problem(
        message=wording.logits(pairing),
        why="binary cross-entropy takes probabilities: torch refuses numbers outside [0, 1]",
        places=wording.places(pairing),
        remedy=Remedy(title="use bce_with_logits on the logits"),
    )


RULE = Rule(
    name="logits-into-bce",
    code="LA119",
    severity=Severity.ERROR,
    summary="logits into binary cross-entropy, which takes probabilities",
    check=check,
)
