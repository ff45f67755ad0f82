"""Losses over two classes, or over several independent yes-or-no questions one by one."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

# Probabilities are welcome as targets; whether they sum to one does not matter, since values stand alone.
_YES_OR_NO = frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})

# A bounded score is a score: tanh before a hinge is a choice.
_SCORES = ("identity", "tanh")

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
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",),
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
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",),
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
        references=("Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, eq. 10.18",),
    ),
    Loss(
        name="binary_focal",
        title="Binary focal loss on probabilities",
        family="binary",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=_YES_OR_NO,
        formula="-y (1 - p)^gamma log(p) - (1 - y) p^gamma log(1 - p)",
        callable="keras.losses.binary_focal_crossentropy",
        spellings=(),
        tasks=("binary", "multilabel"),
        references=("Lin, Goyal, Girshick, He, Dollar 2017, Focal loss for dense object detection, eq. 4",),
        summary="takes logits with from_logits=True",
    ),
    Loss(
        name="binary_focal_with_logits",
        title="Binary focal loss on logits",
        family="binary",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_YES_OR_NO,
        formula="-y (1 - p)^gamma log(p) - (1 - y) p^gamma log(1 - p), where p = sigmoid(z)",
        callable="optax.sigmoid_focal_loss",
        spellings=(),
        tasks=("binary", "multilabel"),
        references=("Lin, Goyal, Girshick, He, Dollar 2017, Focal loss for dense object detection, eq. 4",),
    ),
)
