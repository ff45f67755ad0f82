"""A histogram or an ensemble, against the number that came."""

from __future__ import annotations

import numpy as np
import scoringrules
from scipy import stats
from scipy.special import log_softmax, softmax
from sklearn import metrics
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
Z = ((0.296875, -1.203125, 2.0, 0.703125, -0.390625), (1.109375, 0.203125, -0.890625, -2.296875, 0.609375))
Y = (-0.546875, 0.390625)
MEMBERS, CAME = (
    ((0.296875, 1.109375, -0.578125, 2.921875), (-1.390625, 0.203125, 0.796875, -0.296875)),
    (0.703125, -2.078125),
)


def _mass(sigma: float, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Of each bin under SciPy's normal distribution, cut off at both ends."""
    edges = np.linspace(low, high, len(Z[0]) + 1)
    rows = [np.diff(stats.truncnorm((low - y) / sigma, (high - y) / sigma, loc=y, scale=sigma).cdf(edges)) for y in Y]
    return np.array(rows)


def _cross_entropy(sigma: float, low: float = -1.0, high: float = 1.0) -> float:
    return -float((_mass(sigma, low, high) * log_softmax(Z, axis=1)).sum())


def _ordinal(sigma: float) -> float:
    """One binary log loss for each inner edge, by scikit-learn: each target counts with both labels."""
    total = 0.0
    for mass, p in zip(_mass(sigma), softmax(Z, axis=1), strict=True):
        for t, s in zip(np.cumsum(mass)[:-1], np.cumsum(p)[:-1], strict=True):
            total += metrics.log_loss([1, 0], [[1 - s, s]] * 2, sample_weight=[t, 1 - t], normalize=False)
    return total


def _pinballs() -> float:
    """2 / M times the pinball losses of the sorted members at the levels (i - 1/2) / M."""
    total = 0.0
    for members, y in zip(MEMBERS, CAME, strict=True):
        m = len(members)
        levels = ((i + 0.5) / m for i in range(m))
        total += (
            2
            / m
            * sum(
                metrics.mean_pinball_loss([y], [x], alpha=level)
                for x, level in zip(sorted(members), levels, strict=True)
            )
        )
    return total


CASES: dict[str, tuple[Case, ...]] = {
    "binned_cross_entropy": (
        Case((Z, Y), _cross_entropy(0.015), "scipy.stats.truncnorm"),
        Case((Z, Y), _cross_entropy(0.3), "scipy.stats.truncnorm", {"sigma": 0.3}),
        Case(
            (Z, Y),
            _cross_entropy(0.5, -2.0, 3.0),
            "scipy.stats.truncnorm",
            {"sigma": 0.5, "low": -2.0, "high": 3.0},
        ),
    ),
    "binned_ordinal_cross_entropy": (
        Case((Z, Y), _ordinal(0.015), "scipy.stats.truncnorm, and scikit-learn's log_loss at each edge"),
        Case((Z, Y), _ordinal(0.3), "scipy.stats.truncnorm, and scikit-learn's log_loss at each edge", {"sigma": 0.3}),
    ),
    "ensemble_crps": (
        Case(
            (MEMBERS, CAME),
            float(scoringrules.crps_ensemble(np.array(CAME), np.array(MEMBERS)).sum()),
            "scoringrules.crps_ensemble",
        ),
        Case((MEMBERS, CAME), _pinballs(), "scikit-learn, mean_pinball_loss of the sorted members"),
    ),
}
