"""Class indices into a cross-entropy that takes one-hot rows or distributions."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import labels, wording
from lossaudit.rules.one_hot_into_sparse_ce import DENSE
from lossaudit.rules.rule import Problem, Remedy, Rule

SPARSE = {
    **{dense: sparse for sparse, dense in DENSE.items()},
    "softmax_cross_entropy_with_logits_v2": "sparse_softmax_cross_entropy_with_logits",
}


def check(pairing: Pairing) -> Problem | None:
    name = wording.loss_name(pairing)
    keras = pairing.loss.loss == "categorical_cross_entropy"
    counterpart = "sparse_categorical_crossentropy" if keras else SPARSE.get(name, "")
    if not counterpart or not labels.are_indices(pairing):
        return None
    return Problem(
        message=f"class indices + {name}{wording.line(pairing.loss.place)}, which takes one row per sample",
        why="the index is laid against all classes as if it were a weight, or the shapes do not fit",
        places=wording.places(pairing),
        remedy=Remedy(title=f"use {counterpart}, or make the labels one-hot"),
    )


RULE = Rule(
    name="class-index-into-dense-ce",
    code="LA204",
    severity=Severity.ERROR,
    summary="class indices for a cross-entropy that takes one-hot rows",
    check=check,
)
