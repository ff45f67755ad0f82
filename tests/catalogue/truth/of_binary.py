"""Losses of yes-or-no labels, from SciPy and scikit-learn."""

from __future__ import annotations

import functools

import numpy as np
import sklearn.metrics
from scipy.special import expit, log_expit, rel_entr
from scipy.stats import bernoulli
from tests.catalogue.truth.case import Case

P = (0.37, 0.08, 0.91, 0.64)
Z = (-0.53, 2.41, 1.17, -1.86)
Y = (1.0, 0.0, 0.0, 1.0)
SOFT = (0.7, 0.15, 0.4, 0.95)
SIGNED = (1.0, -1.0, -1.0, 1.0)


def _nll(p: object, y: object = Y) -> float:
    return -float(bernoulli.logpmf(np.array(y), np.array(p)).sum())


def _cross_entropy(p: object, y: object) -> object:
    """Entropy plus Kullback-Leibler divergence."""
    p, y = np.array(p), np.array(y)
    of_y = -(y * np.log(y) + (1 - y) * np.log(1 - y))
    return of_y + rel_entr(y, p) + rel_entr(1 - y, 1 - p)


def _focal(p: object, gamma: float, alpha: float | None = None) -> float:
    """The paper's -alpha_t (1 - p_t)^gamma log(p_t), with p_t as it is told apart there."""
    total = 0.0
    for each, label in zip(np.asarray(p), Y, strict=True):
        p_t = each if label else 1 - each
        a_t = 1.0 if alpha is None else alpha if label else 1 - alpha
        total -= a_t * (1 - p_t) ** gamma * np.log(p_t)
    return float(total)


def _torch_weighted(weight: float) -> float:
    import torch

    function = torch.nn.functional.binary_cross_entropy_with_logits
    return float(function(torch.tensor(Z), torch.tensor(Y), reduction="sum", pos_weight=torch.tensor(weight)))


def _keras_focal(gamma: float, alpha: float | None) -> float:
    import keras

    balance = {"apply_class_balancing": True, "alpha": alpha} if alpha is not None else {}
    y, p = np.array([Y], np.float32), np.array([P], np.float32)
    return 4 * float(keras.losses.binary_focal_crossentropy(y, p, gamma=gamma, **balance)[0])


_WEIGHTS = np.where(np.array(Y) == 1, 2.5, 1.0)

CASES: dict[str, tuple[Case, ...]] = {
    "bce": (
        Case((P, Y), float(sklearn.metrics.log_loss(Y, P, normalize=False)), "sklearn.metrics.log_loss"),
        Case((P, SOFT), float(np.sum(_cross_entropy(P, SOFT))), "entropy and Kullback-Leibler divergence in SciPy"),
    ),
    "bce_with_logits": (
        Case((Z, Y), _nll(expit(Z)), "scipy.stats.bernoulli"),
        Case((Z, SOFT), float(np.sum(_cross_entropy(expit(Z), SOFT))), "entropy and divergence in SciPy"),
        Case(((-800.0, 750.0), (1.0, 0.0)), 1550.0, "log(1 + exp(t)) is t for large t"),
    ),
    "weighted_bce": (
        Case(
            (Z, Y),
            float(sklearn.metrics.log_loss(Y, expit(Z), normalize=False, sample_weight=_WEIGHTS)),
            "sklearn.metrics.log_loss with weights of samples",
            {"pos_weight": 2.5},
            call=functools.partial(_torch_weighted, 2.5),
        ),
    ),
    "soft_margin": (Case((Z, SIGNED), _nll(expit(Z)), "the same as the Bernoulli likelihood of labels 0 and 1"),),
    "binary_focal": (
        Case((P, Y), _focal(P, 2), "eq. 4 of the paper", call=lambda: _keras_focal(2.0, None)),
        Case(
            (P, Y), _focal(P, 1.5, 0.25), "eq. 5", {"gamma": 1.5, "alpha": 0.25}, call=lambda: _keras_focal(1.5, 0.25)
        ),
        Case((P, Y), _nll(P), "gamma = 0 is cross-entropy", {"gamma": 0.0}, call=lambda: _keras_focal(0.0, None)),
    ),
    "binary_focal_with_logits": (
        Case((Z, Y), _focal(expit(Z), 2), "eq. 4 of the paper"),
        Case((Z, Y), _focal(expit(Z), 0.5, 0.3), "eq. 5", {"gamma": 0.5, "alpha": 0.3}),
        Case(((-40.0,), (1.0,)), -float(log_expit(-40.0)), "the weight is 1 where the label has no probability"),
    ),
    "sigmoid_mse": (Case((P, Y), 4 * float(sklearn.metrics.brier_score_loss(Y, P)), "sklearn.metrics"),),
}
