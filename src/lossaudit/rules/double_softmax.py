"""Softmax before a cross-entropy that applies its own."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import AxisRole, Pairing
from lossaudit.rules import floor, heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    softmax = heads.ends_with(pairing.prediction, "softmax")
    if softmax is None or not heads.applies_softmax(pairing):
        return None
    # Over the samples it is no better; over time or space it may be an attention.
    if not heads.over_classes(softmax) and softmax.axis_role is not AxisRole.BATCH:
        return None
    return Problem(
        message=wording.together(softmax, pairing),
        why="the loss applies softmax itself, so its gradient passes through two and never reaches zero loss",
        places=wording.places(pairing, softmax),
        evidence=floor.evidence(pairing),
        remedy=Remedy(title="give the loss the logits, without the softmax", drop_head=("softmax",)),
    )


RULE = Rule(
    name="double-softmax",
    code="LA101",
    severity=Severity.ERROR,
    summary="softmax before cross-entropy, which applies its own",
    check=check,
)
