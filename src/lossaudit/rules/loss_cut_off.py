"""A loss from which no gradient reaches any parameter."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Objective
from lossaudit.rules import wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check_objective(objective: Objective) -> Problem | None:
    if not objective.cut:
        return None
    return Problem(
        message=f"no gradient from the loss{wording.line(objective.place)} reaches any parameter: {objective.cut}",
        why="nothing is learned from this loss",
        places=(objective.place,),
        remedy=Remedy(title="compute the loss from the model's output itself, without detach, no_grad, item or argmax"),
    )


RULE = Rule(
    name="loss-cut-off",
    code="LA401",
    severity=Severity.ERROR,
    summary="no gradient reaches any parameter",
    check_objective=check_objective,
)
