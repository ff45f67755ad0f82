"""kl_div averaged over classes as well as samples."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Pairing
from lossaudit.rules import divergence, heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

_UNSET = Const(None)


def check(pairing: Pairing) -> Problem | None:
    if not divergence.takes_logarithms(pairing) or not _averaged(pairing):
        return None
    count = heads.classes(pairing.prediction)
    if count == 1 or len(pairing.prediction.dims) == 1:
        return None
    times = f"{count} times" if count is not None else "as many times as there are classes"
    return Problem(
        message=f"{wording.loss_name(pairing)}{wording.line(pairing.loss.place)} with reduction 'mean'",
        why=f"it divides by the number of classes too, so the loss is {times} smaller than the divergence",
        places=wording.places(pairing),
        remedy=Remedy(title="use reduction='batchmean', and tune the weight of this term again"),
    )


def _averaged(pairing: Pairing) -> bool:
    params = pairing.loss.params
    old = any(params.get(name, _UNSET) != _UNSET for name in ("size_average", "reduce"))
    return not old and params.get("reduction") == Const("mean")


RULE = Rule(
    name="kl-mean-reduction",
    code="LA501",
    severity=Severity.INFO,
    summary="kl_div divided by the number of classes: reduction 'mean' instead of 'batchmean'",
    check=check,
)
