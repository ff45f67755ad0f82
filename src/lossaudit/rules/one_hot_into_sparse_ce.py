"""One-hot rows into a cross-entropy that takes class indices."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import labels, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# What a library calls the cross-entropy that takes indices only, and its counterpart. PyTorch's takes both.
DENSE = {
    "sparse_softmax_cross_entropy_with_logits": "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_integer_labels": "softmax_cross_entropy",
}


def check(pairing: Pairing) -> Problem | None:
    name = wording.loss_name(pairing)
    counterpart = "categorical_crossentropy" if _keras(pairing) else DENSE.get(name, "")
    if not counterpart or not labels.are_one_hot(pairing):
        return None
    return Problem(
        message=f"one-hot labels + {name}{wording.line(pairing.loss.place)}, which takes class indices",
        why="every zero and one of a row is read as a class of its own, or the shapes do not fit",
        places=wording.places(pairing),
        remedy=Remedy(title=f"use {counterpart}, or give the class indices without one-hot"),
    )


def _keras(pairing: Pairing) -> bool:
    return pairing.loss.loss == "sparse_categorical_cross_entropy"


RULE = Rule(
    name="one-hot-into-sparse-ce",
    code="LA203",
    severity=Severity.ERROR,
    summary="one-hot labels for a cross-entropy that takes class indices",
    check=check,
)
