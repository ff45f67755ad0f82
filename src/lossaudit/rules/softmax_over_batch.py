"""Softmax over the samples of a batch where the classes are meant."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import AxisRole, Pairing, Step
from lossaudit.rules import heads, labels, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# Losses that take the class axis to be the second one.
CLASS_LOSSES = frozenset({"cross_entropy", "nll"})


def check(pairing: Pairing) -> Problem | None:
    softmax = heads.ends_with(pairing.prediction, "softmax", "log_softmax") or _before_log(pairing)
    if softmax is None or softmax.axis_role is not AxisRole.BATCH or not _compares_classes(pairing, softmax):
        return None
    return Problem(
        message=f"{wording.together(softmax, pairing)}: the {softmax.op} is over the samples of the batch",
        why="a sample's prediction then depends on the other samples, and its classes do not sum to one",
        places=wording.places(pairing, softmax),
        remedy=Remedy(title=f"apply {softmax.op} over the class axis (dim=1), or give the logits to cross_entropy"),
    )


def _before_log(pairing: Pairing) -> Step | None:
    steps = heads.meaning(pairing.prediction)
    spelled = len(steps) >= 2 and steps[-1].op == "log" and steps[-2].op == "softmax"
    return steps[-2] if spelled else None


def _compares_classes(pairing: Pairing, softmax: Step) -> bool:
    """Whether the loss looks along another axis, of several classes, that no later step may have moved.

    A square matrix is left alone: in contrastive losses both axes are the batch.
    """
    flow = pairing.prediction
    batch, count = heads.axis_size(flow, softmax), heads.classes(flow)
    if softmax.axis != 0 or batch is None or count is None or count < 2 or count == batch:
        return False
    return pairing.loss.loss in CLASS_LOSSES or labels.are_one_hot(pairing)


RULE = Rule(
    name="softmax-over-batch",
    code="LA108",
    severity=Severity.ERROR,
    summary="softmax over the batch axis where the loss compares classes",
    check=check,
)
