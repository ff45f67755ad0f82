"""Metric learning and contrastive losses: in similarities or distances, and in embeddings."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, positives, reals
from torch import Tensor

LSE = "logsumexp minus a linear form"
HINGE = "max(0, affine)"
INNER = "inner products of two variables are not convex: losses.md section 4"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"


def similarities() -> tuple[Tensor]:
    return (reals(3, 3),)


def embeddings() -> tuple[Tensor, Tensor]:
    return reals(3, 2), reals(3, 2, seed=1)


def triplet() -> tuple[Tensor, Tensor, Tensor]:
    return reals(2, 2), reals(2, 2, seed=1), reals(2, 2, seed=2)


def distances() -> tuple[Tensor, Tensor]:
    return positives(4), numbers(1.0, 0.0, 1.0, 0.0)


def info_nce(s: Tensor, t: float = 0.5) -> Tensor:
    return F.cross_entropy(s / t, torch.arange(len(s)))


def clip(s: Tensor) -> Tensor:
    labels = torch.arange(len(s))
    return (F.cross_entropy(s, labels) + F.cross_entropy(s.t(), labels)) / 2


def nt_xent(x: Tensor, z: Tensor) -> Tensor:
    x, z = F.normalize(x, dim=1), F.normalize(z, dim=1)
    return info_nce(x @ z.T)


def siglip(s: Tensor) -> Tensor:
    signs = 2 * torch.eye(len(s), dtype=s.dtype) - 1
    return -F.logsigmoid(signs * (10 * s - 1)).sum() / len(s)


def supcon(s: Tensor) -> Tensor:
    own = torch.eye(3, dtype=torch.bool)
    log_p = s - torch.logsumexp(s.masked_fill(own, -torch.inf), 1, keepdim=True)
    same = torch.tensor([[False, True, False], [True, False, False], [False, False, False]])
    return -log_p[same].mean()


def multi_similarity(s: Tensor) -> Tensor:
    same = torch.eye(3, dtype=torch.bool)
    pull = torch.log1p(torch.exp(-2 * (s - 0.5)).masked_fill(~same, 0).sum(1)) / 2
    push = torch.log1p(torch.exp(5 * (s - 0.5)).masked_fill(same, 0).sum(1)) / 5
    return (pull + push).mean()


def contrastive(d: Tensor, y: Tensor) -> Tensor:
    return (y * d**2 + (1 - y) * F.relu(1 - d) ** 2).mean()


def contrastive_embedded(x: Tensor, z: Tensor) -> Tensor:
    d = F.pairwise_distance(x, z)
    y = numbers(1.0, 0.0, 0.0)
    return (y * d**2 + (1 - y) * F.relu(1 - d) ** 2).mean()


def squared_triplet(a: Tensor, p: Tensor, n: Tensor) -> Tensor:
    return F.relu((a - p).pow(2).sum(1) - (a - n).pow(2).sum(1) + 1).mean()


def n_pair(a: Tensor, p: Tensor) -> Tensor:
    return F.cross_entropy(a @ p.T, torch.arange(len(a)))


def arcface(x: Tensor, w: Tensor) -> Tensor:
    cosine = F.linear(F.normalize(x), F.normalize(w)).clamp(-1 + 1e-7, 1 - 1e-7)
    hot = F.one_hot(index(0, 2, 1), 3).bool()
    return F.cross_entropy(torch.where(hot, torch.cos(torch.acos(cosine) + 0.5), cosine) * 8, index(0, 2, 1))


def cosface(x: Tensor, w: Tensor) -> Tensor:
    cosine = F.linear(F.normalize(x), F.normalize(w))
    return F.cross_entropy(8 * (cosine - 0.35 * F.one_hot(index(0, 2, 1), 3)), index(0, 2, 1))


def barlow_twins(x: Tensor, z: Tensor) -> Tensor:
    c = (x - x.mean(0)).T @ (z - z.mean(0)) / len(x)
    eye = torch.eye(2, dtype=x.dtype)
    return ((c - eye) ** 2 * (eye + 0.005 * (1 - eye))).sum()


def variance_hinge(x: Tensor, z: Tensor) -> Tensor:
    return F.relu(1 - torch.sqrt(x.var(0) + 1e-4)).mean()


def uniformity(x: Tensor, z: Tensor) -> Tensor:
    return torch.log(torch.exp(-2 * torch.pdist(x).square()).mean())


def lifted(d: Tensor, y: Tensor) -> Tensor:
    return F.relu(torch.logsumexp(1 - d[1:], 0) + d[0]) ** 2


def circle(s: Tensor) -> Tensor:
    """The weights of Sun 2020, not detached: in the value a square of each similarity."""
    same = torch.eye(3, dtype=torch.bool)
    sp, sn = s[same], s[~same]
    positive = -4 * F.relu(1.25 - sp) * (sp - 0.75)
    negative = 4 * F.relu(sn + 0.25) * (sn - 0.25)
    return F.softplus(torch.logsumexp(positive, 0) + torch.logsumexp(negative, 0))


CASES = (
    convex("InfoNCE: similarities", info_nce, similarities, LSE),
    convex("CLIP: similarities", clip, similarities, LSE),
    convex("SigLIP: similarities", siglip, similarities, "softplus of affine"),
    convex("SupCon: similarities", supcon, similarities, LSE),
    convex("multi-similarity: similarities", multi_similarity, similarities, "log(1 + sum of exp of affine)", reach=16),
    convex(
        "proxy-NCA: similarities",
        lambda s: (
            -(s.diagonal() - torch.logsumexp(s.masked_fill(torch.eye(3, dtype=torch.bool), -torch.inf), 1)).mean()
        ),
        similarities,
        LSE,
    ),
    not_convex(
        "circle loss: similarities",
        circle,
        similarities,
        "-(1.25 - s)(s - 0.75) is flat past 1.25, after it rose",
        witness=((1.0, 0, 0, 0, 9, 0, 0, 0, 9), (1.5, 0, 0, 0, 9, 0, 0, 0, 9)),
    ),
    not_convex("InfoNCE: embeddings", lambda x, z: info_nce(x @ x.T), embeddings, INNER, reach=4),
    not_convex("InfoNCE: both embeddings", lambda x, z: info_nce(x @ z.T), embeddings, INNER, wrt=(0, 1), reach=4),
    convex("InfoNCE: one side's embeddings", lambda x, z: info_nce(x @ z.T), embeddings, LSE + ", of affine functions"),
    not_convex("NT-Xent", nt_xent, embeddings, BOUNDED),
    convex("N-pair: anchors", n_pair, embeddings, LSE + ", of affine functions"),
    convex("N-pair: positives", n_pair, embeddings, LSE + ", of affine functions", wrt=1),
    not_convex("N-pair: both", n_pair, embeddings, INNER, wrt=(0, 1), reach=4),
    not_convex("ArcFace", arcface, embeddings, BOUNDED),
    not_convex("CosFace", cosface, embeddings, BOUNDED),
    not_convex("triplet: anchor", F.triplet_margin_loss, triplet, "-||a - n|| bends down"),
    convex("triplet: positive", F.triplet_margin_loss, triplet, "max(0, norm of affine + const)", wrt=1),
    not_convex("triplet: negative", F.triplet_margin_loss, triplet, "-||a - n|| bends down", wrt=2),
    not_convex("triplet: all", F.triplet_margin_loss, triplet, "not convex in the anchor", wrt=(0, 1, 2)),
    convex("triplet of squares: anchor", squared_triplet, triplet, "the squares cancel: max(0, affine)"),
    convex("triplet of squares: positive", squared_triplet, triplet, "max(0, square + const)", wrt=1),
    not_convex("triplet of squares: negative", squared_triplet, triplet, "-||a - n||^2", wrt=2),
    convex(
        "triplet: distances",
        lambda p, n: F.relu(p - n + 0.2).mean(),
        lambda: (positives(3), positives(3, seed=1)),
        HINGE,
        wrt=(0, 1),
    ),
    convex(
        "triplet: softplus of distances",
        lambda p, n: -F.logsigmoid(n - p).mean(),
        lambda: (positives(3), positives(3, seed=1)),
        "softplus of affine",
        wrt=(0, 1),
    ),
    convex(
        "batch hard, of distances",
        lambda d, y: F.relu(d[y > 0].max() - d[y == 0].min() + 0.5),
        distances,
        "max - min is a maximum of affine functions",
    ),
    convex("contrastive: distances", contrastive, distances, "squares and max(0, affine) squared"),
    not_convex("contrastive: embeddings", contrastive_embedded, embeddings, "losses.md section 4: (.5, 1, .5)"),
    convex(
        "contrastive: a positive pair",
        lambda x, z: F.pairwise_distance(x, z).square().mean(),
        embeddings,
        "norm of affine, squared",
    ),
    convex("lifted structure: distances", lifted, distances, "max(0, convex), squared"),
    convex(
        "centre loss",
        lambda x, c: ((x - c[index(0, 2, 1)]) ** 2).sum() / 2,
        embeddings,
        "squares of affine functions",
        wrt=(0, 1),
    ),
    not_convex(
        "cosine_embedding_loss",
        lambda x, z: F.cosine_embedding_loss(x, z, numbers(1.0, -1.0, 1.0)),
        embeddings,
        BOUNDED,
    ),
    convex(
        "alignment",
        lambda x, z: (x - z).norm(dim=1).pow(2).mean(),
        embeddings,
        "squares of affine functions",
        wrt=(0, 1),
    ),
    not_convex("uniformity", uniformity, embeddings, BOUNDED),
    not_convex("Barlow Twins", barlow_twins, embeddings, INNER, wrt=(0, 1), reach=4),
    not_convex("VICReg's variance", variance_hinge, embeddings, BOUNDED),
    not_convex("SimSiam", lambda x, z: -F.cosine_similarity(x, z, dim=1).mean(), embeddings, BOUNDED),
    convex(
        "BYOL with the target's norm only",
        functools.partial(lambda x, z: -(x * F.normalize(z, dim=1)).sum(1).mean()),
        embeddings,
        "affine",
    ),
)
