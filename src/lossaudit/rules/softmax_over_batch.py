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
    if softmax is None or not _compares_classes(pairing) or _double(pairing, softmax):
        return None
    seen = _measured(pairing, softmax)
    if not seen and not _told(pairing, softmax):
        return None
    return Problem(
        message=f"{wording.together(softmax, pairing)}: the {softmax.op} is over the samples of the batch",
        why="a sample's prediction then depends on the other samples, and its classes do not sum to one",
        places=wording.places(pairing, softmax),
        severity=Severity.ERROR if seen else Severity.WARNING,
        remedy=Remedy(title=f"apply {softmax.op} over the class axis (dim=1), or give the logits to cross_entropy"),
    )


def _before_log(pairing: Pairing) -> Step | None:
    steps = heads.meaning(pairing.prediction)
    spelled = len(steps) >= 2 and steps[-1].op == "log" and steps[-2].op == "softmax"
    return steps[-2] if spelled else None


def _double(pairing: Pairing, softmax: Step) -> bool:
    """Whether the softmax has no place there at all, over whichever axis."""
    return softmax.op == "softmax" and heads.applies_softmax(pairing)


def _compares_classes(pairing: Pairing) -> bool:
    """Whether the loss looks along the class axis."""
    return pairing.loss.loss in CLASS_LOSSES or labels.are_one_hot(pairing)


def _measured(pairing: Pairing, softmax: Step) -> bool:
    """Whether the shape shows it: the classes lie along another axis, that no later step may have moved.

    A square matrix is left alone: in contrastive losses both axes are the batch.
    """
    flow = pairing.prediction
    batch, count = heads.axis_size(flow, softmax), heads.classes(flow)
    if softmax.axis_role is not AxisRole.BATCH or softmax.axis != 0 or batch is None:
        return False
    return count is not None and count >= 2 and count != batch


def _told(pairing: Pairing, softmax: Step) -> bool:
    """Whether the text shows it: the samples' axis of what a layer of several units makes of a batch.

    Scores of samples against samples are no layer's outputs, and a squeezed or single sample has no batch axis.
    """
    flow = pairing.prediction
    kept = all(heads.role(step.op) in heads.KEEPS_AXES for step in flow.steps)
    several = bool(flow.layer) and flow.units != 1 and not flow.dims
    return several and kept and softmax.axis == 0 and softmax.axis_role is AxisRole.BATCH


RULE = Rule(
    name="softmax-over-batch",
    code="LA108",
    severity=Severity.ERROR,
    summary="softmax over the batch axis where the loss compares classes",
    check=check,
)
