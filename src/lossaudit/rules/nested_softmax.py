"""Softmax of softmax."""

from __future__ import annotations

from itertools import pairwise

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    steps = heads.meaning(pairing.prediction)
    if steps and steps[-1].op == "log":
        steps = steps[:-1]
    pair = next((pair for pair in pairwise(steps[-2:]) if _nested(*pair)), None)
    if pair is None:
        return None
    inner, outer = pair
    where = pairing.loss.place
    first, second = wording.line(inner.place, where), wording.line(outer.place, where)
    return Problem(
        message=f"softmax{first} and again {outer.op}{second} before {wording.loss_name(pairing)}{wording.line(where)}",
        why="the second softmax sees only numbers in (0, 1), so no prediction can be confident",
        places=(*wording.places(pairing, inner), *((outer.place,) if outer.place is not None else ())),
        remedy=Remedy(title="apply softmax once", drop_head=("softmax",)),
    )


def _nested(inner: Step, outer: Step) -> bool:
    """Over the same axis; of another axis, or of a log-softmax, it may be meant or does no harm."""
    same_axis = inner.axis == outer.axis and inner.axis_role is outer.axis_role
    return inner.op == "softmax" and outer.op in ("softmax", "log_softmax") and same_axis


RULE = Rule(
    name="nested-softmax",
    code="LA110",
    severity=Severity.ERROR,
    summary="softmax of softmax",
    check=check,
)
