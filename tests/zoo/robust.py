"""Losses against wrong labels, and distributionally robust ones."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import mpmath
import torch
import torch.nn.functional as F
from mpmath import mpf
from tests.zoo.case import convex, index, not_convex, numbers, reals
from torch import Tensor

BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
MAX = "a maximum of convex functions"
NOISE = ((0.75, 0.125, 0.125), (0.25, 0.5, 0.25), (0.0, 0.25, 0.75))


def rows() -> tuple[Tensor, Tensor]:
    return reals(3, 3), index(0, 2, 1)


def row() -> tuple[Tensor, Tensor]:
    return reals(1, 3), index(1)


def linear() -> tuple[Tensor, Tensor, Tensor]:
    """Weights, inputs and signs."""
    return reals(3), reals(4, 3, seed=1), numbers(1.0, -1.0, 1.0, -1.0)


def true_p(z: Tensor, y: Tensor) -> Tensor:
    return F.softmax(z, 1).gather(1, y[:, None])[:, 0]


def forward_corrected(z: Tensor, y: Tensor) -> Tensor:
    noisy = F.softmax(z, 1) @ numbers(*NOISE)
    return -torch.log(noisy.gather(1, y[:, None])).mean()


def backward_corrected(z: Tensor, y: Tensor) -> Tensor:
    inverse = torch.linalg.inv(numbers(*NOISE))
    losses = -F.log_softmax(z, 1)
    return (inverse[y] * losses).sum(1).mean()


def bootstrap(z: Tensor, y: Tensor) -> Tensor:
    t = 0.5 * F.one_hot(y, 3) + 0.5 * F.softmax(z, 1)
    return -(t * F.log_softmax(z, 1)).sum(1).mean()


def truncated_gce(z: Tensor, y: Tensor) -> Tensor:
    p = true_p(z, y)
    return torch.where(p > 0.5, (1 - p**0.7) / 0.7, (1 - 0.5**0.7) / 0.7).mean()


def active_passive(z: Tensor, y: Tensor) -> Tensor:
    log_p = F.log_softmax(z, 1)
    active = log_p.gather(1, y[:, None])[:, 0] / log_p.sum(1)
    return (active + 2 * (1 - true_p(z, y))).mean()


def early_learning(z: Tensor, y: Tensor) -> Tensor:
    """ELR (Liu 2020) with the targets of a running mean."""
    targets = numbers([0.01, 0.98, 0.01])
    return F.cross_entropy(z, y) + 3 * torch.log(1 - (F.softmax(z, 1) * targets).sum(1)).mean()


def dro(of_losses: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, y: of_losses(F.cross_entropy(z, y, reduction="none"))


def cubes_norm_digits(x: Sequence[mpf]) -> mpf:
    losses = []
    for z, y in zip((x[0:3], x[3:6], x[6:9]), (0, 2, 1), strict=True):
        losses.append(mpmath.log(sum(mpmath.exp(v) for v in z)) - z[y])
    return (sum(v**3 for v in losses) / 3) ** mpf(1 / 3)


TRUE_BY_1000 = (-1000.0, 0.0, 0.0, 0.0, 0.0, -1000.0, 0.0, -1000.0, 0.0)
TRUE_BY_3000 = tuple(3 * z for z in TRUE_BY_1000)


def cvar(z: Tensor, y: Tensor, t: Tensor) -> Tensor:
    return t.sum() + F.relu(F.cross_entropy(z, y, reduction="none") - t).mean() / 0.3


def adversarial_logistic(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Logistic regression against perturbations of at most 0.1 in each feature."""
    return -F.logsigmoid(y * (x @ w) - 0.1 * w.abs().sum()).mean()


