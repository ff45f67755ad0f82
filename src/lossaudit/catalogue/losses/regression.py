"""Losses of a difference, value by value."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

# A difference can be taken from every numerical target; what a loss is for, `tasks` says.
_NUMBERS = frozenset(TargetEncoding) - {TargetEncoding.CLASS_INDEX, TargetEncoding.RANKING}
# Any of these may bound or bend a real prediction. A softmax makes probabilities instead, which compete.
_HEADS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "exp", "hardtanh", "hardsigmoid", "relu6")

LOSSES = (
    Loss(
        name="mse",
        title="Squared error",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="(z - y)^2",
        callable="torch.nn.functional.mse_loss",
        spellings=function("torch.nn.functional.mse_loss", "input", "target", **REDUCTION, weight=None)
        + module("MSELoss", **REDUCTION)
        + node("MseLossBackward0", "input target", "reduction"),
        tasks=("regression",),
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 3.12",),
        summary="with a weight, the graph shows its parts",
    ),
    Loss(
        name="mae",
        title="Absolute error",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="|z - y|",
        callable="torch.nn.functional.l1_loss",
        spellings=function("torch.nn.functional.l1_loss", "input", "target", **REDUCTION, weight=None)
        + module("L1Loss", **REDUCTION),
        tasks=("regression", "robust regression"),
        references=("Koenker and Bassett 1978, Regression quantiles",),
    ),
    Loss(
        name="smooth_l1",
        title="Smooth absolute error",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="(z - y)^2 / (2 beta) where |z - y| < beta, else |z - y| - beta / 2",
        callable="torch.nn.functional.smooth_l1_loss",
        spellings=function("torch.nn.functional.smooth_l1_loss", "input", "target", **REDUCTION, beta=1.0)
        + module("SmoothL1Loss", **REDUCTION, beta=1.0)
        + node("SmoothL1LossBackward0", "input target", "reduction beta"),
        tasks=("regression", "robust regression"),
        references=("Girshick 2015, Fast R-CNN, eq. 3",),
        summary="huber divided by beta",
    ),
    Loss(
        name="huber",
        title="Huber",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="(z - y)^2 / 2 where |z - y| <= delta, else delta (|z - y| - delta / 2)",
        callable="torch.nn.functional.huber_loss",
        spellings=function(
            "torch.nn.functional.huber_loss", "input", "target", reduction="mean", delta=1.0, weight=None
        )
        + module("HuberLoss", reduction="mean", delta=1.0)
        + node("HuberLossBackward0", "input target", "reduction delta"),
        tasks=("regression", "robust regression"),
        references=("Huber 1964, Robust estimation of a location parameter",),
        summary="with a weight, the graph shows it unreduced",
    ),
)
