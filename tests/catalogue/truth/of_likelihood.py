"""Likelihoods of counts and of positive numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import gammaln, xlogy
from sklearn import metrics
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
ETA = (0.296875, -1.703125, 2.421875, 1.109375)
COUNTS, POSITIVE, SOME_ZERO = (
    (2.0, 0.0, 7.0, 5.0),
    (0.921875, 0.421875, 2.109375, 7.296875),
    (0.921875, 0.0, 2.109375, 7.296875),
)
MEAN, MEANS = np.exp(ETA), (1.359375, 0.171875, 11.296875, 3.015625)


def _poisson(mean: ArrayLike) -> float:
    return float(-stats.poisson.logpmf(COUNTS, mean).sum() - gammaln(np.add(COUNTS, 1)).sum())


def _gamma(mean: ArrayLike) -> float:
    """Of shape 1 the gamma distribution is exponential, whose likelihood is the loss itself."""
    return float(-stats.expon.logpdf(POSITIVE, scale=mean).sum())


def _tweedie(power: float) -> float:
    """Half the deviance, and what a perfect fit costs."""
    y = np.array(SOME_ZERO)
    perfect = y ** (2 - power) / (2 - power) - y ** (2 - power) / (1 - power)
    return float(len(y) * metrics.mean_tweedie_deviance(y, MEAN, power=power) / 2 + perfect.sum())


def _negative_binomial(alpha: float) -> float:
    n = 1 / alpha
    return float(-stats.nbinom.logpmf(COUNTS, n, n / (n + MEAN)).sum())


def _keras_poisson() -> float:
    import keras

    value = keras.losses.poisson(np.array(COUNTS, "float32"), np.array(MEANS, "float32"))
    return len(COUNTS) * float(np.asarray(value))


GAMMA_DEVIANCE = 2 * (_gamma(MEANS) - sum(1 + math.log(y) for y in POSITIVE))

CASES: dict[str, tuple[Case, ...]] = {
    "poisson_nll": (
        Case((ETA, COUNTS), _poisson(MEAN), "scipy.stats.poisson, without log y!"),
        Case(
            (ETA, COUNTS),
            float(len(ETA) * metrics.mean_poisson_deviance(COUNTS, MEAN) / 2 - (xlogy(COUNTS, COUNTS) - COUNTS).sum()),
            "scikit-learn, mean_poisson_deviance",
        ),
    ),
    "poisson_rate": (
        Case((MEANS, COUNTS), _poisson(MEANS), "scipy.stats.poisson, without log y!", call=_keras_poisson),
    ),
    "gamma": (Case((ETA, POSITIVE), _gamma(MEAN), "scipy.stats.expon"),),
    "gamma_mean": (
        Case(
            (MEANS, POSITIVE),
            _gamma(MEANS),
            "scipy.stats.expon",
            reference=GAMMA_DEVIANCE,
            call=lambda: len(MEANS) * float(metrics.mean_gamma_deviance(POSITIVE, MEANS)),
        ),
    ),
    "tweedie": tuple(
        Case((ETA, SOME_ZERO), _tweedie(power), "scikit-learn, mean_tweedie_deviance", {"power": power})
        for power in (1.5, 1.2)
    ),
    "negative_binomial_nll": tuple(
        Case((ETA, COUNTS), _negative_binomial(alpha), "scipy.stats.nbinom", {"alpha": alpha}) for alpha in (0.5, 2.3)
    ),
}
