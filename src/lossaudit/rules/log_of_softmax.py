"""The logarithm of a softmax, in two steps."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import wording
from lossaudit.rules.logarithms import Logarithm, logarithms, on_the_way, places
from lossaudit.rules.rule import Problem, Remedy, Respelling, Rule


def check(pairing: Pairing) -> Problem | None:
    found = next((log for log in logarithms(pairing.prediction) if _too_small(log)), None)
    if found is None:
        return None
    where = found.log.place
    return Problem(
        message=f"log{wording.line(where)} of softmax{wording.line(found.head.place, where)}{on_the_way(pairing)}",
        why="a softmax of float32 is zero from a gap of 104 between logits, and its logarithm -inf without a gradient",
        places=places(pairing, *found.steps),
        remedy=Remedy(
            title="use log_softmax, which is exact for every gap",
            keeps_values=True,
            respelling=Respelling(found.steps, "log_softmax", arguments=0),
        ),
    )


def _too_small(log: Logarithm) -> bool:
    return log.head.op == "softmax" and log.complement is None and not log.guards and not log.bounded


RULE = Rule(
    name="log-of-softmax",
    code="LA301",
    severity=Severity.INFO,
    summary="the logarithm of a softmax, where log_softmax is exact",
    check=check,
    unnamed=True,
)
