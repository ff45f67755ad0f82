"""Softmax over a single unit: always one, whatever the network says."""

from __future__ import annotations

from lossaudit.catalogue.schema import Role
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# What a softmax gives over one unit, everywhere.
CONSTANT = {"softmax": 1.0, "log_softmax": 0.0}


def check(pairing: Pairing) -> Problem | None:
    softmax = heads.ends_with(pairing.prediction, *CONSTANT)
    if softmax is None or not (heads.over_one(pairing, softmax) or _always_constant(pairing, softmax)):
        return None
    value = CONSTANT[softmax.op]
    return Problem(
        message=f"{wording.together(softmax, pairing)}: the {softmax.op} is over a single unit",
        why=f"it is always {value:g}, so the network gets no gradient",
        places=wording.places(pairing, softmax),
        remedy=Remedy(
            title="for two classes use one unit with bce_with_logits on the logit, or two units with cross-entropy"
        ),
    )


def _always_constant(pairing: Pairing, softmax: Step) -> bool:
    """Over several units some would have to be smaller; a selection of them could hide that."""
    selected = any(heads.role(step.op) is Role.SELECT for step in heads.after(pairing.prediction, softmax))
    value = CONSTANT[softmax.op]
    observed = pairing.observed
    return not selected and observed is not None and observed.prediction_range == (value, value)


RULE = Rule(
    name="softmax-one-unit",
    code="LA107",
    severity=Severity.ERROR,
    summary="softmax over an axis of size one",
    check=check,
)
