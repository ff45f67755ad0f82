"""Losses of two networks against each other."""

from __future__ import annotations

import math

from scipy.special import expit
from sklearn.metrics import hinge_loss, log_loss
from tests.catalogue.truth.case import Case

REAL, FAKE = (0.31, -1.24, 2.2), (0.87, -0.7, -1.65)
SIDES = [1] * 3 + [0] * 3

CASES = {
    "gan_minimax": (
        Case(
            (REAL, FAKE),
            log_loss(SIDES, expit(REAL + FAKE), normalize=False),
            "scikit-learn's log loss of the sigmoids",
        ),
    ),
    "gan_generator_saturating": (Case((FAKE,), sum(math.log(1 - expit(z)) for z in FAKE), "log(1 - D) with math"),),
    "gan_generator_non_saturating": (
        Case(
            (FAKE,),
            log_loss([1] * 3, expit(FAKE), labels=[0, 1], normalize=False),
            "scikit-learn's log loss, turned labels",
        ),
    ),
    "gan_hinge": (
        Case((REAL, FAKE), 6 * hinge_loss([1] * 3 + [-1] * 3, REAL + FAKE), "scikit-learn's hinge loss, a mean of six"),
    ),
    "wasserstein_critic": (Case((REAL, FAKE), 0.87 - 0.7 - 1.65 - 0.31 + 1.24 - 2.2, "by hand"),),
}
