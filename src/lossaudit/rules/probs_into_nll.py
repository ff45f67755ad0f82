"""Probabilities, not their logarithms, into the negative log-likelihood."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    head = heads.ends_with(pairing.prediction, "softmax", "sigmoid")
    # Written out by hand, the mean probability of the true class is a loss of its own, not a misuse of nll.
    if head is None or pairing.loss.loss not in _WHY or pairing.loss.ops:
        return None
    instead = Remedy(title=f"give {pairing.loss.loss} log-probabilities: log_softmax instead of {head.op}")
    if pairing.loss.loss == "nll":
        title = f"use cross-entropy on the logits, without the {head.op}"
        instead = Remedy(title=title, loss="cross_entropy", drop_head=(head.op,))
    return Problem(
        message=wording.together(head, pairing),
        why=_WHY[pairing.loss.loss],
        places=wording.places(pairing, head),
        remedy=instead,
    )


_WHY = {
    "nll": "nll takes log-probabilities; of probabilities it is linear and its gradient vanishes where it is wrong",
    "ctc": "ctc takes log-probabilities; of probabilities it scores the alignments as if all steps were near certain",
}


RULE = Rule(
    name="probs-into-nll",
    code="LA103",
    severity=Severity.ERROR,
    summary="softmax or sigmoid without a logarithm before the negative log-likelihood",
    check=check,
)
