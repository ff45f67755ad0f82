"""The squared (or absolute) error of softmax outputs against class labels."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import AxisRole, Pairing, Source, Step
from lossaudit.rules import heads, labels, stuck, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

DISTANCES = frozenset({"mse", "mae", "smooth_l1", "huber"})


def check(pairing: Pairing) -> Problem | None:
    softmax = heads.ends_with(pairing.prediction, "softmax")
    if softmax is None or pairing.loss.loss not in DISTANCES:
        return None
    if not (labels.are_class_labels(pairing) or _compiled(pairing, softmax)) or labels.is_brier(pairing):
        return None
    return Problem(
        message=wording.together(softmax, pairing),
        why="its gradient vanishes where the model is confident and wrong",
        places=wording.places(pairing, softmax),
        severity=Severity.ERROR if stuck.many_stuck(pairing) else Severity.WARNING,
        evidence=stuck.evidence(pairing),
        remedy=Remedy(
            title="use cross-entropy on the logits, without the softmax",
            loss="cross_entropy",
            drop_head=("softmax",),
            target="class index",
            also=stuck.advice(pairing),
        ),
    )


def _compiled(pairing: Pairing, softmax: Step) -> bool:
    """Whether a Keras model is fitted so to the program's data: a softmax over the units of its last layer.

    Of a single unit it is another mistake; over a reshaped output it may be a heatmap.
    """
    target = pairing.target
    fitted = target is None or (target.flow.source is Source.LABELS and not target.flow.steps)
    over_units = softmax.axis_role is AxisRole.CLASS and pairing.prediction.units is not None
    return pairing.framework == "keras" and fitted and over_units and not heads.over_one(pairing, softmax)


RULE = Rule(
    name="mse-on-softmax",
    code="LA104",
    severity=Severity.WARNING,
    summary="squared or absolute error of softmax outputs against class labels",
    check=check,
)
