"""Losses of a predicted location and scale: likelihoods and the CRPS, with the uncertainty of each prediction."""

from __future__ import annotations

import math

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import function, module
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_NUMBERS = frozenset({TargetEncoding.REAL, TargetEncoding.COUNT})


def laplace_nll(location: torch.Tensor, y: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """log(2 b) + |y - m| / b, b the scale.

    >>> import torch
    >>> laplace_nll(torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([0.5]))  # log 1 + 2 / 0.5
    tensor(4.)
    """
    return (torch.log(2 * scale) + (y - location).abs() / scale).sum()


def student_t_nll(location: torch.Tensor, y: torch.Tensor, scale: torch.Tensor, df: float = 4.0) -> torch.Tensor:
    """-log of Student's density with df degrees of freedom.

    >>> import torch
    >>> one = torch.tensor([1.0])
    >>> student_t_nll(one, one, one, df=1.0)  # Cauchy: log pi
    tensor(1.1447)
    """
    constant = math.lgamma(df / 2) - math.lgamma((df + 1) / 2) + math.log(df * math.pi) / 2
    r = (y - location) / scale
    return (constant + torch.log(scale) + (df + 1) / 2 * torch.log1p(r**2 / df)).sum()


def gaussian_crps(mean: torch.Tensor, y: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Integral of the square of (normal distribution function - step at y).

    >>> import torch
    >>> zero, one = torch.tensor([0.0]), torch.tensor([1.0])
    >>> gaussian_crps(zero, zero, one)  # (sqrt(2) - 1) / sqrt(pi)
    tensor(0.2337)
    """
    r = (y - mean) / scale
    twice_density = math.sqrt(2 / math.pi) * torch.exp(-(r**2) / 2)
    return (scale * (r * torch.erf(r / math.sqrt(2)) + twice_density - 1 / math.sqrt(math.pi))).sum()


# A quotient of any sign, as the difference of two positive numbers: domains are the same for all variables.


def _gaussian_of_ratio(up: torch.Tensor, down: torch.Tensor, y: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    return ((inverse * y - (up - down)) ** 2 / 2 - torch.log(inverse)).sum()


def _gaussian_of_natural(up: torch.Tensor, down: torch.Tensor, y: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    first = up - down
    return ((inverse * y**2 - 2 * first * y + first**2 / inverse - torch.log(inverse)) / 2).sum()


def _laplace_of_ratio(up: torch.Tensor, down: torch.Tensor, y: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    return (math.log(2) - torch.log(inverse) + (inverse * y - (up - down)).abs()).sum()


def _gaussian(mean: torch.Tensor, y: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    return ((log_variance + (y - mean) ** 2 * torch.exp(-log_variance)) / 2).sum()


def _crps_of_log(mean: torch.Tensor, y: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    return gaussian_crps(mean, y, torch.exp(log_scale))


_MOMENTS = ((0.3,), (0.7,), (0.8,))
_RATIO = ((0.9,), (0.4,), (0.7,), (1.3,))

LOSSES = (
    Loss(
        name="gaussian_nll",
        title="Gaussian negative log-likelihood",
        aliases=("normal_nll", "heteroscedastic_gaussian"),
        family="likelihood",
        tasks=("regression", "uncertainty", "forecasting"),
        summary="of a number, with its mean and its variance predicted",
        expects=Expects.REAL,
        heads=("identity", "sigmoid", "tanh", "relu", "softplus"),
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        others=("var",),
        formula="(log(v) + (z - y)^2 / v) / 2, where v = max(var, eps)",
        latex=r"\tfrac{1}{2} \left( \log v + \frac{(z - y)^2}{v} \right)",
        callable="torch.nn.functional.gaussian_nll_loss",
        options=(
            Option("eps", 1e-6, "eps > 0", "the least variance"),
            Option("full", False, "True or False", "whether log(2 pi) / 2 is added"),
        ),
        example=View(variables="the mean and the variance", arguments=_MOMENTS, wrt=(0, 2), domain="positive"),
        views=(
            View(variables="the mean alone", arguments=_MOMENTS),
            View(variables="the variance alone", arguments=_MOMENTS, wrt=(2,), domain="positive"),
            View(variables="the log of the variance alone", arguments=_MOMENTS, wrt=(2,), through=_gaussian),
            View(variables="the mean and the log of the variance", arguments=_MOMENTS, wrt=(0, 2), through=_gaussian),
            View(
                variables="mean / sigma and 1 / sigma",
                arguments=_RATIO,
                wrt=(0, 1, 3),
                domain="positive",
                through=_gaussian_of_ratio,
            ),
            View(
                variables="the natural parameters, mean / variance and 1 / variance",
                arguments=_RATIO,
                wrt=(0, 1, 3),
                domain="positive",
                through=_gaussian_of_natural,
            ),
        ),
        gradient="In the mean it is (z - y) / v: samples that are called noisy teach the mean less. In log v it is "
        "(1 - (z - y)^2 / v) / 2: an outlier raises the variance before it moves the mean.",
        optimises="the mean and the variance of the target given the input",
        when="Each prediction should come with its own uncertainty, and errors are about normal.",
        when_not="Fits stall with a large variance and a poor mean: fit the mean with mse first, or take "
        "gaussian_crps, whose gradient is bounded. Tails are heavy: student_t_nll or laplace_nll.",
        stable="Predict s = log v: `0.5 * (s + (y - z) ** 2 * torch.exp(-s))`; or `F.gaussian_nll_loss(z, y, "
        "F.softplus(s) + 1e-6)`.",
        limits="Without a lower bound on the variance it has none itself: one target hit exactly sends v to 0. Jointly "
        "convex in neither (mean, v) nor (mean, log v).",
        spellings=function(
            "torch.nn.functional.gaussian_nll_loss", "input", "target", "var", full=False, eps=1e-6, reduction="mean"
        )
        + module("GaussianNLLLoss", full=False, eps=1e-6, reduction="mean"),
        implementations=(
            Implementation(
                "torch.nn.functional.gaussian_nll_loss",
                "var is clamped without the gradient's knowledge: below eps the value is flat and the gradient is not "
                "0",
            ),
            Implementation("scoringrules.logs_normal", "of (obs, mu, sigma), with log(2 pi) / 2"),
        ),
        references=("Nix and Weigend 1994, Estimating the mean and variance of the target probability distribution",),
    ),
    Loss(
        name="laplace_nll",
        title="Laplace negative log-likelihood",
        family="likelihood",
        tasks=("robust regression", "uncertainty", "forecasting"),
        summary="of a number with two-sided exponential noise, with its location and its scale predicted",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        others=("scale",),
        formula="log(2 b) + |y - m| / b, b > 0",
        latex=r"\log(2 b) + \frac{\lvert y - m \rvert}{b}",
        callable="lossaudit.catalogue.losses.location_scale.laplace_nll",
        definition=laplace_nll,
        example=View(variables="the location and the scale", arguments=_MOMENTS, wrt=(0, 2), domain="positive"),
        views=(
            View(variables="the location alone", arguments=_MOMENTS),
            View(
                variables="location / scale and 1 / scale",
                arguments=_RATIO,
                wrt=(0, 1, 3),
                domain="positive",
                through=_laplace_of_ratio,
            ),
        ),
        gradient="In the location it is 1 / b in size, whatever the error; in log b it is 1 - |y - m| / b: linear in "
        "the error where the Gaussian's is quadratic.",
        optimises="the median of the target given the input, and the mean absolute deviation from it as b",
        when="Uncertainty is wanted as with gaussian_nll, and targets have heavier tails than a normal.",
        when_not="The spread is to be read as a standard deviation: that is sqrt(2) b for Laplace noise only. Outliers "
        "are gross: student_t_nll.",
        stable="Predict s = log b: `math.log(2) + s + (y - m).abs() * torch.exp(-s)`.",
        limits="No lower bound as b goes to 0 at m = y: keep b above a floor.",
        implementations=(Implementation("torch.distributions.Laplace", "log_prob is its negative"),),
        references=("Kotz, Kozubowski and Podgorski 2001, The Laplace Distribution and Generalizations",),
    ),
    Loss(
        name="student_t_nll",
        title="Student's t negative log-likelihood",
        aliases=("student_t", "t_nll"),
        family="likelihood",
        tasks=("robust regression", "uncertainty", "forecasting"),
        summary="of a number with heavy-tailed noise, with its location and its scale predicted",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        others=("scale",),
        formula="log(s) + (df + 1) / 2 log(1 + ((y - m) / s)^2 / df) + constant of df, s > 0",
        latex=r"\log s + \frac{\nu + 1}{2} \log\left( 1 + \frac{(y - m)^2}{\nu s^2} \right) + "
        r"\log \frac{\Gamma(\nu / 2) \sqrt{\nu \pi}}{\Gamma((\nu + 1) / 2)}",
        callable="lossaudit.catalogue.losses.location_scale.student_t_nll",
        definition=student_t_nll,
        options=(
            Option("df", 4.0, "df > 0", "degrees of freedom: small for heavy tails; 1 is Cauchy, infinity is Gaussian"),
        ),
        example=View(variables="the location and the scale", arguments=_MOMENTS, wrt=(0, 2), domain="positive"),
        views=(View(variables="the location alone", arguments=_MOMENTS),),
        gradient="In the location it is (df + 1) r / (df s^2 + r^2) for r = m - y: strongest at |r| = s sqrt(df), and "
        "falling like 1 / r beyond. In log s it never leaves [-df, 1].",
        optimises="the location and scale of a t distribution; for other targets a robust centre and spread",
        when="Returns, residuals of sensors, forecasts with rare shocks: outliers keep a little influence and are no "
        "surprise.",
        when_not="A convex fit is needed: laplace_nll in (m / b, 1 / b), or huber. The mean of a skewed target is "
        "wanted: mse.",
        stable="`torch.log1p(((y - m) / s) ** 2 / df)` with s = F.softplus(...) + floor.",
        limits="Not convex in the location, beyond |r| = s sqrt(df). It has no finite variance for df <= 2. No lower "
        "bound as s goes to 0 at m = y.",
        implementations=(
            Implementation("torch.distributions.StudentT", "log_prob is its negative"),
            Implementation("scoringrules.logs_t", "of (obs, df, location, scale)"),
        ),
        references=("Lange, Little and Taylor 1989, Robust statistical modeling using the t distribution",),
    ),
    Loss(
        name="gaussian_crps",
        title="CRPS of a normal distribution",
        aliases=("normal_crps", "crps", "continuous_ranked_probability_score"),
        family="likelihood",
        tasks=("regression", "uncertainty", "forecasting"),
        summary="the absolute error of a normal forecast, averaged over all thresholds: in the unit of the target",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        others=("scale",),
        formula="s (r (2 Phi(r) - 1) + 2 phi(r) - 1 / sqrt(pi)), r = (y - m) / s, s > 0",
        latex=r"\sigma \left( r \left( 2 \Phi(r) - 1 \right) + 2 \varphi(r) - \frac{1}{\sqrt{\pi}} \right), "
        r"\quad r = \frac{y - \mu}{\sigma}",
        callable="lossaudit.catalogue.losses.location_scale.gaussian_crps",
        definition=gaussian_crps,
        example=View(
            variables="the mean and the standard deviation", arguments=_MOMENTS, wrt=(0, 2), domain="positive"
        ),
        views=(
            View(
                variables="the mean and the log of the standard deviation",
                arguments=_MOMENTS,
                wrt=(0, 2),
                through=_crps_of_log,
            ),
        ),
        gradient="In the mean it is 1 - 2 Phi(r), in the standard deviation 2 phi(r) - 1 / sqrt(pi): together never "
        "above sqrt(1 + 1/pi) = 1.148. An outlier pulls as it does on the absolute error.",
        optimises="the mean and the standard deviation, if the target is normal given the input: it is strictly proper",
        when="Probabilistic forecasts that should be robust, and comparable with the absolute error of a point "
        "forecast.",
        when_not="Tails and likelihood ratios count: gaussian_nll punishes a miss of 5 sigma far harder. Other shapes "
        "than normal: ensemble_crps, or pinball at several levels.",
        stable="With `torch.erf` and s = F.softplus(...) + 1e-6: no division by a variance, no exponential of a large "
        "number.",
        limits="Jointly convex in (m, s): it is E|m + s Z - y| - s / sqrt(pi) for a standard normal Z, an average of "
        "convex functions minus a linear one. Tends to |y - m| as s goes to 0.",
        implementations=(
            Implementation("scoringrules.crps_normal", "of (obs, mu, sigma)"),
            Implementation("properscoring.crps_gaussian", "of (x, mu, sig)"),
        ),
        references=(
            "Gneiting, Raftery, Westveld and Goldman 2005, Calibrated probabilistic forecasting using ensemble model "
            "output statistics and minimum CRPS estimation",
            "Gneiting and Raftery 2007, Strictly proper scoring rules, prediction, and estimation, section 4.2",
        ),
    ),
)
