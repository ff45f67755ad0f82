"""Logits into a Keras loss that takes probabilities."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Source
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    if not heads.is_switched(pairing) or heads.expects(pairing) is not Expects.PROBABILITIES:
        return None
    flow = pairing.prediction
    log_softmax = heads.ends_with(flow, "log_softmax")
    if log_softmax is not None:
        message = f"{wording.together(log_softmax, pairing)}, with from_logits=False"
    elif heads.raw(flow) and flow.source is Source.AFFINE:
        message = f"{wording.logits(pairing)}, with from_logits=False"
    else:
        return None
    return Problem(
        message=message,
        why="the loss takes them for probabilities and clips them to [0, 1], where most of them get no gradient",
        places=wording.places(pairing, log_softmax),
        remedy=Remedy(title="pass from_logits=True to the loss"),
    )


RULE = Rule(
    name="keras-from-logits-false-on-logits",
    code="LA114",
    severity=Severity.ERROR,
    summary="logits into a Keras loss that takes probabilities",
    check=check,
)