def adversarial_hinge(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return F.relu(1 - y * (x @ w) + 0.1 * w.norm()).mean()


CASES = (
    not_convex(
        "forward correction (Patrini 2017)",
        forward_corrected,
        rows,
        "logsumexp(z) - logsumexp(z + log T): bounded",
    ),
    convex(
        "backward correction (Patrini 2017)",
        backward_corrected,
        rows,
        "rows of the inverse sum to 1: logsumexp(z) minus a linear form, whatever the signs",
    ),
    not_convex(
        "bootstrapping, half of each (Reed 2015)",
        bootstrap,
        row,
        "on (t, t, 0) along (1, -1, 0): -E[(z - mean)(v - mean)^2] / 2 < 0",
    ),
    not_convex("GCE (Zhang 2018)", lambda z, y: ((1 - true_p(z, y) ** 0.7) / 0.7).mean(), rows, BOUNDED),
    not_convex(
        "GCE: from log_softmax",
        lambda z, y: (1 - torch.exp(0.7 * F.log_softmax(z, 1)[range(3), y])).mean(),
        rows,
        BOUNDED,
    ),
    not_convex("GCE: truncated", truncated_gce, rows, BOUNDED),
    not_convex("MAE (Ghosh 2017)", lambda z, y: 2 * (1 - true_p(z, y)).mean(), rows, BOUNDED),
    not_convex("active-passive (Ma 2020)", active_passive, rows, BOUNDED),
    not_convex(
        "early learning",
        early_learning,
        row,
        "-2 logsumexp(z) + 3 logsumexp(z + log(1 - t)) - z_y: where p_y = 1/2 the first wins",
    ),
    not_convex(
        "Taylor cross-entropy, two terms",
        lambda z, y: ((1 - true_p(z, y)) + (1 - true_p(z, y)) ** 2 / 2).mean(),
        rows,
        BOUNDED,
    ),
    not_convex("exponentiated cross-entropy", lambda z, y: -torch.exp(-F.cross_entropy(z, y)), row, BOUNDED),
    not_convex(
        "partially huberised cross-entropy",
        lambda z, y: torch.where(
            true_p(z, y) > 0.1, -true_p(z, y).log(), -10.0 * true_p(z, y) + 1 + 2.302585092994046
        ).mean(),
        row,
        BOUNDED,
    ),
    convex("largest loss", dro(torch.max), rows, MAX),
    convex(
        "mean of the two largest losses",
        dro(lambda v: torch.topk(v, 2)[0].mean()),
        rows,
        "a maximum of sums of convex functions",
    ),
    convex(
        "tilted (Li 2021)",
        dro(lambda v: torch.log(torch.exp(0.5 * v).mean()) / 0.5),
        rows,
        "logsumexp of convex functions",
        reach=300,
    ),
    convex(
        "CVaR: jointly in the threshold", cvar, lambda: (*rows(), numbers(0.5)), "max(0, convex) + affine", wrt=(0, 2)
    ),
    convex("group DRO", dro(lambda v: torch.maximum(v[:2].mean(), v[2])), rows, MAX),
    convex(
        "squares' norm of losses", dro(lambda v: (v**2).mean() ** 0.5), rows, "a norm, increasing in each loss >= 0"
    ),
    not_convex(
        "cubes' norm of losses, the power 1/3 rounded",
        dro(lambda v: (v**3).mean() ** (1 / 3)),
        rows,
        "the float 1/3 is too small by 2e-17: for equal losses v the value is v^(1 - 6e-17)",
        digits=cubes_norm_digits,
        witness=(TRUE_BY_1000, TRUE_BY_3000),
    ),
    not_convex("variance penalty", dro(lambda v: v.mean() + 2 * v.var()), rows, "falls as a small loss grows"),
    not_convex("median of losses", dro(lambda v: v.median()), rows, "a minimum of maxima"),
    not_convex(
        "trimmed losses", dro(lambda v: v.topk(2, largest=False).values.mean()), rows, "the least two: a minimum"
    ),
    not_convex("negative tilt", dro(lambda v: -torch.logsumexp(-v, 0)), rows, "a soft minimum"),
    convex(
        "adversarial logistic regression", adversarial_logistic, linear, "softplus increases, its argument is convex"
    ),
    convex("adversarial hinge", adversarial_hinge, linear, "max(0, convex)"),
    convex(
        "Wasserstein-robust regression",
        lambda w, x, y: ((x @ w - y).square().mean()).sqrt() + 0.1 * w.norm(),
        linear,
        "norms",
    ),
    convex("square-root lasso", lambda w, x, y: torch.linalg.norm(x @ w - y) + 0.1 * w.abs().sum(), linear, "norms"),
    convex(
        "Huber regression", lambda w, x, y: F.huber_loss(x @ w, y) + 0.01 * w.square().sum(), linear, "convex of affine"
    ),
    not_convex("correntropy", lambda w, x, y: (1 - torch.exp(-((x @ w - y) ** 2))).mean(), linear, BOUNDED),
    not_convex(
        "Tukey regression",
        lambda w, x, y: torch.where((x @ w - y).abs() < 2, 1 - (1 - ((x @ w - y) / 2) ** 2) ** 3, 1.0).mean(),
        linear,
        BOUNDED,
    ),
    not_convex(
        "least trimmed squares", lambda w, x, y: torch.sort((x @ w - y) ** 2).values[:2].sum(), linear, "a minimum"
    ),
    not_convex(
        "SCAD-like penalty",
        lambda w, x, y: F.mse_loss(x @ w, y) + 10 * torch.log1p(w.abs()).sum(),
        linear,
        "-10/(1+|w|)^2 outweighs the square",
    ),
    convex("group lasso", lambda w, x, y: F.mse_loss(x @ w, y) + w[:2].norm() + w[2:].norm(), linear, "norms"),
    not_convex(
        "square root of |w|",
        functools.partial(lambda w, x, y: F.mse_loss(x @ w, y) + w.abs().sqrt().sum()),
        linear,
        "concave for w > 0 near 0",
    ),
)
