"""ReLU on the logits of a cross-entropy."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# ELU, leaky ReLU and the like let negative logits through.
CLIPPING = ("relu", "relu6")


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
        return heads.ends_with(flow, *CLIPPING)
    if loss == "nll":
        steps = heads.without_log(flow)
    elif heads.is_cross_entropy(pairing) and takes is Expects.PROBABILITIES:
        steps = heads.meaning(flow)
    else:
        return None
    ops = [step.op for step in steps]
    fits = len(ops) >= 2 and ops[-2] in CLIPPING and ops[-1] in ("softmax", "log_softmax")
    return steps[-2] if fits else None


RULE = Rule(
    name="relu-before-ce",
    code="LA113",
    severity=Severity.WARNING,
    summary="ReLU on the logits of a cross-entropy",
    check=check,
)
