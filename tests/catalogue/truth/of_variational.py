"""Losses of variational inference."""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import quad
from scipy.special import expit, rel_entr
from scipy.stats import bernoulli, norm
from tests.catalogue.truth.case import Case

P, Q = ((0.2, 0.5, 0.3), (0.05, 0.15, 0.8)), ((0.6, 0.1, 0.3), (0.25, 0.35, 0.4))
MEAN, LOG_VARIANCE = (0.7, -1.3, 0.2), (0.4, -0.9, 1.1)
LOGITS, PIXELS = (0.31, -1.24, 0.87, 2.2), (1.0, 0.0, 0.0, 1.0)


def to_standard_normal(mean: float, log_variance: float) -> float:
    """The integral of q log(q / p)."""
    posterior = norm(mean, math.exp(log_variance / 2))

    def term(x: float) -> float:
        return float(posterior.pdf(x) * (posterior.logpdf(x) - norm.logpdf(x)))

    return quad(term, -20, 20, epsabs=1e-13, epsrel=1e-13, limit=200)[0]


KL = sum(to_standard_normal(m, s) for m, s in zip(MEAN, LOG_VARIANCE, strict=True))
RECONSTRUCTION = -float(bernoulli.logpmf(np.array(PIXELS, dtype=int), expit(LOGITS)).sum())

CASES = {
    "reverse_kl": (Case((P, Q), float(rel_entr(P, Q).sum()), "SciPy's rel_entr, the prediction first"),),
    "gaussian_kl": (Case((MEAN, LOG_VARIANCE), KL, "the integral of q log(q / p), by SciPy"),),
    "elbo": (
        Case(
            (LOGITS, PIXELS, MEAN, LOG_VARIANCE),
            RECONSTRUCTION + 4 * KL,
            "SciPy's Bernoulli likelihood and the integral of q log(q / p)",
            {"beta": 4.0},
        ),
    ),
}
