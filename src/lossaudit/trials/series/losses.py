"""Losses of a forecast: what the outputs of a step mean, what is minimised, and how good the forecast is.

All is in the units of the scaled target: -1 and 1 are the ends of the window that scales it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from lossaudit.catalogue.losses.forecasting import binned_cross_entropy
from lossaudit.catalogue.losses.location_scale import gaussian_crps

BINS = 20
SIGMA = 0.3375 * 2 / BINS
"""Spread of the normal around a target, on bins over [-1, 1]: as many bins wide as 0.015 is with 45 of them."""
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the quantiles: (i - 1/2) / 5, so that twice their mean pinball loss is the CRPS of the five as an ensemble."""
_SHARPEST = 1e-3  # standard deviation
_LEAST = 1e-300  # share of the mass beyond an edge, whose logarithm is taken


@dataclass(frozen=True, slots=True, eq=False)
class ForecastLoss:
    """A loss of forecasts.

    Attributes:
        name: Unique.
        words: In words.
        width: Outputs for each step.
        value: Of outputs (N, H, width) and targets (N, H): the mean loss, a scalar.
        point: Of outputs: the forecast number of each step (N, H).
        crps: Of outputs and targets: the CRPS of each step (N, H); of a point forecast its absolute error.
        edge: Targets beyond +-edge are moved to the end; infinity: none are.
        convex: In the outputs: True proved, False refuted.
    """

    name: str
    words: str
    width: int
    value: Callable[[Tensor, Tensor], Tensor]
    point: Callable[[Tensor], Tensor]
    crps: Callable[[Tensor, Tensor], Tensor]
    edge: float = float("inf")
    convex: bool | None = None


def discrete_crps(points: Tensor, weights: Tensor, y: Tensor) -> Tensor:
    """CRPS of a distribution with mass `weights` on `points`, both (..., M), against y (...).

    sum_i w_i |x_i - y| - 1/2 sum_ij w_i w_j |x_i - x_j| (Gneiting and Raftery 2007, eq. 21).

    >>> discrete_crps(torch.tensor([0.0, 2.0]), torch.tensor([0.5, 0.5]), torch.tensor(3.0))
    tensor(1.5000)
    """
    error = (weights * (points - y[..., None]).abs()).sum(-1)
    apart = (points[..., :, None] - points[..., None, :]).abs()
    return error - (weights[..., :, None] * weights[..., None, :] * apart).sum((-2, -1)) / 2


def centres(bins: int, edge: float = 1.0) -> Tensor:
    """Of equal bins over [-edge, edge]."""
    edges = torch.linspace(-edge, edge, bins + 1)
    return (edges[1:] + edges[:-1]) / 2


def ordinal_cross_entropy(z: Tensor, y: Tensor, sigma: float, low: float, high: float) -> Tensor:
    """`binned_ordinal_cross_entropy` of the catalogue, faster: sums over the bins from both ends in float64.

    It is the same as long as no logit lies more than 690 below the largest.
    """
    edges = torch.linspace(low, high, z.shape[-1] + 1, dtype=y.dtype)
    at_most = torch.special.ndtr((edges - y[:, None]) / sigma)
    at_most = ((at_most - at_most[:, :1]) / (at_most[:, -1:] - at_most[:, :1]))[:, 1:-1]
    z = z.double()
    mass = (z - z.detach().amax(-1, keepdim=True)).exp()
    below, above = mass.cumsum(-1)[:, :-1], mass.flip(-1).cumsum(-1).flip(-1)[:, 1:]
    log_below, log_above = below.clamp(min=_LEAST).log(), above.clamp(min=_LEAST).log()
    log_all = mass.sum(-1, keepdim=True).log()
    return (log_all - at_most * log_below - (1 - at_most) * log_above).sum().to(y.dtype)


def _number(outputs: Tensor) -> Tensor:
    return outputs[..., 0]


def _absolute(outputs: Tensor, y: Tensor) -> Tensor:
    return (_number(outputs) - y).abs()


def pinball(outputs: Tensor, y: Tensor) -> Tensor:
    """Mean over the levels of max(tau r, (tau - 1) r), r = y - f, one output for each level."""
    tau = torch.tensor(LEVELS, dtype=outputs.dtype)
    r = y[..., None] - outputs
    return torch.maximum(tau * r, (tau - 1) * r).mean()


def _ensemble(outputs: Tensor, y: Tensor) -> Tensor:
    return discrete_crps(outputs, torch.full_like(outputs, 1 / outputs.shape[-1]), y)


def _spread(outputs: Tensor) -> Tensor:
    return functional.softplus(outputs[..., 1]) + _SHARPEST


def _normal(outputs: Tensor, y: Tensor) -> Tensor:
    each = torch.vmap(gaussian_crps)
    return each(_number(outputs).flatten(), y.flatten(), _spread(outputs).flatten()).reshape(y.shape)


def _normal_mean(outputs: Tensor, y: Tensor) -> Tensor:
    return gaussian_crps(_number(outputs), y, _spread(outputs)) / y.numel()


def _binned(loss: Callable[..., Tensor], edge: float, outputs: Tensor, y: Tensor) -> Tensor:
    inside = y.clamp(-edge, edge).flatten()
    return loss(outputs.flatten(0, 1), inside, sigma=SIGMA * edge, low=-edge, high=edge) / y.numel()


def _histogram_mean(edge: float, outputs: Tensor) -> Tensor:
    return outputs.softmax(-1) @ centres(outputs.shape[-1], edge).to(outputs.dtype)


def _histogram(edge: float, outputs: Tensor, y: Tensor) -> Tensor:
    return discrete_crps(centres(outputs.shape[-1], edge), outputs.softmax(-1), y)


def _histogram_loss(name: str, words: str, loss: Callable[..., Tensor], edge: float, convex: bool) -> ForecastLoss:
    return ForecastLoss(
        name,
        words,
        BINS,
        partial(_binned, loss, edge),
        partial(_histogram_mean, edge),
        partial(_histogram, edge),
        edge,
        convex,
    )


_ALL = (
    ForecastLoss(
        "mse", "squared error", 1, lambda f, y: functional.mse_loss(_number(f), y), _number, _absolute, convex=True
    ),
    ForecastLoss(
        "mae", "absolute error", 1, lambda f, y: functional.l1_loss(_number(f), y), _number, _absolute, convex=True
    ),
    ForecastLoss(
        "pinball",
        "pinball loss of the quantiles 0.1, 0.3, 0.5, 0.7 and 0.9; the forecast is the median",
        len(LEVELS),
        pinball,
        lambda f: f[..., len(LEVELS) // 2],
        _ensemble,
        convex=True,
    ),
    ForecastLoss(
        "gaussian_crps",
        "CRPS of a normal distribution, mean and softplus of a spread",
        2,
        _normal_mean,
        _number,
        _normal,
    ),
    _histogram_loss(
        "binned_cross_entropy", f"cross-entropy over {BINS} bins of [-1, 1]", binned_cross_entropy, 1.0, True
    ),
    _histogram_loss(
        "binned_ordinal_cross_entropy",
        f"ordinal cross-entropy over {BINS} bins of [-1, 1]",
        ordinal_cross_entropy,
        1.0,
        False,
    ),
    _histogram_loss(
        "binned_ordinal_cross_entropy(edge=2)",
        f"ordinal cross-entropy over {BINS} bins of [-2, 2]",
        ordinal_cross_entropy,
        2.0,
        False,
    ),
)
LOSSES: Mapping[str, ForecastLoss] = MappingProxyType({loss.name: loss for loss in _ALL})
"""By name."""
