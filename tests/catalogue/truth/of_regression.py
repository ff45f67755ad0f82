"""Squared, absolute, and what lies between."""

from __future__ import annotations

import numpy as np
from scipy.special import huber as scipy_huber
from sklearn import metrics
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
F, Y = (0.296875, -1.703125, 2.421875, 5.109375), (0.921875, 0.421875, 2.109375, -1.296875)
R = np.subtract(F, Y)


def _huber(delta: float) -> float:
    return float(scipy_huber(delta, R).sum())


CASES: dict[str, tuple[Case, ...]] = {
    "mse": (Case((F, Y), len(F) * metrics.mean_squared_error(Y, F), "scikit-learn, mean_squared_error"),),
    "rmse": (
        Case(
            (F, Y),
            float(np.linalg.norm(R) / len(F) ** 0.5),
            "numpy.linalg.norm, over the root of n",
            call=lambda: float(metrics.root_mean_squared_error(Y, F)),
        ),
        Case(
            ((-3.75,), (1.125,)),
            4.875,
            "one sample: the absolute error",
            call=lambda: float(metrics.root_mean_squared_error([1.125], [-3.75])),
        ),
    ),
    "mae": (Case((F, Y), len(F) * metrics.mean_absolute_error(Y, F), "scikit-learn, mean_absolute_error"),),
    "smooth_l1": (
        Case((F, Y), _huber(1.0), "scipy.special.huber"),
        Case((F, Y), _huber(2.5) / 2.5, "scipy.special.huber, over beta", {"beta": 2.5}),
    ),
    "huber": (
        Case((F, Y), _huber(1.0), "scipy.special.huber"),
        Case((F, Y), _huber(2.5), "scipy.special.huber", {"delta": 2.5}),
    ),
}
