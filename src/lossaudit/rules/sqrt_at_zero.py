"""The square root of the squared distance of two outputs, which is exactly zero where they agree."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Pairing, Source, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.logarithms import on_the_way, places
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    steps = heads.head(pairing.prediction)[:3]
    # Where the difference itself is the source, both of its sides carry a gradient.
    if pairing.prediction.source is not Source.NETWORK or not _is_distance(steps):
        return None
    root = steps[-1]
    what = "of a squared distance, which is zero where two outputs agree"
    return Problem(
        message=f"sqrt{wording.line(root.place)} {what}{on_the_way(pairing)}",
        why="the gradient of sqrt is infinite at zero, and times the zero gradient of the square it is NaN",
        places=places(pairing, root),
        remedy=Remedy(title="add a small constant inside the root (+ 1e-12), or use a norm of the library"),
    )


def _is_distance(steps: tuple[Step, ...]) -> bool:
    """`sqrt(sum(d ** 2, dim))`; a sum over everything is zero for a perfect fit only."""
    if len(steps) != 3:
        return False
    square, total, root = steps
    along = total.op == "sum" and total.args.get("dim", Const(None)) != Const(None)
    return _is_power(square, "square", 2) and along and _is_power(root, "sqrt", 0.5)


def _is_power(step: Step, name: str, exponent: float) -> bool:
    return step.op == name or (step.op == "pow" and step.args.get("other") == Const(exponent))


RULE = Rule(
    name="sqrt-at-zero",
    code="LA307",
    severity=Severity.INFO,
    summary="the square root of a squared distance, whose gradient is NaN where two outputs agree",
    check=check,
    unnamed=True,
)
