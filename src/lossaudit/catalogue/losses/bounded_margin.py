"""Losses of the margin m = y z that stop growing where a sample is badly wrong; none of them is convex."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class, one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss
from lossaudit.pairing import TargetEncoding

_SIGNED = frozenset({TargetEncoding.SIGNED})


def zero_one(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 for a wrong answer, 0 for a right one, 1/2 for a tie: of a sign, or of the largest of K scores."""
    if z.shape != y.shape:  # rows of scores, class indices
        lead = torch.sign(z - of_class(z, y)[:, None]) - one_hot(z, y)
        return ((1 + lead.amax(-1)) / 2).sum()
    m = y * z
    return ((1 - torch.sign(m)) / 2).sum()


def savage(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 / (1 + exp(m))^2."""
    m = y * z
    return (torch.sigmoid(-m) ** 2).sum()


def tangent(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """(2 atan(m) - 1)^2."""
    m = y * z
    return ((2 * torch.atan(m) - 1) ** 2).sum()


def ramp(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """min(1, max(0, 1 - m))."""
    m = y * z
    return torch.clamp(1 - m, 0, 1).sum()


def sigmoid_loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 / (1 + exp(m))."""
    m = y * z
    return torch.sigmoid(-m).sum()


LOSSES = (
    Loss(
        name="zero_one",
        title="Zero-one",
        aliases=("0_1", "zero_one_loss", "misclassification"),
        family="binary",
        tasks=("binary",),
        summary="The share of wrong answers: what is reported, and what no gradient can reach.",
        expects=Expects.SCORES,
        heads=("identity", "softmax"),
        encodings=_SIGNED | {TargetEncoding.CLASS_INDEX},
        formula="1 if m < 0, 0 if m > 0, 1/2 if m = 0; m = y z, or z_y - max_{k != y} z_k in a row of K",
        latex=r"\tfrac12 \left(1 - \operatorname{sign} m\right), \quad m = y z",
        callable="sklearn.metrics.zero_one_loss",
        definition=zero_one,
        encoding=TargetEncoding.SIGNED,
        gradient="0 wherever there is one, since the loss is flat on both sides of a step at m = 0: gradient descent "
        "does not move.",
        optimises="The sign of q - 1/2; every score of that sign is as good.",
        when="To report, on held-out data.",
        when_not="To train: use a surrogate that is calibrated for it, such as bce_with_logits or hinge.",
        stable="(torch.sign(z) != y).float().mean(), without a gradient; it counts a score of 0 as wrong.",
        limits="Which label a score of 0 stands for is a convention; here it is half an error.",
        implementations=(
            Implementation("sklearn.metrics.zero_one_loss", "compares labels, not scores; averages"),
            Implementation("keras.metrics.BinaryAccuracy", "1 minus it, of probabilities above a threshold of 0.5"),
        ),
        references=("Bartlett, Jordan, McAuliffe 2006, Convexity, classification, and risk bounds, section 1",),
    ),
    Loss(
        name="savage",
        title="Savage",
        aliases=("savage_loss",),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="The squared error of a sigmoid, seen as a function of the margin.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="1 / (1 + exp(m))^2, m = y z",
        latex=r"\frac{1}{(1 + e^{m})^2}, \quad m = y z",
        callable="lossaudit.catalogue.losses.bounded_margin.savage",
        definition=savage,
        encoding=TargetEncoding.SIGNED,
        gradient="-2 y s^2 (1 - s) with s = sigmoid(-m): 8/27 at most, at m = -log 2; it dies like exp(-|m|) where "
        "the model is confident and wrong, so that wrong labels lose their pull, and hard samples too.",
        optimises="log(q / (1 - q)): sigmoid(z) is the true probability.",
        when="Boosting or a linear model with outliers among the labels.",
        when_not="Clean labels, or a start that may be confident and wrong: use bce_with_logits.",
        stable="torch.sigmoid(-y * z) ** 2.",
        limits="The paper has 2 m in place of m, which is the same loss of twice the score: then z is half the "
        "log-odds.",
        references=("Masnadi-Shirazi and Vasconcelos 2008, On the design of loss functions for classification",),
    ),
    Loss(
        name="tangent",
        title="Tangent",
        aliases=("tangent_loss",),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="Bounded, and charges also for being right by far too much.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="(2 atan(m) - 1)^2, m = y z",
        latex=r"(2 \arctan m - 1)^2, \quad m = y z",
        callable="lossaudit.catalogue.losses.bounded_margin.tangent",
        definition=tangent,
        encoding=TargetEncoding.SIGNED,
        gradient="4 y (2 atan(m) - 1) / (1 + m^2): it falls off like 1 / m^2 on both sides, which is slow beside the "
        "exponential of savage, and turns round at m = tan(1/2) = 0.546.",
        optimises="tan(q - 1/2): q is atan(z) + 1/2, for scores within tan(1/2) of 0.",
        when="Boosting with outliers, where scores should stay small.",
        when_not="You want a model that may grow sure: it is charged for every margin beyond 0.546. Use "
        "bce_with_logits.",
        stable="(2 * torch.atan(y * z) - 1) ** 2.",
        limits="Read q = atan(z) + 1/2 only after cutting it to [0, 1].",
        references=(
            "Masnadi-Shirazi, Mahadevan, Vasconcelos 2010, On the design of robust classifiers for computer vision",
        ),
    ),
    Loss(
        name="ramp",
        title="Ramp",
        aliases=("ramp_loss", "truncated_hinge"),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="The hinge, cut off at 1.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="min(1, max(0, 1 - m)), m = y z",
        latex=r"\min(1,\, \max(0,\, 1 - m)), \quad m = y z",
        callable="lossaudit.catalogue.losses.bounded_margin.ramp",
        definition=ramp,
        encoding=TargetEncoding.SIGNED,
        gradient="-y for 0 < m < 1, and exactly 0 elsewhere: a sample on the wrong side is given up at once.",
        optimises="The mode: any score of 1 or more on the side of the likelier label.",
        when="A support vector machine with wrong labels, trained by the convex-concave procedure from a hinge "
        "solution.",
        when_not="Gradient descent from scratch: about half of the samples start without a gradient. Use hinge, or "
        "sigmoid_loss.",
        stable="torch.clamp(1 - y * z, 0, 1).",
        limits="Kinks at m = 0 and m = 1.",
        references=("Collobert, Sinz, Weston, Bottou 2006, Trading convexity for scalability",),
    ),
    Loss(
        name="sigmoid_loss",
        title="Sigmoid loss",
        aliases=("smooth_zero_one", "expected_error"),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="The probability of the wrong label: a smooth step.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="1 / (1 + exp(m)), m = y z",
        latex=r"\frac{1}{1 + e^{m}}, \quad m = y z",
        callable="lossaudit.catalogue.losses.bounded_margin.sigmoid_loss",
        definition=sigmoid_loss,
        encoding=TargetEncoding.SIGNED,
        gradient="-y s (1 - s) with s = sigmoid(m): at most 1/4, at m = 0, and it dies like exp(-|m|) on both sides, "
        "right and wrong alike.",
        optimises="The mode: z runs to infinity on the side of the likelier label. It is no probability.",
        when="Labels flipped at random with the same rate, below 1/2: the two labels' losses sum to 1, so that such "
        "noise does not move the optimum.",
        when_not="Clean labels or calibrated probabilities: use bce_with_logits. It also learns slowly from a bad "
        "start.",
        stable="torch.sigmoid(-y * z).",
        implementations=(Implementation("torch.nn.L1Loss", "of sigmoid(z) and a label in {0,1} it is the same"),),
        references=(
            "Mason, Baxter, Bartlett, Frean 1999, Boosting algorithms as gradient descent",
            "Ghosh, Manwani, Sastry 2015, Making risk minimization tolerant to label noise",
        ),
    ),
)
