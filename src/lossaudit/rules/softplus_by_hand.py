"""`log(1 + exp(x))`: softplus in several steps."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Flow, Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.exponentials import may_overflow
from lossaudit.rules.logarithms import on_the_way, places
from lossaudit.rules.rule import Problem, Remedy, Respelling, Rule


def check(pairing: Pairing) -> Problem | None:
    steps = _softplus(pairing.prediction)
    if not steps or not may_overflow(pairing.prediction, steps[0]):
        return None
    where = steps[-1].place
    return Problem(
        message=f"log of 1 + exp by hand{wording.line(where)}{on_the_way(pairing)}",
        why="exp overflows in float32 from 88.8 on: the value is infinite and its gradient NaN",
        places=places(pairing, *steps),
        remedy=Remedy(title="use softplus", respelling=Respelling(steps, "softplus")),
    )


def _softplus(flow: Flow) -> tuple[Step, ...]:
    """The steps of the first `log(1 + exp(x))` or `log1p(exp(x))`."""
    steps = heads.head(flow)
    for position, step in enumerate(steps):
        following = steps[position + 1 : position + 3]
        if step.op != "exp":
            continue
        if following[:1] and following[0].op == "log1p":
            return (step, following[0])
        if len(following) == 2 and _adds_one(following[0]) and following[1].op == "log":
            return (step, *following)
    return ()


def _adds_one(step: Step) -> bool:
    return step.op == "add" and Const(1) in step.args.values() and step.args.get("alpha", Const(1)) == Const(1)


RULE = Rule(
    name="softplus-by-hand",
    code="LA305",
    severity=Severity.INFO,
    summary="log(1 + exp(x)) in several steps, which overflows",
    check=check,
    unnamed=True,
)
