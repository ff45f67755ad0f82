"""The Lovasz extension, as the integral over all thresholds of the loss of the set of errors above it (Choquet)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sklearn.metrics import jaccard_score
from tests.catalogue.truth.case import Case

SCORES, MASK = (0.31, -1.24, 0.87, -0.2, 1.6), (1, 1, 0, 0, 1)
P = ((0.2, 0.5, 0.3), (0.6, 0.1, 0.3), (0.15, 0.25, 0.6), (0.05, 0.9, 0.05))
LABELS = (1, 0, 0, 1)


def extension(errors: Sequence[float], mask: Sequence[int]) -> float:
    """Between two errors that follow each other the set does not change."""
    levels, total = sorted({0.0, *errors}), 0.0
    for low, high in pairwise(levels):
        wrong = [error > low for error in errors]
        predicted = [y != flipped for y, flipped in zip(mask, wrong, strict=True)]
        total += (high - low) * (1 - jaccard_score(mask, predicted, zero_division=0))
    return total


def of_class(k: int) -> float:
    mask = [int(y == k) for y in LABELS]
    return extension([abs(y - p[k]) for y, p in zip(mask, P, strict=True)], mask)


SOURCE = "the integral over thresholds of scikit-learn's jaccard_score"

CASES = {
    "lovasz_hinge": (
        Case(
            (SCORES, tuple(map(float, MASK))),
            extension([max(0.0, 1 - z * (2 * y - 1)) for z, y in zip(SCORES, MASK, strict=True)], MASK),
            SOURCE,
        ),
        Case(
            ((1.0, -1.0, 1.0, -1.0, 0.0), (1.0, 1.0, 1.0, 0.0, 0.0)),
            extension([0.0, 2.0, 0.0, 0.0, 1.0], (1, 1, 1, 0, 0)),
            SOURCE,
        ),
    ),
    "lovasz_softmax": (Case((P, LABELS), (of_class(0) + of_class(1)) / 2, SOURCE),),
}
