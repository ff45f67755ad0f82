"""Probabilities, not their logarithms, as the input of kl_div."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import divergence, heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    head = heads.ends_with(pairing.prediction, *divergence.PROBABILITIES)
    if head is None or not divergence.takes_logarithms(pairing) or divergence.swapped(pairing) is not None:
        return None
    use = divergence.PROBABILITIES[head.op]
    return Problem(
        message=wording.together(head, pairing),
        why="kl_div takes the logarithm of the prediction; of probabilities it is linear and not a divergence",
        places=wording.places(pairing, head),
        remedy=Remedy(title=f"give kl_div log-probabilities: {use} instead of {head.op}"),
    )


RULE = Rule(
    name="kl-input-not-log",
    code="LA111",
    severity=Severity.ERROR,
    summary="kl_div whose input is a probability, not its logarithm",
    check=check,
)
