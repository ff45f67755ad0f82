"""Losses of labels that may hold together, from scikit-learn, `math` and the formulas of the papers."""

from __future__ import annotations

import math

import numpy as np
import sklearn.metrics
from scipy.special import expit
from tests.catalogue.truth.case import Case

Z = ((0.42, -1.35, 2.16), (-0.77, 0.58, -2.04))
Y = ((1.0, 0.0, 0.0), (0.0, 1.0, 1.0))
P = tuple(tuple(map(float, row)) for row in expit(np.array(Z)))


def _margins(scores: tuple[float, ...], holds: set[int]) -> float:
    fails = set(range(len(scores))) - holds
    return sum(max(0.0, 1 - scores[j] + scores[i]) for j in holds for i in fails) / len(scores)


def _asymmetric(gamma_pos: float, gamma_neg: float, clip: float) -> float:
    """Label by label, with the shifted probability of section 2 of the paper."""
    total = 0.0
    for p, y in zip(np.ravel(P), np.ravel(Y), strict=True):
        if y:
            total -= (1 - p) ** gamma_pos * math.log(p)
        elif p > clip:
            total -= (p - clip) ** gamma_neg * math.log(1 - p + clip)
    return total


_FIRST, _SECOND = (0.31, -0.86, 1.12, 0.64), (0.93, 0.27, -0.45, -1.58)
_BOTH = (_FIRST, _SECOND)

CASES: dict[str, tuple[Case, ...]] = {
    "multilabel_soft_margin": (
        Case(
            (Z, Y),
            sum(float(sklearn.metrics.log_loss(y, p)) for y, p in zip(Y, P, strict=True)),
            "of each sample, the mean of sklearn.metrics.log_loss over its labels",
        ),
    ),
    "multilabel_margin": (
        Case(
            (_BOTH, ((3, 0, -1, 1), (2, -1, 0, 0))), _margins(_FIRST, {0, 3}) + _margins(_SECOND, {2}), "pair by pair"
        ),
        Case(((_FIRST,), ((-1, 0, 1, 2),)), 0.0, "no label holds"),
    ),
    "asymmetric": (
        Case((Z, Y), _asymmetric(0, 4, 0.05), "label by label"),
        Case((Z, Y), _asymmetric(1, 2.5, 0.1), "label by label", {"gamma_pos": 1.0, "gamma_neg": 2.5, "clip": 0.1}),
        Case(
            (Z, Y),
            float(sklearn.metrics.log_loss(np.ravel(Y), np.ravel(P), normalize=False)),
            "without its parameters it is cross-entropy",
            {"gamma_pos": 0.0, "gamma_neg": 0.0, "clip": 0.0},
        ),
        Case(((-3.2,), (0.0,)), 0.0, "sigmoid(-3.2) = 0.039 is below the clip"),
    ),
    "one_vs_all_mse": (
        Case((P, Y), 6 * float(sklearn.metrics.mean_squared_error(np.ravel(Y), np.ravel(P))), "sklearn.metrics"),
    ),
}
