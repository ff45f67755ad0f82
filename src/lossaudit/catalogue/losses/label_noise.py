"""Losses over classes that bear wrong labels."""

from __future__ import annotations

import math

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class, one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option
from lossaudit.pairing import TargetEncoding


def generalised_cross_entropy(p: torch.Tensor, y: torch.Tensor, q: float = 0.7) -> torch.Tensor:
    """(1 - p_y^q) / q."""
    return ((1 - of_class(p, y) ** q) / q).sum()


def symmetric_cross_entropy(
    p: torch.Tensor, y: torch.Tensor, alpha: float = 0.1, beta: float = 1.0, floor: float = -4.0
) -> torch.Tensor:
    """-alpha log p_y - beta floor (1 - p_y)."""
    true = of_class(p, y)
    return (-alpha * true.log() - beta * floor * (1 - true)).sum()


def normalised_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log p_y / sum_k log p_k."""
    logs = p.log()
    return (of_class(logs, y) / logs.sum(-1)).sum()


def jensen_shannon(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Jensen-Shannon divergence between the prediction and the one-hot target, in nats."""
    true = of_class(p, y)
    middle = (1 + true) / 2
    return (-middle.log() / 2 + (true * (true.log() - middle.log()) + (1 - true) * math.log(2)) / 2).sum()


