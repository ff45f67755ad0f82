"""The square root of what is exactly zero now and then."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Flow, Pairing, Source, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.logarithms import on_the_way, places
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    flow = pairing.prediction
    steps = heads.head(flow)
    for position, root in enumerate(steps):
        if not _is_root(root) or not position:
            continue
        what = _zero(flow, steps[:position])
        if what:
            return Problem(
                message=f"sqrt{wording.line(root.place)} of {what}{on_the_way(pairing)}",
                why="its gradient is infinite at zero, and times the zero gradient behind it that is NaN",
                places=places(pairing, root),
                remedy=Remedy(title="keep it away from zero inside the root: clamp(min=1e-12), or + 1e-12"),
            )
    return None


def _is_root(step: Step) -> bool:
    return step.op == "sqrt" or (step.op == "pow" and step.args.get("other") == Const(0.5))


def _zero(flow: Flow, before: tuple[Step, ...]) -> str:
    """What makes exact zeros: a limit at zero, or the distance of two outputs, which may be the same; `""` for none."""
    last = before[-1]
    if last.op == "relu":
        return "relu, which is exactly zero for every negative value"
    if last.op in heads.CLAMPS and last.args.get("min") == Const(0):
        return "a clamp at zero"
    if last.op != "sum" or last.args.get("dim", Const(None)) == Const(None) or len(before) != 2:
        return ""
    if flow.source is not Source.NETWORK or not _is_square(before[0]):
        return ""
    return "a distance of two outputs, which is zero where they agree"


def _is_square(step: Step) -> bool:
    return step.op == "square" or (step.op == "pow" and step.args.get("other") == Const(2))


RULE = Rule(
    name="sqrt-at-zero",
    code="LA307",
    severity=Severity.INFO,
    summary="the square root of what is exactly zero now and then",
    check=check,
    unnamed=True,
)
