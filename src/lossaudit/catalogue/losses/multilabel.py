"""Losses over labels that may hold together."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

LOSSES = (
    Loss(
        name="multilabel_soft_margin",
        title="Mean binary cross-entropy over labels",
        family="multilabel",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="(1/K) sum_k (y_k log(1 + exp(-z_k)) + (1 - y_k) log(1 + exp(z_k)))",
        callable="torch.nn.functional.multilabel_soft_margin_loss",
        spellings=function(
            "torch.nn.functional.multilabel_soft_margin_loss", "input", "target", weight=None, **REDUCTION
        )
        + module("MultiLabelSoftMarginLoss", weight=None, **REDUCTION),
        tasks=("multilabel",),
        references=("PyTorch documentation, torch.nn.MultiLabelSoftMarginLoss",),
    ),
    Loss(
        name="multilabel_margin",
        title="Multi-label hinge",
        family="multilabel",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="(1/K) sum_{j in y} sum_{i not in y} max(0, 1 - z_j + z_i)",
        callable="torch.nn.functional.multilabel_margin_loss",
        spellings=function("torch.nn.functional.multilabel_margin_loss", "input", "target", **REDUCTION)
        + module("MultiLabelMarginLoss", **REDUCTION)
        + node("MultilabelMarginLossBackward0", "input", "reduction"),
        tasks=("multilabel",),
        references=("PyTorch documentation, torch.nn.MultiLabelMarginLoss",),
        class_axis=True,
        summary="the target lists the indices of the labels that hold, then -1",
    ),
)