def mae_softmax(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum_k |p_k - y_k|."""
    return (p - one_hot(p, y)).abs().sum()


LOSSES = (
    Loss(
        name="gce",
        title="Generalized cross-entropy",
        aliases=("generalized_cross_entropy", "generalised_cross_entropy", "lq_loss"),
        family="multiclass",
        tasks=("multiclass", "noisy labels"),
        summary="between cross-entropy (q -> 0) and the absolute error of probabilities (q = 1)",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="(1 - p_y^q) / q",
        latex=r"\frac{1 - p_y^q}{q}",
        callable="keras.losses.categorical_generalized_cross_entropy",
        definition=generalised_cross_entropy,
        options=(
            Option(
                "q",
                0.7,
                "0 < q <= 1",
                "how much less a wrong label counts; near 0 it is cross-entropy, 1 is the MAE / 2",
            ),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="p_y^q (p - y): cross-entropy's times p_y^q, so it dies like e^(-qt) where the model is confident and "
        "wrong. That spares it the wrong labels, and makes a bad start hard to leave.",
        optimises="q^(1 / (1 - q)) of the true probabilities, normalised: sharper than they are, in the same order.",
        when="When a good part of the labels is wrong at random.",
        when_not="For clean labels, calibrated probabilities, or a start from large logits: cross_entropy.",
        stable="(1 - (q * log_softmax(z)[true]).exp()) / q: no power of a probability that is 0.",
        limits="Not convex in the logits for any q > 0: the curvature is negative where p_y < q / (1 + q), 0.41 at q "
        "= 0.7. The sum over all labels is bounded, not constant, for q < 1.",
        spellings=(),
        implementations=(
            Implementation(
                "keras.losses.CategoricalGeneralizedCrossEntropy",
                "q = 0.5 by default. Raises p_y to the power q, so the gradient is not a number once p_y is 0 in "
                "float32.",
            ),
        ),
        references=(
            "Zhang and Sabuncu 2018, Generalized cross entropy loss for training deep neural networks with noisy "
            "labels, eq. 6",
        ),
    ),
    Loss(
        name="sce",
        title="Symmetric cross-entropy",
        aliases=("symmetric_cross_entropy",),
        family="multiclass",
        tasks=("multiclass", "noisy labels"),
        summary="a little cross-entropy plus the cross-entropy the other way round, which is an absolute error",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-alpha log p_y - beta floor (1 - p_y)",
        latex=r"-\alpha \log p_y - \beta A (1 - p_y)",
        callable="lossaudit.catalogue.losses.label_noise.symmetric_cross_entropy",
        definition=symmetric_cross_entropy,
        options=(
            Option("alpha", 0.1, "alpha >= 0", "weight of cross-entropy"),
            Option("beta", 1.0, "beta >= 0", "weight of the reverse cross-entropy"),
            Option("floor", -4.0, "floor < 0", "what stands for log 0 in the reverse cross-entropy"),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="(alpha - beta floor p_y)(p - y): where the model is confident and wrong only alpha times "
        "cross-entropy's is left, 0.14 with the defaults; it is strongest when the true class is about half believed.",
        optimises="Something sharper than q in the same order.",
        when="With wrong labels, when gce learns too slowly: the share of cross-entropy never dies.",
        when_not="For clean labels or calibrated probabilities: cross_entropy.",
        stable="alpha * cross_entropy(z, y) - beta * floor * (1 - softmax(z)[true]).",
        limits="Not convex in the logits unless -beta floor <= alpha. The published settings differ by data set.",
        references=(
            "Wang, Ma, Chen, Luo, Yi, Bailey 2019, Symmetric cross entropy for robust learning with noisy labels, eq. "
            "7",
        ),
    ),
    Loss(
        name="nce",
        title="Normalised cross-entropy",
        aliases=("normalized_cross_entropy", "normalised_cross_entropy"),
        family="multiclass",
        tasks=("multiclass", "noisy labels"),
        summary="cross-entropy divided by its sum over all labels, which makes that sum 1",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="log p_y / sum_k log p_k",
        latex=r"\frac{\log p_y}{\sum_k \log p_k}",
        callable="lossaudit.catalogue.losses.label_noise.normalised_cross_entropy",
        definition=normalised_cross_entropy,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="Falls like 1/t with the gap t where the model is confident and wrong, and like e^-t / t where it is "
        "right: far slower learning than cross-entropy's constant.",
        optimises="No probabilities: the best answer to q only rules out the least probable class, so with three "
        "classes or more the mode need not win.",
        when="Together with a second, active loss such as mae_softmax, against wrong labels.",
        when_not="Alone: it underfits. gce or sce for wrong labels, cross_entropy for clean ones.",
        stable="log_p = log_softmax(z); log_p[true] / log_p.sum(-1).",
        limits="Bounded by 1 and therefore not convex in the logits. Not noise-contrastive estimation, which shares "
        "its initials.",
        references=(
            "Ma, Huang, Wang, Romano, Erfani, Bailey 2020, Normalized loss functions for deep learning with noisy "
            "labels, section 3",
        ),
    ),
    Loss(
        name="js",
        title="Jensen-Shannon divergence to the label",
        aliases=("jensen_shannon", "js_divergence"),
        family="multiclass",
        tasks=("multiclass", "noisy labels"),
        summary="the mean of two KL divergences to the midpoint of prediction and label",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="KL(y, m) / 2 + KL(p, m) / 2, m = (p + y) / 2, in nats",
        latex=r"\tfrac12 \mathrm{KL}(y \,\|\, m) + \tfrac12 \mathrm{KL}(p \,\|\, m), \quad m = \tfrac12 (p + y)",
        callable="lossaudit.catalogue.losses.label_noise.jensen_shannon",
        definition=jensen_shannon,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="(p_y / 2) log((1 + p_y) / p_y) times cross-entropy's p - y: it dies like t e^-t where the model is "
        "confident and wrong.",
        optimises="Something sharper than q in the same order.",
        when="With wrong labels, and between several predictions that should agree.",
        when_not="For clean labels, calibrated probabilities, or a start from large logits: cross_entropy.",
        stable="log_p = log_softmax(z) at the true class, p = log_p.exp(), then p * log_p, never p * log(p) of a zero.",
        limits="Bounded by log 2 and therefore not convex in the logits. p log p is not a number in code once p is 0.",
        implementations=(
            Implementation("scipy.spatial.distance.jensenshannon", "The square root of it."),
            Implementation("timm.loss.JsdCrossEntropy", "Another use: between the predictions for copies of an image."),
        ),
        references=(
            "Englesson and Azizpour 2021, Generalized Jensen-Shannon divergence loss for learning with noisy labels, "
            "section 2 (there with weights, and divided by a constant)",
        ),
    ),
    Loss(
        name="mae_softmax",
        title="Absolute error of probabilities",
        aliases=("mae_of_probabilities",),
        family="multiclass",
        tasks=("multiclass", "noisy labels"),
        summary="the sum of absolute differences between softmax and the label: 2 (1 - p_y)",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum_k |p_k - y_k| = 2 (1 - p_y)",
        latex=r"\sum_k |p_k - y_k| = 2 (1 - p_y)",
        callable="torch.nn.functional.l1_loss",
        definition=mae_softmax,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="2 p_y (p - y): it dies like e^-t where the model is confident and wrong, and at the "
        "start only 2/K of cross-entropy's: with many classes it hardly begins to learn.",
        optimises="The mode: all probability goes to the most probable class, whatever the others have.",
        when="Against wrong labels with few classes: its sum over all labels is constant, so symmetric noise at a rate "
        "below 1 - 1/K does not move its minimiser.",
        when_not="With many classes or clean labels: gce learns faster, cross_entropy gives probabilities.",
        stable="2 * (1 - softmax(z)[true]); there is no logarithm to protect.",
        limits="Bounded by 2 and therefore not convex in the logits, as every symmetric loss that is bounded below.",
        implementations=(
            Implementation("torch.nn.L1Loss", "On softmax and one-hot targets; the mean also divides by K."),
            Implementation("keras.losses.MeanAbsoluteError", "On softmax and one-hot targets; divides by K."),
        ),
        references=("Ghosh, Kumar, Sastry 2017, Robust loss functions under label noise for deep neural networks",),
    ),
)
