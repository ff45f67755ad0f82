"""Losses over the overlap of two regions."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.metrics import f1_score, fbeta_score, jaccard_score
from tests.catalogue.truth.case import Case

P, Y = (0.2, 0.9, 0.6, 0.35, 0.75), (0.0, 1.0, 1.0, 0.0, 1.0)
HARD, MASK = (1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0)
TP, FP, FN = 0.9 + 0.6 + 0.75, 0.2 + 0.35, 0.1 + 0.4 + 0.25
BY_HAND, HARD_MASKS = "true and false positives and false negatives counted by hand", "scikit-learn, on hard masks"


def keras_tversky(p: tuple[float, ...], y: tuple[float, ...], alpha: float, beta: float) -> Callable[[], float]:
    """Keras 3.15.1, whose alpha is the price of false negatives."""

    def call() -> float:
        import keras

        return float(keras.losses.tversky(list(y), list(p), alpha=beta, beta=alpha))

    return call


CASES = {
    "dice": (
        Case((P, Y), 1 - 2 * TP / (2 * TP + FP + FN), BY_HAND),
        Case((HARD, MASK), 1 - f1_score(MASK, HARD), HARD_MASKS),
    ),
    "jaccard": (
        Case((P, Y), 1 - TP / (TP + FP + FN), BY_HAND),
        Case((HARD, MASK), 1 - jaccard_score(MASK, HARD), HARD_MASKS),
    ),
    "tversky": (
        Case(
            (P, Y),
            1 - TP / (TP + 0.9 * FP + 0.1 * FN),
            BY_HAND,
            {"alpha": 0.9, "beta": 0.1},
            call=keras_tversky(P, Y, 0.9, 0.1),
        ),
        Case(
            (HARD, MASK),
            1 - fbeta_score(MASK, HARD, beta=2),
            HARD_MASKS,
            {"alpha": 0.2, "beta": 0.8},
            call=keras_tversky(HARD, MASK, 0.2, 0.8),
        ),
    ),
    "focal_tversky": (
        Case((P, Y), (1 - TP / (TP + 0.3 * FP + 0.7 * FN)) ** 0.75, BY_HAND),
        Case(
            (HARD, MASK),
            (1 - fbeta_score(MASK, HARD, beta=3)) ** 0.5,
            HARD_MASKS,
            {"alpha": 0.1, "beta": 0.9, "gamma": 2.0},
        ),
    ),
}
