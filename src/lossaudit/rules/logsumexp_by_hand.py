"""`log(sum(exp(x)))`: logsumexp in several steps, without the largest value taken out."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Flow, Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.exponentials import may_overflow
from lossaudit.rules.logarithms import on_the_way, places
from lossaudit.rules.rule import Problem, Remedy, Respelling, Rule


def check(pairing: Pairing) -> Problem | None:
    steps = _logsumexp(pairing.prediction)
    if not steps or not may_overflow(pairing.prediction, steps[0]):
        return None
    return Problem(
        message=f"log of a sum of exp by hand{wording.line(steps[-1].place)}{on_the_way(pairing)}",
        why="exp overflows in float32 from 88.8 on: the value is infinite and its gradient NaN",
        places=places(pairing, *steps),
        remedy=Remedy(
            title="use logsumexp, which takes out the largest value first",
            keeps_values=True,
            respelling=Respelling(steps, "logsumexp", arguments=1),
        ),
    )


def _logsumexp(flow: Flow) -> tuple[Step, ...]:
    """The steps of the first `log(exp(x).sum(dim))`; a sum over everything has no axis and is none."""
    steps = heads.head(flow)
    for exp, total, log in zip(steps, steps[1:], steps[2:], strict=False):
        axis = total.args.get("dim")
        if (exp.op, total.op, log.op) == ("exp", "sum", "log") and isinstance(axis, Const) and axis != Const(None):
            return (exp, total, log)
    return ()


RULE = Rule(
    name="logsumexp-by-hand",
    code="LA306",
    severity=Severity.INFO,
    summary="log(sum(exp(x))) in several steps, which overflows",
    check=check,
    unnamed=True,
)
