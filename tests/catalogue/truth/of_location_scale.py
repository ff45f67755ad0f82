"""Likelihoods and the CRPS of a predicted location and scale."""

from __future__ import annotations

import numpy as np
import scoringrules
from scipy import integrate, stats
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
M, Y, S = (
    (0.296875, -1.703125, 2.421875, 5.109375),
    (0.921875, 0.421875, 2.109375, -1.296875),
    (0.796875, 1.703125, 0.421875, 2.921875),
)
VARIANCES = tuple(s**2 for s in S)


def _gaussian() -> float:
    return float(-stats.norm.logpdf(Y, M, S).sum() - len(Y) * np.log(2 * np.pi) / 2)


def _student_t(df: float) -> float:
    return float(-stats.t.logpdf(Y, df, M, S).sum())


def _integrated() -> float:
    """The CRPS by its definition: the square of the distribution function less the step at y, integrated."""
    total = 0.0
    for m, y, s in zip(M, Y, S, strict=True):
        below = integrate.quad(lambda x, m=m, s=s: stats.norm.cdf(x, m, s) ** 2, -60, y, epsabs=1e-13, limit=400)
        above = integrate.quad(lambda x, m=m, s=s: stats.norm.sf(x, m, s) ** 2, y, 60, epsabs=1e-13, limit=400)
        total += below[0] + above[0]
    return total


CASES: dict[str, tuple[Case, ...]] = {
    "gaussian_nll": (Case((M, Y, VARIANCES), _gaussian(), "scipy.stats.norm, without log(2 pi) / 2"),),
    "laplace_nll": (Case((M, Y, S), float(-stats.laplace.logpdf(Y, M, S).sum()), "scipy.stats.laplace"),),
    "student_t_nll": (
        Case((M, Y, S), _student_t(4.0), "scipy.stats.t"),
        Case((M, Y, S), _student_t(1.5), "scipy.stats.t", {"df": 1.5}),
    ),
    "gaussian_crps": (
        Case(
            (M, Y, S),
            float(scoringrules.crps_normal(np.array(Y), np.array(M), np.array(S)).sum()),
            "scoringrules.crps_normal",
        ),
        Case((M, Y, S), _integrated(), "the integral that defines it"),
    ),
}
