"""A softmax without an axis."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Basis, Flow, Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Arguments, Problem, Remedy, Rule

AXIS = frozenset({"softmax", "log_softmax", "softmin"})


def check(pairing: Pairing) -> Problem | None:
    step = next((step for step in pairing.prediction.steps if _implicit(step)), None)
    if pairing.framework != "torch" or step is None or step.place is None:
        return None
    dim = chosen(pairing.prediction, step)
    return Problem(
        message=f"{step.op}{wording.line(step.place)} without dim",
        why="torch then guesses it from the number of axes, and warns that it will stop to do so",
        places=(step.place,),
        remedy=Remedy(
            title="say which axis holds the classes" if dim is None else f"write dim={dim}, which torch takes here",
            keeps_values=dim is not None,
            arguments=Arguments(step, add={"dim": dim}) if dim is not None else None,
        ),
    )


def chosen(flow: Flow, step: Step) -> int | None:
    """The axis that torch takes; None where the number of axes is not known.

    >>> from lossaudit.pairing import Dim, Source
    >>> chosen(Flow(Source.AFFINE, (step := Step("softmax"),), (Dim(32), Dim(10))), step)
    1
    """
    kept = all(heads.role(other.op) in heads.KEEPS_AXES for other in heads.after(flow, step))
    if not flow.dims or not kept:
        return None
    return 0 if len(flow.dims) in (1, 3) else 1


def _implicit(step: Step) -> bool:
    return step.op in AXIS and "dim" not in step.args and step.axis is None and step.basis is Basis.STRUCTURE


RULE = Rule(
    name="softmax-implicit-dim",
    code="LA902",
    severity=Severity.INFO,
    summary="softmax without an axis, which torch then guesses",
    check=check,
)
