"""Losses that hardly feel outliers."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats
from scipy.special import pseudo_huber
from statsmodels.robust import norms
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
F, Y = (0.296875, -1.703125, 2.421875, 5.109375), (0.921875, 0.421875, 2.109375, -1.296875)
R = np.subtract(F, Y)


def _least_squares(c: float) -> float:
    """What SciPy's least squares calls the cost of these residuals, before it changes anything."""
    found = optimize.least_squares(lambda x: R + 0 * x[0], [0.0], loss="cauchy", f_scale=c)
    return float(found.cost)


def _welsch(c: float) -> float:
    return float((c**2 * (1 - stats.norm.pdf(R / c) / stats.norm.pdf(0))).sum())


def _geman_mcclure(c: float) -> float:
    """1 / (1 + x^2) is pi times Cauchy's density."""
    return float((c**2 / 2 * (1 - math.pi * stats.cauchy.pdf(R / c))).sum())


CASES: dict[str, tuple[Case, ...]] = {
    "log_cosh": (Case((F, Y), sum(math.log(math.cosh(r)) for r in R), "math.log(math.cosh(r))"),),
    "charbonnier": (
        Case((F, Y), float(pseudo_huber(1.0, R).sum()), "scipy.special.pseudo_huber"),
        Case((F, Y), float(pseudo_huber(0.4, R).sum()), "scipy.special.pseudo_huber", {"delta": 0.4}),
    ),
    "tukey": (
        Case((F, Y), float(norms.TukeyBiweight().rho(R).sum()), "statsmodels, TukeyBiweight"),
        Case((F, Y), float(norms.TukeyBiweight(c=2.0).rho(R).sum()), "statsmodels, TukeyBiweight", {"c": 2.0}),
    ),
    "cauchy": (
        Case((F, Y), _least_squares(1.0), "scipy.optimize.least_squares, loss='cauchy'"),
        Case((F, Y), _least_squares(2.385), "scipy.optimize.least_squares, loss='cauchy'", {"c": 2.385}),
    ),
    "welsch": (
        Case((F, Y), _welsch(1.0), "scipy.stats.norm.pdf"),
        Case((F, Y), _welsch(2.11), "scipy.stats.norm.pdf", {"c": 2.11}),
    ),
    "geman_mcclure": (
        Case((F, Y), _geman_mcclure(1.0), "scipy.stats.cauchy.pdf"),
        Case((F, Y), _geman_mcclure(2.0), "scipy.stats.cauchy.pdf", {"c": 2.0}),
    ),
}
