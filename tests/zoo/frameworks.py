"""Every differentiable loss of torch.nn.functional, with its parameters, as a function of its first argument."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.zoo.case import Truth, convex, index, not_convex, numbers, positives, reals, undefined_outside
from torch import Tensor, nn

LSE = "logsumexp minus a linear form"
SQUARE = "squares of affine functions"
LOGISTIC = "softplus of affine"
HINGE = "max(0, affine)"
AFFINE = "affine in the input"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"


def logits() -> tuple[Tensor, Tensor]:
    return reals(3, 4), index(1, 3, 0)


def signs() -> tuple[Tensor, Tensor]:
    return reals(3), numbers(1.0, -1.0, 1.0)


def both() -> tuple[Tensor, Tensor]:
    return reals(3), reals(3, seed=1)


def ctc(z: Tensor) -> Tensor:
    log_p = F.log_softmax(z, 2)
    return F.ctc_loss(log_p, index([1, 2]), index(4), index(2))


def every(loss: object, name: str, example: object, source: str) -> tuple:  # type: ignore[type-arg]
    """The three reductions; `none` is summed by hand."""
    return (
        *(
            convex(f"F.{name}: {reduction}", functools.partial(loss, reduction=reduction), example, source)  # type: ignore[arg-type]
            for reduction in ("mean", "sum")
        ),
        convex(f"F.{name}: none", lambda *args: loss(*args, reduction="none").sum(), example, source),  # type: ignore[operator,arg-type]
    )


CASES = (
    *every(F.cross_entropy, "cross_entropy", logits, LSE),
    *every(F.nll_loss, "nll_loss", logits, AFFINE),
    *every(F.mse_loss, "mse_loss", both, SQUARE),
    *every(F.l1_loss, "l1_loss", both, "a norm of an affine function"),
    *every(F.smooth_l1_loss, "smooth_l1_loss", both, "C1, derivative not decreasing"),
    *every(F.huber_loss, "huber_loss", both, "C1, derivative not decreasing"),
    *every(
        F.binary_cross_entropy_with_logits, "binary_cross_entropy_with_logits", both, LOGISTIC + ", any real target"
    ),
    *every(F.multi_margin_loss, "multi_margin_loss", logits, HINGE),
    *every(F.hinge_embedding_loss, "hinge_embedding_loss", signs, HINGE),
    convex(
        "F.cross_entropy: weight, ignore_index, smoothing",
        functools.partial(F.cross_entropy, weight=numbers(1.0, 0.5, 0.0, 2.0), ignore_index=3, label_smoothing=0.25),
        logits,
        LSE + ", weights >= 0",
    ),
    convex(
        "F.nll_loss: after log_softmax, weight",
        lambda z, y: F.nll_loss(z.log_softmax(-1), y, weight=numbers(1.0, 0.5, 0.0, 2.0)),
        logits,
        LSE + ", weights >= 0",
    ),
    not_convex("F.nll_loss: after softmax", lambda z, y: F.nll_loss(F.softmax(z, 1), y), logits, BOUNDED),
    convex(
        "F.multi_margin_loss: p 2, margin, weight",
        functools.partial(F.multi_margin_loss, p=2, margin=0.5, weight=numbers(1.0, 0.5, 0.0, 2.0)),
        logits,
        "squares of " + HINGE,
    ),
    convex(
        "F.multilabel_margin_loss: two rows",
        F.multilabel_margin_loss,
        lambda: (reals(2, 3), index([2, -1, -1], [0, 1, -1])),
        HINGE,
    ),
    convex(
        "F.multilabel_soft_margin_loss: sum",
        functools.partial(F.multilabel_soft_margin_loss, reduction="sum"),
        lambda: (reals(2, 3), numbers([1.0, 0.0, 1.0], [0.0, 0.0, 1.0])),
        LOGISTIC,
    ),
    convex(
        "F.soft_margin_loss: sum", functools.partial(F.soft_margin_loss, reduction="sum"), signs, LOGISTIC, reach=100
    ),
    convex("F.hinge_embedding_loss: margin 2", functools.partial(F.hinge_embedding_loss, margin=2.0), signs, HINGE),
    convex(
        "F.huber_loss: delta 2.5", functools.partial(F.huber_loss, delta=2.5), both, "C1, derivative not decreasing"
    ),
    convex(
        "F.smooth_l1_loss: beta 0.5",
        functools.partial(F.smooth_l1_loss, beta=0.5),
        both,
        "C1, derivative not decreasing",
    ),
    convex(
        "F.binary_cross_entropy_with_logits: weight, pos_weight",
        functools.partial(
            F.binary_cross_entropy_with_logits, weight=numbers(1.0, 2.0, 0.0), pos_weight=numbers(3.0, 1.0, 0.5)
        ),
        lambda: (reals(3), numbers(1.0, 0.0, 1.0)),
        LOGISTIC + ", weights >= 0",
    ),
    convex(
        "F.binary_cross_entropy: of sigmoid, weight",
        lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y, weight=numbers(1.0, 2.0)),
        lambda: (reals(2), numbers(1.0, 0.0)),
        LOGISTIC,
        as_coded=Truth.NOT_CONVEX,
        ideal=lambda z, y: F.binary_cross_entropy_with_logits(z, y, weight=numbers(1.0, 2.0)),
        witness=((-300.0, 0.0), (0.0, 0.0)),
    ),
    convex(
        "F.kl_div: log-probabilities",
        functools.partial(F.kl_div, reduction="sum"),
        lambda: (reals(1, 3), numbers([0.5, 0.25, 0.25])),
        AFFINE,
    ),
    convex(
        "F.kl_div: log_target",
        lambda z, t: F.kl_div(F.log_softmax(z, 1), t, reduction="batchmean", log_target=True),
        lambda: (reals(2, 3), F.log_softmax(reals(2, 3, seed=1), 1)),
        LSE,
    ),
    convex(
        "F.kl_div: mean",
        lambda z, t: F.kl_div(F.log_softmax(z, 1), t, reduction="none").mean(),
        lambda: (reals(2, 3), F.softmax(reals(2, 3, seed=1), 1)),
        LSE,
    ),
    convex(
        "F.kl_div: target",
        lambda z, t: F.kl_div(z, t, reduction="sum"),
        lambda: (reals(3), positives(3)),
        "t log t - t z",
        wrt=1,
        domain="positive",
    ),
    not_convex(
        "F.kl_div: of softmax",
        lambda z, t: F.kl_div(F.softmax(z, 1), t, reduction="sum"),
        lambda: (reals(1, 3), numbers([0.5, 0.25, 0.25])),
        BOUNDED,
    ),
    convex(
        "F.poisson_nll_loss: log_input",
        F.poisson_nll_loss,
        lambda: (reals(3), numbers(0.0, 1.0, 4.0)),
        "exp + affine",
        reach=100,
    ),
    convex(
        "F.poisson_nll_loss: full",
        functools.partial(F.poisson_nll_loss, full=True),
        lambda: (reals(3), numbers(0.0, 1.0, 4.0)),
        "exp + affine",
        reach=100,
    ),
    undefined_outside(
        "F.poisson_nll_loss: mean",
        functools.partial(F.poisson_nll_loss, log_input=False),
        lambda: (positives(3), numbers(1.0, 2.0, 4.0)),
        "f - y log(f + eps)",
    ),
    convex(
        "F.gaussian_nll_loss: input", F.gaussian_nll_loss, lambda: (reals(3), reals(3, seed=1), positives(3)), SQUARE
    ),
    convex(
        "F.margin_ranking_loss: both",
        functools.partial(F.margin_ranking_loss, margin=0.5),
        lambda: (reals(3), reals(3, seed=1), numbers(1.0, -1.0, 1.0)),
        HINGE,
        wrt=(0, 1),
    ),
    not_convex(
        "F.cosine_embedding_loss: margin",
        functools.partial(F.cosine_embedding_loss, margin=0.25),
        lambda: (reals(3, 2), reals(3, 2, seed=1), numbers(1.0, -1.0, 1.0)),
        BOUNDED,
    ),
    not_convex(
        "F.triplet_margin_loss: anchor",
        functools.partial(F.triplet_margin_loss, margin=0.5, swap=False),
        lambda: (reals(1, 2), reals(1, 2, seed=1), reals(1, 2, seed=2)),
        "-||a - n|| bends down",
    ),
    convex(
        "F.triplet_margin_loss: positive, p 1",
        functools.partial(F.triplet_margin_loss, p=1.0),
        lambda: (reals(1, 2), reals(1, 2, seed=1), reals(1, 2, seed=2)),
        "max(0, norm of affine + const)",
        wrt=1,
    ),
    convex(
        "F.triplet_margin_with_distance_loss: positive",
        functools.partial(F.triplet_margin_with_distance_loss, distance_function=lambda a, b: (a - b).square().sum(1)),
        lambda: (reals(1, 2), reals(1, 2, seed=1), reals(1, 2, seed=2)),
        "max(0, square + const)",
        wrt=1,
    ),
    not_convex(
        "F.ctc_loss: logits",
        ctc,
        lambda: (reals(4, 1, 3),),
        "a difference of two logsumexp: the paths that spell the target",
        expect_undecided="ctc_loss is not taken apart",
    ),
    convex(
        "nn.CrossEntropyLoss: label_smoothing", nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), logits, LSE
    ),
    convex(
        "nn.BCEWithLogitsLoss: pos_weight",
        nn.BCEWithLogitsLoss(pos_weight=numbers(1.0, 2.0, 3.0)),
        lambda: (reals(3), numbers(1.0, 0.0, 1.0)),
        LOGISTIC,
    ),
    convex("nn.HuberLoss", nn.HuberLoss(delta=0.5), both, "C1, derivative not decreasing"),
    convex(
        "nn.KLDivLoss: of log_softmax",
        lambda z, t: nn.KLDivLoss(reduction="batchmean")(nn.LogSoftmax(dim=1)(z), t),
        lambda: (reals(2, 3), F.softmax(reals(2, 3, seed=1), 1)),
        LSE,
    ),
    not_convex(
        "nn.MSELoss: of Softmax",
        lambda z, y: nn.MSELoss()(nn.Softmax(dim=1)(z), F.one_hot(y, 4).double()),
        logits,
        BOUNDED,
    ),
    not_convex(
        "nn.CrossEntropyLoss: of Softmax", lambda z, y: nn.CrossEntropyLoss()(nn.Softmax(dim=-1)(z), y), logits, BOUNDED
    ),
    not_convex(
        "nn.BCEWithLogitsLoss: of Sigmoid",
        lambda z, y: nn.BCEWithLogitsLoss()(nn.Sigmoid()(z), y),
        lambda: (reals(3), numbers(1.0, 0.0, 1.0)),
        BOUNDED,
    ),
)
