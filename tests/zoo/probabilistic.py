"""Negative log-likelihoods and scoring rules, in one parameter and in several."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, positives, reals, undefined_outside
from torch import Tensor

BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
SQUARE = "the square of an affine function, weights >= 0"


def normal() -> tuple[Tensor, Tensor, Tensor]:
    """Means, targets, log-variances (or variances, by exp)."""
    return reals(3), reals(3, seed=1), reals(3, seed=2)


def scale() -> tuple[Tensor, Tensor, Tensor]:
    return reals(3), reals(3, seed=1), positives(3)


def gaussian(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    return (0.5 * (s + (y - mu) ** 2 * torch.exp(-s))).mean()


def gaussian_by_sigma(mu: Tensor, y: Tensor, sigma: Tensor) -> Tensor:
    return (torch.log(sigma) + (y - mu) ** 2 / (2 * sigma**2)).mean()


def gaussian_by_ratio(u: Tensor, y: Tensor, t: Tensor) -> Tensor:
    """u = mu / sigma, t = 1 / sigma."""
    return (0.5 * (t * y - u) ** 2 - torch.log(t)).mean()


def laplace(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    return ((y - mu).abs() * torch.exp(-s) + s).mean()


def student(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    return (2.0 * torch.log1p((y - mu) ** 2 / 3)).mean()


def crps_gaussian(mu: Tensor, y: Tensor, sigma: Tensor) -> Tensor:
    r = (y - mu) / sigma
    cdf = 0.5 * (1 + torch.erf(r / math.sqrt(2)))
    pdf = torch.exp(-(r**2) / 2) / math.sqrt(2 * math.pi)
    return (sigma * (r * (2 * cdf - 1) + 2 * pdf - 1 / math.sqrt(math.pi))).mean()


def crps_ensemble(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).abs().mean() - (x[:, None] - x[None, :]).abs().mean() / 2


def mixture(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    log_p = -0.5 * (y[0] - mu) ** 2
    return -torch.logsumexp(log_p, 0)


def mixture_weights(w: Tensor, y: Tensor, s: Tensor) -> Tensor:
    log_p = F.log_softmax(w, 0) - 0.5 * (y - s) ** 2
    return -torch.logsumexp(log_p, 0)


def mixture_shares(w: Tensor, y: Tensor, s: Tensor) -> Tensor:
    return -torch.log((w * torch.exp(-0.5 * (y - s) ** 2)).sum())


def logistic(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    r = y - mu
    return (r + 2 * F.softplus(-r, threshold=700)).mean()


def logistic_bin(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    return -torch.log(torch.sigmoid(y + 0.5 - mu) - torch.sigmoid(y - 0.5 - mu)).mean()


def gumbel(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    r = y - mu
    return (r + torch.exp(-r)).mean()


def cox(eta: Tensor, time: Tensor, event: Tensor) -> Tensor:
    eta, event = eta[time.argsort(descending=True)], event[time.argsort(descending=True)]
    return -((eta - torch.logcumsumexp(eta, 0)) * event).sum() / event.sum()


def cox_mask(eta: Tensor, time: Tensor, event: Tensor) -> Tensor:
    at_risk = (time[None, :] >= time[:, None]).double()
    log_sum = torch.log((torch.exp(eta)[None, :] * at_risk).sum(1))
    return -((eta - log_sum) * event).sum() / event.sum()


def survival() -> tuple[Tensor, Tensor, Tensor]:
    return reals(4), numbers(2.0, 5.0, 1.0, 3.0), numbers(1.0, 0.0, 1.0, 1.0)


def kl_to_standard(mu: Tensor, y: Tensor, s: Tensor) -> Tensor:
    return -0.5 * (1 + s - mu.pow(2) - s.exp()).sum()


def discrete_hazard(z: Tensor, t: Tensor, event: Tensor) -> Tensor:
    alive = (torch.arange(3) < t[:, None]).double()
    dies = (torch.arange(3) == t[:, None]).double() * event[:, None]
    return (F.binary_cross_entropy_with_logits(z, dies, reduction="none") * (alive + dies)).sum()


def quantile_grid(q: Tensor, y: Tensor) -> Tensor:
    tau = (torch.arange(4) + 0.5) / 4
    r = y[:, None] - q[None, :]
    return torch.maximum(tau * r, (tau - 1) * r).mean()


def dirichlet(a: Tensor, x: Tensor) -> Tensor:
    return torch.lgamma(a).sum() - torch.lgamma(a.sum()) - ((a - 1) * x.log()).sum()


CASES = (
    convex("Gaussian: mean", gaussian, normal, SQUARE),
    convex("Gaussian: log-variance", gaussian, normal, "s/2 + e^-s r^2 / 2", wrt=2, reach=100),
    not_convex(
        "Gaussian: mean and log-variance", gaussian, normal, "determinant -r^2 e^-2s / 2 < 0", wrt=(0, 2), reach=4
    ),
    convex("gaussian_nll_loss: mean", F.gaussian_nll_loss, scale, SQUARE),
    convex("gaussian_nll_loss: full", lambda m, y, v: F.gaussian_nll_loss(m, y, v, full=True), scale, SQUARE),
    not_convex(
        "gaussian_nll_loss: variance",
        lambda m, y, v: F.gaussian_nll_loss(m, y, v),
        scale,
        "log v bends down for v > 2 r^2",
        wrt=2,
        domain="positive",
    ),
    not_convex(
        "gaussian_nll_loss: mean and variance",
        lambda m, y, v: F.gaussian_nll_loss(m, y, v),
        scale,
        "not convex in v",
        wrt=(0, 2),
        domain="positive",
    ),
    not_convex("Gaussian: sigma", gaussian_by_sigma, scale, "log sigma bends down", wrt=2, domain="positive"),
    convex("Gaussian: mean, by sigma", gaussian_by_sigma, scale, SQUARE),
    convex(
        "Gaussian: mean / sigma and 1 / sigma",
        gaussian_by_ratio,
        scale,
        "a square of an affine function minus log t",
        wrt=(0, 2),
        domain="positive",
    ),
    undefined_outside("Gaussian: 1 / sigma", gaussian_by_ratio, scale, "square minus log t", wrt=2),
    convex(
        "Gaussian: precision",
        lambda m, y, p: (0.5 * p * (y - m) ** 2 - 0.5 * torch.log(p)).mean(),
        scale,
        "affine minus log",
        wrt=2,
        domain="positive",
    ),
    convex("Laplace: mean", laplace, normal, "norm of affine"),
    convex("Laplace: log-scale", laplace, normal, "s + r e^-s", wrt=2, reach=100),
    not_convex("Laplace: mean and log-scale", laplace, normal, "determinant -e^-2s < 0", wrt=(0, 2), reach=4),
    not_convex("Student t", student, normal, "sublinear in |r|"),
    not_convex(
        "Cauchy likelihood", lambda m, y, s: torch.log(1 + ((y - m) / s.exp()) ** 2).mean(), normal, "sublinear in |r|"
    ),
    convex("logistic", logistic, normal, "softplus + affine", reach=300),
    convex(
        "logistic bin",
        logistic_bin,
        normal,
        "the logistic distribution function is log-concave, so are its differences",
        reach=4,
    ),
    convex("Gumbel", gumbel, normal, "exp + affine", reach=100),
    convex(
        "Gaussian CRPS: mean",
        crps_gaussian,
        scale,
        "second derivative 2 pdf / sigma > 0",
        expect_undecided="sqrt(2) as a float is too large: as written it bends down beyond |r| = 3e4, by exp(-5e8)",
    ),
    convex(
        "Gaussian CRPS: mean and sigma",
        crps_gaussian,
        scale,
        "losses.md section 4",
        wrt=(0, 2),
        domain="positive",
        reach=4,
        expect_undecided="jointly convex through erf",
    ),
    not_convex(
        "CRPS of an ensemble",
        crps_ensemble,
        lambda: (reals(2), numbers(0.0)),
        "-|x1 - x2|/4 bends down at x1 = x2 > 0",
        witness=((1.0, 2.0), (2.0, 1.0)),
    ),
    convex("quantile grid", quantile_grid, lambda: (reals(4), reals(2)), "a maximum of affine functions"),
    not_convex("mixture: means", mixture, normal, "several modes", reach=4),
    not_convex("mixture: weights' logits", mixture_weights, normal, BOUNDED),
    convex(
        "mixture: shares",
        mixture_shares,
        lambda: (positives(3), numbers(0.5, 1.0, -1.0), reals(3)),
        "-log of affine",
        domain="positive",
    ),
    convex("Cox", cox, survival, "logsumexp over the risk set, minus the score"),
    convex("Cox: mask", cox_mask, survival, "logsumexp over the risk set, minus the score", reach=100),
    convex(
        "exponential survival, log hazard",
        lambda e, t, d: (torch.exp(e) * t - d * e).mean(),
        survival,
        "exp + affine",
        reach=100,
    ),
    convex(
        "discrete hazard", discrete_hazard, lambda: (reals(2, 3), index(1, 2), numbers(1.0, 0.0)), "softplus of affine"
    ),
    convex(
        "log-normal survival, censored",
        lambda e, t, d: (
            d * (t.log() - e) ** 2 / 2 - (1 - d) * torch.log(0.5 * torch.erfc((t.log() - e) / math.sqrt(2)))
        ).mean(),
        survival,
        "the normal survival function is log-concave",
        reach=4,
    ),
    convex("KL to a standard normal: mean", kl_to_standard, normal, "a square"),
    convex(
        "KL to a standard normal: both", kl_to_standard, normal, "a square and exp minus affine", wrt=(0, 2), reach=100
    ),
    convex(
        "binomial", lambda z, n, k: (10 * F.softplus(z, threshold=700) - 3 * z).mean(), survival, "softplus + affine"
    ),
    convex(
        "multinomial",
        lambda z, n: -(n * F.log_softmax(z, 0)).sum(),
        lambda: (reals(4), numbers(3.0, 0.0, 5.0, 1.0)),
        "logsumexp",
    ),
    convex(
        "Bernoulli: probability",
        lambda p, y: -(y * torch.log(p) + (1 - y) * torch.log1p(-p)).mean(),
        lambda: (torch.sigmoid(reals(2)), numbers(1.0, 0.0)),
        "-log of affine",
        domain="unit",
    ),
    undefined_outside(
        "Bernoulli: probability on all of R",
        lambda p, y: -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean(),
        lambda: (torch.sigmoid(reals(2)), numbers(1.0, 0.0)),
        "-log of affine",
    ),
    convex(
        "binary_cross_entropy: probability",
        F.binary_cross_entropy,
        lambda: (torch.sigmoid(reals(2)), numbers(1.0, 0.0)),
        "-log of affine",
        domain="unit",
    ),
    convex(
        "Brier: probability",
        lambda p, y: ((p - y) ** 2).mean(),
        lambda: (torch.sigmoid(reals(2)), numbers(1.0, 0.0)),
        SQUARE,
    ),
    convex(
        "Dirichlet",
        dirichlet,
        lambda: (positives(3), numbers(0.5, 0.25, 0.25)),
        "log-partition of an exponential family",
        domain="positive",
        reach=16,
        expect_undecided="a difference of log-gamma functions",
    ),
    convex(
        "log-gamma",
        lambda a: torch.lgamma(a).sum(),
        lambda: (positives(2),),
        "log-gamma is convex (Bohr-Mollerup)",
        domain="positive",
    ),
    convex(
        "gamma: shape",
        lambda a, y: (torch.lgamma(a) - a * torch.log(y)).mean(),
        lambda: (positives(2), positives(2, seed=1)),
        "log-gamma minus a linear form",
        domain="positive",
    ),
    not_convex("von Mises", lambda m, y, s: -torch.cos(y - m).mean(), normal, BOUNDED),
    convex(
        "zero-inflation logit",
        lambda z, y, s: (torch.logaddexp(z, 0 * z) - 0.25 * z).mean(),
        normal,
        "softplus + affine",
    ),
    convex(
        "energy of a discrete model", lambda e: torch.logsumexp(-e, 0) + e[1], lambda: (reals(4),), "logsumexp + affine"
    ),
    not_convex(
        "beta-NLL (Seitzer 2022)",
        lambda m, y, s: (s.exp().detach() ** 0.5 * 0.5 * (s + (y - m) ** 2 * torch.exp(-s))).mean(),
        lambda: (numbers(1.0), numbers(1.0), numbers(0.0)),
        "e^(s/2) s bends down for s < -4 (r = 0)",
        wrt=2,
        reach=16,
    ),
)
