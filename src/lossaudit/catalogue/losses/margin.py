"""Convex losses of one score and a label in {-1,+1}, through the margin m = y z."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss
from lossaudit.pairing import TargetEncoding

# A bounded score is a score: tanh before a hinge is a choice.
_SCORES = ("identity", "tanh")
_SIGNED = frozenset({TargetEncoding.SIGNED})
# Keras turns labels 0 and 1 into -1 and 1.
_EITHER = frozenset({TargetEncoding.SIGNED, TargetEncoding.BINARY})


def hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, 1 - m)."""
    m = y * z
    return torch.relu(1 - m).sum()


def squared_hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, 1 - m)^2."""
    m = y * z
    return (torch.relu(1 - m) ** 2).sum()


def smoothed_hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1/2 - m for m <= 0, (1 - m)^2 / 2 up to 1, then 0."""
    m = y * z
    return torch.where(m <= 0, 0.5 - m, torch.relu(1 - m) ** 2 / 2).sum()


def modified_huber(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """-4 m for m < -1, then max(0, 1 - m)^2."""
    m = y * z
    return torch.where(m < -1, -4 * m, torch.relu(1 - m) ** 2).sum()


def logistic(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log(1 + exp(-m))."""
    m = y * z
    return -torch.nn.functional.logsigmoid(m).sum()


def exponential(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """exp(-m)."""
    m = y * z
    return torch.exp(-m).sum()


def perceptron(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, -m)."""
    m = y * z
    return torch.relu(-m).sum()


def unhinged(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 - m."""
    m = y * z
    return (1 - m).sum()


LOSSES = (
    Loss(
        name="hinge",
        title="Hinge",
        aliases=("hinge_loss", "svm", "svm_loss"),
        family="binary",
        tasks=("binary",),
        summary="Asks for a margin of 1 and is silent beyond; the loss of the support vector machine.",
        expects=Expects.SCORES,
        heads=_SCORES,
        encodings=_EITHER,
        formula="max(0, 1 - m), m = y z",
        latex=r"\max(0,\, 1 - m), \quad m = y z",
        callable="optax.hinge_loss",
        definition=hinge,
        encoding=TargetEncoding.SIGNED,
        gradient="-y while m < 1, and exactly 0 beyond. A wrong sample pulls with strength 1, however wrong it is, "
        "and a sample outside the margin is not heard any more.",
        optimises="The sign of q - 1/2, for every q but 1/2: the more likely label, and no probability.",
        when="A linear or kernel classifier of which you need decisions, or a discriminator's score.",
        when_not="You need probabilities or a ranking of how sure the model is: use bce_with_logits.",
        stable="torch.relu(1 - y * z), keras.losses.Hinge() or optax.hinge_loss(z, y).",
        limits="A kink at m = 1. Labels 0 and 1 without a translation to -1 and 1 leave every 0 at a constant loss of "
        "1, without a gradient. A head of sigmoid can never reach the margin for -1.",
        implementations=(
            Implementation("optax.hinge_loss", "takes -1 and 1 only; does not reduce"),
            Implementation(
                "keras.losses.hinge",
                "averages over the last axis; turns labels into -1 and 1 if all of the batch are 0 or 1",
            ),
            Implementation("sklearn.metrics.hinge_loss", "averages; takes any two labels, and decision values"),
            Implementation("sklearn.linear_model.SGDClassifier", "its default loss, plus an L2 penalty"),
        ),
        references=("Cortes and Vapnik 1995, Support-vector networks, section 3",),
    ),
    Loss(
        name="squared_hinge",
        title="Squared hinge",
        aliases=("squared_hinge_loss", "l2_svm"),
        family="binary",
        tasks=("binary",),
        summary="The hinge squared: smooth at the margin, and louder the more wrong a sample is.",
        expects=Expects.SCORES,
        heads=_SCORES,
        encodings=_EITHER,
        formula="max(0, 1 - m)^2, m = y z",
        latex=r"\max(0,\, 1 - m)^2, \quad m = y z",
        callable="keras.losses.squared_hinge",
        definition=squared_hinge,
        encoding=TargetEncoding.SIGNED,
        gradient="-2 y max(0, 1 - m): it grows without bound with how wrong the sample is, and is 0 beyond the margin.",
        optimises="2 q - 1, so that (z + 1) / 2, cut to [0, 1], estimates q.",
        when="A linear classifier with clean labels, where a smooth gradient helps the optimizer.",
        when_not="Labels may be wrong: one of them outweighs many. Use modified_huber, which is the same down to m = "
        "-1 and linear below.",
        stable="torch.relu(1 - y * z) ** 2 or keras.losses.SquaredHinge().",
        limits="The second derivative jumps at m = 1.",
        implementations=(
            Implementation(
                "keras.losses.squared_hinge",
                "averages over the last axis; turns labels into -1 and 1 if all of the batch are 0 or 1",
            ),
            Implementation("sklearn.svm.LinearSVC", "its default loss: times C, plus an L2 penalty"),
        ),
        references=("Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, section 12.3.2",),
    ),
    Loss(
        name="smoothed_hinge",
        title="Smoothed hinge",
        aliases=("smooth_hinge", "rennie_hinge"),
        family="binary",
        tasks=("binary",),
        summary="The hinge with a parabola in place of its kink.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="1/2 - m for m <= 0, (1 - m)^2 / 2 for 0 < m < 1, else 0",
        latex=r"\begin{cases}\tfrac12 - m & m \le 0\\ \tfrac12 (1 - m)^2 & 0 < m < 1\\ 0 & m \ge 1\end{cases}",
        callable="lossaudit.catalogue.losses.margin.smoothed_hinge",
        definition=smoothed_hinge,
        encoding=TargetEncoding.SIGNED,
        gradient="-y max(0, min(1, 1 - m)): 1 in size wherever the sign is wrong, falling to 0 at the margin.",
        optimises="(2 q - 1) / max(q, 1 - q): its sign is the more likely label, and q can be read back from it.",
        when="You want the hinge's bounded pull and a gradient without jumps, as second-order and accelerated methods "
        "do.",
        when_not="You need probabilities: use bce_with_logits, whose link is the usual one.",
        stable="torch.where(m <= 0, 0.5 - m, torch.relu(1 - m) ** 2 / 2) with m = y * z.",
        limits="The second derivative jumps at m = 0 and m = 1.",
        references=(
            "Rennie 2005, Smooth hinge classification",
            "Rennie and Srebro 2005, Loss functions for preference levels",
        ),
    ),
    Loss(
        name="modified_huber",
        title="Modified Huber",
        aliases=("modified_huber_loss",),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="The squared hinge, made linear where a sample is badly wrong.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="-4 m for m < -1, else max(0, 1 - m)^2",
        latex=r"\begin{cases}-4m & m < -1\\ \max(0,\, 1 - m)^2 & m \ge -1\end{cases}",
        callable="lossaudit.catalogue.losses.margin.modified_huber",
        definition=modified_huber,
        encoding=TargetEncoding.SIGNED,
        gradient="-y max(0, min(4, 2 (1 - m))): at most 4 in size for a sample that is wrong, 0 beyond the margin.",
        optimises="2 q - 1, as for squared_hinge: (z + 1) / 2, cut to [0, 1], estimates q.",
        when="A linear classifier that should give rough probabilities and stand a few wrong labels.",
        when_not="Probabilities near 0 and 1 matter: it stops at them exactly. Use bce_with_logits.",
        stable="torch.where(m < -1, -4 * m, torch.relu(1 - m) ** 2) with m = y * z.",
        limits="The second derivative jumps at m = -1 and m = 1. Some texts print max(0, -m) for max(0, 1 - m), with "
        "which the loss jumps at m = -1.",
        implementations=(
            Implementation(
                "sklearn.linear_model.SGDClassifier",
                "loss='modified_huber'; predict_proba is (1 + z) / 2, cut to [0, 1]",
            ),
        ),
        references=("Zhang 2004, Solving large scale linear prediction problems using stochastic gradient descent",),
    ),
    Loss(
        name="logistic",
        title="Logistic",
        aliases=("logistic_loss", "binomial_deviance"),
        family="binary",
        tasks=("binary",),
        summary="Binary cross-entropy, written with labels -1 and 1.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="log(1 + exp(-m)), m = y z",
        latex=r"\log(1 + e^{-m}), \quad m = y z",
        callable="torch.nn.functional.soft_margin_loss",
        definition=logistic,
        encoding=TargetEncoding.SIGNED,
        gradient="-y sigmoid(-m): it tends to 1 in size where the model is confident and wrong, and dies like exp(-m) "
        "where it is right.",
        optimises="log(q / (1 - q)): sigmoid(z) is the true probability.",
        when="Two classes, and labels that are -1 and 1 already.",
        when_not="Labels are 0 and 1, or probabilities: use bce_with_logits, which takes them as they are.",
        stable="-torch.nn.functional.logsigmoid(y * z). Not log(1 + exp(-y * z)), which overflows in float32 from "
        "m = -88.8 down.",
        limits="On separable data it has no finite minimiser: the weights grow for ever, ever more slowly.",
        implementations=(
            Implementation("torch.nn.SoftMarginLoss", "the same formula; see soft_margin for where it overflows"),
            Implementation("sklearn.linear_model.LogisticRegression", "times C, plus an L2 penalty"),
        ),
        references=("Cox 1958, The regression analysis of binary sequences",),
    ),
    Loss(
        name="exponential",
        title="Exponential",
        aliases=("exponential_loss", "adaboost"),
        family="binary",
        tasks=("binary",),
        summary="What AdaBoost descends on.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="exp(-m), m = y z",
        latex=r"e^{-m}, \quad m = y z",
        callable="lossaudit.catalogue.losses.margin.exponential",
        definition=exponential,
        encoding=TargetEncoding.SIGNED,
        gradient="-y exp(-m): it explodes with how wrong a sample is, so that a single wrong label can take over "
        "training.",
        optimises="log(q / (1 - q)) / 2: sigmoid(2 z) is the true probability.",
        when="Boosting, where it gives the weights of the samples in closed form.",
        when_not="Gradient descent on a network, or any doubt about labels: use logistic, whose pull is bounded by 1.",
        stable="torch.exp(-y * z), with scores that are kept small. There is no safe spelling: it is the loss that "
        "overflows.",
        limits="Overflows in float32 from m = -88.8 down, in float16 from m = -11.1 down.",
        implementations=(
            Implementation("sklearn.ensemble.GradientBoostingClassifier", "loss='exponential'; takes any two labels"),
        ),
        references=(
            "Freund and Schapire 1997, A decision-theoretic generalization of on-line learning",
            "Friedman, Hastie, Tibshirani 2000, Additive logistic regression",
        ),
    ),
    Loss(
        name="perceptron",
        title="Perceptron",
        aliases=("perceptron_loss", "perceptron_criterion"),
        family="binary",
        tasks=("binary",),
        summary="The hinge without a margin: only wrong signs count.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="max(0, -m), m = y z",
        latex=r"\max(0,\, -m), \quad m = y z",
        callable="optax.losses.perceptron_loss",
        definition=perceptron,
        encoding=TargetEncoding.SIGNED,
        gradient="-y where the sign is wrong, 0 where it is right, however narrowly. At z = 0 it has none.",
        optimises="The score 0, for every q between 0 and 1: it costs nothing to say nothing. It is convex and not "
        "calibrated.",
        when="To teach the perceptron, or on separable data with its own update rule.",
        when_not="Always otherwise: use hinge, which is this with a margin that rules out the score 0.",
        stable="torch.relu(-y * z) or optax.losses.perceptron_loss(z, y).",
        limits="All weights 0 are a minimum with loss 0.",
        implementations=(
            Implementation("optax.losses.perceptron_loss", "takes -1 and 1 only; does not reduce"),
            Implementation("sklearn.linear_model.Perceptron", "a step of fixed size on each wrong sample, no penalty"),
        ),
        references=(
            "Rosenblatt 1958, The perceptron",
            "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.54",
        ),
    ),
    Loss(
        name="unhinged",
        title="Unhinged",
        aliases=("unhinged_loss", "linear_margin"),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="The hinge without its zero part: the one convex loss that label noise does not bend.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_SIGNED,
        formula="1 - m, m = y z",
        latex=r"1 - m, \quad m = y z",
        callable="lossaudit.catalogue.losses.margin.unhinged",
        definition=unhinged,
        encoding=TargetEncoding.SIGNED,
        gradient="-y for every sample, right or wrong: it does not depend on the prediction at all.",
        optimises="The sign of q - 1/2 at whatever bound the model has: without one there is no minimiser.",
        when="Labels flipped at random, with a norm bound or a strong L2 penalty: it then compares class means.",
        when_not="Weights are free: it falls without end. Use bce_with_logits, or sigmoid_loss, which is symmetric and "
        "bounded.",
        stable="1 - y * z, with an L2 term beside it.",
        limits="Unbounded below.",
        references=(
            "van Rooyen, Menon, Williamson 2015, Learning with symmetric label noise: the importance of being unhinged",
        ),
    ),
)
