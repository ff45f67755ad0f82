"""Cross-entropy for classes of very different sizes.

Without weights or counts the definitions take an example of them, so that their cards speak of something definite.
"""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option
from lossaudit.pairing import TargetEncoding


def long_tail(z: torch.Tensor) -> torch.Tensor:
    """Example counts of K classes, from 1000 down to 10 in equal ratios."""
    return torch.logspace(3, 1, z.shape[-1], dtype=z.dtype)


def weighted_cross_entropy(z: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    """-w_y log softmax(z)_y; the example has the weights 1, 2, ..., K."""
    if weight is None:
        weight = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype)
    return torch.nn.functional.cross_entropy(z, y, weight=weight, reduction="sum")


def class_balanced(
    z: torch.Tensor, y: torch.Tensor, counts: torch.Tensor | None = None, beta: float = 0.999
) -> torch.Tensor:
    """Cross-entropy weighted by (1 - beta) / (1 - beta^n_y), n_y the count of the true class."""
    counts = long_tail(z) if counts is None else counts
    return weighted_cross_entropy(z, y, (1 - beta) / (1 - beta**counts))


def logit_adjusted(
    z: torch.Tensor, y: torch.Tensor, counts: torch.Tensor | None = None, tau: float = 1.0
) -> torch.Tensor:
    """Cross-entropy of z + tau log(share of each class)."""
    counts = long_tail(z) if counts is None else counts
    return torch.nn.functional.cross_entropy(z + tau * (counts / counts.sum()).log(), y, reduction="sum")


def ldam(
    z: torch.Tensor, y: torch.Tensor, counts: torch.Tensor | None = None, margin: float = 0.5, scale: float = 30.0
) -> torch.Tensor:
    """Cross-entropy of scale (z_k - d_k [k = y]), where d_k = margin (least count / n_k)^(1/4)."""
    counts = long_tail(z) if counts is None else counts
    margins = margin * (counts.min() / counts) ** 0.25
    return torch.nn.functional.cross_entropy(scale * (z - one_hot(z, y) * margins), y, reduction="sum")


_COUNTS = Option("counts", None, "K numbers > 0", "samples of each class; the card's are 1000 to 10 in equal ratios")

