"""Binary cross-entropy on the softmax of exclusive classes."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, labels, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    softmax = heads.ends_with(pairing.prediction, "softmax")
    count = heads.classes(pairing.prediction)
    if softmax is None or pairing.loss.loss != "bce" or not heads.over_classes(softmax):
        return None
    # With two classes it equals cross-entropy.
    if count is None or count <= 2 or not labels.are_class_labels(pairing):
        return None
    return Problem(
        message=wording.together(softmax, pairing),
        why="it scores exclusive classes as if they were independent; it is not convex in the logits",
        places=wording.places(pairing, softmax),
        remedy=Remedy(
            title="use cross-entropy on the logits, without the softmax",
            loss="cross_entropy",
            drop_head=("softmax",),
            target="class index",
        ),
    )


RULE = Rule(
    name="bce-on-softmax",
    code="LA106",
    severity=Severity.WARNING,
    summary="binary cross-entropy on the softmax of more than two exclusive classes",
    check=check,
)
