"""Losses over exclusive classes."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

_HIDDEN = ("identity", "relu", "gelu", "silu", "tanh", "layer_norm", "dropout")

LOSSES = (
    Loss(
        name="cross_entropy",
        title="Cross-entropy on logits",
        family="multiclass",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="log(sum_k exp(z_k)) - z_y; for a distribution y, sum_k y_k (log(sum_j exp(z_j)) - z_k)",
        callable="torch.nn.functional.cross_entropy",
        spellings=function(
            "torch.nn.functional.cross_entropy",
            "input",
            "target",
            weight=None,
            size_average=None,
            ignore_index=-100,
            reduce=None,
            reduction="mean",
            label_smoothing=0.0,
        )
        + module(
            "CrossEntropyLoss",
            weight=None,
            size_average=None,
            ignore_index=-100,
            reduce=None,
            reduction="mean",
            label_smoothing=0.0,
        ),
        tasks=("multiclass",),
        reference="Bridle 1990, Training stochastic model recognition algorithms as networks; Bishop 2006, eq. 4.108",
        class_axis=True,
        summary="in the graph it is nll after log_softmax",
    ),
    Loss(
        name="nll",
        title="Negative log-likelihood",
        family="multiclass",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(p_y), where the input is log(p)",
        callable="torch.nn.functional.nll_loss",
        spellings=function(
            "torch.nn.functional.nll_loss",
            "input",
            "target",
            weight=None,
            size_average=None,
            ignore_index=-100,
            reduce=None,
            reduction="mean",
        )
        + module("NLLLoss", weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean")
        + module("NLLLoss2d")
        + node("NllLossBackward0 NllLoss2DBackward0", "input", "weight reduction ignore_index"),
        tasks=("multiclass",),
        reference="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",
        class_axis=True,
        summary="the negated input at the target class: it does not take a logarithm itself",
    ),
    Loss(
        name="linear_cross_entropy",
        title="Cross-entropy of a linear layer",
        family="multiclass",
        expects=Expects.EMBEDDINGS,
        heads=_HIDDEN,
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="log(sum_k exp(z_k)) - z_y, where z = linear_weight input + linear_bias",
        callable="torch.nn.functional.linear_cross_entropy",
        spellings=function(
            "torch.nn.functional.linear_cross_entropy",
            "input",
            "linear_weight",
            "target",
            linear_bias=None,
            weight=None,
            reduction="mean",
            ignore_index=None,
            label_smoothing=0.0,
            options=None,
        )
        + module(
            "LinearCrossEntropyLoss",
            "in_features",
            "num_classes",
            out_features=(),
            bias=False,
            device=None,
            dtype=None,
            reduction="mean",
            weight=None,
            ignore_index=None,
            label_smoothing=0.0,
            options=None,
        ),
        tasks=("multiclass",),
        reference="PyTorch documentation, torch.nn.functional.linear_cross_entropy",
        others=("linear_weight", "linear_bias"),
        class_axis=True,
        summary="computes the logits itself, without keeping them all: its input is the last hidden layer",
    ),
    Loss(
        name="adaptive_log_softmax",
        title="Adaptive softmax",
        family="multiclass",
        expects=Expects.EMBEDDINGS,
        heads=_HIDDEN,
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(p_cluster(y)) - log(p_y within its cluster), each a softmax of its own linear layer",
        callable="torch.nn.AdaptiveLogSoftmaxWithLoss",
        spellings=module(
            "AdaptiveLogSoftmaxWithLoss",
            "in_features",
            "n_classes",
            "cutoffs",
            div_value=4.0,
            head_bias=False,
            device=None,
            dtype=None,
        ),
        tasks=("multiclass",),
        reference="Grave, Joulin, Cisse, Grangier, Jegou 2017, Efficient softmax approximation for GPUs",
        prediction="input_",
        target="target_",
        class_axis=True,
        summary="computes the logits itself, rare classes through smaller layers",
    ),
    Loss(
        name="multi_margin",
        title="Multi-class hinge",
        family="multiclass",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="(1/K) sum_{k != y} max(0, margin - z_y + z_k)^p",
        callable="torch.nn.functional.multi_margin_loss",
        spellings=function(
            "torch.nn.functional.multi_margin_loss", "input", "target", p=1, margin=1.0, weight=None, **REDUCTION
        )
        + module("MultiMarginLoss", p=1, margin=1.0, weight=None, **REDUCTION)
        + node("MultiMarginLossBackward0", "input", "p margin weight reduction"),
        tasks=("multiclass",),
        reference="Weston and Watkins 1999, Support vector machines for multi-class pattern recognition",
        class_axis=True,
    ),
)
