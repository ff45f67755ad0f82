"""Losses whose minimiser is a quantile or an expectile."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.numbers import HEADS, NUMBERS
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def pinball(f: torch.Tensor, y: torch.Tensor, tau: float = 0.9) -> torch.Tensor:
    """max(tau (y - f), (tau - 1) (y - f))."""
    r = y - f
    return torch.maximum(tau * r, (tau - 1) * r).sum()


def expectile(f: torch.Tensor, y: torch.Tensor, tau: float = 0.9) -> torch.Tensor:
    """|tau - [y < f]| (y - f)^2."""
    r = y - f
    return torch.where(r > 0, tau * r**2, (1 - tau) * r**2).sum()


def quantile_huber(f: torch.Tensor, y: torch.Tensor, tau: float = 0.9, kappa: float = 1.0) -> torch.Tensor:
    """|tau - [y < f]| times Huber's loss of y - f, linear from kappa on."""
    huber = torch.nn.functional.huber_loss(f, y, reduction="none", delta=kappa)
    return torch.where(y > f, tau * huber, (1 - tau) * huber).sum()


def interval_score(bounds: torch.Tensor, y: torch.Tensor, alpha: float = 0.1) -> torch.Tensor:
    """Width of each interval (lower, upper), plus 2 / alpha times how far the target lies outside.

    >>> import torch
    >>> interval_score(torch.tensor([[1.0, 3.0]]), torch.tensor([3.5]), alpha=0.5)  # 2 + 4 * 0.5
    tensor(4.)
    """
    lower, upper = bounds[:, 0], bounds[:, 1]
    outside = torch.relu(lower - y) + torch.relu(y - upper)
    return (upper - lower + 2 / alpha * outside).sum()


