"""Negative log-likelihoods of counts and of positive numbers."""

from __future__ import annotations

import math
from functools import partial

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import function, module
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_MEANS = frozenset({TargetEncoding.REAL, TargetEncoding.COUNT})


def gamma(eta: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """y exp(-eta) + eta, eta the log of the mean."""
    return (y * torch.exp(-eta) + eta).sum()


def gamma_mean(mu: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """y / mu + log mu, defined for mu > 0."""
    return (y / mu + torch.log(mu)).sum()


def poisson_rate(rate: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """rate - y log(rate), defined for rate > 0."""
    return (rate - y * torch.log(rate)).sum()


def tweedie(eta: torch.Tensor, y: torch.Tensor, power: float = 1.5) -> torch.Tensor:
    """exp((2 - p) eta) / (2 - p) - y exp((1 - p) eta) / (1 - p), eta the log of the mean."""
    return (torch.exp((2 - power) * eta) / (2 - power) - y * torch.exp((1 - power) * eta) / (1 - power)).sum()


def negative_binomial_nll(eta: torch.Tensor, y: torch.Tensor, alpha: float = 0.5) -> torch.Tensor:
    """-log P(y) of a negative binomial with mean exp(eta) and variance mean + alpha mean^2.

    >>> import torch
    >>> negative_binomial_nll(torch.tensor([0.0]), torch.tensor([0.0]), alpha=1.0)  # geometric: log 2
    tensor(0.6931)
    """
    return _with_log_alpha(eta, y, torch.tensor(math.log(alpha), dtype=eta.dtype))


def _with_log_alpha(eta: torch.Tensor, y: torch.Tensor, log_alpha: torch.Tensor) -> torch.Tensor:
    r, odds = torch.exp(-log_alpha), eta + log_alpha
    constant = torch.lgamma(r) - torch.lgamma(y + r) + torch.lgamma(y + 1)
    return (constant - y * odds - (y + r) * torch.nn.functional.logsigmoid(-odds)).sum()


LOSSES = (
    Loss(
        name="poisson_nll",
        title="Poisson negative log-likelihood",
        aliases=("poisson",),
        family="likelihood",
        tasks=("counts",),
        summary="of counts, in the logarithm of their rate",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=_MEANS,
        encoding=TargetEncoding.COUNT,
        formula="exp(z) - y z; without log_input, z - y log(z + eps)",
        latex=r"e^z - y z",
        callable="torch.nn.functional.poisson_nll_loss",
        options=(
            Option("log_input", True, "True or False", "whether the input is the logarithm of the rate, or the rate"),
            Option("full", False, "True or False", "whether Stirling's approximation of log(y!) is added for y > 1"),
            Option("eps", 1e-8, "eps > 0", "added to the rate inside the logarithm, without log_input"),
        ),
        gradient="It is exp(z) - y: the mean minus the target. Too high a prediction is pulled back with a force that "
        "grows exponentially, too low a one with at most y.",
        optimises="the mean, as exp(z); also if the target is not Poisson distributed",
        when="Counts and rates, also rare ones and zeros; any nonnegative target whose spread grows with the root of "
        "its mean.",
        when_not="The variance is well above the mean: negative_binomial_nll. The target is continuous and its spread "
        "grows with its mean: gamma; with many zeros besides: tweedie.",
        stable="`F.poisson_nll_loss(z, y)` on raw outputs, which means log_input=True; do not take exp first.",
        limits="exp(z) overflows from z = 88.73 in float32, 11.1 in float16: keep the last layer small at the start.",
        spellings=function(
            "torch.nn.functional.poisson_nll_loss",
            "input",
            "target",
            log_input=True,
            full=False,
            size_average=None,
            eps=1e-8,
            reduce=None,
            reduction="mean",
        )
        + module(
            "PoissonNLLLoss",
            log_input=True,
            full=False,
            size_average=None,
            eps=1e-8,
            reduce=None,
            reduction="mean",
        ),
        implementations=(
            Implementation("keras.losses.poisson", "takes the rate, with 1e-7 added inside the logarithm"),
            Implementation("sklearn.metrics.mean_poisson_deviance", "of the mean: twice the excess over a perfect fit"),
            Implementation("statsmodels.api.Poisson", "with log(y!)"),
        ),
        references=("McCullagh and Nelder 1989, Generalized Linear Models, chapter 6",),
    ),
    Loss(
        name="poisson_rate",
        title="Poisson negative log-likelihood of a rate",
        family="likelihood",
        tasks=("counts",),
        summary="of counts, in the rate itself, which has to be positive",
        expects=Expects.POSITIVE,
        heads=("identity", "softplus", "exp"),
        domain="positive",
        encodings=_MEANS,
        encoding=TargetEncoding.COUNT,
        formula="m - y log(m), m > 0",
        latex=r"m - y \log m",
        callable="keras.losses.poisson",
        definition=poisson_rate,
        gradient="In the rate it is 1 - y / m: it explodes as m goes to 0. Behind a softplus it is bounded by 1 where "
        "the prediction is too high and by y where it is too low.",
        optimises="the mean of the target given the input",
        when="The model makes a positive number by itself: a softplus head, a sum of positive parts.",
        when_not="The output is free: predict its logarithm with poisson_nll, which needs no head. Behind a relu the "
        "loss is infinite at a rate of 0 and a positive count.",
        stable="`F.poisson_nll_loss(F.softplus(z), y, log_input=False)`.",
        limits="Undefined for m < 0, infinite at m = 0 unless y = 0; eps makes that finite and moves the minimum "
        "to m = y - eps.",
        implementations=(
            Implementation("torch.nn.functional.poisson_nll_loss", "with log_input=False; 1e-8 inside the logarithm"),
            Implementation("keras.losses.poisson", "1e-7 inside the logarithm; the mean over the last axis"),
        ),
        references=("McCullagh and Nelder 1989, Generalized Linear Models, chapter 6",),
    ),
    Loss(
        name="gamma",
        title="Gamma negative log-likelihood",
        aliases=("gamma_nll", "gamma_deviance"),
        family="likelihood",
        tasks=("regression", "positive amounts"),
        summary="of positive numbers with a constant coefficient of variation, in the logarithm of their mean",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        encoding=TargetEncoding.REAL,
        formula="y exp(-eta) + eta, eta the log of the mean",
        latex=r"y e^{-\eta} + \eta",
        callable="lossaudit.catalogue.losses.likelihood.gamma",
        definition=gamma,
        gradient="It is 1 - y exp(-eta): at most 1 where the prediction is too high, and exponentially large where it "
        "is too low. The mirror image of the Poisson loss.",
        optimises="the mean, as exp(eta); also if the target is not gamma distributed",
        when="Positive targets over orders of magnitude whose spread grows with their mean: claims, durations, prices.",
        when_not="There are zeros: tweedie, or poisson_nll. The median is enough: mse or mae on the logarithm of the "
        "target.",
        stable="As written, in the raw output: `y * torch.exp(-z) + z`.",
        limits="Needs y > 0: with y = 0 it has no minimum. exp(-eta) overflows from eta = -88.73 down in float32.",
        implementations=(
            Implementation(
                "sklearn.metrics.mean_gamma_deviance",
                "of the mean: twice the excess over a perfect fit, 2 (L - 1 - log y)",
            ),
            Implementation(
                "sklearn.linear_model.GammaRegressor", "fits this, with an L2 penalty of alpha = 1 by default"
            ),
            Implementation("lightgbm objective gamma"),
            Implementation("xgboost reg:gamma"),
        ),
        references=("McCullagh and Nelder 1989, Generalized Linear Models, chapter 8",),
    ),
    Loss(
        name="gamma_mean",
        title="Gamma negative log-likelihood of a mean",
        family="likelihood",
        tasks=("regression", "positive amounts"),
        summary="of positive numbers, in the mean itself: not convex",
        expects=Expects.POSITIVE,
        heads=("identity", "softplus", "exp"),
        domain="positive",
        encodings=frozenset({TargetEncoding.REAL}),
        encoding=TargetEncoding.REAL,
        formula="y / m + log(m), m > 0",
        latex=r"\frac{y}{m} + \log m",
        callable="sklearn.metrics.mean_gamma_deviance",
        definition=gamma_mean,
        gradient="In the mean it is (m - y) / m^2: it fades like 1 / m where the prediction is far too high, and "
        "explodes where it is far too low.",
        optimises="the mean of the target given the input",
        when="As a metric of predicted means.",
        when_not="As a training loss: take gamma, the same in the logarithm of the mean, which is convex.",
        stable="Predict eta and train with gamma; m = exp(eta).",
        limits="Convex only for m <= 2 y. Undefined for m <= 0.",
        implementations=(
            Implementation(
                "sklearn.metrics.mean_gamma_deviance", "twice the excess over a perfect fit, 2 (L - 1 - log y); a mean"
            ),
        ),
        references=("McCullagh and Nelder 1989, Generalized Linear Models, chapter 8",),
    ),
    Loss(
        name="tweedie",
        title="Tweedie",
        aliases=("tweedie_deviance", "tweedie_nll"),
        family="likelihood",
        tasks=("regression", "positive amounts", "counts"),
        summary="of nonnegative numbers with a lump at zero, in the logarithm of their mean",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=_MEANS,
        encoding=TargetEncoding.REAL,
        formula="exp((2 - p) eta) / (2 - p) - y exp((1 - p) eta) / (1 - p), eta the log of the mean",
        latex=r"\frac{e^{(2 - p) \eta}}{2 - p} - \frac{y e^{(1 - p) \eta}}{1 - p}",
        callable="lossaudit.catalogue.losses.likelihood.tweedie",
        definition=tweedie,
        options=(
            Option(
                "power",
                1.5,
                "1 < power < 2; no distribution has 0 < power < 1",
                "the variance goes with this power of the mean; 1 is poisson_nll, 2 is gamma, to be taken by these "
                "names",
            ),
        ),
        views=(
            View(
                variables="the log of the mean, with power 3",
                arguments=((0.7, -1.9), (1.5, 0.6)),
                through=partial(tweedie, power=3.0),
            ),
            View(
                variables="the log of the mean, with power 0",
                arguments=((0.7, -1.9), (1.5, 0.6)),
                through=partial(tweedie, power=0.0),
            ),
        ),
        gradient="It is exp((2 - p) eta) - y exp((1 - p) eta): exponentially large on both sides where 1 < p < 2, "
        "except that for y = 0 it fades as the prediction goes to 0.",
        optimises="the mean, as exp(eta); also if the target is not Tweedie distributed",
        when="Totals that are often exactly 0 and else positive and skewed: claims per policy, rain per day, sales per "
        "item.",
        when_not="Targets are counts (poisson_nll, negative_binomial_nll) or never 0 (gamma). Whether there is "
        "anything at all should be modelled by itself: bce_with_logits and gamma.",
        stable="As written, in the raw output: two exponentials, and no power of a mean that may be 0.",
        limits="Not defined at p = 1 and p = 2, where, less a term without eta, its limits are poisson_nll and gamma. "
        "Convex in eta for 1 <= p <= 2 only.",
        implementations=(
            Implementation(
                "sklearn.metrics.mean_tweedie_deviance",
                "of the mean: twice the excess over a perfect fit; power 0 by default",
            ),
            Implementation(
                "sklearn.linear_model.TweedieRegressor", "power 0 by default, with an L2 penalty of alpha = 1"
            ),
            Implementation("lightgbm objective tweedie", "tweedie_variance_power, 1.5 by default"),
            Implementation("xgboost reg:tweedie", "tweedie_variance_power, 1.5 by default"),
        ),
        references=("Jorgensen 1987, Exponential dispersion models",),
    ),
    Loss(
        name="negative_binomial_nll",
        title="Negative binomial negative log-likelihood",
        aliases=("negative_binomial", "negbinom_nll", "nb2"),
        family="likelihood",
        tasks=("counts",),
        summary="of counts that vary more than Poisson's, in the logarithm of their mean",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.COUNT}),
        encoding=TargetEncoding.COUNT,
        formula="(y + 1/a) log(1 + a m) - y log(a m) + log Gamma(1/a) - log Gamma(y + 1/a) + log y!, m = exp(z), a = "
        "alpha",
        latex=r"\left( y + \tfrac{1}{\alpha} \right) \log(1 + \alpha m) - y \log(\alpha m) + "
        r"\log \frac{\Gamma(1/\alpha) \, y!}{\Gamma(y + 1/\alpha)}, \quad m = e^z",
        callable="lossaudit.catalogue.losses.likelihood.negative_binomial_nll",
        definition=negative_binomial_nll,
        options=(
            Option("alpha", 0.5, "alpha > 0", "overdispersion: the variance is m + alpha m^2; 0 would be Poisson"),
        ),
        views=(
            View(
                variables="the log of the mean and the log of alpha",
                arguments=((0.7,), (3.0,), (-0.4,)),
                wrt=(0, 2),
                through=_with_log_alpha,
            ),
        ),
        gradient="It is (m - y) / (1 + alpha m): never above 1 / alpha where the prediction is too high, never above y "
        "where it is too low. Unlike Poisson's it does not explode.",
        optimises="the mean, as exp(z), for any fixed alpha; also if the target is not negative binomial",
        when="Counts with a variance above their mean: sales, visits, reads of genes. A second output may give alpha.",
        when_not="The variance is about the mean: poisson_nll has one parameter less. Zeros come from a second cause: "
        "model whether there is anything by itself.",
        stable="Through logsigmoid of the log-odds z + log(alpha), as the definition does; "
        "`torch.distributions.NegativeBinomial(total_count=1 / alpha, logits=z + math.log(alpha)).log_prob(y)` is the "
        "same, negated.",
        limits="lgamma of large arguments cancels as alpha goes to 0: below about 1e-4 take poisson_nll.",
        implementations=(
            Implementation(
                "torch.distributions.NegativeBinomial", "total_count is 1 / alpha, logits are z + log(alpha)"
            ),
            Implementation(
                "statsmodels.api.NegativeBinomial",
                "loglike_method='nb2' fits alpha as well; before a fit its loglike takes log(alpha)",
            ),
            Implementation(
                "scoringrules.logs_negbinom", "of (obs, n, prob) or of (obs, n, mu=...), with n = 1 / alpha"
            ),
        ),
        references=("Hilbe 2011, Negative Binomial Regression",),
    ),
)
