"""Losses of a relative difference."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.numbers import HEADS, NUMBERS
from lossaudit.catalogue.schema import Expects, Implementation, Loss
from lossaudit.pairing import TargetEncoding


def msle(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """(log(1 + f) - log(1 + y))^2."""
    return ((torch.log1p(f) - torch.log1p(y)) ** 2).sum()


def mape(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """|f - y| / |y|."""
    return ((f - y) / y).abs().sum()


def smape(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """2 |f - y| / (|f| + |y|)."""
    return (2 * (f - y).abs() / (f.abs() + y.abs())).sum()


LOSSES = (
    Loss(
        name="msle",
        title="Squared logarithmic error",
        aliases=("mean_squared_logarithmic_error", "mean_squared_log_error", "squared_log_error"),
        family="regression",
        tasks=("regression", "positive amounts", "counts"),
        summary="the squared error of log(1 + z): ratios count, not differences",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.COUNT,
        domain="nonnegative",
        formula="(log(1 + z) - log(1 + y))^2",
        latex=r"\left( \log(1 + z) - \log(1 + y) \right)^2",
        callable="keras.losses.mean_squared_logarithmic_error",
        definition=msle,
        gradient="It is 2 (log(1 + z) - log(1 + y)) / (1 + z): a prediction that is too high by far is hardly "
        "corrected, one that is too low is.",
        optimises="exp(E log(1 + y)) - 1: a geometric mean, below the mean",
        when="As a metric of targets over orders of magnitude, where a factor of two costs the same everywhere.",
        when_not="As a training loss on raw outputs, where it is not convex: fit the logarithm instead (log1p of the "
        "targets, mse, expm1 of the prediction). Means are wanted: poisson_nll, gamma or tweedie.",
        stable="`F.mse_loss(z, torch.log1p(y))`, where z predicts log(1 + y) itself: convex, and no domain to leave.",
        limits="Not convex for z > e (1 + y) - 1. Undefined for z <= -1.",
        implementations=(
            Implementation(
                "keras.losses.mean_squared_logarithmic_error",
                "puts 1e-7 for all below it: predictions under 0 cost the same and have gradient 0",
            ),
            Implementation("sklearn.metrics.mean_squared_log_error", "accepts values above -1 only"),
            Implementation("xgboost reg:squaredlogerror", "half of it"),
        ),
        references=(
            "Tofallis 2015, A better measure of relative prediction accuracy for model selection and estimation",
        ),
    ),
    Loss(
        name="mape",
        title="Absolute percentage error",
        aliases=("mean_absolute_percentage_error",),
        family="regression",
        tasks=("regression", "positive amounts", "forecasting"),
        summary="the absolute error as a share of the target",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="|z - y| / |y|",
        latex=r"\frac{\lvert z - y \rvert}{\lvert y \rvert}",
        callable="keras.losses.mean_absolute_percentage_error",
        definition=mape,
        gradient="It is the sign of z - y, divided by |y|: samples with small targets pull hardest, and one that is "
        "nearly 0 outweighs all others.",
        optimises="the median of the target, each value weighted by 1 / |y|: for positive targets below the median",
        when="It is the metric that is asked for, and targets stay well away from 0.",
        when_not="Targets come near 0, or low forecasts are costly: it pays to forecast low. Fit the logarithm of the "
        "target, or take mae with weights of your own.",
        stable="Weights are known before training: `(w * (z - y).abs()).mean()` with `w = 1 / "
        "y.abs().clamp(min=floor)`.",
        limits="Undefined at y = 0; what implementations put there differs.",
        implementations=(
            Implementation("keras.losses.mean_absolute_percentage_error", "100 times this, |y| at least 1e-7"),
            Implementation("sklearn.metrics.mean_absolute_percentage_error", "|y| at least 2.2e-16"),
            Implementation("lightgbm objective mape", "|y| at least 1"),
        ),
        references=(
            "de Myttenaere, Golden, Le Grand and Rossi 2016, Mean absolute percentage error for regression models",
        ),
    ),
    Loss(
        name="smape",
        title="Symmetric absolute percentage error",
        aliases=("symmetric_mean_absolute_percentage_error",),
        family="regression",
        tasks=("positive amounts", "forecasting"),
        summary="the absolute error as a share of the mean size of prediction and target, between 0 and 2",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="2 |z - y| / (|z| + |y|)",
        latex=r"\frac{2 \lvert z - y \rvert}{\lvert z \rvert + \lvert y \rvert}",
        callable="lossaudit.catalogue.losses.relative.smape",
        definition=smape,
        gradient="With both positive it is 4 y / (z + y)^2 in size: it fades where the prediction is far too high. "
        "With the wrong sign the loss is 2 whatever the prediction, and the gradient is exactly 0.",
        optimises="no named quantity of the target: neither its mean nor a quantile of fixed level",
        when="As a metric, where a competition or a contract asks for it.",
        when_not="As a training loss: not convex, and no gradient on the wrong side of 0. Train with mae on the "
        "logarithm of the target, or with pinball.",
        stable="Clamp the denominator: `2 * (z - y).abs() / (z.abs() + y.abs()).clamp(min=1e-8)`.",
        limits="0 / 0 where both are 0. There are three versions, with ranges up to 1, 2 and 200.",
        implementations=(
            Implementation(
                "darts.utils.losses.SmapeLoss", "half of it, and by default no gradient through the denominator"
            ),
        ),
        references=(
            "Makridakis 1993, Accuracy measures: theoretical and practical concerns",
            "Hyndman and Koehler 2006, Another look at measures of forecast accuracy, section 2.2",
        ),
    ),
)
