"""Losses against a teacher or another distribution."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, reals
from torch import Tensor

KL = "sum_k t_k (log t_k - log p_k) = logsumexp(z) - t.z + const"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"


def teacher() -> tuple[Tensor, Tensor]:
    """Logits of a student and of a teacher."""
    return reals(2, 3), 2 * reals(2, 3, seed=1)


def distribution() -> tuple[Tensor, Tensor]:
    return reals(2, 3), numbers([0.5, 0.25, 0.25], [0.125, 0.125, 0.75])


def kd(s: Tensor, t: Tensor, T: float = 4.0, reduction: str = "batchmean") -> Tensor:
    return F.kl_div(F.log_softmax(s / T, 1), F.softmax(t / T, 1), reduction=reduction) * T * T


def kd_log_target(s: Tensor, t: Tensor) -> Tensor:
    return F.kl_div(F.log_softmax(s / 2.0, 1), F.log_softmax(t / 2.0, 1), reduction="sum", log_target=True) * 4.0


def kd_and_labels(s: Tensor, t: Tensor) -> Tensor:
    return 0.7 * kd(s, t) + 0.3 * F.cross_entropy(s, index(0, 2))


def by_hand(s: Tensor, t: Tensor) -> Tensor:
    p, q = F.softmax(s, 1), F.softmax(t, 1)
    return (q * (torch.log(q) - torch.log(p))).sum(1).mean()


def quotient(s: Tensor, q: Tensor) -> Tensor:
    p = torch.exp(s) / torch.exp(s).sum(1, keepdim=True)
    return (q * torch.log(q / p)).sum()


def xlogy(s: Tensor, q: Tensor) -> Tensor:
    p = F.softmax(s, 1)
    return (torch.xlogy(q, q) - q * p.log()).sum()


def reverse_kl(s: Tensor, q: Tensor) -> Tensor:
    log_p = F.log_softmax(s, 1)
    return (log_p.exp() * (log_p - q.log())).sum(1).mean()


def symmetric_kl(s: Tensor, q: Tensor) -> Tensor:
    log_p = F.log_softmax(s, 1)
    return ((log_p.exp() - q) * (log_p - q.log())).sum(1).mean()


def jensen_shannon(s: Tensor, q: Tensor) -> Tensor:
    p = F.softmax(s, 1)
    m = ((p + q) / 2).log()
    return 0.5 * (F.kl_div(m, p, reduction="batchmean") + F.kl_div(m, q, reduction="batchmean"))


def renyi(s: Tensor, q: Tensor, alpha: float) -> Tensor:
    p = F.softmax(s, 1)
    return (torch.log((q**alpha * p ** (1 - alpha)).sum(1)) / (alpha - 1)).mean()


def attention(s: Tensor, t: Tensor) -> Tensor:
    return (F.normalize(s.pow(2), dim=1) - F.normalize(t.pow(2), dim=1)).pow(2).mean()


CASES = (
    convex("KD: T 4", kd, teacher, KL),
    convex("KD: T 1", functools.partial(kd, T=1.0), teacher, KL),
    convex("KD: sum", functools.partial(kd, reduction="sum"), teacher, KL),
    convex("KD: log_target", kd_log_target, teacher, KL),
    convex("KD: with labels (Hinton 2015)", kd_and_labels, teacher, KL),
    not_convex("KD: teacher's logits", kd, teacher, BOUNDED + ", in the teacher's logits", wrt=1),
    not_convex("KD: both", kd, teacher, "not convex in the teacher's logits", wrt=(0, 1)),
    convex(
        "KL: kl_div of log_softmax",
        lambda s, q: F.kl_div(F.log_softmax(s, 1), q, reduction="batchmean"),
        distribution,
        KL,
    ),
    convex("KL: by hand", by_hand, teacher, KL, reach=100),
    convex("KL: quotient", quotient, distribution, KL, reach=100),
    convex("KL: xlogy", xlogy, distribution, KL, reach=100),
    convex(
        "KL: cross_entropy less entropy",
        lambda s, q: F.cross_entropy(s, q) + (q * q.log()).sum(1).mean(),
        distribution,
        KL,
    ),
    convex(
        "KL: a target that is 0",
        lambda s, q: F.kl_div(s.log_softmax(1), q, reduction="sum"),
        lambda: (reals(1, 3), numbers([0.0, 0.25, 0.75])),
        KL,
    ),
    convex(
        "KL: sum of targets 1/2",
        lambda s, q: F.kl_div(s.log_softmax(1), q, reduction="sum"),
        lambda: (reals(1, 3), numbers([0.0, 0.25, 0.25])),
        KL,
    ),
    not_convex("reverse KL", reverse_kl, distribution, BOUNDED),
    not_convex(
        "reverse KL: kl_div", lambda s, q: F.kl_div(q.log(), F.softmax(s, 1), reduction="sum"), distribution, BOUNDED
    ),
    not_convex("Jeffreys", symmetric_kl, distribution, "the reverse part bends down where the other is flat"),
    not_convex("Jensen-Shannon", jensen_shannon, distribution, BOUNDED),
    not_convex("Hellinger", lambda s, q: ((F.softmax(s, 1).sqrt() - q.sqrt()) ** 2).sum(), distribution, BOUNDED),
    not_convex("total variation", lambda s, q: (F.softmax(s, 1) - q).abs().sum() / 2, distribution, BOUNDED),
    convex(
        "chi-square",
        lambda s, q: (((q - F.softmax(s, 1)) ** 2) / F.softmax(s, 1)).sum(),
        distribution,
        "sum_k q_k^2 / p_k - 1: 1/p_k is a sum of exponentials",
        reach=30,
    ),
    convex(
        "chi-square: expanded",
        lambda s, q: (q**2 / F.softmax(s, 1)).sum() - 2,
        distribution,
        "1/p_k is a sum of exponentials",
        reach=100,
    ),
    not_convex("chi-square, reverse", lambda s, q: (((q - F.softmax(s, 1)) ** 2) / q).sum(), distribution, BOUNDED),
    convex(
        "Renyi: order 2",
        functools.partial(renyi, alpha=2.0),
        distribution,
        "p^-1 is log-convex, so is a sum",
        reach=100,
    ),
    convex(
        "Renyi: order 3/2",
        functools.partial(renyi, alpha=1.5),
        distribution,
        "p^-1/2 is log-convex, so is a sum",
        reach=100,
    ),
    not_convex("Renyi: order 1/2", functools.partial(renyi, alpha=0.5), distribution, BOUNDED, reach=100),
    convex("logits matched", lambda s, t: F.mse_loss(s, t), teacher, "squares"),
    convex(
        "centred logits matched",
        lambda s, t: F.mse_loss(s - s.mean(1, keepdim=True), t - t.mean(1, keepdim=True)),
        teacher,
        "squares of affine functions",
    ),
    not_convex(
        "standardised logits matched",
        lambda s, t: F.mse_loss((s - s.mean(1, keepdim=True)) / s.std(1, keepdim=True), t),
        teacher,
        BOUNDED,
    ),
    not_convex("probabilities matched", lambda s, t: F.mse_loss(F.softmax(s, 1), F.softmax(t, 1)), teacher, BOUNDED),
    convex(
        "log-probabilities matched in the logits' differences",
        lambda s, t: F.mse_loss(s[:, 1:] - s[:, :1], t[:, 1:] - t[:, :1]),
        teacher,
        "squares of affine functions",
    ),
    not_convex("cosine of features", lambda s, t: (1 - F.cosine_similarity(s, t, dim=1)).mean(), teacher, BOUNDED),
    not_convex("attention transfer", attention, teacher, BOUNDED),
    not_convex(
        "temperature, jointly",
        lambda s, log_t: F.cross_entropy(s * torch.exp(log_t), index(0, 2)),
        lambda: (reals(2, 3), numbers(0.0)),
        "certify.md section 7: bilinear in (z, 1/T)",
        wrt=(0, 1),
        reach=4,
    ),
    convex(
        "inverse temperature alone",
        lambda s, b: F.cross_entropy(s * b, index(0, 2)),
        lambda: (reals(2, 3), numbers(1.0)),
        KL,
        wrt=1,
    ),
)
