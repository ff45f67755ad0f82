"""Class indices as the target of a squared error on several outputs."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, labels, wording
from lossaudit.rules.mse_on_softmax import DISTANCES
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    count = heads.units(pairing.prediction) or pairing.prediction.units
    if pairing.loss.loss not in DISTANCES or count is None or count < 2 or not labels.are_indices(pairing):
        return None
    name = f"{wording.loss_name(pairing)}{wording.line(pairing.loss.place)}"
    return Problem(
        message=f"class indices + {name} on {count} outputs: each output is compared with the number of the class",
        why="all outputs learn the same number, and class 9 counts as farther from 0 than class 1",
        places=wording.places(pairing),
        remedy=Remedy(title="use cross-entropy on the logits: it takes class indices"),
    )


RULE = Rule(
    name="class-index-into-mse",
    code="LA205",
    severity=Severity.ERROR,
    summary="class indices as the target of a squared or absolute error on several outputs",
    check=check,
)
