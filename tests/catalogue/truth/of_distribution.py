"""Losses between distributions."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, rel_entr, softmax
from tests.catalogue.truth.case import Case

P = ((0.2, 0.5, 0.3), (0.05, 0.15, 0.8))
Y = ((0.6, 0.1, 0.3), (0.25, 0.35, 0.4))
STUDENT, TEACHER = ((0.31, -1.24, 0.87), (1.6, 0.4, -0.7)), ((2.1, -0.3, 0.4), (-0.2, 0.9, 1.7))


def rows(array: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, array.tolist()))


KL = float(rel_entr(Y, P).sum())

CASES = {
    "kl_div": (
        Case((rows(np.log(P)), Y), KL, "SciPy's rel_entr"),
        Case(
            (rows(log_softmax(STUDENT, axis=-1)), ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),
            -float(np.log(softmax(STUDENT, axis=-1)[[0, 1], [1, 2]]).sum()),
            "one-hot: the logarithms of two",
        ),
    ),
    "kl_divergence": (
        Case((P, Y), KL, "SciPy's rel_entr"),
        Case(
            (P, ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))), -float(np.log(0.5) + np.log(0.8)), "one-hot: the logarithms of two"
        ),
    ),
    "distillation": (
        Case(
            (STUDENT, TEACHER),
            float(9 * rel_entr(softmax(np.array(TEACHER) / 3, -1), softmax(np.array(STUDENT) / 3, -1)).sum()),
            "SciPy's softmax and rel_entr at temperature 3",
            {"temperature": 3.0},
        ),
    ),
}
