"""Softmax of softmax."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    pair = heads.last_two(pairing.prediction, "softmax", ("softmax", "log_softmax"))
    if pair is None or not _same_axis(pairing, *pair):
        return None
    inner, _ = pair
    return Problem(
        message=wording.nested(pairing, *pair),
        why="the second softmax sees only numbers in (0, 1), so no prediction can be confident",
        places=wording.nested_places(pairing, *pair),
        remedy=Remedy(title="apply softmax once", drop_head=(inner.op,)),
    )


def _same_axis(pairing: Pairing, inner: Step, outer: Step) -> bool:
    """Of another axis it may be meant: rows first and then columns, say."""
    flow = pairing.prediction
    if inner.axis != outer.axis or inner.axis_role is not outer.axis_role:
        return False
    between = heads.after(flow, inner)[: -len(heads.after(flow, outer)) - 1]
    moved = any(heads.role(step.op) not in heads.KEEPS_AXES for step in between)
    known = inner.axis is not None or all("dim" not in step.args for step in (inner, outer))
    return bool(flow.dims) or (known and not moved)


RULE = Rule(
    name="nested-softmax",
    code="LA110",
    severity=Severity.ERROR,
    summary="softmax of softmax",
    check=check,
)
