"""Losses of a difference: squared, absolute, and what lies between."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.numbers import HEADS, NUMBERS
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def root_mean_square(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The root of the mean of the squares.

    >>> import torch
    >>> root_mean_square(torch.tensor([1.0, 5.0]), torch.tensor([0.0, -2.0]))  # the root of (1 + 49) / 2
    tensor(5.)
    """
    return torch.sqrt(((f - y) ** 2).mean())


LOSSES = (
    Loss(
        name="mse",
        title="Squared error",
        aliases=("l2", "l2_loss", "squared_error", "mean_squared_error"),
        family="regression",
        tasks=("regression",),
        summary="the square of the difference: the default where errors have no heavy tails",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="(z - y)^2",
        latex=r"(z - y)^2",
        callable="torch.nn.functional.mse_loss",
        gradient="It is 2 (z - y): proportional to the error, without a bound. A prediction that is far off is pulled "
        "back hard, and so is one whose target is an outlier.",
        optimises="the mean of the target given the input",
        when="Errors are roughly symmetric and light-tailed, and a miss of twice the size costs four times as much.",
        when_not="Targets have outliers (huber), span orders of magnitude (msle, gamma) or are counts (poisson_nll). "
        "Behind a softmax or a sigmoid its gradient vanishes where the model is confident and wrong: take "
        "cross_entropy or bce_with_logits.",
        stable="`F.mse_loss(z, y)` on targets of unit scale: standardise them first, since loss and gradient grow with "
        "the square and the first power of their unit.",
        limits="In float16 the square of an error of 256 or more is infinite. Shapes (n, 1) and (n,) broadcast to "
        "(n, n).",
        spellings=function("torch.nn.functional.mse_loss", "input", "target", **REDUCTION, weight=None)
        + module("MSELoss", **REDUCTION)
        + node("MseLossBackward0", "input target", "reduction"),
        implementations=(
            Implementation("torch.nn.functional.mse_loss", "averages over all elements, not over samples"),
            Implementation("optax.squared_error", "left unreduced"),
            Implementation("optax.l2_loss", "half of it"),
            Implementation("keras.losses.mean_squared_error", "the mean over the last axis"),
            Implementation("sklearn.metrics.mean_squared_error"),
            Implementation("statsmodels.robust.norms.LeastSquares", "half of it"),
            Implementation("xgboost reg:squarederror", "half of it: the gradient is z - y"),
        ),
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 3.12",),
    ),
    Loss(
        name="rmse",
        title="Root mean squared error",
        aliases=("root_mean_squared_error", "root_mean_square_error"),
        family="regression",
        tasks=("regression",),
        summary="the root of the mean square over all samples: a metric in the unit of the target",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="sqrt(mean over the samples of (z - y)^2)",
        latex=r"\sqrt{\tfrac{1}{n} \sum_{i=1}^{n} (z_i - y_i)^2}",
        callable="sklearn.metrics.root_mean_squared_error",
        definition=root_mean_square,
        example=View(
            variables="the predictions of three samples",
            arguments=((0.3, 1.2, -0.7), (0.5, -0.4, 1.1)),
            wrong=(1, 1, 1),
        ),
        gradient="It is (z - y) / (n RMSE), whose norm over the batch is 1 / sqrt(n) however large the errors are: the "
        "direction is that of the squared error, the length is fixed, and steps do not shrink near a perfect fit.",
        optimises="the mean, on the whole data set. The average over mini-batches is another function; with one sample "
        "in a batch it is the absolute error, and the model drifts towards the median.",
        when="As a metric, which reads in the unit of the target.",
        when_not="As a training loss: it is no sum over samples, so its value depends on how batches are cut, and it "
        "has no derivative where all errors are 0. Train with mse; the minimiser over all data is the same.",
        stable="Train with `F.mse_loss` and report its root: `torch.sqrt(F.mse_loss(z, y))`. If it must be trained, "
        "add an epsilon under the root.",
        limits="At a perfect fit PyTorch's gradient of the plain spelling is NaN: an infinite slope of the root times "
        "0.",
        implementations=(
            Implementation(
                "sklearn.metrics.root_mean_squared_error", "per output column, then averaged; not differentiable"
            ),
            Implementation(
                "keras.metrics.RootMeanSquaredError", "a metric: it adds up squares over batches before the root"
            ),
        ),
        references=("Hyndman and Koehler 2006, Another look at measures of forecast accuracy, section 2.1",),
    ),
    Loss(
        name="mae",
        title="Absolute error",
        aliases=("l1", "l1_loss", "absolute_error", "mean_absolute_error", "least_absolute_deviations"),
        family="regression",
        tasks=("regression", "robust regression"),
        summary="the size of the difference: fits the median and hardly feels outliers",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="|z - y|",
        latex=r"\lvert z - y \rvert",
        callable="torch.nn.functional.l1_loss",
        gradient="It is the sign of z - y: 1 in size, for the smallest error and for the largest. Outliers pull no "
        "harder than others; near the minimum steps do not shrink unless the learning rate does.",
        optimises="the median of the target given the input",
        when="Targets have outliers, or cost grows in proportion to the error.",
        when_not="Means are wanted (totals, budgets): on skewed targets the median lies elsewhere, take mse. More than "
        "half of the targets at an input are 0: the best answer there is 0.",
        stable="`F.l1_loss(z, y)` with a learning rate that decays; `F.smooth_l1_loss` or `F.huber_loss` where steps "
        "should shrink near the minimum.",
        limits="No derivative at z = y; PyTorch takes 0 there.",
        spellings=function("torch.nn.functional.l1_loss", "input", "target", **REDUCTION, weight=None)
        + module("L1Loss", **REDUCTION),
        implementations=(
            Implementation("torch.nn.functional.l1_loss", "averages over all elements, not over samples"),
            Implementation("keras.losses.mean_absolute_error", "the mean over the last axis"),
            Implementation("sklearn.metrics.mean_absolute_error"),
        ),
        references=("Koenker and Bassett 1978, Regression quantiles",),
    ),
    Loss(
        name="smooth_l1",
        title="Smooth absolute error",
        aliases=("smooth_l1_loss",),
        family="regression",
        tasks=("regression", "robust regression"),
        summary="quadratic up to beta, then absolute error: Huber's loss divided by beta",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="(z - y)^2 / (2 beta) where |z - y| < beta, else |z - y| - beta / 2",
        latex=r"\begin{cases} (z - y)^2 / (2 \beta) & \lvert z - y \rvert < \beta \\ "
        r"\lvert z - y \rvert - \beta / 2 & \text{otherwise} \end{cases}",
        callable="torch.nn.functional.smooth_l1_loss",
        options=(Option("beta", 1.0, "beta >= 0", "where it turns linear; 0 is the absolute error"),),
        gradient="It is (z - y) / beta within beta and the sign beyond: never above 1, whatever beta is.",
        optimises="the median as beta goes to 0, the mean as it grows, and a compromise between; the centre of a "
        "symmetric target",
        when="Box coordinates and other targets with outliers, where the step should shrink near the minimum.",
        when_not="Its scale should be that of half the squared error: take huber, which does not shrink as beta grows.",
        stable="`F.smooth_l1_loss(z, y, beta=...)`, beta in the unit of the target.",
        limits="The second derivative jumps at the joins; the first does not.",
        spellings=function("torch.nn.functional.smooth_l1_loss", "input", "target", **REDUCTION, beta=1.0)
        + module("SmoothL1Loss", **REDUCTION, beta=1.0)
        + node("SmoothL1LossBackward0", "input target", "reduction beta"),
        implementations=(
            Implementation("torch.nn.functional.smooth_l1_loss", "huber_loss with delta = beta, divided by beta"),
        ),
        references=("Girshick 2015, Fast R-CNN, eq. 3",),
    ),
    Loss(
        name="huber",
        title="Huber",
        aliases=("huber_loss",),
        family="regression",
        tasks=("regression", "robust regression"),
        summary="half the squared error up to delta, linear beyond: outliers pull with a bounded force",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="(z - y)^2 / 2 where |z - y| <= delta, else delta (|z - y| - delta / 2)",
        latex=r"\begin{cases} \tfrac{1}{2} (z - y)^2 & \lvert z - y \rvert \le \delta \\ "
        r"\delta (\lvert z - y \rvert - \delta / 2) & \text{otherwise} \end{cases}",
        callable="torch.nn.functional.huber_loss",
        options=(
            Option("delta", 1.0, "delta > 0", "where it turns linear: what counts as an outlier, in the target's unit"),
        ),
        gradient="It is the error, clipped to [-delta, delta]: that of half the squared error for small errors, a "
        "constant pull for large ones. It is continuous, also at the joins.",
        optimises="the median as delta goes to 0, the mean as it grows, and a compromise between; the centre of a "
        "symmetric target",
        when="The default where some targets are wrong or far out, and convexity should stay.",
        when_not="Gross outliers are many, or all on one side: each still pulls; tukey or welsch let go of them. "
        "Quantiles are wanted: pinball.",
        stable="`F.huber_loss(z, y, delta=...)`; on standardised targets delta = 1 to 1.35 is usual.",
        limits="The second derivative jumps at the joins. delta has the target's unit: rescaling one without the other "
        "changes what is an outlier.",
        spellings=function(
            "torch.nn.functional.huber_loss", "input", "target", reduction="mean", delta=1.0, weight=None
        )
        + module("HuberLoss", reduction="mean", delta=1.0)
        + node("HuberLossBackward0", "input target", "reduction delta"),
        implementations=(
            Implementation("optax.huber_loss", "left unreduced"),
            Implementation("keras.losses.huber", "the mean over the last axis"),
            Implementation("statsmodels.robust.norms.HuberT", "t = 1.345 is its delta, on residuals of unit scale"),
            Implementation(
                "sklearn.linear_model.HuberRegressor", "fits the scale as well; epsilon = 1.35 is delta in units of it"
            ),
            Implementation(
                "sklearn.ensemble.GradientBoostingRegressor",
                "loss='huber' sets delta to the alpha-quantile of the absolute residuals",
            ),
        ),
        references=("Huber 1964, Robust estimation of a location parameter",),
    ),
)