LOSSES = (
    Loss(
        name="pinball",
        title="Pinball",
        aliases=("quantile", "quantile_loss", "pinball_loss", "check_loss", "tilted_absolute_error"),
        family="regression",
        tasks=("quantiles", "forecasting", "robust regression"),
        summary="a tilted absolute error, whose minimiser is the quantile tau",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="max(tau (y - f), (tau - 1) (y - f))",
        latex=r"\max\left( \tau (y - f), (\tau - 1) (y - f) \right)",
        callable="sklearn.metrics.mean_pinball_loss",
        definition=pinball,
        options=(Option("tau", 0.9, "0 < tau < 1", "the level of the quantile; 0.5 is half the absolute error"),),
        gradient="It is -tau where the prediction is too low and 1 - tau where it is too high, whatever the size of "
        "the error: outliers pull no harder than others.",
        optimises="the quantile tau of the target given the input",
        when="Forecasts with a margin of safety, or several quantiles for an interval: one output for each level.",
        when_not="The mean is wanted (mse), or a whole density (gaussian_nll, binned_cross_entropy). Extreme levels "
        "need many samples: about 1 / (1 - tau) of them for each that lies beyond.",
        stable="`torch.maximum(tau * r, (tau - 1) * r)` with r = y - f. For several levels that must not cross, "
        "predict the lowest and positive steps (softplus).",
        limits="Independent outputs for two levels may cross. The minimiser is not unique where the distribution has a "
        "gap.",
        implementations=(
            Implementation("sklearn.metrics.mean_pinball_loss", "alpha is tau, 0.5 by default; not differentiable"),
            Implementation("sklearn.linear_model.QuantileRegressor", "quantile is tau; alpha weights an L1 penalty"),
            Implementation("scoringrules.quantile_score", "alpha is tau"),
            Implementation("lightgbm objective quantile", "alpha is tau, 0.9 by default"),
            Implementation("pytorch_forecasting.QuantileLoss", "twice this, for several levels"),
        ),
        references=("Koenker and Bassett 1978, Regression quantiles",),
    ),
    Loss(
        name="expectile",
        title="Expectile",
        aliases=("expectile_loss", "asymmetric_squared_error"),
        family="regression",
        tasks=("quantiles",),
        summary="a tilted squared error, whose minimiser is the expectile tau",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="|tau - [y < f]| (y - f)^2",
        latex=r"\left\lvert \tau - [y < f] \right\rvert (y - f)^2",
        callable="lossaudit.catalogue.losses.quantiles.expectile",
        definition=expectile,
        options=(Option("tau", 0.9, "0 < tau < 1", "the level of the expectile; 0.5 is half the squared error"),),
        gradient="It is 2 tau (f - y) where the prediction is too low and 2 (1 - tau) (f - y) where it is too high: "
        "proportional to the error, steeper on one side.",
        optimises="the expectile tau: the point where tau times the mean excess above it equals 1 - tau times the mean "
        "shortfall below it; the mean at 0.5",
        when="A smooth stand-in for a quantile: in-sample maxima of reinforcement learning, risk measures that add up "
        "tails.",
        when_not="The level must be read as a probability: take pinball. Targets have outliers: it feels them as mse "
        "does.",
        stable="`torch.where(r > 0, tau, 1 - tau) * r ** 2` with r = y - f.",
        limits="An expectile of level tau is not the quantile of level tau.",
        implementations=(
            Implementation("scipy.stats.expectile", "the minimiser of a sample, not the loss; alpha is tau"),
        ),
        references=(
            "Newey and Powell 1987, Asymmetric least squares estimation and testing",
            "Kostrikov, Nair and Levine 2022, Offline reinforcement learning with implicit Q-learning, section 4.1",
        ),
    ),
    Loss(
        name="quantile_huber",
        title="Quantile Huber",
        aliases=("quantile_huber_loss", "huber_quantile"),
        family="regression",
        tasks=("quantiles", "robust regression"),
        summary="Huber's loss, tilted: a pinball that is smooth at 0",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="|tau - [y < f]| huber(y - f), linear from kappa on",
        latex=r"\left\lvert \tau - [y < f] \right\rvert \, \mathrm{huber}_\kappa(y - f)",
        callable="lossaudit.catalogue.losses.quantiles.quantile_huber",
        definition=quantile_huber,
        options=(
            Option("tau", 0.9, "0 < tau < 1", "the level"),
            Option("kappa", 1.0, "kappa > 0", "where it turns linear, in the target's unit"),
        ),
        gradient="It is the error, clipped to [-kappa, kappa], times tau where the prediction is too low and 1 - tau "
        "where it is too high: continuous at 0, and bounded.",
        optimises="the quantile tau as kappa goes to 0, the expectile tau as it grows, and a compromise between",
        when="Distributional reinforcement learning (QR-DQN, IQN); quantile regression whose steps should shrink near "
        "0.",
        when_not="The quantile must be exact: take pinball, or a kappa that is small beside the spread of the target.",
        stable="`F.huber_loss(f, y, reduction='none', delta=kappa)`, weighted by `torch.where(y > f, tau, 1 - tau)`.",
        limits="With kappa above the spread of the target it fits an expectile. IQN divides by kappa, so that kappa to "
        "0 is the pinball itself.",
        references=(
            "Dabney, Rowland, Bellemare and Munos 2018, Distributional reinforcement learning with quantile "
            "regression, eq. 10",
            "Dabney, Ostrovski, Silver and Munos 2018, Implicit quantile networks for distributional reinforcement "
            "learning, eq. 3",
        ),
    ),
    Loss(
        name="interval_score",
        title="Interval score",
        aliases=("winkler", "winkler_score", "winkler_loss"),
        family="regression",
        tasks=("quantiles", "uncertainty", "forecasting"),
        summary="the width of an interval, and a fine for each target outside it",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL, TargetEncoding.COUNT}),
        encoding=TargetEncoding.REAL,
        formula="u - l + 2/alpha max(0, l - y) + 2/alpha max(0, y - u)",
        latex=r"u - l + \tfrac{2}{\alpha} \max(0, l - y) + \tfrac{2}{\alpha} \max(0, y - u)",
        callable="lossaudit.catalogue.losses.quantiles.interval_score",
        definition=interval_score,
        options=(Option("alpha", 0.1, "0 < alpha < 1", "the probability that is to lie outside"),),
        example=View(
            variables="the lower and the upper end",
            arguments=(((-0.4, 1.3),), (0.7,)),
            wrong=(1, 1),
        ),
        gradient="At the lower end it is -1, or 2/alpha - 1 where the target lies below it; at the upper end the "
        "mirror image. The size of the miss does not matter.",
        optimises="the central interval: the quantiles alpha/2 and 1 - alpha/2 of the target given the input",
        when="Prediction intervals, trained or scored directly: one number that weighs width against coverage.",
        when_not="One end only, or other levels, are wanted: pinball. The whole distribution is: gaussian_crps or "
        "ensemble_crps.",
        stable="Predict the lower end and a positive width: `lower, upper = a, a + F.softplus(b)`.",
        limits="Nothing keeps the ends in order: with l > u it is still defined. For alpha = 0.1 the steepest slope in "
        "either end is 19.",
        implementations=(Implementation("scoringrules.interval_score", "of (obs, lower, upper, alpha), unreduced"),),
        references=(
            "Winkler 1972, A decision-theoretic approach to interval estimation",
            "Gneiting and Raftery 2007, Strictly proper scoring rules, prediction, and estimation, eq. 43",
        ),
    ),
)
