"""Squared errors of K probabilities or raw outputs, and their kin."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class, one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def brier(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum_k (p_k - y_k)^2."""
    return ((p - one_hot(p, y)) ** 2).sum()


def spherical(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 - p_y / |p|."""
    return (1 - of_class(p, y) / (p * p).sum(-1).sqrt()).sum()


def square(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum_k (z_k - y_k)^2 on the raw outputs."""
    return ((z - one_hot(z, y)) ** 2).sum()


def hui_belkin(z: torch.Tensor, y: torch.Tensor, k: float = 15.0, m: float = 30.0) -> torch.Tensor:
    """(k (z_y - m)^2 + sum over the other classes of z_i^2) / K."""
    hot = one_hot(z, y)
    return ((k * hot + 1 - hot) * (z - m * hot) ** 2).sum() / z.shape[-1]


def output_reset(o: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The least over a of max(0, 1 + a - o_y)^2 + sum over the other classes of max(0, o_i - a)^2.

    With v_i = 1 + o_i - o_y and a = o_y - 1 + t it is the least of t^2 + sum_i max(0, v_i - t)^2, and the best t is the
    largest (sum of the j largest v) / (j + 1), or 0.
    """
    others = 1 - one_hot(o, y)
    v = (1 + o - of_class(o, y)[:, None]) * others
    largest = v.sort(-1, descending=True).values.cumsum(-1)
    t = (largest / torch.arange(2, o.shape[-1] + 2)).amax(-1, keepdim=True)
    return (t**2).sum() + (others * torch.relu(v - t) ** 2).sum()


def _reset_by(o: torch.Tensor, a: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The same with any shift a of the targets: the best one makes it least."""
    above = (1 - one_hot(o, y)) * torch.relu(o - a[:, None]) ** 2
    return (torch.relu(1 + a - of_class(o, y)) ** 2).sum() + above.sum()


LOSSES = (
    Loss(
        name="brier",
        title="Brier score",
        aliases=("brier_score", "mse_softmax", "brier_loss"),
        family="multiclass",
        tasks=("multiclass", "calibration"),
        summary="the squared distance between predicted probabilities and the label",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum_k (p_k - y_k)^2",
        latex=r"\sum_k (p_k - y_k)^2",
        callable="sklearn.metrics.brier_score_loss",
        definition=brier,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="2 p_i ((p_i - y_i) - sum_k p_k (p_k - y_k)) at logit i: it dies like e^-t where the model is "
        "confident and wrong, like e^-2t where it is right, and at the start it is 2/K of cross-entropy's.",
        optimises="q, the true probabilities: it is strictly proper. What it loses is the way there, not the aim.",
        when="As a metric of probabilities; as a loss with few classes, an ordinary start and a tuned rate, where some "
        "labels are wrong.",
        when_not="As the loss of a model that may start confident, or with hundreds of classes: cross_entropy.",
        stable="(softmax(z) - one_hot).square().sum(-1): bounded, nothing overflows.",
        limits="Between 0 and 2, and therefore not convex in the logits; convex in the probabilities.",
        implementations=(
            Implementation(
                "sklearn.metrics.brier_score_loss", "A metric: the mean over the samples; of two classes it takes half."
            ),
            Implementation(
                "torch.nn.MSELoss", "On softmax and one-hot targets; the mean also divides by the number of classes."
            ),
            Implementation(
                "keras.losses.MeanSquaredError", "On softmax and one-hot targets; divides by the number of classes."
            ),
        ),
        references=(
            "Brier 1950, Verification of forecasts expressed in terms of probability, eq. 2",
            "Gneiting and Raftery 2007, Strictly proper scoring rules, prediction, and estimation, section 3",
        ),
    ),
    Loss(
        name="spherical",
        title="Spherical score",
        aliases=("spherical_score", "spherical_loss"),
        family="multiclass",
        tasks=("multiclass", "calibration"),
        summary="1 minus the cosine between predicted probabilities and the label",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="1 - p_y / |p|",
        latex=r"1 - \frac{p_y}{\|p\|}",
        callable="lossaudit.catalogue.losses.squares.spherical",
        definition=spherical,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="(p_y / |p|)(p_i^2 / |p|^2 - y_i) at logit i: it dies like e^-t where the model is confident and "
        "wrong.",
        optimises="q, the true probabilities.",
        when="As a second, bounded score beside cross-entropy and Brier when forecasts are compared.",
        when_not="As a training loss: cross_entropy, which does not saturate.",
        stable="1 - torch.nn.functional.normalize(softmax(z), dim=-1)[true].",
        limits="Between 0 and 1, and therefore not convex in the logits; not in the probabilities either.",
        references=("Gneiting and Raftery 2007, Strictly proper scoring rules, prediction, and estimation, section 3",),
    ),
    Loss(
        name="squared_outputs",
        title="Squared error on raw outputs",
        aliases=("square", "square_loss"),
        family="multiclass",
        tasks=("multiclass",),
        summary="least squares from the raw outputs to the one-hot label, without a softmax",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum_k (z_k - y_k)^2 on the raw outputs",
        latex=r"\sum_k (z_k - y_k)^2",
        callable="torch.nn.functional.mse_loss",
        definition=square,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="2 (z - y): it grows with the distance, where the model is confident and wrong and also where it is "
        "more than right.",
        optimises="q itself, without a head: the outputs are the true probabilities, though they may leave [0, 1].",
        when="With few classes and a small learning rate; on text and speech it is often as good as cross-entropy.",
        when_not="From large outputs, where steps explode; with many classes hui_belkin weighs the true class more; "
        "for probabilities between 0 and 1 cross_entropy.",
        stable="torch.nn.functional.mse_loss(z, one_hot) on the output of the last linear layer.",
        limits="Punishes outputs beyond 1 for the true class as if they were mistakes.",
        implementations=(
            Implementation("torch.nn.MSELoss", "Takes one-hot rows; the mean also divides by the number of classes."),
            Implementation(
                "optax.squared_error", "Takes one-hot rows, and returns every element; l2_loss is half of it."
            ),
            Implementation("keras.losses.MeanSquaredError", "Takes one-hot rows; divides by the number of classes."),
            Implementation("sklearn.linear_model.RidgeClassifier", "Targets -1 and 1, and a penalty on the weights."),
        ),
        references=(
            "Hui and Belkin 2021, Evaluation of neural architectures trained with square loss vs cross-entropy",
        ),
    ),
    Loss(
        name="hui_belkin",
        title="Rescaled squared error on raw outputs",
        aliases=("rescaled_square_loss",),
        family="multiclass",
        tasks=("multiclass", "many classes"),
        summary="the squared error on raw outputs, with more weight and a larger target for the true class",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="(k (z_y - m)^2 + sum_{i != y} z_i^2) / K",
        latex=r"\frac{1}{K} \Bigl(k (z_y - M)^2 + \sum_{i \ne y} z_i^2\Bigr)",
        callable="lossaudit.catalogue.losses.squares.hui_belkin",
        definition=hui_belkin,
        options=(
            Option("k", 15.0, "k > 0", "weight of the true class against 1 for each of the others"),
            Option("m", 30.0, "m > 0", "target of the true class"),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="2k (z_y - m) / K at the true class and 2 z_i / K at the others: strong from the start, where it is "
        "2km / K, and growing where the model is confident and wrong.",
        optimises="m k q / (k q + 1 - q) for each class: q comes back by solving for it.",
        when="Squared error with hundreds of classes or more, where the plain one gives the true class too little "
        "weight.",
        when_not="With few classes squared_outputs; for probabilities cross_entropy.",
        stable="As written, on the output of the last linear layer, with a smaller learning rate than usual.",
        limits="Gradients are in units of m: its defaults are those for ImageNet.",
        implementations=(
            Implementation(
                "torch.nn.functional.mse_loss", "With k = m = 1, on one-hot rows: its mean divides by K as here."
            ),
        ),
        references=(
            "Hui and Belkin 2021, Evaluation of neural architectures trained with square loss vs cross-entropy, "
            "section 2",
            "Demirkaya, Chen, Oymak 2020, Exploring the role of loss functions in multiclass classification",
        ),
    ),
    Loss(
        name="output_reset",
        title="Output Reset",
        aliases=("output_reset_linear", "or_loss"),
        family="multiclass",
        tasks=("multiclass",),
        summary="squared error to the nearest targets that a common shift and any surplus on the right side allow",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="min over a of max(0, 1 + a - o_y)^2 + sum_{i != y} max(0, o_i - a)^2",
        latex=r"\min_a \Bigl(\max(0, 1 + a - o_y)^2 + \sum_{i \ne y} \max(0, o_i - a)^2\Bigr)",
        callable="lossaudit.catalogue.losses.squares.output_reset",
        definition=output_reset,
        views=(
            View(
                variables="the outputs and the shift together",
                arguments=(((0.7, -0.4, 1.9),), (0.3,), (0,)),
                wrt=(0, 1),
                through=_reset_by,
            ),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="2 max(0, o_i - a) at the wrong classes and minus their sum at the true one, with the best shift a: "
        "it grows where the model is confident and wrong and is exactly zero once the true output leads all others by "
        "1.",
        optimises="q plus any common shift of the outputs, read without a softmax: at o = q it is the Brier score.",
        when="Instead of squared_outputs, whose penalty for outputs beyond their targets it takes away.",
        when_not="For probabilities, or from very large outputs: cross_entropy.",
        stable="With the best shift in closed form, by sorting the outputs, as the definition does; no iteration is "
        "needed.",
        limits="For two classes half the squared hinge. The least over a of a function convex in (o, a), and so "
        "convex: the card proves the latter.",
        references=(
            "Tyagi, Rane, Vaidya, Challagundla, Auddy, Manry 2024, arXiv 2411.11213",
            "Li, Manry, Liu, Yu, Wei 2004, Iterative improvement of neural classifiers",
        ),
    ),
    Loss(
        name="output_reset_sigmoid",
        title="Output Reset of sigmoid outputs",
        aliases=("or_sigmoid",),
        family="multiclass",
        tasks=("multiclass", "noisy labels"),
        summary="Output Reset applied to one sigmoid per class",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="min over a of max(0, 1 + a - o_y)^2 + sum_{i != y} max(0, o_i - a)^2, o = sigmoid(z)",
        latex=r"\min_a \Bigl(\max(0, 1 + a - o_y)^2 + \sum_{i \ne y} \max(0, o_i - a)^2\Bigr), \quad o = \sigma(z)",
        callable="lossaudit.catalogue.losses.squares.output_reset",
        definition=output_reset,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="That of output_reset times o (1 - o): it dies like e^-t at every output that is saturated, right or "
        "wrong.",
        optimises="q plus any common shift that keeps it between 0 and 1, by the outputs o = sigmoid(z) themselves.",
        when="To reproduce the paper, and where a part of the labels is wrong.",
        when_not="From a confident start, or for probabilities: cross_entropy.",
        stable="As output_reset on torch.sigmoid(z); bounded, nothing overflows.",
        limits="Bounded, and therefore not convex in the logits.",
        references=("Tyagi, Rane, Vaidya, Challagundla, Auddy, Manry 2024, arXiv 2411.11213",),
    ),
)
