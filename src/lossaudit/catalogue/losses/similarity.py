"""Losses over the similarities of all the embeddings of a batch, or of embeddings and class centres."""

from __future__ import annotations

import math

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.losses.metric import EMBEDDINGS
from lossaudit.catalogue.rows import one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_GROUPS = frozenset({TargetEncoding.CLASS_INDEX})
_FOUR = ((0.8, 0.3), (0.5, -0.6), (-0.2, 0.9), (0.7, 0.1))
_COSINES = ((1.0, 0.3, -0.2), (0.35, 0.9, 0.6), (0.15, 0.45, 0.8))


def info_nce(embeddings: torch.Tensor, groups: torch.Tensor, temperature: float = 0.07) -> torch.Tensor:
    """Of each pair of one group, cross-entropy of the second among it and all that are of other groups."""
    return info_nce_of_similarities(_cosines(embeddings), groups, temperature)


def info_nce_of_similarities(s: torch.Tensor, groups: torch.Tensor, temperature: float = 0.07) -> torch.Tensor:
    """The same of the matrix of similarities."""
    s = s / temperature
    anchor, other = (_same(groups) & ~_self(groups)).nonzero(as_tuple=True)
    positive = s[anchor, other]
    negatives = s[anchor].masked_fill(_same(groups)[anchor], -math.inf)
    return (torch.cat([positive[:, None], negatives], -1).logsumexp(-1) - positive).sum()


def supervised_contrastive(embeddings: torch.Tensor, y: torch.Tensor, temperature: float = 0.1) -> torch.Tensor:
    """Of each embedding the mean cross-entropy of those of its class among all others."""
    return supervised_contrastive_of_similarities(_cosines(embeddings), y, temperature)


def supervised_contrastive_of_similarities(s: torch.Tensor, y: torch.Tensor, temperature: float = 0.1) -> torch.Tensor:
    """The same of the matrix of similarities."""
    s = s / temperature
    positive = _same(y) & ~_self(y)
    logs = s - s.masked_fill(_self(y), -math.inf).logsumexp(-1, keepdim=True)
    return -(torch.where(positive, logs, 0.0).sum(-1) / positive.sum(-1).clamp(min=1)).sum()


def circle(embeddings: torch.Tensor, y: torch.Tensor, gamma: float = 80.0, margin: float = 0.4) -> torch.Tensor:
    """log(1 + sum of exp over the negatives times sum of exp over the positives), of each anchor."""
    return circle_of_similarities(_cosines(embeddings), y, gamma, margin)


def circle_of_similarities(s: torch.Tensor, y: torch.Tensor, gamma: float = 80.0, margin: float = 0.4) -> torch.Tensor:
    """The same of the matrix of cosines."""
    near = -gamma * (1 + margin - s).relu() * (s - 1 + margin)
    far = gamma * (s + margin).relu() * (s - margin)
    positives = near.masked_fill(~_same(y) | _self(y), -math.inf).logsumexp(-1)
    negatives = far.masked_fill(_same(y), -math.inf).logsumexp(-1)
    return torch.nn.functional.softplus(positives + negatives).sum()


def arcface(
    embeddings: torch.Tensor, y: torch.Tensor, centres: torch.Tensor, margin: float = 0.5, scale: float = 64.0
) -> torch.Tensor:
    """Cross-entropy of the cosines to the class centres, with a margin added to the angle of the true class."""
    return arcface_of_cosines(_normalised(embeddings) @ _normalised(centres).T, y, margin, scale)


def arcface_of_cosines(
    cosines: torch.Tensor, y: torch.Tensor, margin: float = 0.5, scale: float = 64.0
) -> torch.Tensor:
    """The same of the cosines."""
    turned = cosines * math.cos(margin) - (1 - cosines**2).sqrt() * math.sin(margin)
    logits = scale * torch.where(one_hot(cosines, y) == 1, turned, cosines)
    return torch.nn.functional.cross_entropy(logits, y, reduction="sum")


def _normalised(z: torch.Tensor) -> torch.Tensor:
    return z / z.norm(dim=-1, keepdim=True)


def _cosines(z: torch.Tensor) -> torch.Tensor:
    return _normalised(z) @ _normalised(z).T


def _same(y: torch.Tensor) -> torch.Tensor:
    return y[:, None] == y[None, :]


def _self(y: torch.Tensor) -> torch.Tensor:
    return torch.eye(len(y), dtype=torch.bool)


