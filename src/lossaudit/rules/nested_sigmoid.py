"""Sigmoid of sigmoid."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    pair = heads.last_two(pairing.prediction, "sigmoid", ("sigmoid", "logsigmoid"))
    if pair is None:
        return None
    return Problem(
        message=wording.nested(pairing, *pair),
        why="the second sigmoid sees only numbers in (0, 1), so the probability stays between 50 % and 73 %",
        places=wording.nested_places(pairing, *pair),
        remedy=Remedy(title="apply sigmoid once", drop_head=("sigmoid",)),
    )


RULE = Rule(
    name="nested-sigmoid",
    code="LA112",
    severity=Severity.ERROR,
    summary="sigmoid of sigmoid",
    check=check,
)
