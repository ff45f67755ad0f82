"""Losses of a relative difference."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

# A difference can be taken from every numerical target; what a loss is for, `tasks` says.
_NUMBERS = frozenset(TargetEncoding) - {TargetEncoding.CLASS_INDEX, TargetEncoding.RANKING}
# Any of these may bound or bend a real prediction. A softmax makes probabilities instead, which compete.
_HEADS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "exp", "hardtanh", "hardsigmoid", "relu6")


def msle(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """(log(1 + f) - log(1 + y))^2."""
    return ((torch.log1p(f) - torch.log1p(y)) ** 2).sum()


def mape(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """|f - y| / |y|."""
    return ((f - y) / y).abs().sum()


def smape(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """2 |f - y| / (|f| + |y|)."""
    return (2 * (f - y).abs() / (f.abs() + y.abs())).sum()


LOSSES = (
    Loss(
        name="msle",
        title="Squared logarithmic error",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        formula="(log(1 + max(z, 1e-7)) - log(1 + max(y, 1e-7)))^2",
        callable="keras.losses.mean_squared_logarithmic_error",
        spellings=(),
        tasks=("regression", "counts"),
        references=("Keras documentation, keras.losses.MeanSquaredLogarithmicError",),
        summary="blind below zero",
        definition=msle,
        domain="nonnegative",
        encoding=TargetEncoding.COUNT,
    ),
    Loss(
        name="mape",
        title="Absolute percentage error",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        formula="100 |z - y| / max(|y|, 1e-7)",
        callable="keras.losses.mean_absolute_percentage_error",
        spellings=(),
        tasks=("regression",),
        references=(
            "de Myttenaere, Golden, Le Grand, Rossi 2016, Mean absolute percentage error for regression models",
        ),
        definition=mape,
        encoding=TargetEncoding.REAL,
    ),
    Loss(
        name="smape",
        title="Smape",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="2 |f - y| / (|f| + |y|)",
        callable="lossaudit.catalogue.losses.relative.smape",
        definition=smape,
        encoding=TargetEncoding.REAL,
        references=("Makridakis 1993",),
    ),
)
