"""Calibration: whether probabilities are as often right as they say.

The expected calibration error with equal-width bins (Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017) is biased: it is
above 0 for a calibrated model too, and the percentiles of a bootstrap repeat the bias, so that they practically never
hold the 0 of a calibrated model. The interval is therefore the bootstrap's reflected at the estimate, which takes the
bias out to first order; and it reaches down to 0 where a calibrated model shows an error of this size by chance
(Broecker and Smith 2007).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lossaudit.geometry.saturation import apply_head, supports
from lossaudit.result import Bin, Calibration

_WORK = 20_000_000  # samples that are drawn again, over all resamples
_Z = 1.959963984540054  # of a normal distribution, 95 % within
_SOFTMAX = frozenset({"cross_entropy"})
_SIGMOID = frozenset({"bce_with_logits", "multilabel_soft_margin", "soft_margin"})


def normalised(loss: str, head: tuple[str, ...], logits: Tensor) -> Tensor | None:
    """What softmax (N, K) or sigmoid (N,) makes the pairing's probabilities of; None where it speaks of none.

    The head says what the probabilities are; where there is none, the loss does. A regression speaks of none.

    Args:
        loss: Name in the catalogue.
        head: Names of the operations between logits and loss, in order.
        logits: (N, K) class logits, or binary logits of any shape.

    >>> normalised("mse", ("softmax",), torch.zeros(1, 3)).shape
    torch.Size([1, 3])
    >>> normalised("mse", (), torch.zeros(1, 3)) is None
    True
    """
    bare = head[:-1] if head[-1:] == ("log",) else head
    last = bare[-1] if bare else ""
    if last in ("softmax", "log_softmax", "sigmoid", "logsigmoid"):
        before, rows = bare[:-1], last.endswith("softmax")
    elif loss in _SOFTMAX | _SIGMOID and bare == head:
        before, rows = bare, loss in _SOFTMAX
    else:
        return None
    if not supports("mse", before) or (rows and (logits.ndim != 2 or logits.shape[1] < 2)):
        return None
    z = apply_head(before, logits)
    return z if rows else z.flatten()


def calibration(logits: Tensor, target: Tensor, *, bins: int = 15, resamples: int = 1000, seed: int = 0) -> Calibration:
    """Expected calibration error, negative log-likelihood and Brier score.

    Of several classes the predicted one is looked at (Guo et al. 2017), of a binary label the probability of label 1.

    Args:
        logits: (N, K), of which softmax makes the probabilities; or (N,), of which sigmoid does. N > 0, finite.
        target: (N,) class indices; or (N,) labels 0 and 1.
        bins: Of equal width.
        resamples: Of the bootstrap.
        seed: Of the bootstrap. No other random state is used.

    A model that says 1/2 and is right three times out of four is off by 1/4:

    >>> measured = calibration(torch.zeros(400), torch.tensor([1, 1, 1, 0] * 100))
    >>> measured.error, round(measured.nll, 4), measured.brier  # -log(1/2) and (1/2)^2
    (0.25, 0.6931, 0.25)
    """
    z = logits.detach().cpu().double()
    y = target.detach().cpu().long()
    if z.ndim == 2:
        log = F.log_softmax(z, 1)
        probability, predicted = log.exp().max(1)
        outcome = (predicted == y).double()
        nll = float(F.nll_loss(log, y))
        brier = float((log.exp() - F.one_hot(y, z.shape[1])).square().sum(1).mean())
    else:
        probability, outcome = torch.sigmoid(z), y.double()
        nll = float(F.binary_cross_entropy_with_logits(z, outcome))
        brier = float((probability - outcome).square().mean())
    said, came = probability.numpy(), outcome.numpy()
    count = max(100, min(resamples, _WORK // len(said)))
    error, interval, by_chance = expected_error(said, came, bins, count, seed)
    return Calibration(
        of="the predicted class" if z.ndim == 2 else "label 1",
        samples=len(said),
        error=error,
        interval=interval,
        by_chance=by_chance,
        said=float(said.mean()),
        came=float(came.mean()),
        nll=nll,
        brier=brier,
        bins=reliability(said, came, bins),
    )


def expected_error(
    said: NDArray[np.float64], came: NDArray[np.float64], bins: int, resamples: int, seed: int
) -> tuple[float, tuple[float, float], float]:
    """The expected calibration error, its 95 % interval, and what a calibrated model stays below in 95 % of draws."""
    random = np.random.default_rng(seed)
    where = bin_of(said, bins)
    error = _error(where, came - said, bins)
    again, calibrated = np.empty(resamples), np.empty(resamples)
    for turn in range(resamples):
        drawn = random.integers(0, len(said), len(said))
        again[turn] = _error(where[drawn], (came - said)[drawn], bins)
        calibrated[turn] = _error(where, (random.random(len(said)) < said) - said, bins)
    low, high = np.quantile(again, (0.025, 0.975))
    by_chance = float(np.quantile(calibrated, 0.95))
    reflected = max(0.0, 2 * error - float(high)), min(1.0, max(error, 2 * error - float(low)))
    return error, (0.0 if error <= by_chance else min(error, reflected[0]), reflected[1]), by_chance


def reliability(said: NDArray[np.float64], came: NDArray[np.float64], bins: int) -> tuple[Bin, ...]:
    """The bins that hold samples: what was said on average, what came, and its Wilson 95 % interval."""
    where = bin_of(said, bins)
    held = np.bincount(where, minlength=bins)
    means, rates = ((np.bincount(where, each, bins) / np.maximum(held, 1)).tolist() for each in (said, came))
    counts = held.tolist()
    return tuple(
        Bin(k / bins, (k + 1) / bins, counts[k], means[k], rates[k], *wilson(rates[k], counts[k]))
        for k in range(bins)
        if counts[k]
    )


def wilson(rate: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927).

    >>> [round(end, 4) for end in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    square = _Z * _Z / count
    centre = (rate + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(rate * (1 - rate) / count + square / (4 * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def bin_of(said: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """In which of the bins of equal width each probability lies."""
    return np.minimum((said * bins).astype(np.int64), bins - 1)


def _error(where: NDArray[np.int64], differences: NDArray[np.float64], bins: int) -> float:
    """Mean absolute difference of the bins, each counted by its samples."""
    return float(np.abs(np.bincount(where, differences, bins)).sum() / len(where))
