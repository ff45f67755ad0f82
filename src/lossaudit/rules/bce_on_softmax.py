"""Binary cross-entropy on the softmax of exclusive classes."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import AxisRole, Pairing, Step
from lossaudit.rules import heads, labels, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    softmax = heads.ends_with(pairing.prediction, "softmax")
    if softmax is None or pairing.loss.loss != "bce" or heads.expects(pairing) is not Expects.PROBABILITIES:
        return None
    count = heads.classes(pairing.prediction)
    # With two classes it equals cross-entropy.
    if count is None or count <= 2 or not _exclusive(pairing, softmax):
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


def _exclusive(pairing: Pairing, softmax: Step) -> bool:
    """Whether the softmax is over classes of which each sample has one: by the labels, or as Keras models are built."""
    built = heads.is_switched(pairing) and softmax.axis_role is AxisRole.CLASS
    return built or (heads.over_classes(softmax) and labels.are_class_labels(pairing))


RULE = Rule(
    name="bce-on-softmax",
    code="LA106",
    severity=Severity.WARNING,
    summary="binary cross-entropy on the softmax of more than two exclusive classes",
    check=check,
)
