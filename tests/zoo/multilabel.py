"""Losses of several labels that may hold together."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, reals
from torch import Tensor

LOGISTIC = "a sum of softplus of affine functions, weights >= 0"
HINGE = "a sum of max(0, affine)"
LSE = "logsumexp of affine functions"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"


def labels() -> tuple[Tensor, Tensor]:
    return reals(2, 3), numbers([1.0, 0.0, 1.0], [0.0, 0.0, 1.0])


def row() -> tuple[Tensor, Tensor]:
    return reals(4), numbers(1.0, 0.0, 1.0, 0.0)


def asymmetric(z: Tensor, y: Tensor, positive: float = 1.0, negative: float = 4.0, clip: float = 0.05) -> Tensor:
    p = torch.sigmoid(z)
    q = (1 - p + clip).clamp(max=1)
    loss = y * torch.log(p.clamp(min=1e-8)) + (1 - y) * torch.log(q.clamp(min=1e-8))
    p_t = p * y + q * (1 - y)
    return -(loss * (1 - p_t) ** (positive * y + negative * (1 - y))).sum()


def zlpr(z: Tensor, y: Tensor) -> Tensor:
    zero = torch.zeros(1, dtype=z.dtype)
    negative = torch.logsumexp(torch.cat([zero, z[y == 0]]), 0)
    return negative + torch.logsumexp(torch.cat([zero, -z[y == 1]]), 0)


def zlpr_masked(z: Tensor, y: Tensor) -> Tensor:
    """As in the wild: unwanted scores are pushed away by 1e12."""
    z = (1 - 2 * y) * z
    negative = torch.cat([z - y * 1e12, torch.zeros_like(z[..., :1])], -1)
    positive = torch.cat([z - (1 - y) * 1e12, torch.zeros_like(z[..., :1])], -1)
    return torch.logsumexp(negative, -1).mean() + torch.logsumexp(positive, -1).mean()


def lsep(z: Tensor, y: Tensor) -> Tensor:
    gaps = z[y == 0][:, None] - z[y == 1][None, :]
    return torch.log(1 + torch.exp(gaps).sum())


def bp_mll(z: Tensor, y: Tensor) -> Tensor:
    return torch.exp(z[y == 0][:, None] - z[y == 1][None, :]).mean()


def hill(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return -(y * torch.log(p) - (1 - y) * (1.5 - p) * p**2).mean()


def focal(z: Tensor, y: Tensor) -> Tensor:
    ce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    return ((1 - torch.exp(-ce)) ** 2 * ce).sum(1).mean()


def soft_f1(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    tp = (p * y).sum(0)
    return 1 - (2 * tp / (2 * tp + (p * (1 - y)).sum(0) + ((1 - p) * y).sum(0))).mean()


CASES = (
    convex("bce per label", F.binary_cross_entropy_with_logits, labels, LOGISTIC),
    convex(
        "bce per label: pos_weight",
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, pos_weight=numbers(1.0, 5.0, 0.5)),
        labels,
        LOGISTIC,
    ),
    convex(
        "bce per label: focal weights of the targets",
        lambda z, y: (F.binary_cross_entropy_with_logits(z, y, reduction="none") * (1 + 3 * y)).sum(1).mean(),
        labels,
        LOGISTIC,
    ),
    convex(
        "bce per label: unknown labels masked",
        lambda z, y: F.binary_cross_entropy_with_logits(z, y.clamp(min=0), weight=(y >= 0).double()),
        lambda: (reals(2, 3), numbers([1.0, -1.0, 0.0], [0.0, 1.0, -1.0])),
        LOGISTIC,
    ),
    convex("multilabel_soft_margin_loss", F.multilabel_soft_margin_loss, labels, LOGISTIC),
    convex(
        "multilabel_soft_margin_loss: weights",
        lambda z, y: F.multilabel_soft_margin_loss(z, y, weight=numbers(1.0, 0.0, 3.0)),
        labels,
        LOGISTIC,
    ),
    convex("multilabel_margin_loss", F.multilabel_margin_loss, lambda: (reals(1, 4), index([3, 0, -1, 1])), HINGE),
    convex("ZLPR (Su 2022)", zlpr, row, LSE),
    convex("ZLPR: masked by 1e12", zlpr_masked, labels, LSE),
    convex("LSEP (Li 2017)", lsep, row, LSE, reach=100),
    convex("BP-MLL", bp_mll, row, "exp of affine functions", reach=30),
    convex("ranking hinge", lambda z, y: F.relu(1 + z[y == 0][:, None] - z[y == 1][None, :]).mean(), row, HINGE),
    convex("hinge per label", lambda z, y: F.relu(1 - (2 * y - 1) * z).mean(), labels, HINGE),
    convex(
        "squared hinge per label",
        lambda z, y: F.relu(1 - (2 * y - 1) * z).square().mean(),
        labels,
        "squares of " + HINGE,
    ),
    convex(
        "softmax against the labels' shares", lambda z, y: F.cross_entropy(z, y / y.sum(1, keepdim=True)), labels, LSE
    ),
    convex(
        "largest label's bce",
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none").amax(1).mean(),
        labels,
        "a maximum of convex functions",
    ),
    not_convex("asymmetric (Ridnik 2021)", asymmetric, row, "the clipped negative term is bounded"),
    not_convex("asymmetric: no clip", lambda z, y: asymmetric(z, y, clip=0.0), row, "a focal term"),
    convex(
        "asymmetric: all parameters 0",
        lambda z, y: -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).sum(),
        row,
        LOGISTIC,
    ),
    not_convex("Hill (Zhang 2021)", hill, row, "the negative term is bounded"),
    not_convex("focal per label", focal, labels, "losses.md C2"),
    not_convex("MSE on sigmoid per label", lambda z, y: F.mse_loss(torch.sigmoid(z), y), labels, BOUNDED),
    not_convex("soft F1", soft_f1, labels, BOUNDED),
    not_convex(
        "bce of softmax",
        lambda z, y: F.binary_cross_entropy(F.softmax(z, 1), y),
        labels,
        "-log(1 - p) falls like a difference of two logsumexp",
        reach=4,
    ),
    not_convex(
        "bce per label: clipped",
        lambda z, y: F.binary_cross_entropy(torch.sigmoid(z).clamp(1e-6, 1 - 1e-6), y),
        labels,
        BOUNDED,
    ),
)
