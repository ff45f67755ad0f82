"""`size_average=` and `reduce=`: the old spelling of `reduction=`."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Pairing
from lossaudit.rules import wording
from lossaudit.rules.rule import Arguments, Problem, Remedy, Rule

OLD = ("size_average", "reduce")


def check(pairing: Pairing) -> Problem | None:
    params = pairing.loss.params
    given = {name: value for name in OLD if (value := params.get(name, Const(None))) != Const(None)}
    if pairing.framework != "torch" or not given:
        return None
    known = {name: value.value is not False for name, value in given.items() if isinstance(value, Const)}
    reduction = _reduction(known) if len(known) == len(given) else ""
    spelled = " and ".join(f"{name}=" for name in given)
    return Problem(
        message=f"{spelled} in {wording.loss_name(pairing)}{wording.line(pairing.loss.place)}",
        why="torch warns that it will go away; it overrides reduction=",
        places=wording.places(pairing),
        remedy=Remedy(
            title=f'use reduction="{reduction}"' if reduction else "use reduction=",
            keeps_values=True,
            arguments=Arguments(None, tuple(given), {"reduction": reduction}) if reduction else None,
        ),
    )


def _reduction(given: dict[str, bool]) -> str:
    """What torch makes of the two, of which one that is not given is True."""
    if not given.get("reduce", True):
        return "none"
    return "mean" if given.get("size_average", True) else "sum"


RULE = Rule(
    name="deprecated-reduction",
    code="LA502",
    severity=Severity.INFO,
    summary="size_average= and reduce=, the old spelling of reduction=",
    check=check,
)
