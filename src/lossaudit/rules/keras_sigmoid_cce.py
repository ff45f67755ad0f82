"""Sigmoid before a Keras cross-entropy over exclusive classes."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule


def check(pairing: Pairing) -> Problem | None:
    sigmoid = heads.ends_with(pairing.prediction, "sigmoid")
    if sigmoid is None or not heads.is_cross_entropy(pairing) or not heads.is_switched(pairing):
        return None
    # Of a single unit it is another mistake: the loss is constant.
    if heads.expects(pairing) is Expects.LOGITS or 1 in (pairing.prediction.units, heads.classes(pairing.prediction)):
        return None
    return Problem(
        message=wording.together(sigmoid, pairing),
        why="sigmoids do not compete for one probability: what the loss compares is no distribution over the classes",
        places=wording.places(pairing, sigmoid),
        remedy=Remedy(
            title="use softmax in the last layer",
            also=("if a sample can have several labels, keep sigmoid and use binary_crossentropy",),
        ),
    )


RULE = Rule(
    name="keras-sigmoid-cce",
    code="LA116",
    severity=Severity.ERROR,
    summary="sigmoid before a Keras cross-entropy over exclusive classes",
    check=check,
)
