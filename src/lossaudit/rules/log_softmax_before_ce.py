"""A log-softmax before cross-entropy: redundant, and harmless."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    redundant = heads.ends_with(pairing.prediction, "log_softmax")
    takes_logits = heads.is_cross_entropy(pairing) and heads.expects(pairing) is Expects.LOGITS
    if redundant is None or not takes_logits or not heads.over_classes(redundant):
        return None
    return Problem(
        message=wording.together(redundant, pairing),
        why="cross-entropy applies log-softmax itself; a second one changes no value",
        places=wording.places(pairing, redundant),
        remedy=Remedy(
            title="give cross-entropy the logits as they are, or use nll", drop_head=("log_softmax",), keeps_values=True
        ),
    )


RULE = Rule(
    name="log-softmax-before-ce",
    code="LA901",
    severity=Severity.INFO,
    summary="log-softmax before cross-entropy, which applies its own: redundant",
    check=check,
)