LOSSES = (
    Loss(
        name="weighted_cross_entropy",
        title="Class-weighted cross-entropy",
        aliases=("weighted_ce", "class_weighted_cross_entropy", "balanced_cross_entropy"),
        family="multiclass",
        tasks=("multiclass", "imbalance"),
        summary="cross-entropy times a weight of the true class",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-w_y log softmax(z)_y",
        latex=r"-w_y \log \operatorname{softmax}(z)_y",
        callable="torch.nn.functional.cross_entropy",
        definition=weighted_cross_entropy,
        options=(
            Option("weight", None, "K numbers > 0", "what an error on each class costs; the card's are 1, 2, ..., K"),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="w_y (p - y): cross-entropy's, scaled by the class, so it does not fade on a mistake; rare classes "
        "with large weights make the gradient noisy.",
        optimises="w q, renormalised: with w = (1, 2) the answer to q = (0.55, 0.45) is the other class.",
        when="When errors on the classes cost differently, or every class should be recalled alike.",
        when_not="For the true probabilities, which it shifts on purpose: cross_entropy, and a threshold afterwards. "
        "A model that fits its data perfectly ignores the weights; logit_adjusted does not let it.",
        stable="torch.nn.functional.cross_entropy(z, y, weight=w).",
        limits="The mean divides by the sum of the weights in the batch, so that it depends on who is in it; with "
        "target distributions it divides by the number of samples.",
        implementations=(
            Implementation("torch.nn.CrossEntropyLoss", "With weight=w; the mean divides by the sum of the weights."),
            Implementation(
                "keras.Model.fit", "With class_weight={class: weight}; the mean divides by the number of samples."
            ),
            Implementation(
                "sklearn.linear_model.LogisticRegression", "With class_weight='balanced': w_k = N / (K n_k)."
            ),
        ),
        references=("King and Zeng 2001, Logistic regression in rare events data, section 3.2",),
    ),
    Loss(
        name="class_balanced",
        title="Class-balanced cross-entropy",
        aliases=("class_balanced_loss", "cb_loss", "effective_number_loss"),
        family="multiclass",
        tasks=("multiclass", "imbalance"),
        summary="cross-entropy weighted by the inverse of each class's effective number of samples",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-(1 - beta) / (1 - beta^n_y) log softmax(z)_y",
        latex=r"-\frac{1 - \beta}{1 - \beta^{n_y}} \log \operatorname{softmax}(z)_y",
        callable="lossaudit.catalogue.losses.imbalance.class_balanced",
        definition=class_balanced,
        options=(
            _COUNTS,
            Option("beta", 0.999, "0 <= beta < 1", "0: all classes alike; towards 1: inverse frequency"),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="w_y (p - y) with w between 1 - beta and 1: the same shape as cross-entropy's, without fading on a "
        "mistake, and small for classes of many samples.",
        optimises="w q, renormalised.",
        when="On long-tailed data, when weights by inverse frequency are too extreme.",
        when_not="For the true probabilities: cross_entropy; against balanced error logit_adjusted aims at it "
        "directly.",
        stable="torch.nn.functional.cross_entropy(z, y, weight=w), with w computed once as -expm1(log(beta)) / "
        "-expm1(n * log(beta)).",
        limits="Without rescaling the weights are below 1, so the learning rate shrinks with them.",
        implementations=(
            Implementation(
                "torch.nn.CrossEntropyLoss",
                "With weight=w; the mean divides by the sum of the weights, which undoes any common factor of them.",
            ),
        ),
        references=(
            "Cui, Jia, Lin, Song, Belongie 2019, Class-balanced loss based on effective number of samples, section 4",
        ),
    ),
    Loss(
        name="logit_adjusted",
        title="Logit-adjusted cross-entropy",
        aliases=("logit_adjustment", "balanced_softmax"),
        family="multiclass",
        tasks=("multiclass", "imbalance"),
        summary="cross-entropy of logits to which the log of each class's share is added",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log softmax(z + tau log(share))_y",
        latex=r"-\log \operatorname{softmax}(z + \tau \log \pi)_y",
        callable="lossaudit.catalogue.losses.imbalance.logit_adjusted",
        definition=logit_adjusted,
        options=(_COUNTS, Option("tau", 1.0, "tau >= 0", "how much of the shares is taken out; 0 is cross-entropy")),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="softmax(z + tau log share) - y: cross-entropy's at shifted logits, sqrt(2) at most and not fading "
        "on a mistake; at the start it already knows how frequent the classes are.",
        optimises="q / share^tau, renormalised, by softmax(z): with tau = 1 the probabilities as if all classes were "
        "alike, which is best for the balanced error. softmax(z + tau log share) is q.",
        when="When the score is balanced accuracy and training data are long-tailed.",
        when_not="For plain accuracy or probabilities of the training population: cross_entropy, or add the shift "
        "again.",
        stable="torch.nn.functional.cross_entropy(z + tau * counts.log(), y): the sum of the counts shifts all logits "
        "alike.",
        limits="The shift is for training only: predict with z. A class without samples has a share of 0 and no "
        "logarithm.",
        implementations=(
            Implementation("torch.nn.CrossEntropyLoss", "On z + tau * log(share), which is all there is to it."),
        ),
        references=(
            "Menon, Jayasumana, Rawat, Jain, Veit, Kumar 2021, Long-tail learning via logit adjustment, section 5",
            "Ren et al. 2020, Balanced meta-softmax for long-tailed visual recognition (tau = 1)",
        ),
    ),
    Loss(
        name="ldam",
        title="Label-distribution-aware margin loss",
        aliases=("ldam_loss",),
        family="multiclass",
        tasks=("multiclass", "imbalance"),
        summary="cross-entropy that asks a larger lead of rare classes",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log softmax(scale (z - d_y e_y))_y, d_k = margin (min_j n_j / n_k)^(1/4)",
        latex=r"-\log \frac{e^{s (z_y - \Delta_y)}}{e^{s (z_y - \Delta_y)} + \sum_{k \ne y} e^{s z_k}}, "
        r"\quad \Delta_k = C \, n_k^{-1/4}",
        callable="lossaudit.catalogue.losses.imbalance.ldam",
        definition=ldam,
        options=(
            _COUNTS,
            Option("margin", 0.5, "margin >= 0", "lead that is asked of the rarest class"),
            Option("scale", 30.0, "scale > 0", "factor of the logits, which the authors make cosines"),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="scale (softmax(scale (z - d_y e_y)) - y): up to 42 long where the model is confident and wrong with "
        "the default scale, and it does not fade there; it goes on until the true class leads by its margin.",
        optimises="No probabilities: of two classes the likelier one, leading by about its own margin, which is larger "
        "for the rarer class.",
        when="On long-tailed data with a normalised last layer, with class weights switched on late in training.",
        when_not="For probabilities, or on logits that are no cosines: logit_adjusted.",
        stable="torch.nn.functional.cross_entropy(scale * (z - margins * one_hot), y) on cosines.",
        limits="On ordinary logits a scale of 30 multiplies the gradient by 30 and its change by 900.",
        implementations=(Implementation("torch.nn.CrossEntropyLoss", "On the shifted and scaled logits."),),
        references=(
            "Cao, Wei, Gaidon, Arechiga, Ma 2019, Learning imbalanced datasets with label-distribution-aware margin "
            "loss, eq. 12 and 13",
        ),
    ),
)
