"""Losses of a forecast distribution: a histogram or an ensemble, against the number that came."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_REAL = frozenset({TargetEncoding.REAL})


def _at_most(bins: int, y: torch.Tensor, sigma: float, low: float, high: float) -> torch.Tensor:
    """The mass of a normal around each target, cut off at both ends, up to each edge of the bins: (N, bins + 1)."""
    edges = torch.linspace(low, high, bins + 1, dtype=y.dtype)
    below = torch.special.ndtr((edges - y[:, None]) / sigma)
    first, last = below[:, :1], below[:, -1:]
    return (below - first) / (last - first)


def binned_cross_entropy(
    z: torch.Tensor, y: torch.Tensor, sigma: float = 0.015, low: float = -1.0, high: float = 1.0
) -> torch.Tensor:
    """Cross-entropy of the bins' probabilities softmax(z) with the mass of a normal around y in each bin."""
    mass = _at_most(z.shape[-1], y, sigma, low, high).diff(dim=-1)
    return -(mass * torch.log_softmax(z, -1)).sum()


def binned_ordinal_cross_entropy(
    z: torch.Tensor, y: torch.Tensor, sigma: float = 0.015, low: float = -1.0, high: float = 1.0
) -> torch.Tensor:
    """Binary cross-entropy of the cumulative probabilities with those of a normal around y, over the inner edges."""
    at_most = _at_most(z.shape[-1], y, sigma, low, high)
    log_p = torch.log_softmax(z, -1)
    total = torch.zeros((), dtype=z.dtype)
    for cut in range(1, z.shape[-1]):
        below, above = log_p[:, :cut].logsumexp(-1), log_p[:, cut:].logsumexp(-1)
        total = total - (at_most[:, cut] * below + (1 - at_most[:, cut]) * above).sum()
    return total


