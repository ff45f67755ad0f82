"""Losses over two classes, or over several independent yes-or-no questions one by one."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

# Probabilities are welcome as targets; whether they sum to one does not matter, since values stand alone.
_YES_OR_NO = frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})

LOSSES = (
    Loss(
        name="bce",
        title="Binary cross-entropy on probabilities",
        family="binary",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=_YES_OR_NO,
        formula="-y log(p) - (1 - y) log(1 - p), each logarithm at least -100",
        callable="torch.nn.functional.binary_cross_entropy",
        spellings=function("torch.nn.functional.binary_cross_entropy", "input", "target", weight=None, **REDUCTION)
        + module("BCELoss", weight=None, **REDUCTION)
        + node("BinaryCrossEntropyBackward0", "input target", "weight reduction"),
        tasks=("binary", "multilabel"),
        reference="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",
    ),
    Loss(
        name="bce_with_logits",
        title="Binary cross-entropy on logits",
        family="binary",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_YES_OR_NO,
        formula="pos_weight y log(1 + exp(-z)) + (1 - y) log(1 + exp(z))",
        callable="torch.nn.functional.binary_cross_entropy_with_logits",
        spellings=function(
            "torch.nn.functional.binary_cross_entropy_with_logits",
            "input",
            "target",
            weight=None,
            **REDUCTION,
            pos_weight=None,
        )
        + module("BCEWithLogitsLoss", weight=None, **REDUCTION, pos_weight=None)
        + node("BinaryCrossEntropyWithLogitsBackward0", "input target", "weight pos_weight reduction"),
        tasks=("binary", "multilabel"),
        reference="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",
    ),
    Loss(
        name="soft_margin",
        title="Logistic loss on signed labels",
        family="binary",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        formula="log(1 + exp(-y z))",
        callable="torch.nn.functional.soft_margin_loss",
        spellings=function("torch.nn.functional.soft_margin_loss", "input", "target", **REDUCTION)
        + module("SoftMarginLoss", **REDUCTION)
        + node("SoftMarginLossBackward0", "input", "reduction"),
        tasks=("binary",),
        reference="Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, eq. 10.18",
    ),
)