LOSSES = (
    Loss(
        name="info_nce",
        title="InfoNCE (NT-Xent)",
        aliases=("infonce", "nt_xent", "ntxent", "n_pairs", "simclr"),
        family="metric",
        tasks=("metric learning",),
        summary="cross-entropy that finds the partner of an embedding among the others of the batch",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=_GROUPS,
        formula="for each pair (i, p) of one group: log(exp(s_ip / T) + sum over n of other groups exp(s_in / T)) - "
        "s_ip / T, s cosines",
        latex=r"-\log \frac{e^{s_{ip}/\tau}}{e^{s_{ip}/\tau} + \sum_{n} e^{s_{in}/\tau}}",
        callable="optax.ntxent",
        definition=info_nce,
        options=(Option("temperature", 0.07, "T > 0", "the smaller, the more only the hardest negatives count"),),
        example=View(variables="the embeddings", arguments=(_FOUR[:3], (0, 0, 1))),
        views=(View(variables="the similarities", arguments=(_COSINES, (0, 0, 1)), through=info_nce_of_similarities),),
        gradient="(softmax - one-hot) / T at the similarities, bounded by sqrt(2) / T; at the embeddings at right "
        "angles to each and divided by its length. Most of it comes from the nearest negatives.",
        optimises="s / T as the log of p(partner | anchor) / p(partner), up to a constant of each anchor.",
        when="Self-supervised or retrieval training with large batches.",
        when_not="With few negatives the bound that it gives is weak; with labels and several partners use supcon.",
        stable="cross_entropy(z @ z.T / T, index of the partner) on normalised embeddings, the diagonal filled with "
        "-inf.",
        limits="The value depends on the size of the batch: at most log(negatives + 1) can be told apart. Members of "
        "the anchor's group must not stand among the negatives.",
        implementations=(
            Implementation("optax.losses.ntxent", "mean over the positive pairs"),
            Implementation("pytorch_metric_learning.losses.NTXentLoss", "mean over the positive pairs"),
            Implementation(
                "torch.nn.functional.cross_entropy", "on similarities with the index of the partner (two views)"
            ),
        ),
        references=(
            "van den Oord, Li, Vinyals 2018, Representation learning with contrastive predictive coding, eq. 4",
            "Chen et al. 2020, A simple framework for contrastive learning of visual representations, eq. 1",
        ),
    ),
    Loss(
        name="supcon",
        title="Supervised contrastive",
        aliases=("supervised_contrastive",),
        family="metric",
        tasks=("metric learning",),
        summary="InfoNCE with labels: all of a class are partners, averaged outside the logarithm",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=_GROUPS,
        formula="for each i: mean over p of its class of log(sum_{a != i} exp(s_ia / T)) - s_ip / T, s cosines",
        latex=r"\frac{-1}{|P(i)|} \sum_{p \in P(i)} \log \frac{e^{s_{ip}/\tau}}{\sum_{a \ne i} e^{s_{ia}/\tau}}",
        callable="lossaudit.catalogue.losses.similarity.supervised_contrastive",
        definition=supervised_contrastive,
        options=(Option("temperature", 0.1, "T > 0", "the smaller, the more only the nearest others count"),),
        example=View(variables="the embeddings", arguments=(_FOUR[:3], (0, 0, 1))),
        views=(
            View(
                variables="the similarities",
                arguments=(_COSINES, (0, 0, 1)),
                through=supervised_contrastive_of_similarities,
            ),
        ),
        gradient="(softmax over all others - uniform over the partners) / T at the similarities of each anchor.",
        optimises="All of a class in one point, and the classes' points as far apart as they can be.",
        when="Labels and large batches, before a linear classifier is trained on top.",
        when_not="Where differences within a class matter later: they are pressed away. With one partner each, "
        "info_nce is the same idea with fewer sums.",
        stable="logsumexp over the others, the diagonal filled with -inf; normalised embeddings.",
        limits="An embedding without a partner in the batch gives 0. With P partners the smallest value is about "
        "log(P), not 0.",
        implementations=(
            Implementation(
                "pytorch_metric_learning.losses.SupConLoss",
                "mean over the embeddings with a loss above 0; 0 without negatives",
            ),
        ),
        references=("Khosla et al. 2020, Supervised contrastive learning, eq. 2",),
    ),
    Loss(
        name="circle",
        title="Circle",
        aliases=("circle_loss",),
        family="metric",
        tasks=("metric learning",),
        summary="s: cosines of the pairs of a batch; a_p = max(0, 1 + margin - s_p), a_n = max(0, s_n + margin)",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=_GROUPS,
        formula="log(1 + sum_n exp(gamma a_n (s_n - margin)) sum_p exp(-gamma a_p (s_p - 1 + margin)))",
        latex=r"\log\Big(1 + \sum_n e^{\gamma \alpha_n (s_n - m)} \sum_p e^{-\gamma \alpha_p (s_p - 1 + m)}\Big)",
        callable="keras.losses.circle",
        definition=circle,
        options=(
            Option("gamma", 80.0, "gamma > 0", "scale of the similarities"),
            Option("margin", 0.4, "0 < margin < 1", "both the slack and the two goals: s_p above 1 - m, s_n below m"),
        ),
        example=View(variables="the embeddings", arguments=(_FOUR, (0, 0, 1, 1))),
        views=(
            View(
                variables="the cosines",
                arguments=(
                    (*((*row, 0.25 + i / 10) for i, row in enumerate(_COSINES)), (0.1, -0.3, 0.5, 0.95)),
                    (0, 0, 1, 1),
                ),
                through=circle_of_similarities,
            ),
        ),
        gradient="Each similarity by how far it is from its goal: what is nearly right is hardly moved. In the paper "
        "the weights a bear no gradient; here and in Keras they do.",
        optimises="Positive pairs with cosine above 1 - margin and negative ones below margin.",
        when="Face recognition and retrieval, where triplet_margin treats near and far errors alike.",
        when_not="Small batches without negatives of most anchors; as a first choice info_nce has one parameter less.",
        stable="softplus(logsumexp(positives) + logsumexp(negatives)) on normalised embeddings.",
        limits="An anchor without a positive or without a negative gives 0. With gamma = 80 values of 100 and more "
        "are usual.",
        implementations=(
            Implementation(
                "keras.losses.circle", "does not normalise: it takes normalised embeddings; one value for each anchor"
            ),
            Implementation(
                "pytorch_metric_learning.losses.CircleLoss",
                "keeps the weights a out of the gradient, as the paper; mean over the anchors with a loss above 0",
            ),
        ),
        references=("Sun et al. 2020, Circle loss, eq. 6 and 8",),
    ),
    Loss(
        name="arcface",
        title="ArcFace (additive angular margin)",
        aliases=("additive_angular_margin",),
        family="metric",
        tasks=("metric learning", "multiclass"),
        summary="cross-entropy on cosines, the true class handicapped by an angle",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=_GROUPS,
        others=("weight",),
        formula="-log softmax(scale c)_y with cos(theta_y + margin) in place of c_y = cos(theta_y), c cosines to the "
        "class centres",
        latex=r"-\log \frac{e^{s \cos(\theta_y + m)}}{e^{s \cos(\theta_y + m)} + \sum_{j \ne y} e^{s \cos\theta_j}}",
        callable="lossaudit.catalogue.losses.similarity.arcface",
        definition=arcface,
        options=(
            Option("margin", 0.5, "0 <= margin < pi / 2", "in radians; 0 is cross-entropy on cosines (NormFace)"),
            Option("scale", 64.0, "scale > 0", "length that all embeddings are given"),
        ),
        example=View(
            variables="embedding and class centres",
            arguments=(((0.8, 0.3),), (0,), ((0.9, 0.2), (-0.3, 0.7))),
            wrt=(0, 2),
        ),
        views=(
            View(
                variables="the cosines, where above 0",
                arguments=(((0.8, 0.3),), (0,)),
                domain="unit",
                through=arcface_of_cosines,
            ),
        ),
        gradient="Cross-entropy's times scale sin(theta + margin) / sin(theta) for the true cosine, which grows "
        "without bound as theta goes to 0; at the embedding it stays finite, at right angles to it.",
        optimises="Embeddings that are nearer to the own centre than to any other by the margin; no probabilities.",
        when="Recognition of many identities, where embeddings are compared by angle later.",
        when_not="For calibrated class probabilities, or from scratch with noisy labels: begin with margin 0 and "
        "raise it.",
        stable="c cos(m) - sin(m) sqrt(1 - c^2) with the cosine c clamped inside (-1, 1); acos has an infinite slope "
        "at the ends.",
        limits="cos(theta + margin) rises again for theta > pi - margin: libraries put something else there. The "
        "scale has to be large enough for many classes.",
        implementations=(
            Implementation(
                "pytorch_metric_learning.losses.ArcFaceLoss",
                "margin in degrees (28.6); beyond pi - margin it takes cos(theta) - margin sin(margin); keeps the "
                "centres itself",
            ),
        ),
        references=("Deng et al. 2019, ArcFace, eq. 3",),
    ),
)
