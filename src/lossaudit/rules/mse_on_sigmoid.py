"""The squared (or absolute) error of sigmoid outputs against class labels."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Source
from lossaudit.rules import heads, labels, stuck, wording
from lossaudit.rules.mse_on_softmax import DISTANCES
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    sigmoid = heads.ends_with(pairing.prediction, "sigmoid")
    if sigmoid is None or pairing.loss.loss not in DISTANCES:
        return None
    if not _measured_labels(pairing) or labels.is_brier(pairing):
        return None
    return Problem(
        message=wording.together(sigmoid, pairing),
        why="its gradient vanishes where the model is confident and wrong",
        places=wording.places(pairing, sigmoid),
        severity=Severity.ERROR if stuck.many_stuck(pairing) else Severity.WARNING,
        evidence=stuck.evidence(pairing),
        remedy=Remedy(
            title="use binary cross-entropy on the logits, without the sigmoid",
            loss="bce_with_logits",
            drop_head=("sigmoid",),
            also=stuck.advice(pairing),
        ),
    )


def _measured_labels(pairing: Pairing) -> bool:
    """One unit and measured {0,1}, or measured one-hot rows: pixels and several labels at once are neither."""
    if labels.measured(pairing) is None or pairing.target is None or pairing.target.flow.source is Source.CONSTANT:
        return False
    count = heads.units(pairing.prediction)
    return labels.are_zero_one(pairing) if count == 1 else bool(count) and labels.are_one_hot(pairing)


RULE = Rule(
    name="mse-on-sigmoid",
    code="LA105",
    severity=Severity.WARNING,
    summary="squared or absolute error of sigmoid outputs against class labels (measured)",
    check=check,
)
