"""The formulas of optax's losses, written in torch (optax 0.2.5, `optax.losses`)."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.zoo.case import Truth, convex, index, not_convex, numbers, positives, reals, undefined_outside
from torch import Tensor

LSE = "logsumexp minus a linear form"
SQUARE = "squares of affine functions"
LOGISTIC = "softplus of affine"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"


def onehot() -> tuple[Tensor, Tensor]:
    return reals(2, 3), numbers([1.0, 0.0, 0.0], [0.0, 0.0, 1.0])


def ids() -> tuple[Tensor, Tensor]:
    return reals(2, 3), index(0, 2)


def signs() -> tuple[Tensor, Tensor]:
    return reals(3), numbers(1.0, -1.0, 1.0)


def labels() -> tuple[Tensor, Tensor]:
    return reals(3), numbers(1.0, 0.0, 1.0)


def both() -> tuple[Tensor, Tensor]:
    return reals(3), reals(3, seed=1)


def huber(f: Tensor, y: Tensor, delta: float = 1.0) -> Tensor:
    a = (f - y).abs()
    quadratic = torch.minimum(a, torch.tensor(delta, dtype=a.dtype))
    return (0.5 * quadratic**2 + delta * (a - quadratic)).mean()


def log_cosh(f: Tensor, y: Tensor) -> Tensor:
    e = f - y
    return (torch.logaddexp(e, -e) - torch.log(torch.tensor(2.0, dtype=e.dtype))).mean()


def sigmoid_bce(z: Tensor, y: Tensor) -> Tensor:
    log_p, log_not_p = F.logsigmoid(z), F.logsigmoid(-z)
    return (-y * log_p - (1.0 - y) * log_not_p).mean()


def sigmoid_focal(z: Tensor, y: Tensor, gamma: float = 2.0) -> Tensor:
    log_p, log_q = F.logsigmoid(z), F.logsigmoid(-z)
    ce = -y * log_p - (1 - y) * log_q
    return (ce * torch.exp(gamma * (y * log_q + (1 - y) * log_p))).sum()


def softmax_ce(z: Tensor, t: Tensor) -> Tensor:
    return -(t * F.log_softmax(z, -1)).sum(-1).mean()


def softmax_ce_ids(z: Tensor, y: Tensor) -> Tensor:
    z_max = z.amax(-1, keepdim=True).detach()
    z = z - z_max
    label = torch.take_along_dim(z, y[..., None], -1)[..., 0]
    return (torch.log(torch.exp(z).sum(-1)) - label).mean()


def safe_softmax_ce(z: Tensor, t: Tensor) -> Tensor:
    log_p = F.log_softmax(z, -1)
    return -torch.where(t == 0, torch.zeros_like(t), t * log_p).sum(-1).mean()


def poly(z: Tensor, t: Tensor, eps: float) -> Tensor:
    p = F.softmax(z, -1)
    return (softmax_ce(z, t) + eps * (1 - (t * p).sum(-1))).mean()


def kl(log_p: Tensor, t: Tensor) -> Tensor:
    return (t * (torch.where(t == 0, 0.0, torch.log(torch.where(t == 0, 1.0, t))) - log_p)).sum(-1).mean()


def hinge(z: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(torch.zeros_like(z), 1 - z * y).mean()


def perceptron(z: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(torch.zeros_like(z), -z * y).mean()


def sparse_plus(x: Tensor) -> Tensor:
    return torch.where(x <= -1.0, torch.zeros_like(x), torch.where(x >= 1.0, x, (x + 1.0) ** 2 / 4))


def sparsemax(z: Tensor, y: Tensor) -> Tensor:
    return sparse_plus(torch.where(y > 0, -z, z)).mean()


def multiclass_hinge(z: Tensor, y: Tensor) -> Tensor:
    t = F.one_hot(y, 3).double()
    return ((z + 1.0 - t).amax(-1) - (z * t).sum(-1)).mean()


def multiclass_perceptron(z: Tensor, y: Tensor) -> Tensor:
    t = F.one_hot(y, 3).double()
    return (z.amax(-1) - torch.einsum("nk,nk->n", z, t)).mean()


def fenchel_young(z: Tensor, t: Tensor) -> Tensor:
    return (torch.logsumexp(z, -1) - torch.linalg.vecdot(z, t)).mean()


def cosine_similarity(f: Tensor, y: Tensor, eps: float = 1e-8) -> Tensor:
    return (f / f.norm().clamp(min=eps)) @ (y / y.norm().clamp(min=eps))


def ntxent(x: Tensor, y: Tensor) -> Tensor:
    x = x / x.norm(dim=1, keepdim=True)
    s = (x @ x.T / 0.5).masked_fill(torch.eye(4, dtype=torch.bool), -torch.inf)
    return -F.log_softmax(s, 1)[range(4), index(1, 0, 3, 2)].mean()


def ranking_softmax(s: Tensor, r: Tensor) -> Tensor:
    where = torch.tensor([True, True, False])
    s = torch.where(where, s, torch.tensor(-1e30, dtype=s.dtype))
    return -(r * where * F.log_softmax(s, -1)).sum()


CASES = (
    convex("optax.squared_error", lambda f, y: ((f - y) ** 2).mean(), both, SQUARE),
    convex("optax.l2_loss", lambda f, y: 0.5 * (f - y).square().sum(), both, SQUARE),
    convex("optax.huber_loss", huber, both, "C1, derivative not decreasing"),
    convex("optax.huber_loss: delta 0.25", functools.partial(huber, delta=0.25), both, "C1, derivative not decreasing"),
    convex("optax.log_cosh", log_cosh, both, "logsumexp of affine"),
    not_convex("optax.cosine_similarity", cosine_similarity, both, BOUNDED),
    not_convex("optax.cosine_distance", lambda f, y: 1 - cosine_similarity(f, y), both, BOUNDED),
    convex("optax.sigmoid_binary_cross_entropy", sigmoid_bce, labels, LOGISTIC),
    convex("optax.hinge_loss", hinge, signs, "max(0, affine)"),
    convex("optax.perceptron_loss", perceptron, signs, "max(0, affine)"),
    convex("optax.sparsemax_loss", sparsemax, labels, "C1, derivative clamp((x+1)/2, 0, 1)"),
    not_convex("optax.sigmoid_focal_loss", sigmoid_focal, labels, "losses.md C2"),
    convex("optax.sigmoid_focal_loss: gamma 0", functools.partial(sigmoid_focal, gamma=0.0), labels, LOGISTIC),
    convex("optax.softmax_cross_entropy", softmax_ce, onehot, LSE),
    convex("optax.softmax_cross_entropy: smooth_labels", lambda z, t: softmax_ce(z, 0.9 * t + 0.1 / 3), onehot, LSE),
    convex("optax.softmax_cross_entropy_with_integer_labels", softmax_ce_ids, ids, LSE),
    convex("optax.safe_softmax_cross_entropy", safe_softmax_ce, onehot, LSE),
    convex("optax.poly_loss_cross_entropy: 1", functools.partial(poly, eps=1.0), onehot, "losses.md C2: |eps| <= 1"),
    not_convex(
        "optax.poly_loss_cross_entropy: 2 (default)",
        functools.partial(poly, eps=2.0),
        onehot,
        "losses.md C2: |eps| <= 1",
    ),
    convex(
        "optax.kl_divergence: log-predictions",
        kl,
        lambda: (reals(2, 3), numbers([1.0, 0.0, 0.0], [0.5, 0.25, 0.25])),
        "affine",
    ),
    convex("optax.kl_divergence: of log_softmax", lambda z, t: kl(F.log_softmax(z, -1), t), onehot, LSE),
    convex(
        "optax.kl_divergence_with_log_targets",
        lambda z, t: (torch.exp(t) * (t - F.log_softmax(z, -1))).sum(-1).mean(),
        lambda: (reals(2, 3), F.log_softmax(reals(2, 3, seed=1), -1)),
        LSE,
    ),
    convex(
        "optax.convex_kl_divergence",
        lambda v, t: (kl(v, t) + (torch.exp(v) - t).sum(-1)).mean(),
        onehot,
        "exp + affine",
        reach=100,
    ),
    undefined_outside(
        "optax.generalized_kl_divergence",
        lambda v, t: (t * torch.log(t / v) + v - t).sum(),
        lambda: (positives(3), positives(3, seed=1)),
        "v - t log v",
    ),
    convex(
        "optax.generalized_kl_divergence: positive",
        lambda v, t: (t * torch.log(t / v) + v - t).sum(),
        lambda: (positives(3), positives(3, seed=1)),
        "v - t log v",
        domain="positive",
    ),
    convex("optax.multiclass_hinge_loss", multiclass_hinge, ids, "a maximum of affine functions"),
    convex("optax.multiclass_perceptron_loss", multiclass_perceptron, ids, "a maximum of affine functions"),
    convex("optax.make_fenchel_young_loss: logsumexp", fenchel_young, onehot, LSE),
    convex("optax.ranking_softmax_loss", ranking_softmax, lambda: (reals(3), numbers(2.0, 0.0, 1.0)), LSE),
    not_convex("optax.ntxent", ntxent, lambda: (reals(4, 2), index(0, 0, 1, 1)), BOUNDED),
    convex(
        "optax.triplet_margin_loss: distances",
        lambda p, n: torch.maximum(p - n + 1.0, torch.zeros_like(p)).mean(),
        lambda: (positives(3), positives(3, seed=1)),
        "max(0, affine)",
        wrt=(0, 1),
    ),
    convex(
        "optax.sigmoid_binary_cross_entropy: softplus",
        lambda z, y: (F.softplus(z) - y * z).sum(),
        labels,
        LOGISTIC,
        as_coded=Truth.NOT_CONVEX,
        ideal=sigmoid_bce,
        witness=((19.99, 0.0, 0.0), (20.01, 0.0, 0.0)),
    ),
)
