"""Quantiles, expectiles, intervals."""

from __future__ import annotations

import numpy as np
import scoringrules
from scipy.special import huber
from sklearn import metrics
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
F, Y = (0.296875, -1.703125, 2.421875, 5.109375), (0.921875, 0.421875, 2.109375, -1.296875)
R = np.subtract(Y, F)  # two are positive, two negative
LOWER, UPPER = (-0.390625, 0.203125, 1.921875, 3.296875), (1.296875, 0.296875, 2.203125, 4.609375)


def _quantile(tau: float) -> float:
    return float(scoringrules.quantile_score(np.array(Y), np.array(F), tau).sum())


def _tilted(tau: float, even: np.ndarray) -> float:
    return float(np.dot(np.abs(tau - (R < 0)), even))


def _pinball_of_ends(alpha: float) -> float:
    """The interval score is 2 / alpha times the pinball losses of both ends."""
    ends = ((LOWER, alpha / 2), (UPPER, 1 - alpha / 2))
    return 2 / alpha * len(Y) * sum(metrics.mean_pinball_loss(Y, end, alpha=level) for end, level in ends)


ENDS = tuple(zip(LOWER, UPPER, strict=True))

CASES: dict[str, tuple[Case, ...]] = {
    "pinball": tuple(
        Case(
            (F, Y),
            _quantile(tau),
            "scoringrules.quantile_score",
            {"tau": tau},
            call=lambda tau=tau: len(F) * float(metrics.mean_pinball_loss(Y, F, alpha=tau)),
        )
        for tau in (0.9, 0.25)
    ),
    "expectile": tuple(
        Case((F, Y), _tilted(tau, R**2), "Newey and Powell 1987, by hand", {"tau": tau}) for tau in (0.9, 0.25)
    ),
    "quantile_huber": (
        Case((F, Y), _tilted(0.9, huber(1.0, R)), "Dabney et al. 2018, eq. 10, with scipy.special.huber"),
        Case(
            (F, Y),
            _tilted(0.25, huber(2.0, R)),
            "Dabney et al. 2018, eq. 10, with scipy.special.huber",
            {"tau": 0.25, "kappa": 2.0},
        ),
    ),
    "interval_score": (
        Case(
            (ENDS, Y),
            float(scoringrules.interval_score(np.array(Y), np.array(LOWER), np.array(UPPER), 0.1).sum()),
            "scoringrules.interval_score",
        ),
        Case((ENDS, Y), _pinball_of_ends(0.3), "scikit-learn, mean_pinball_loss of both ends", {"alpha": 0.3}),
    ),
}