def ensemble_crps(members: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean distance of the members (N, M) from the target, less half their mean distance from one another.

    >>> import torch
    >>> ensemble_crps(torch.tensor([[0.0, 2.0]]), torch.tensor([3.0]))  # 2 - 1 / 2
    tensor(1.5000)
    """
    error = (members - y[:, None]).abs().mean(-1)
    spread = (members[:, :, None] - members[:, None, :]).abs().mean((-2, -1))
    return (error - spread / 2).sum()


_BINS = View(variables="the logits of three bins", arguments=(((0.3, -1.2, 2.0),), (-0.55,)), wrong=(0, 0, 1))
_OPTIONS = (
    Option(
        "sigma", 0.015, "sigma > 0", "spread of the normal around a target; small beside a bin, targets are one-hot"
    ),
    Option("low", -1.0, "low < high", "lower end of the first bin"),
    Option("high", 1.0, "low < high", "upper end of the last bin"),
)

LOSSES = (
    Loss(
        name="binned_cross_entropy",
        title="Cross-entropy over bins",
        aliases=("hl_gauss", "histogram_loss", "regression_as_classification"),
        family="forecasting",
        tasks=("regression", "uncertainty", "forecasting"),
        summary="a number as a histogram: cross-entropy with the mass of a narrow normal around it",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_REAL,
        encoding=TargetEncoding.REAL,
        formula="-sum over bins of t_k log(softmax(z)_k), t_k the mass in bin k of a normal around y, cut off at both "
        "ends",
        latex=r"-\sum_k t_k \log \mathrm{softmax}(z)_k, \quad t_k = \frac{\Phi\left( \frac{b_{k+1} - y}{\sigma} "
        r"\right) - \Phi\left( \frac{b_k - y}{\sigma} \right)}{\Phi\left( \frac{b_K - y}{\sigma} \right) - \Phi\left( "
        r"\frac{b_0 - y}{\sigma} \right)}",
        callable="lossaudit.catalogue.losses.forecasting.binned_cross_entropy",
        definition=binned_cross_entropy,
        options=_OPTIONS,
        example=_BINS,
        gradient="It is softmax(z) - t: at most sqrt(2), and not fading where the model is confident and wrong. A miss "
        "by one bin costs as much as a miss by twenty, unless sigma spans several bins.",
        optimises="the distribution of the target over the bins, blurred by sigma; the forecast is its mean or a "
        "quantile",
        when="Targets of unknown shape: several peaks, skewed, heavy tails; values in reinforcement learning. "
        "Gradients stay bounded whatever the unit.",
        when_not="The order of the bins should count: binned_ordinal_cross_entropy. A simple shape will do: "
        "gaussian_nll.",
        stable="`F.cross_entropy(z, t)` with t computed without gradient. sigma about 0.75 bins wide is a good start.",
        limits="Targets outside [low, high] by several sigma give 0 / 0: clamp them. The range must be fixed from "
        "training data alone.",
        implementations=(
            Implementation("hl_gauss_pytorch.HLGaussLoss", "the same, averaged; bins and sigma without defaults"),
        ),
        references=(
            "Imani and White 2018, Improving regression performance with distributional losses, section 3",
            "Farebrother et al. 2024, Stop regressing: training value functions via classification, section 3.1",
        ),
    ),
    Loss(
        name="binned_ordinal_cross_entropy",
        title="Ordinal cross-entropy over bins",
        aliases=("oce_ts",),
        family="forecasting",
        tasks=("regression", "uncertainty", "forecasting"),
        summary="a number as a histogram whose bins keep their order: binary cross-entropy at each inner edge",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_REAL,
        encoding=TargetEncoding.REAL,
        formula="-sum over inner edges of T_c log(S_c) + (1 - T_c) log(1 - S_c), cumulative sums of t and of "
        "softmax(z)",
        latex=r"-\sum_{c=1}^{K-1} \left( T_c \log S_c + (1 - T_c) \log(1 - S_c) \right), \quad "
        r"S_c = \sum_{k \le c} \mathrm{softmax}(z)_k, \quad T_c = \sum_{k \le c} t_k",
        callable="lossaudit.catalogue.losses.forecasting.binned_ordinal_cross_entropy",
        definition=binned_ordinal_cross_entropy,
        options=_OPTIONS,
        example=_BINS,
        gradient="Where the model is sure of a bin that is d bins away from the right one, its largest entry is d: a "
        "far miss is corrected harder than a near one, and none fades.",
        optimises="the distribution of the target over the bins, blurred by sigma: it is a sum of proper scores of two "
        "outcomes",
        when="Forecasts with a distribution, where being wrong by more should cost more.",
        when_not="A convex loss is wanted: binned_cross_entropy. A point is enough: mae or huber.",
        stable="Both cumulative sums by logsumexp of log_softmax, as the definition does: log(1 - S) from S is -inf as "
        "soon as S rounds to 1.",
        limits="Not convex for three bins and more. The gradient grows with the number of bins. Scale by what is known "
        "when the forecast is made: the range of the future window is not.",
        implementations=(
            Implementation(
                "OCE-TS (Shi-hm/OCE-TS)", "clamps S and T to [1e-8, 1 - 1e-8], where the gradient is 0, and averages"
            ),
        ),
        references=("Wang, Shi, Li and Shang 2025, Beyond MSE, arXiv 2511.10200",),
    ),
    Loss(
        name="ensemble_crps",
        title="CRPS of an ensemble",
        aliases=("crps_ensemble", "energy_crps"),
        family="forecasting",
        tasks=("uncertainty", "forecasting"),
        summary="how far the members lie from the target, less how far they lie apart",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=_REAL,
        encoding=TargetEncoding.REAL,
        formula="mean over i of |x_i - y| - mean over all i, j of |x_i - x_j| / 2",
        latex=r"\frac{1}{M} \sum_i \lvert x_i - y \rvert - \frac{1}{2 M^2} \sum_{i, j} \lvert x_i - x_j \rvert",
        callable="lossaudit.catalogue.losses.forecasting.ensemble_crps",
        definition=ensemble_crps,
        example=View(
            variables="three members",
            arguments=(((0.3, 1.1, -0.6),), (0.7,)),
            wrong=(4, 5, 6),
        ),
        gradient="For the i-th smallest of M members it is (2 [x > y] - (2 i - 1) / M) / M: that of a pinball at level "
        "(i - 1/2) / M. Its size does not depend on how far the target is.",
        optimises="the quantiles of the target at the levels (i - 1/2) / M: it is 2 / M times the pinball losses of "
        "the sorted members there",
        when="Generative or dropout ensembles as forecasts of any shape, for instance of weather.",
        when_not="The shape is known: gaussian_crps. Members are random draws: use the fair version, which divides the "
        "second sum by 2 M (M - 1); this one rewards too little spread.",
        stable="As written; for many members sort them and add pinball losses, which needs M log M steps and not M^2.",
        limits="Not convex in the members, since they may change places; convex as long as their order stays. With one "
        "member it is the absolute error.",
        implementations=(
            Implementation("scoringrules.crps_ensemble", "of (obs, members); estimator='fair' is the other version"),
            Implementation("properscoring.crps_ensemble", "of (observations, forecasts)"),
        ),
        references=(
            "Gneiting and Raftery 2007, Strictly proper scoring rules, prediction, and estimation, eq. 21",
            "Brocker 2012, Evaluating raw ensembles with the continuous ranked probability score",
        ),
    ),
)
