"""Losses of the margins between K scores."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.rows import of_class, one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option
from lossaudit.pairing import TargetEncoding


def crammer_singer(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, 1 + max over the other classes of z_i - z_y)."""
    margins = torch.relu(1 + z - of_class(z, y)[:, None])
    return (margins * (1 - one_hot(z, y))).amax(-1).sum()


def weston_watkins(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Sum over the other classes of max(0, 1 + z_i - z_y)."""
    margins = torch.relu(1 + z - of_class(z, y)[:, None])
    return (margins * (1 - one_hot(z, y))).sum()


LOSSES = (
    Loss(
        name="multi_margin",
        title="Multi-class hinge",
        aliases=("multi_margin_loss",),
        family="multiclass",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="(1/K) sum_{k != y} max(0, margin - z_y + z_k)^p",
        latex=r"\frac{1}{K} \sum_{k \ne y} \max(0,\, \mathrm{margin} - z_y + z_k)^p",
        callable="torch.nn.functional.multi_margin_loss",
        options=(
            Option("p", 1, "1 or 2", "2 squares each violation"),
            Option("margin", 1.0, "any number", "by how much the true score should lead"),
            Option("weight", None, "K numbers", "what an error on each true class costs: a factor outside the power"),
        ),
        gradient="With p = 1: 1/K at every class within the margin, and minus their sum at the true one. It is "
        "constant where the model is wrong, and exactly zero once the true score leads all others by the margin.",
        optimises="No probabilities, and not always the most probable class: the first two tie at q = (0.45, 0.4, "
        "0.15).",
        when="To compare with multi-class support vector machines.",
        when_not="For a classifier that should predict the most probable class, or probabilities: cross_entropy does "
        "both.",
        stable="torch.nn.functional.multi_margin_loss: no exponentials, nothing to overflow with p=1.",
        limits="Weston-Watkins divided by K, the true class included in the count; it is not Crammer-Singer.",
        spellings=function(
            "torch.nn.functional.multi_margin_loss", "input", "target", p=1, margin=1.0, weight=None, **REDUCTION
        )
        + module("MultiMarginLoss", p=1, margin=1.0, weight=None, **REDUCTION)
        + node("MultiMarginLossBackward0", "input", "p margin weight reduction"),
        tasks=("multiclass",),
        references=("Weston and Watkins 1999, Support vector machines for multi-class pattern recognition",),
        class_axis=True,
        summary="the Weston-Watkins loss divided by the number of classes",
    ),
    Loss(
        name="crammer_singer",
        title="Multi-class hinge of the best rival",
        aliases=("multiclass_hinge", "categorical_hinge"),
        family="multiclass",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT}),
        formula="max(0, 1 + max_{k != y} z_k - z_y)",
        latex=r"\max\bigl(0,\, 1 + \max_{k \ne y} z_k - z_y\bigr)",
        callable="optax.losses.multiclass_hinge_loss",
        definition=crammer_singer,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="1 at the best rival and -1 at the true class as long as its lead is under 1, exactly zero "
        "afterwards; the other classes get none. It does not fade where the model is confident and wrong.",
        optimises="The most probable class if it holds more than half of the probability; otherwise all classes may "
        "tie, as at q = (0.45, 0.4, 0.15).",
        when="For linear classifiers with a margin, and labels that are nearly certain.",
        when_not="When no class need have a majority, or probabilities are wanted: cross_entropy.",
        stable="optax.losses.multiclass_hinge_loss(scores, labels): no exponentials.",
        limits="Not differentiable where two rivals tie, nor where the lead is 1. The loss is flat beyond the margin, "
        "so scores stop growing.",
        spellings=(),
        implementations=(
            Implementation(
                "keras.losses.CategoricalHinge",
                "Compares with max(0, the best other score) instead of the best other score: with scores (0.5, -3, -4) "
                "and class 0 it is 0.5 where the formula gives 0. It is therefore not invariant under a common shift.",
            ),
            Implementation("optax.losses.multiclass_hinge_loss", "Takes class indices; never reduced."),
            Implementation("sklearn.metrics.hinge_loss", "A metric: the mean over the samples, of class labels."),
            Implementation("sklearn.svm.LinearSVC", "With multi_class='crammer_singer'."),
        ),
        tasks=("multiclass",),
        references=("Crammer and Singer 2001, On the implementation of multiclass kernel-based vector machines",),
        class_axis=True,
        summary="by how much the best wrong score comes within 1 of the true one",
    ),
    Loss(
        name="weston_watkins",
        title="Weston-Watkins hinge",
        aliases=("weston_watkins_hinge",),
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum_{k != y} max(0, 1 + z_k - z_y)",
        latex=r"\sum_{k \ne y} \max(0,\, 1 + z_k - z_y)",
        callable="lossaudit.catalogue.losses.multiclass_margin.weston_watkins",
        definition=weston_watkins,
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="1 at every class within the margin and minus their number at the true one: with n of them it is "
        "sqrt(n^2 + n) long, so it grows with the number of classes, and zero once all are beyond the margin.",
        optimises="No probabilities, and not always the most probable class: the first two tie at q = (0.45, 0.4, "
        "0.15).",
        when="To compare with multi-class support vector machines.",
        when_not="For anything else: cross_entropy is as convex, calibrated, and gives probabilities.",
        stable="torch.nn.functional.multi_margin_loss(z, y) times the number of classes.",
        limits="With many classes the gradient at the true one is as large as the number of rivals: lower the rate.",
        implementations=(
            Implementation("torch.nn.MultiMarginLoss", "Divided by the number of classes; p and margin as options."),
        ),
        references=(
            "Weston and Watkins 1999, Support vector machines for multi-class pattern recognition",
            "Wang and Scott 2020, Weston-Watkins hinge loss and ordered partitions",
        ),
        summary="by how much each wrong score comes within 1 of the true one, added up",
    ),
)
