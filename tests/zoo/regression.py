"""Losses of real predictions, and of predictions through a link."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from mpmath import mpf
from tests.zoo.case import Truth, convex, not_convex, numbers, positives, reals, undefined_outside
from torch import Tensor, nn

SQUARE = "the square of an affine function"
NORM = "a norm of an affine function"
RESIDUAL = "a convex function of the residual"
MAX = "a maximum of affine functions"
C1 = "C1 with a derivative that does not decrease"
LINK = "e^f and e^-f are convex, weights >= 0"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
REDESCENDING = "sublinear for large residuals, so not convex (losses.md section 4)"


def reals_both() -> tuple[Tensor, Tensor]:
    return reals(4), reals(4, seed=1)


def counts() -> tuple[Tensor, Tensor]:
    return reals(4), numbers(0.0, 1.0, 3.0, 7.0)


def amounts() -> tuple[Tensor, Tensor]:
    return reals(4), numbers(0.5, 1.0, 2.0, 4.0)


def positive_both() -> tuple[Tensor, Tensor]:
    return positives(4), positives(4, seed=1)


def matrix() -> tuple[Tensor, Tensor]:
    return reals(2, 3), reals(2, 3, seed=1)


def residual(of: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The mean of a function of the residual f - y."""
    return lambda f, y: of(f - y).mean()


def huber_where(r: Tensor, delta: float = 1.5) -> Tensor:
    return torch.where(r.abs() <= delta, 0.5 * r**2, delta * (r.abs() - 0.5 * delta))


def huber_min(r: Tensor, delta: float = 1.5) -> Tensor:
    quadratic = torch.clamp(r.abs(), max=delta)
    return 0.5 * quadratic**2 + delta * (r.abs() - quadratic)


def huber_masks(r: Tensor) -> Tensor:
    small = (r.abs() < 1).double()
    return small * 0.5 * r * r + (1 - small) * (r.abs() - 0.5)


def huber_rounded(r: Tensor, delta: float = 0.1) -> Tensor:
    return torch.where(r.abs() <= delta, 0.5 * r**2, delta * r.abs() - 0.5 * delta**2)


def huber_rounded_digits(x: Sequence[mpf]) -> mpf:
    r, delta = abs(x[0]), mpf(0.1)
    return r**2 / 2 if r <= delta else delta * r - mpf(0.5 * 0.1**2)


def huber_wrong(r: Tensor) -> Tensor:
    return torch.where(r.abs() <= 1, 0.5 * r**2, r.abs())


def pinball_where(r: Tensor, q: float = 0.25) -> Tensor:
    return torch.where(r >= 0, q * r, (q - 1) * r)


def quantiles(f: Tensor, y: Tensor) -> Tensor:
    losses = []
    for i, q in enumerate((0.1, 0.5, 0.9)):
        errors = y - f[:, i]
        losses.append(torch.max((q - 1) * errors, q * errors).unsqueeze(1))
    return torch.cat(losses, dim=1).sum(1).mean()


def quantile_huber(r: Tensor, q: float = 0.25) -> Tensor:
    return (q - (r < 0).double()).abs() * F.huber_loss(r, torch.zeros_like(r), reduction="none")


def expectile(r: Tensor, q: float = 0.25) -> Tensor:
    return torch.where(r >= 0, q, 1 - q) * r**2


def tweedie(eta: Tensor, y: Tensor, p: float) -> Tensor:
    if p == 1:
        return (torch.exp(eta) - y * eta).mean()
    if p == 2:
        return (y * torch.exp(-eta) + eta).mean()
    return (-y * torch.exp(eta * (1 - p)) / (1 - p) + torch.exp(eta * (2 - p)) / (2 - p)).mean()


def negative_binomial(eta: Tensor, y: Tensor) -> Tensor:
    return ((y + 2.0) * torch.log(2.0 + torch.exp(eta)) - y * eta).mean()


def barron(r: Tensor, alpha: float) -> Tensor:
    b = abs(alpha - 2)
    return b / alpha * ((r**2 / b + 1) ** (alpha / 2) - 1)


