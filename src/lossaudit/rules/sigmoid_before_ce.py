"""Sigmoid before cross-entropy, which applies softmax."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import floor, heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    sigmoid = heads.ends_with(pairing.prediction, "sigmoid")
    if sigmoid is None or not heads.applies_softmax(pairing):
        return None
    return Problem(
        message=wording.together(sigmoid, pairing),
        why="cross-entropy applies softmax to what it gets; squeezed into (0, 1) its loss cannot come near zero",
        places=wording.places(pairing, sigmoid),
        evidence=floor.evidence(pairing),
        remedy=Remedy(
            title="give cross-entropy the logits, without the sigmoid",
            drop_head=("sigmoid",),
            also=("if a sample can have several labels, use bce_with_logits on the logits instead",),
        ),
    )


RULE = Rule(
    name="sigmoid-before-ce",
    code="LA109",
    severity=Severity.ERROR,
    summary="sigmoid before cross-entropy, which applies softmax",
    check=check,
)
