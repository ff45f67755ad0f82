"""Losses of masks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tests.zoo.case import Truth, convex, index, not_convex, numbers, reals
from torch import Tensor

BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
LOGISTIC = "a sum of softplus of affine functions, weights >= 0"


def mask() -> tuple[Tensor, Tensor]:
    return reals(1, 1, 2, 2), numbers([[[1.0, 0.0], [1.0, 1.0]]])


def classes() -> tuple[Tensor, Tensor]:
    return reals(1, 3, 2, 2), index([[0, 1], [2, 1]])


def probabilities() -> tuple[Tensor, Tensor]:
    return torch.sigmoid(reals(4)), numbers(1.0, 0.0, 1.0, 1.0)


def dice_of(p: Tensor, y: Tensor, smooth: float = 1.0) -> Tensor:
    return 1 - (2 * (p * y).sum() + smooth) / (p.sum() + y.sum() + smooth)


def dice(z: Tensor, y: Tensor) -> Tensor:
    return dice_of(torch.sigmoid(z).flatten(), y.flatten())


def dice_squared(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return 1 - 2 * (p * y).sum() / ((p**2).sum() + (y**2).sum() + 1e-5)


def jaccard(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    both = (p * y).sum()
    return 1 - (both + 1) / (p.sum() + y.sum() - both + 1)


def tversky(z: Tensor, y: Tensor, power: float = 1.0) -> Tensor:
    p = torch.sigmoid(z)
    tp, fp, fn = (p * y).sum(), (p * (1 - y)).sum(), ((1 - p) * y).sum()
    return (1 - tp / (tp + 0.3 * fp + 0.7 * fn)) ** power


def dice_multiclass(z: Tensor, y: Tensor) -> Tensor:
    p = F.softmax(z, 1)
    t = F.one_hot(y, 3).permute(0, 3, 1, 2).double()
    return 1 - (2 * (p * t).sum((0, 2, 3)) / (p + t).sum((0, 2, 3))).mean()


def focal_pixels(z: Tensor, y: Tensor) -> Tensor:
    ce = F.cross_entropy(z, y, reduction="none")
    return ((1 - torch.exp(-ce)) ** 2 * ce).mean()


def lovasz_gradient(sorted_truth: Tensor) -> Tensor:
    total = sorted_truth.sum()
    jaccard = 1 - (total - sorted_truth.cumsum(0)) / (total + (1 - sorted_truth).cumsum(0))
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


def lovasz_hinge(z: Tensor, y: Tensor) -> Tensor:
    z, y = z.flatten(), y.flatten()
    errors = 1 - z * (2 * y - 1)
    errors, order = torch.sort(errors, descending=True)
    return torch.dot(F.relu(errors), lovasz_gradient(y[order]))


def lovasz_softmax(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z).flatten()
    y = y.flatten()
    errors, order = torch.sort((y - p).abs(), descending=True)
    return torch.dot(errors, lovasz_gradient(y[order]))


def hard_pixels(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z, y, reduction="none").flatten().topk(2).values.mean()


def pixel_weights(z: Tensor, y: Tensor) -> Tensor:
    weights = numbers([[[1.0, 5.0], [0.5, 2.0]]])
    return (weights * F.binary_cross_entropy_with_logits(z, y, reduction="none")).sum() / weights.sum()


CASES = (
    convex(
        "bce of pixels",
        F.binary_cross_entropy_with_logits,
        lambda: (reals(1, 2, 2), numbers([[1.0, 0.0], [1.0, 1.0]])),
        LOGISTIC,
    ),
    convex("bce of pixels: weight map", lambda z, y: pixel_weights(z, y), mask, LOGISTIC),
    convex("cross-entropy of pixels", F.cross_entropy, classes, "logsumexp minus a linear form"),
    convex(
        "cross-entropy of pixels: weights, ignored",
        lambda z, y: F.cross_entropy(z, y, weight=numbers(0.1, 1.0, 2.0), ignore_index=2),
        classes,
        "a mean of convex functions, weights >= 0",
    ),
    convex("cross-entropy of the hardest pixels", hard_pixels, classes, "a maximum of sums of convex functions"),
    convex(
        "total variation of logits",
        lambda z, y: (z[..., 1:] - z[..., :-1]).abs().mean() + (z[..., 1:, :] - z[..., :-1, :]).abs().mean(),
        mask,
        "norm of affine",
    ),
    convex(
        "average pooling, then bce",
        lambda z, y: F.binary_cross_entropy_with_logits(F.avg_pool2d(z, 2).flatten(), numbers(1.0)),
        mask,
        LOGISTIC,
    ),
    not_convex(
        "max pooling, then bce: positive",
        lambda z, y: -F.logsigmoid(z.amax()),
        mask,
        "the least of convex functions: two valleys",
    ),
    convex(
        "max pooling, then bce: negative", lambda z, y: -F.logsigmoid(-z.amax()), mask, "increasing convex of a maximum"
    ),
    not_convex("Dice", lambda z, y: dice(z, y), mask, BOUNDED),
    not_convex("Dice: squares", lambda z, y: dice_squared(z, y), mask, BOUNDED),
    not_convex("Dice: one pixel", dice, lambda: (reals(1), numbers(1.0)), BOUNDED),
    not_convex("Dice: softmax", dice_multiclass, classes, BOUNDED),
    not_convex("Dice: probabilities", dice_of, probabilities, "losses.md section 4", domain=(0.0, 1.0)),
    not_convex("log of Dice", lambda z, y: -torch.log(1 - dice(z, y)), mask, BOUNDED),
    not_convex("log-cosh of Dice", lambda z, y: torch.log(torch.cosh(dice(z, y))), mask, BOUNDED),
    not_convex("Jaccard", lambda z, y: jaccard(z, y), mask, BOUNDED),
    not_convex("Tversky", lambda z, y: tversky(z, y), mask, BOUNDED),
    not_convex("focal Tversky", lambda z, y: tversky(z, y, 0.75), mask, BOUNDED),
    not_convex(
        "bce and Dice",
        lambda z, y: F.binary_cross_entropy_with_logits(z, y) + dice(z, y),
        mask,
        "Dice bends down where bce is flat",
    ),
    not_convex("focal of pixels", focal_pixels, classes, "losses.md C2"),
    not_convex(
        "boundary loss", lambda z, y: (torch.sigmoid(z) * numbers([[[0.5, -1.0], [2.0, 1.0]]])).mean(), mask, BOUNDED
    ),
    convex(
        "boundary loss: probabilities", lambda p, y: (p * numbers(0.5, -1.0, 2.0, 1.0)).mean(), probabilities, "affine"
    ),
    convex(
        "Lovasz hinge",
        lovasz_hinge,
        lambda: (reals(3), numbers(1.0, 0.0, 1.0)),
        "a Lovasz extension of a submodular function (Berman 2018)",
        expect_undecided="weights by the order of the errors",
    ),
    not_convex(
        "Lovasz-softmax: logits",
        lovasz_softmax,
        lambda: (reals(3), numbers(1.0, 0.0, 1.0)),
        BOUNDED,
        expect_undecided="weights by the order of the errors",
    ),
    not_convex("absolute error of masks", lambda z, y: F.l1_loss(torch.sigmoid(z), y), mask, BOUNDED),
    convex(
        "softplus form of bce",
        lambda z, y: (F.softplus(z) - z * y).mean(),
        mask,
        LOGISTIC,
        as_coded=Truth.NOT_CONVEX,
        ideal=lambda z, y: F.binary_cross_entropy_with_logits(z, y),
        witness=((19.99, 0.0, 0.0, 0.0), (20.01, 0.0, 0.0, 0.0)),
    ),
)
