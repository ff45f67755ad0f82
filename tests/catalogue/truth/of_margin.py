"""Losses of the margin, from `math`, NumPy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import sklearn.metrics
from tests.catalogue.truth.case import Case

Z, Y = (0.37, -1.62, 2.45, -0.18, 0.81), (1.0, 1.0, -1.0, -1.0, 1.0)
M = tuple(y * z for z, y in zip(Z, Y, strict=True))  # 0.37, -1.62, -2.45, 0.18, 0.81

_HINGE = sklearn.metrics.hinge_loss(np.array(Y), np.array(Z)) * len(Z)


def _errors(z: tuple[float, ...], y: tuple[float, ...]) -> float:
    return float(sklearn.metrics.zero_one_loss(np.array(y), np.sign(z), normalize=False))


CASES: dict[str, tuple[Case, ...]] = {
    "hinge": (Case((Z, Y), float(_HINGE), "sklearn.metrics.hinge_loss"),),
    "squared_hinge": (
        Case(
            (Z, Y), sum((1 - m) ** 2 for m in M), "every margin is below 1", reference=sum((1 - m) ** 2 for m in M) / 5
        ),
        Case(((1.3, -0.4), (1.0, 1.0)), 1.4**2, "only the second is inside the margin", reference=1.4**2 / 2),
    ),
    "smoothed_hinge": (
        Case((Z, Y), 0.63**2 / 2 + 2.12 + 2.95 + 0.82**2 / 2 + 0.19**2 / 2, "Rennie's three pieces, sample by sample"),
        Case(((1.3,), (1.0,)), 0.0, "beyond the margin"),
    ),
    "modified_huber": (
        Case((Z, Y), 0.63**2 + 4 * 1.62 + 4 * 2.45 + 0.82**2 + 0.19**2, "Zhang's three pieces, sample by sample"),
        Case(((-0.7,), (1.0,)), 1.7**2, "wrong, but not by 1: still the parabola"),
    ),
    "logistic": (Case((Z, Y), sum(math.log1p(math.exp(-m)) for m in M), "log(1 + exp(-m))"),),
    "exponential": (Case((Z, Y), float(np.exp(-np.array(M)).sum()), "NumPy"),),
    "perceptron": (Case((Z, Y), 1.62 + 2.45, "the two samples with the wrong sign"),),
    "unhinged": (Case((Z, Y), 5 - sum(M), "5 samples"),),
    "zero_one": (
        Case((Z, Y), 2.0, "the two samples with the wrong sign", call=lambda: _errors(Z, Y)),
        Case(
            ((0.0, 0.4), (1.0, 1.0)),
            0.5,
            "a score of 0 is half an error; scikit-learn, told the label 0, counts it whole",
            reference=1.0,
            call=lambda: _errors((0.0, 0.4), (1.0, 1.0)),
        ),
    ),
    "savage": (
        Case((Z, Y), sum((1 + math.exp(m)) ** -2 for m in M), "the formula in `math`"),
        Case(
            ((0.9,), (1.0,)),
            (1 - 1 / (1 + math.exp(-0.9))) ** 2,
            "the squared error of a sigmoid, for the label 1",
        ),
    ),
    "tangent": (
        Case((Z, Y), sum((2 * math.atan(m) - 1) ** 2 for m in M), "the formula in `math`"),
        Case(((math.tan(0.5),), (1.0,)), 0.0, "its only zero"),
    ),
    "ramp": (Case((Z, Y), 0.63 + 1 + 1 + 0.82 + 0.19, "piece by piece"),),
    "sigmoid_loss": (Case((Z, Y), sum(0.5 - math.tanh(m / 2) / 2 for m in M), "1/2 - tanh(m/2)/2"),),
}
