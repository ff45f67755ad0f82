"""Losses of ordered classes."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, reals
from torch import Tensor

THRESHOLDS = "softplus of affine, per threshold"
INTERVAL = "sigma(b) - sigma(a) is log-concave in (a, b), a < b: the logistic distribution function is log-concave"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
LSE = "logsumexp minus a linear form"
CUTS = (-1.0, 0.5, 1.5)


def scores() -> tuple[Tensor, Tensor, Tensor]:
    """Scores of three samples, their levels out of 0..3, and the thresholds."""
    return reals(3), index(0, 2, 3), numbers(*CUTS)


def logits() -> tuple[Tensor, Tensor]:
    return reals(2, 4), index(1, 3)


def levels(y: Tensor, k: int = 4) -> Tensor:
    """1 for each threshold that the level lies above."""
    return (y[:, None] > torch.arange(k - 1)).double()


def coral(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    z = s[:, None] - b
    return F.binary_cross_entropy_with_logits(z, levels(y))


def coral_by_logsigmoid(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    z, t = s.view(-1, 1) - b, levels(y)
    return -torch.sum(F.logsigmoid(z) * t + (F.logsigmoid(z) - z) * (1 - t), dim=1).mean()


def corn(z: Tensor, y: Tensor) -> Tensor:
    total = z.new_zeros(())
    for k in range(z.shape[1]):
        rows = y >= k
        t = (y[rows] > k).double()
        if len(t):
            total = total + F.binary_cross_entropy_with_logits(z[rows, k], t, reduction="sum")
    return total / len(y)


def cumulative_link(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    below = torch.cat([torch.sigmoid(b - s[:, None]), torch.ones(len(s), 1, dtype=s.dtype)], 1)
    above = torch.cat([torch.zeros(len(s), 1, dtype=s.dtype), below[:, :-1]], 1)
    p = below - above
    return -torch.log(p.gather(1, y[:, None])).mean()


def middle_by_difference(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    return -torch.log(torch.sigmoid(b[1] - s) - torch.sigmoid(b[0] - s)).mean()


def middle_by_softplus(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    u, v = b[1] - s, b[0] - s
    zero = torch.zeros_like(s)
    return (torch.logaddexp(u, zero) + torch.logaddexp(v, zero) - u - torch.log1p(-torch.exp(b[0] - b[1]))).mean()


def middle_of_gap(s: Tensor, y: Tensor, first: Tensor, gap: Tensor) -> Tensor:
    """The second level, thresholds first and first + e^gap."""
    return -torch.log(torch.sigmoid(first + gap.exp() - s) - torch.sigmoid(first - s)).sum()


def cumulative_probit(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    phi = lambda x: 0.5 * (1 + torch.erf(x / 2**0.5))  # noqa: E731
    return -torch.log(phi(b[1] - s) - phi(b[0] - s)).mean()


def rps(z: Tensor, y: Tensor) -> Tensor:
    p = F.softmax(z, 1).cumsum(1)
    t = F.one_hot(y, z.shape[1]).double().cumsum(1)
    return ((p - t) ** 2).sum(1).mean()


def oce(z: Tensor, y: Tensor) -> Tensor:
    p = F.softmax(z, 1).cumsum(1)[:, :-1]
    t = F.one_hot(y, z.shape[1]).double().cumsum(1)[:, :-1]
    return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).sum(1).mean()


def oce_stable(z: Tensor, y: Tensor) -> Tensor:
    total, k = z.new_zeros(()), z.shape[1]
    for c in range(1, k):
        below, above, all_ = z[:, :c].logsumexp(1), z[:, c:].logsumexp(1), z.logsumexp(1)
        total = total + (all_ - torch.where(y < c, below, above)).mean()
    return total


def expected_level(z: Tensor, y: Tensor) -> Tensor:
    e = (F.softmax(z, 1) * torch.arange(z.shape[1])).sum(1)
    return F.mse_loss(e, y.double())


def sord(z: Tensor, y: Tensor) -> Tensor:
    t = F.softmax(-(torch.arange(z.shape[1]) - y[:, None]).abs().double(), 1)
    return F.cross_entropy(z, t)


def all_threshold(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    signs = 2 * levels(y) - 1
    return F.relu(1 - signs * (s[:, None] - b)).sum(1).mean()


def immediate_threshold(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    edges = torch.cat([numbers(-1e3), b, numbers(1e3)])
    return (F.relu(1 - (s - edges[y])) + F.relu(1 - (edges[y + 1] - s))).mean()


def continuation_ratio(z: Tensor, y: Tensor) -> Tensor:
    reached = torch.arange(3) <= y[:, None]
    stop = (torch.arange(3) == y[:, None]).double()
    return (F.binary_cross_entropy_with_logits(z, stop, reduction="none") * reached).sum(1).mean()


def adjacent(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    steps = s[:, None] - b
    z = torch.cat([torch.zeros(len(s), 1, dtype=s.dtype), steps.cumsum(1)], 1)
    return F.cross_entropy(z, y)


def binomial(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    return (3 * F.softplus(s, threshold=700) - y * s).mean()


def squared_level(s: Tensor, y: Tensor, b: Tensor) -> Tensor:
    return F.mse_loss(3 * torch.sigmoid(s), y.double())


CASES = (
    convex("CORAL: scores", coral, scores, THRESHOLDS),
    convex("CORAL: biases", coral, scores, THRESHOLDS, wrt=2),
    convex("CORAL: both", coral, scores, THRESHOLDS, wrt=(0, 2)),
    convex("CORAL: logsigmoid", coral_by_logsigmoid, scores, THRESHOLDS),
    convex(
        "CORAL: weights of thresholds",
        lambda s, y, b: (
            F.binary_cross_entropy_with_logits(s[:, None] - b, levels(y), reduction="none") * numbers(1.0, 2.0, 0.5)
        ).sum(),
        scores,
        THRESHOLDS,
    ),
    convex("CORN", corn, lambda: (reals(3, 3), index(0, 2, 3)), THRESHOLDS),
    convex("continuation ratio", continuation_ratio, lambda: (reals(3, 3), index(0, 2, 3)), THRESHOLDS),
    convex("cumulative link: scores", cumulative_link, scores, INTERVAL, reach=4),
    convex("cumulative link: difference of sigmoids", middle_by_difference, scores, INTERVAL, reach=4),
    convex("cumulative link: softplus", middle_by_softplus, scores, THRESHOLDS),
    not_convex(
        "cumulative link: first threshold, log gap",
        middle_of_gap,
        lambda: (numbers(0.0), index(1), numbers(0.0), numbers(0.0)),
        "losses.md section 4: -2.89",
        wrt=(2, 3),
        reach=4,
    ),
    convex(
        "cumulative probit",
        cumulative_probit,
        scores,
        "Phi(b - s) - Phi(a - s) is log-concave (Prekopa)",
        reach=1,
    ),
    convex("adjacent categories", adjacent, scores, LSE),
    convex("adjacent categories: thresholds", adjacent, scores, LSE, wrt=2),
    convex("binomial", binomial, scores, "softplus minus a linear form"),
    convex("all-threshold hinge", all_threshold, scores, "a sum of max(0, affine)"),
    convex("all-threshold hinge: both", all_threshold, scores, "a sum of max(0, affine)", wrt=(0, 2)),
    convex("immediate-threshold hinge", immediate_threshold, scores, "a sum of max(0, affine)"),
    convex("soft ordinal labels (SORD)", sord, logits, LSE),
    convex("ordinal as regression", lambda s, y, b: F.mse_loss(s, y.double()), scores, "squares"),
    convex("ordinal as absolute error", lambda s, y, b: F.l1_loss(s, y.double()), scores, "norm"),
    not_convex("RPS", rps, logits, BOUNDED),
    not_convex("EMD by root", lambda z, y: (rps(z, y) + 1e-3).sqrt(), logits, BOUNDED),
    not_convex(
        "OCE",
        oce,
        lambda: (reals(1, 3), index(2)),
        "losses.md 2.3: (4,0,0) along (0,1,-1): -0.465",
        reach=4,
        witness=((4.0, 1.0, -1.0), (4.0, -1.0, 1.0)),
    ),
    not_convex(
        "OCE: logsumexp",
        oce_stable,
        lambda: (reals(1, 3), index(2)),
        "losses.md 2.3",
        witness=((4.0, 1.0, -1.0), (4.0, -1.0, 1.0)),
    ),
    convex("OCE: two classes", oce_stable, lambda: (reals(2, 2), index(0, 1)), "cross-entropy"),
    not_convex("expected level", expected_level, logits, BOUNDED),
    not_convex("squared error of 3 sigmoid", squared_level, scores, BOUNDED),
    not_convex(
        "cross-entropy plus RPS",
        functools.partial(lambda z, y: F.cross_entropy(z, y) + 4 * rps(z, y)),
        logits,
        "RPS has curvature -0.48 where cross-entropy has nearly none",
    ),
)
