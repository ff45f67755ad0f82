"""Losses over labels that may hold together."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def asymmetric(
    z: torch.Tensor, y: torch.Tensor, gamma_pos: float = 0.0, gamma_neg: float = 4.0, clip: float = 0.05
) -> torch.Tensor:
    """Focal loss with one exponent for each label, and with p lowered by `clip` where the label does not hold."""
    p = torch.sigmoid(z)
    shifted = torch.relu(p - clip)
    holds = (1 - p) ** gamma_pos * torch.nn.functional.logsigmoid(z)
    fails = shifted**gamma_neg * torch.log(1 - shifted)
    return -(y * holds + (1 - y) * fails).sum()


LOSSES = (
    Loss(
        name="multilabel_soft_margin",
        title="Mean binary cross-entropy over labels",
        aliases=("multilabel_soft_margin_loss",),
        family="multilabel",
        tasks=("multilabel",),
        summary="Binary cross-entropy on logits, averaged over the labels of a sample.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="(1/K) sum_k (y_k log(1 + exp(-z_k)) + (1 - y_k) log(1 + exp(z_k)))",
        latex=r"\frac1K \sum_k \left( y_k \log(1 + e^{-z_k}) + (1 - y_k) \log(1 + e^{z_k}) \right)",
        callable="torch.nn.functional.multilabel_soft_margin_loss",
        gradient="(sigmoid(z_k) - y_k) / K for each label: bounded, and not vanishing where the model is confident "
        "and wrong.",
        optimises="q_k for each label on its own: sigmoid(z_k) is the probability that label k holds.",
        when="Several labels may hold together, and each counts the same.",
        when_not="Labels are rare: a mean over K labels is ruled by the negatives. Use weighted_bce or asymmetric.",
        stable="torch.nn.MultiLabelSoftMarginLoss() or torch.nn.BCEWithLogitsLoss(): with the default reductions they "
        "are the same.",
        spellings=function(
            "torch.nn.functional.multilabel_soft_margin_loss", "input", "target", weight=None, **REDUCTION
        )
        + module("MultiLabelSoftMarginLoss", weight=None, **REDUCTION),
        implementations=(
            Implementation(
                "torch.nn.BCEWithLogitsLoss", "with reduction='sum' it is K times as large, with 'mean' the same"
            ),
        ),
        references=("PyTorch documentation, torch.nn.MultiLabelSoftMarginLoss",),
    ),
    Loss(
        name="multilabel_margin",
        title="Multi-label hinge",
        aliases=("multilabel_margin_loss", "multilabel_hinge"),
        family="multilabel",
        tasks=("multilabel",),
        summary="Each label that holds should beat each that does not by 1; the target lists the indices of those that "
        "hold, then -1.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="(1/K) sum_{j in y} sum_{i not in y} max(0, 1 - z_j + z_i)",
        latex=r"\frac1K \sum_{j \in y} \sum_{i \notin y} \max(0,\, 1 - z_j + z_i)",
        callable="torch.nn.functional.multilabel_margin_loss",
        example=View(
            variables="the scores",
            arguments=(((0.3, -0.8, 1.1, 0.6),), ((3, 0, -1, 1),)),
            wrong=(-1, 1, 1, -1),
        ),
        gradient="Each pair that is too close pulls its two scores apart with strength 1/K, however wrong it is; a "
        "pair with a margin of 1 is silent.",
        optimises="An order of the labels, and no probabilities: only differences of scores count.",
        when="The order of the labels matters, and not how many hold.",
        when_not="You must say which labels hold: there is no threshold in it. Use bce_with_logits.",
        stable="torch.nn.MultiLabelMarginLoss(); the target is a row of indices as long as the scores, filled up with "
        "-1.",
        limits="0, without a gradient, for a sample with no label or with all of them. Integer labels in 0 and 1 are "
        "read as indices without a complaint.",
        spellings=function("torch.nn.functional.multilabel_margin_loss", "input", "target", **REDUCTION)
        + module("MultiLabelMarginLoss", **REDUCTION)
        + node("MultilabelMarginLossBackward0", "input", "reduction"),
        references=("PyTorch documentation, torch.nn.MultiLabelMarginLoss",),
    ),
    Loss(
        name="asymmetric",
        title="Asymmetric loss",
        aliases=("asl", "asymmetric_loss"),
        family="multilabel",
        tasks=("multilabel", "imbalance", "noisy labels"),
        summary="Focal loss that forgives easy negatives, and drops confident ones as mislabelled.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.BINARY}),
        formula="-y (1 - p)^gamma_pos log(p) - (1 - y) s^gamma_neg log(1 - s), p = sigmoid(z), s = max(0, p - clip)",
        latex=r"-y (1 - p)^{\gamma_+} \log p - (1 - y)\, s^{\gamma_-} \log(1 - s), \quad s = \max(0,\, p - m)",
        callable="lossaudit.catalogue.losses.multilabel.asymmetric",
        definition=asymmetric,
        options=(
            Option("gamma_pos", 0.0, "gamma_pos >= 0", "exponent for labels that hold; 0 is cross-entropy"),
            Option("gamma_neg", 4.0, "gamma_neg >= gamma_pos", "exponent for labels that do not hold"),
            Option("clip", 0.05, "0 <= clip < 1", "by how much p is lowered for these; below it they cost nothing"),
        ),
        gradient="For a label that holds it tends to 1 in size where the model is confident and wrong. For one that "
        "does not hold it is at most 0.733 (at z = 2.2) and dies like exp(-z): a confident false alarm gets no "
        "gradient, on purpose. With clip = 0 that gradient would tend to 1.",
        optimises="A score that rises with q_k, and not q_k itself: for rare labels far above it, p = 0.48 for q = "
        "0.1, so that a threshold of 1/2 finds more of them.",
        when="Many labels of which few hold, and labels that were forgotten by the annotators.",
        when_not="False alarms are costly, or you need calibrated probabilities: use bce_with_logits.",
        stable="logsigmoid(z) for labels that hold; log(1 - s) is harmless for the others while clip > 0.",
        limits="Flat where p <= clip for a label that does not hold. A start with confident false alarms hardly "
        "recovers.",
        implementations=(
            Implementation(
                "timm.loss.AsymmetricLossMultiLabel",
                "gamma_pos=1 by default; p and 1 - s are kept above 1e-8, so that a label that holds gets no gradient "
                "to speak of from z = -18.4 down; sums over labels, and older versions also over samples",
            ),
        ),
        references=("Ridnik et al. 2021, Asymmetric loss for multi-label classification, arXiv 2009.14119, section 2",),
    ),
    Loss(
        name="one_vs_all_mse",
        title="Squared error of one sigmoid for each label",
        aliases=("one_vs_rest_mse", "sigmoid_mse_per_label"),
        family="multilabel",
        tasks=("multilabel", "multiclass", "noisy labels"),
        summary="The Brier score of each label on its own, trained through sigmoids.",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT}),
        formula="sum_k (p_k - y_k)^2, p_k = sigmoid(z_k)",
        latex=r"\sum_k (p_k - y_k)^2, \quad p_k = \sigma(z_k)",
        callable="torch.nn.functional.mse_loss",
        encoding=TargetEncoding.BINARY,
        gradient="2 (p_k - y_k) p_k (1 - p_k) for each label, at most 8/27 in size: it dies like exp(-|z_k|) where "
        "the model is confident and wrong, so that wrong labels lose their pull, and hard ones too.",
        optimises="q_k for each label on its own: it is strictly proper, though not convex in z.",
        when="A good share of the labels is wrong and the start is gentle.",
        when_not="Clean labels, very many labels, or a start that may be confident and wrong: use bce_with_logits.",
        stable="torch.nn.functional.mse_loss(torch.sigmoid(z), y, reduction='sum').",
        limits="Each label's term bends down exactly where the probability of the right answer is below 1/3. With "
        "'mean' in place of 'sum' the gradient of each label shrinks by K as well.",
        references=(
            "Brier 1950, Verification of forecasts expressed in terms of probability",
            "Tyagi, Rane, Vaidya, Challagundla, Auddy, Manry 2024, arXiv 2411.11213",
        ),
    ),
)
