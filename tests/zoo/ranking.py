"""Losses of scores that are to be put in order, and of preferences."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.zoo.case import Truth, convex, not_convex, numbers, reals
from torch import Tensor

LOGISTIC = "softplus of differences of scores"
HINGE = "max(0, affine)"
LSE = "logsumexp minus a linear form"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"


def graded() -> tuple[Tensor, Tensor]:
    return reals(4), numbers(3.0, 1.0, 0.0, 2.0)


def two() -> tuple[Tensor, Tensor]:
    return reals(3), reals(3, seed=1)


def ordered_pairs(relevance: Tensor) -> Tensor:
    return relevance[:, None] > relevance[None, :]


def ranknet(s: Tensor, r: Tensor) -> Tensor:
    d = s[:, None] - s[None, :]
    return -F.logsigmoid(d)[ordered_pairs(r)].mean()


def ranknet_masked(s: Tensor, r: Tensor) -> Tensor:
    d = s.unsqueeze(1) - s.unsqueeze(0)
    mask = ordered_pairs(r).double()
    return (torch.log1p(torch.exp(-d)) * mask).sum() / mask.sum()


def ranknet_bce(s: Tensor, r: Tensor) -> Tensor:
    i, j = torch.triu_indices(4, 4, 1)
    target = (torch.sign(r[i] - r[j]) + 1) / 2
    return F.binary_cross_entropy_with_logits(s[i] - s[j], target)


def listnet(s: Tensor, r: Tensor) -> Tensor:
    return -(F.softmax(r, 0) * F.log_softmax(s, 0)).sum()


def listmle(s: Tensor, r: Tensor) -> Tensor:
    s = s[torch.argsort(r, descending=True)]
    return (torch.logcumsumexp(s.flip(0), 0).flip(0) - s).sum()


def listmle_loop(s: Tensor, r: Tensor) -> Tensor:
    order = r.argsort(descending=True).tolist()
    return torch.stack([torch.logsumexp(s[order[i:]], 0) - s[order[i]] for i in range(len(order))]).sum()


def listmle_cumsum(s: Tensor, r: Tensor) -> Tensor:
    s = s[torch.argsort(r, descending=True)]
    s = s - s.max()
    tails = torch.cumsum(s.exp().flip(0), 0).flip(0)
    return (torch.log(tails) - s).mean()


def pairwise(of_margin):  # type: ignore[no-untyped-def]
    """The mean of a function of s_i - s_j over the pairs with i before j."""
    return lambda s, r: of_margin((s[:, None] - s[None, :])[ordered_pairs(r)]).mean()


def lambda_weights(s: Tensor, r: Tensor) -> Tensor:
    """The pairs weighted by a gain that does not depend on the scores."""
    gain = (2 ** r[:, None] - 2 ** r[None, :]).abs()
    return (gain * torch.logaddexp(torch.zeros(4, 4, dtype=s.dtype), s[None, :] - s[:, None]) * ordered_pairs(r)).sum()


def approx_ndcg(s: Tensor, r: Tensor) -> Tensor:
    ranks = 0.5 + torch.sigmoid(s[None, :] - s[:, None]).sum(1)
    gains = (2**r - 1) / torch.log2(1 + ranks)
    ideal = ((2 ** r.sort(descending=True).values - 1) / torch.log2(torch.arange(4) + 2.0)).sum()
    return -gains.sum() / ideal


def softmax_ranking(s: Tensor, r: Tensor) -> Tensor:
    return -(r * F.log_softmax(s, dim=-1)).sum()


def push_to_top(s: Tensor, r: Tensor) -> Tensor:
    return F.relu(1 + s[r == 0].max() - s[r > 0]).mean()


def p_norm_push(s: Tensor, r: Tensor) -> Tensor:
    bad, good = s[r == 0], s[r > 0]
    return (torch.exp(bad[:, None] - good[None, :]).sum(1) ** 4).sum()


def auc_square(s: Tensor, r: Tensor) -> Tensor:
    bad, good = s[r == 0], s[r > 0]
    return ((1 - (good[:, None] - bad[None, :])) ** 2).mean()


def dpo(chosen: Tensor, rejected: Tensor) -> Tensor:
    reference = numbers(0.3, -0.2, 0.1)
    return -F.logsigmoid(0.1 * (chosen - rejected - reference)).mean()


def dpo_from_logits(z: Tensor, w: Tensor) -> Tensor:
    log_p = F.log_softmax(z, dim=-1)
    return -F.logsigmoid(0.5 * (log_p[:, 0] - log_p[:, 1])).mean()


def ipo(chosen: Tensor, rejected: Tensor) -> Tensor:
    return ((chosen - rejected - 1 / (2 * 0.1)) ** 2).mean()


def kto(chosen: Tensor, rejected: Tensor) -> Tensor:
    return (1 - torch.sigmoid(chosen)).mean() + (1 - torch.sigmoid(-rejected)).mean()


def orpo(chosen: Tensor, rejected: Tensor) -> Tensor:
    """In the log-probabilities, which are negative: log odds are log p - log(1 - p)."""
    odds = (chosen - rejected) - (torch.log1p(-torch.exp(chosen)) - torch.log1p(-torch.exp(rejected)))
    return -F.logsigmoid(odds).mean()


CASES = (
    convex("RankNet", ranknet, graded, LOGISTIC),
    convex("RankNet: mask", ranknet_masked, graded, LOGISTIC, reach=100),
    convex("RankNet: bce_with_logits", ranknet_bce, graded, LOGISTIC),
    convex(
        "RankNet: softplus",
        pairwise(lambda d: F.softplus(-d)),
        graded,
        LOGISTIC,
        as_coded=Truth.NOT_CONVEX,
        ideal=ranknet,
        witness=((-19.99, 0.0, 0.0, 0.0), (-20.01, 0.0, 0.0, 0.0)),
    ),
    convex("RankNet: gains as weights", lambda_weights, graded, LOGISTIC),
    convex("ListNet", listnet, graded, LSE),
    convex("ListMLE: logcumsumexp", listmle, graded, LSE),
    convex("ListMLE: loop", listmle_loop, graded, LSE),
    convex("ListMLE: cumsum of exp", listmle_cumsum, graded, LSE, reach=100),
    convex("softmax ranking", softmax_ranking, graded, LSE),
    convex("margin_ranking_loss", lambda a, b: F.margin_ranking_loss(a, b, numbers(1.0, -1.0, 1.0)), two, HINGE),
    convex(
        "margin_ranking_loss: margin 1/2",
        lambda a, b: F.margin_ranking_loss(a, b, numbers(1.0, -1.0, 1.0), margin=0.5),
        two,
        HINGE,
        wrt=(0, 1),
    ),
    convex("pairwise hinge", pairwise(lambda d: F.relu(1 - d)), graded, HINGE),
    convex("pairwise hinge, squared", pairwise(lambda d: F.relu(1 - d) ** 2), graded, "the square of " + HINGE),
    convex("RankBoost", pairwise(lambda d: torch.exp(-d)), graded, "exp of affine", reach=30),
    convex("BPR", lambda a, b: -torch.log(torch.sigmoid(a - b)).mean(), two, LOGISTIC, wrt=(0, 1), reach=100),
    convex("Bradley-Terry", lambda a, b: (torch.logaddexp(a, b) - a).sum(), two, LSE, wrt=(0, 1)),
    convex(
        "Bradley-Terry: quotient",
        lambda a, b: -torch.log(a.exp() / (a.exp() + b.exp())).sum(),
        two,
        LSE,
        wrt=(0, 1),
        reach=100,
    ),
    convex("AUC, square", auc_square, graded, "squares of affine functions"),
    convex("push to the top", push_to_top, graded, "a maximum of affine functions"),
    convex("p-norm push", p_norm_push, graded, "t^4 increases on t >= 0, sums of exponentials", reach=4),
    convex("reward model with margin", lambda a, b: -F.logsigmoid(a - b - 0.5).mean(), two, LOGISTIC, wrt=(0, 1)),
    convex(
        "reward model with centring",
        lambda a, b: -F.logsigmoid(a - b).mean() + 0.01 * ((a + b) ** 2).mean(),
        two,
        LOGISTIC,
        wrt=(0, 1),
    ),
    convex("DPO: log-probabilities", dpo, two, LOGISTIC, wrt=(0, 1)),
    convex("DPO: conservative", lambda a, b: 0.9 * dpo(a, b) + 0.1 * dpo(b, a), two, LOGISTIC, wrt=(0, 1)),
    convex(
        "DPO: logits of one token",
        dpo_from_logits,
        lambda: (reals(2, 3), numbers(0.0)),
        LOGISTIC + ": the shift cancels",
    ),
    convex("IPO", ipo, two, "squares of affine functions", wrt=(0, 1)),
    convex("SLiC", lambda a, b: F.relu(1 - a + b).mean() - 0.1 * a.mean(), two, HINGE, wrt=(0, 1)),
    convex("SimPO", lambda a, b: -F.logsigmoid(2.0 * (a / 7 - b / 5) - 0.5).mean(), two, LOGISTIC, wrt=(0, 1)),
    not_convex("KTO", kto, two, BOUNDED, wrt=(0, 1)),
    not_convex("pairwise sigmoid", pairwise(lambda d: torch.sigmoid(-d)), graded, BOUNDED),
    not_convex("pairwise ramp", pairwise(lambda d: (1 - d).clamp(0, 1)), graded, BOUNDED),
    not_convex("pairwise log of hinge", pairwise(lambda d: torch.log1p(F.relu(1 - d))), graded, "sublinear"),
    not_convex("approximate NDCG", approx_ndcg, graded, BOUNDED),
    not_convex(
        "squared error of sigmoid of differences", pairwise(lambda d: (1 - torch.sigmoid(d)) ** 2), graded, BOUNDED
    ),
    not_convex("DPO: minus", functools.partial(lambda a, b: -dpo(a, b)), two, "concave, not affine", wrt=(0, 1)),
)