def mahalanobis(f: Tensor, y: Tensor) -> Tensor:
    a = numbers([2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0])
    r = f - y
    return r @ a @ r


def tukey(r: Tensor) -> Tensor:
    inside = 1 - (1 - (r / 4.5) ** 2) ** 3
    return torch.where(r.abs() <= 4.5, inside, torch.ones_like(r))


def correlation(f: Tensor, y: Tensor) -> Tensor:
    f, y = f - f.mean(), y - y.mean()
    return 1 - (f * y).sum() / (f.norm() * y.norm() + 1e-8)


def smape(f: Tensor, y: Tensor) -> Tensor:
    return (2 * (f - y).abs() / (f.abs() + y.abs())).mean()


def trimmed(f: Tensor, y: Tensor) -> Tensor:
    return (f - y).square().topk(2, largest=False).values.mean()


def poisson_full(eta: Tensor, y: Tensor) -> Tensor:
    return F.poisson_nll_loss(eta, y, log_input=True, full=True)


CASES = (
    # squares
    convex("mse_loss", F.mse_loss, reals_both, SQUARE),
    convex("mse_loss: sum", functools.partial(F.mse_loss, reduction="sum"), reals_both, SQUARE),
    convex("mse_loss: the module", nn.MSELoss(), matrix, SQUARE),
    convex("square: power", residual(lambda r: r**2), reals_both, SQUARE),
    convex("square: product", residual(lambda r: r * r), reals_both, SQUARE),
    convex("square: torch.square", residual(torch.square), reals_both, SQUARE),
    convex("square: dot", lambda f, y: (f - y) @ (f - y), reals_both, SQUARE),
    convex("square: expanded", lambda f, y: (f * f - 2 * f * y + y * y).mean(), reals_both, SQUARE),
    convex("square: norm squared", lambda f, y: torch.norm(f - y) ** 2, reals_both, "a convex function >= 0, squared"),
    convex("square: einsum", lambda f, y: torch.einsum("ij,ij->", f - y, f - y), matrix, SQUARE),
    convex("square: in place", lambda f, y: (f - y).pow_(2).mean(), reals_both, SQUARE),
    convex("square: weighted", lambda f, y: (numbers(1.0, 0.0, 3.0, 0.1) * (f - y) ** 2).sum(), reals_both, SQUARE),
    not_convex(
        "square: a negative weight",
        lambda f, y: (numbers(1.0, -1e-3, 3.0, 1.0) * (f - y) ** 2).sum(),
        reals_both,
        "concave in the second",
    ),
    convex("square: over the target's variance", lambda f, y: ((f - y) ** 2).mean() / y.var(), reals_both, SQUARE),
    convex("square: Mahalanobis", mahalanobis, lambda: (reals(3), reals(3, seed=1)), "a positive definite form"),
    convex("RMSE", lambda f, y: torch.sqrt(F.mse_loss(f, y)), reals_both, NORM),
    convex("RMSE: norm", lambda f, y: torch.linalg.vector_norm(f - y), reals_both, NORM),
    convex(
        "RMSE: eps inside",
        lambda f, y: torch.sqrt(((f - y) ** 2).mean() + 1e-8),
        reals_both,
        "the norm of (r, constant)",
    ),
    convex("sum of row norms", lambda f, y: (f - y).norm(dim=1).sum(), matrix, NORM),
    convex("R squared, minus", lambda f, y: ((f - y) ** 2).sum() / ((y - y.mean()) ** 2).sum() - 1, reals_both, SQUARE),
    # robust and convex
    convex("l1_loss", F.l1_loss, reals_both, NORM),
    convex("absolute", residual(torch.abs), reals_both, NORM),
    convex("absolute: max", residual(lambda r: torch.maximum(r, -r)), reals_both, MAX),
    convex("absolute: where", residual(lambda r: torch.where(r > 0, r, -r)), reals_both, MAX),
    convex("absolute: r sign(r)", residual(lambda r: r * torch.sign(r)), reals_both, "|r|"),
    convex("absolute: root of square", residual(lambda r: torch.sqrt(r**2)), reals_both, "|r|"),
    convex("largest error", lambda f, y: (f - y).abs().max(), reals_both, MAX),
    convex("two largest errors", lambda f, y: (f - y).abs().topk(2).values.sum(), reals_both, "a maximum of sums"),
    convex("smooth_l1_loss", F.smooth_l1_loss, reals_both, C1),
    convex("smooth_l1_loss: beta 0.1", functools.partial(F.smooth_l1_loss, beta=0.1), reals_both, C1),
    convex("smooth_l1_loss: beta 0", functools.partial(F.smooth_l1_loss, beta=0.0), reals_both, NORM),
    convex("huber_loss", F.huber_loss, reals_both, C1),
    convex("huber_loss: delta 0.1", functools.partial(F.huber_loss, delta=0.1), reals_both, C1),
    convex("huber: where", residual(huber_where), reals_both, C1),
    convex("huber: clamp", residual(huber_min), reals_both, C1),
    convex("huber: masks", residual(huber_masks), reals_both, C1),
    not_convex(
        "huber: a rounded constant",
        residual(huber_rounded),
        lambda: (reals(1), numbers(0.0)),
        "0.5 * 0.1**2 is rounded in Python: the pieces miss each other by 1e-18 at |r| = 0.1",
        digits=huber_rounded_digits,
        witness=((0.1 - 2**-34,), (0.1 + 2**-34,)),
    ),
    not_convex(
        "huber: without the offset",
        residual(huber_wrong),
        lambda: (reals(1), numbers(0.0)),
        "jumps at |r| = 1",
        witness=((0.9,), (1.2,)),
    ),
    convex(
        "log-cosh: log of cosh",
        residual(lambda r: torch.log(torch.cosh(r))),
        reals_both,
        "cosh is log-convex",
        reach=100,
    ),
    convex(
        "log-cosh: softplus",
        residual(lambda r: r + F.softplus(-2 * r) - math.log(2)),
        lambda: (reals(1), numbers(0.0)),
        "softplus + affine",
        as_coded=Truth.NOT_CONVEX,
        ideal=residual(lambda r: torch.logaddexp(r, -r)),
        witness=((-9.995,), (-10.005,)),
    ),
    convex(
        "log-cosh: logaddexp",
        residual(lambda r: torch.logaddexp(r, -r) - math.log(2)),
        reals_both,
        "logsumexp of affine",
    ),
    convex(
        "log-cosh: abs",
        residual(lambda r: r.abs() + torch.log1p(torch.exp(-2 * r.abs()))),
        reals_both,
        "logaddexp(r, -r)",
    ),
    convex(
        "log-cosh: exponentials",
        residual(lambda r: torch.log((r.exp() + (-r).exp()) / 2)),
        reals_both,
        "logsumexp of affine",
        reach=100,
    ),
    convex("pseudo-Huber", residual(lambda r: torch.sqrt(1 + r**2) - 1), reals_both, "the norm of (1, r)"),
    convex(
        "pseudo-Huber: delta 2",
        residual(lambda r: 4 * (torch.sqrt(1 + (r / 2) ** 2) - 1)),
        reals_both,
        "the norm of (1, r)",
    ),
    convex("Charbonnier", residual(lambda r: (r * r + 1e-6) ** 0.5), reals_both, "the norm of (1e-3, r)"),
    convex(
        "fair",
        residual(lambda r: r.abs() - torch.log1p(r.abs())),
        reals_both,
        "t - log(1+t) is convex, increases on t >= 0",
    ),
    convex("eps-insensitive", residual(lambda r: F.relu(r.abs() - 0.5)), reals_both, "max(0, convex)"),
    convex(
        "eps-insensitive, squared", residual(lambda r: F.relu(r.abs() - 0.5) ** 2), reals_both, "convex >= 0, squared"
    ),
    convex(
        "softshrink, squared", residual(lambda r: F.softshrink(r, 0.5) ** 2), reals_both, "the eps-insensitive square"
    ),
    convex("power 3/2", residual(lambda r: r.abs() ** 1.5), reals_both, "t^1.5 increases on t >= 0"),
    convex("power 3", residual(lambda r: r.abs() ** 3), reals_both, "t^3 increases on t >= 0"),
    convex("power 4", residual(lambda r: r**4), reals_both, "an even power"),
    convex("power 4: square of square", residual(lambda r: (r**2).square()), reals_both, "an even power"),
    convex("LINEX", residual(lambda r: torch.exp(0.5 * r) - 0.5 * r - 1), reals_both, "exp + affine", reach=100),
    convex("cosh", residual(lambda r: torch.cosh(r) - 1), reals_both, "a sum of exponentials", reach=100),
    # quantiles
    convex("pinball: max", residual(lambda r: torch.maximum(0.25 * r, -0.75 * r)), reals_both, MAX),
    convex("pinball: where", residual(pinball_where), reals_both, MAX),
    convex("pinball: relu", residual(lambda r: 0.25 * F.relu(r) + 0.75 * F.relu(-r)), reals_both, MAX),
    convex("pinball: abs", residual(lambda r: 0.5 * r.abs() - 0.25 * r), reals_both, "|r| + affine"),
    convex("pinball: indicator", residual(lambda r: (0.25 - (r < 0).double()) * r), reals_both, MAX),
    convex("pinball: q 0", residual(functools.partial(pinball_where, q=0.0)), reals_both, MAX),
    convex("pinball: q 3/2", residual(functools.partial(pinball_where, q=1.5)), reals_both, "slopes 1/2, 3/2"),
    convex("pinball: several quantiles", quantiles, lambda: (reals(2, 3), reals(2, seed=1)), MAX),
    convex(
        "pinball: smooth",
        residual(lambda r: 0.25 * r + 0.1 * F.softplus(-r / 0.1, threshold=700)),
        reals_both,
        "softplus + affine",
        reach=4,
    ),
    not_convex(
        "pinball: slopes exchanged",
        residual(lambda r: torch.where(r < 0, 0.25 * r, -0.75 * r)),
        reals_both,
        "a minimum of affine",
    ),
    convex("quantile Huber", residual(quantile_huber), reals_both, C1),
    convex("expectile", residual(expectile), reals_both, C1),
    # relative errors
    convex("MAPE", lambda f, y: ((f - y) / y).abs().mean(), positive_both, NORM),
    convex("WMAPE", lambda f, y: (f - y).abs().sum() / y.abs().sum(), positive_both, NORM),
    convex("relative square", lambda f, y: (((f - y) / (y.abs() + 1e-8)) ** 2).mean(), positive_both, SQUARE),
    not_convex(
        "sMAPE", smape, positive_both, "losses.md section 4", witness=((-50.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0))
    ),
    not_convex(
        "MSLE",
        lambda f, y: F.mse_loss(torch.log1p(f), torch.log1p(y)),
        positive_both,
        "f > e (1 + y) - 1: losses.md section 4",
        witness=((30.0, 1.0, 1.0, 1.0), (90.0, 1.0, 1.0, 1.0)),
    ),
    not_convex(
        "MSLE: positive",
        lambda f, y: ((f.log1p() - y.log1p()) ** 2).mean(),
        positive_both,
        "f > e (1 + y) - 1: losses.md section 4",
        domain="positive",
    ),
    not_convex(
        "RMSLE",
        lambda f, y: torch.sqrt(F.mse_loss(torch.log1p(f), torch.log1p(y))),
        lambda: (positives(1), numbers(1.0)),
        "|log(1+f) - log(1+y)| is concave for f > y",
        domain="positive",
    ),
    undefined_outside(
        "log-ratio hinge",
        lambda f, y: F.relu(torch.log(y) - torch.log(f)).mean(),
        positive_both,
        "max(0, -log f + const)",
    ),
    convex(
        "log-ratio hinge: positive",
        lambda f, y: F.relu(torch.log(y) - torch.log(f)).mean(),
        positive_both,
        "max(0, -log f + const)",
        domain="positive",
    ),
    # links
    convex("Poisson, log link", F.poisson_nll_loss, counts, LINK, reach=100),
    convex("Poisson, log link: full", poisson_full, counts, LINK, reach=100),
    convex("Poisson, log link: by hand", lambda f, y: (torch.exp(f) - y * f).mean(), counts, LINK, reach=100),
    undefined_outside(
        "Poisson, no link",
        functools.partial(F.poisson_nll_loss, log_input=False, eps=0.0),
        positive_both,
        "f - y log f",
    ),
    convex(
        "Poisson, no link: positive",
        functools.partial(F.poisson_nll_loss, log_input=False),
        positive_both,
        "f - y log(f + eps)",
        domain="positive",
    ),
    convex(
        "Poisson, no link: by hand, positive",
        lambda f, y: (f - y * torch.log(f)).sum(),
        positive_both,
        "f - y log f",
        domain="positive",
    ),
    convex(
        "Poisson deviance: positive",
        lambda f, y: (2 * (y * torch.log(y / f) - y + f)).mean(),
        positive_both,
        "f - y log f",
        domain="positive",
    ),
    convex("Gamma, log link", lambda f, y: (f + y * torch.exp(-f)).mean(), amounts, LINK, reach=100),
    not_convex(
        "Gamma, mean: positive",
        lambda f, y: (torch.log(f) + y / f).mean(),
        positive_both,
        "f > 2y bends down",
        domain="positive",
    ),
    undefined_outside(
        "exponential, rate", lambda f, y: (f * y - torch.log(f)).mean(), positive_both, "-log f + affine"
    ),
    convex(
        "exponential, rate: positive",
        lambda f, y: (f * y - torch.log(f)).mean(),
        positive_both,
        "-log f + affine",
        domain="positive",
    ),
    convex(
        "inverse Gaussian, log link",
        lambda f, y: (torch.exp(-2 * f) * y / 2 + numbers(1.0) * f).mean(),
        amounts,
        LINK,
        reach=100,
    ),
    *(
        convex(f"Tweedie, log link: p {p}", functools.partial(tweedie, p=p), amounts, LINK, reach=100)
        for p in (1, 1.25, 1.5, 1.9, 2)
    ),
    not_convex(
        "Tweedie, log link: p 3", functools.partial(tweedie, p=3), amounts, "2y e^-2f - e^-f < 0 for large f", reach=100
    ),
    not_convex(
        "Tweedie, log link: p 0", functools.partial(tweedie, p=0), amounts, "2 e^2f - y e^f < 0 for small f", reach=100
    ),
    not_convex(
        "Tweedie, log link: p 2.5",
        functools.partial(tweedie, p=2.5),
        amounts,
        "an exponential with a weight < 0",
        reach=100,
    ),
    convex("negative binomial, log link", negative_binomial, counts, "log(2 + e^f) is convex", reach=100),
    convex(
        "square, exp link, target -1",
        lambda f, y: ((f.exp() + 1) ** 2).mean(),
        amounts,
        "increasing convex of convex",
        reach=100,
    ),
    not_convex(
        "square, exp link",
        lambda f, y: ((f.exp() - y) ** 2).mean(),
        amounts,
        "e^f (2 e^f - y) < 0 for small f",
        reach=4,
    ),
    not_convex(
        "square, softplus link", lambda f, y: ((F.softplus(f) - y) ** 2).mean(), amounts, "tends to y^2 from below"
    ),
    not_convex("square, relu link", lambda f, y: F.mse_loss(F.relu(f), y), amounts, "flat, then falls"),
    convex("square, relu link, target 0", lambda f, y: F.relu(f).square().mean(), amounts, "convex >= 0, squared"),
    not_convex("square, tanh link", lambda f, y: F.mse_loss(torch.tanh(f), y), amounts, BOUNDED),
    not_convex("square, sigmoid link", lambda f, y: F.mse_loss(torch.sigmoid(f), y), amounts, BOUNDED),
    not_convex("square, square link", lambda f, y: F.mse_loss(f**2, y), amounts, "a double well"),
    convex(
        "square, leaky-relu link, target -1",
        lambda f, y: ((F.leaky_relu(f, 0.5) + 1e3) ** 2).mean() * 0 + F.leaky_relu(f, 0.5).mean(),
        amounts,
        "max(f, f/2)",
    ),
    not_convex(
        "square, leaky-relu link",
        lambda f, y: F.mse_loss(F.leaky_relu(f, 0.1), y),
        amounts,
        "slope drops from -0.2 y to -2 y",
    ),
    # redescending
    not_convex("Cauchy", residual(lambda r: torch.log1p(r**2 / 2)), reals_both, REDESCENDING),
    not_convex("Welsch", residual(lambda r: 1 - torch.exp(-(r**2) / 2)), reals_both, BOUNDED),
    not_convex("Geman-McClure", residual(lambda r: r**2 / (1 + r**2)), reals_both, BOUNDED),
    not_convex("Tukey", residual(tukey), reals_both, BOUNDED),
    not_convex("truncated square", residual(lambda r: (r**2).clamp(max=1.0)), reals_both, BOUNDED),
    not_convex("trimmed squares", trimmed, reals_both, "the least two: a minimum"),
    not_convex("square root of |r|", residual(lambda r: r.abs().sqrt()), reals_both, REDESCENDING),
    not_convex("log1p of |r|", residual(lambda r: torch.log1p(r.abs())), reals_both, REDESCENDING),
    not_convex("atan of square", residual(lambda r: torch.atan(r**2)), reals_both, BOUNDED),
    not_convex("cube", residual(lambda r: r**3), reals_both, "r < 0"),
    not_convex("correlation", correlation, reals_both, BOUNDED),
    not_convex("cosine distance", lambda f, y: 1 - F.cosine_similarity(f, y, dim=0), reals_both, BOUNDED),
    not_convex("log of MSE", lambda f, y: torch.log(F.mse_loss(f, y) + 1e-3), reals_both, REDESCENDING),
    convex("Barron: alpha 1", residual(functools.partial(barron, alpha=1.0)), reals_both, "pseudo-Huber"),
    convex(
        "Barron: alpha 3/2",
        residual(functools.partial(barron, alpha=1.5)),
        reals_both,
        "(1 + r^2/b)^(a/2) has a second derivative with the sign of 1 + (a-1) r^2/b",
    ),
    not_convex("Barron: alpha 1/2", residual(functools.partial(barron, alpha=0.5)), reals_both, REDESCENDING),
    not_convex("Barron: alpha -2", residual(functools.partial(barron, alpha=-2.0)), reals_both, BOUNDED),
    # penalties on predictions
    convex("total variation", lambda f, y: F.mse_loss(f, y) + (f[1:] - f[:-1]).abs().sum(), reals_both, NORM),
    convex("second differences", lambda f, y: F.mse_loss(f, y) + f.diff(n=2).square().sum(), reals_both, SQUARE),
    convex("elastic net", lambda f, y: F.mse_loss(f, y) + 0.1 * f.abs().sum() + 0.01 * (f**2).sum(), reals_both, NORM),
    convex(
        "monotone penalty", lambda f, y: F.mse_loss(f, y) + F.relu(-torch.diff(f)).square().sum(), reals_both, SQUARE
    ),
    convex("linear and MAE", lambda f, y: 0.5 * F.l1_loss(f, y) + 0.5 * F.mse_loss(f, y), reals_both, NORM),
    convex("mean bias", lambda f, y: (f - y).mean(), reals_both, "affine"),
    convex("cumulative", lambda f, y: F.mse_loss(f.cumsum(0), y.cumsum(0)), reals_both, SQUARE),
    convex(
        "finite difference spectrum",
        lambda f, y: ((f - y).view(2, 2) @ numbers([1.0, 1.0], [1.0, -1.0])).square().sum(),
        reals_both,
        SQUARE,
    ),
)
