"""ReLU on the logits of a cross-entropy."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Const, Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# ELU, leaky ReLU and the like let negative logits through.
_CLIPPING = ("relu", "relu6")


def check(pairing: Pairing) -> Problem | None:
    relu = _on_logits(pairing)
    if relu is None:
        return None
    return Problem(
        message=wording.together(relu, pairing),
        why="logits below zero are cut off: no class can be ruled out, and a unit at zero gets no gradient",
        places=wording.places(pairing, relu),
        remedy=Remedy(
            title=f"leave the last {relu.op} out: a classifier ends in its linear layer", drop_head=(relu.op,)
        ),
    )


def _on_logits(pairing: Pairing) -> Step | None:
    """The ReLU, right before the softmax: the loss's own, or one that stands before it."""
    flow, loss = pairing.prediction, pairing.loss.loss
    takes = heads.expects(pairing)
    if heads.is_cross_entropy(pairing) and takes is Expects.LOGITS:
        last = heads.last(flow)
        return last if last is not None and _clips(last) else None
    if loss == "nll":
        steps = heads.without_log(flow)
    elif heads.is_cross_entropy(pairing) and takes is Expects.PROBABILITIES:
        steps = heads.meaning(flow)
    else:
        return None
    fits = len(steps) >= 2 and steps[-1].op in ("softmax", "log_softmax") and _clips(steps[-2])
    return steps[-2] if fits else None


def _clips(step: Step) -> bool:
    """Whether it cuts off what is negative; a run shows ReLU6 as a `hardtanh` from 0 to 6."""
    return step.op in _CLIPPING or (step.op == "hardtanh" and step.args.get("min_val") == Const(0.0))


RULE = Rule(
    name="relu-before-ce",
    code="LA113",
    severity=Severity.WARNING,
    summary="ReLU on the logits of a cross-entropy",
    check=check,
)
