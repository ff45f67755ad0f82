"""Sigmoid before a loss that applies its own."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    sigmoid = heads.ends_with(pairing.prediction, "sigmoid")
    if sigmoid is None or not heads.applies_sigmoid(pairing):
        return None
    return Problem(
        message=wording.together(sigmoid, pairing),
        why="the loss applies sigmoid itself, so it only ever sees probabilities between 50 % and 73 %",
        places=wording.places(pairing, sigmoid),
        remedy=Remedy(title="give the loss the logits, without the sigmoid", drop_head=("sigmoid",)),
    )


RULE = Rule(
    name="double-sigmoid",
    code="LA102",
    severity=Severity.ERROR,
    summary="sigmoid before a loss that applies its own",
    check=check,
)
