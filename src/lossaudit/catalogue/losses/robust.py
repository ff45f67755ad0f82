"""Losses of a difference that hardly feel outliers."""

from __future__ import annotations

import math

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Loss, Option
from lossaudit.pairing import TargetEncoding

# A difference can be taken from every numerical target; what a loss is for, `tasks` says.
_NUMBERS = frozenset(TargetEncoding) - {TargetEncoding.CLASS_INDEX, TargetEncoding.RANKING}
# Any of these may bound or bend a real prediction. A softmax makes probabilities instead, which compete.
_HEADS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "exp", "hardtanh", "hardsigmoid", "relu6")


def log_cosh(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log cosh(f - y)."""
    r = f - y
    return (r + torch.nn.functional.softplus(-2 * r) - math.log(2)).sum()


def tukey(f: torch.Tensor, y: torch.Tensor, c: float = 4.685) -> torch.Tensor:
    """c^2 / 6 (1 - (1 - (r/c)^2)^3) for |r| <= c, then constant."""
    inside = torch.clamp(1 - ((f - y) / c) ** 2, min=0)
    return (c**2 / 6 * (1 - inside**3)).sum()


def cauchy(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log(1 + r^2) / 2."""
    return (torch.log1p((f - y) ** 2) / 2).sum()


def welsch(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """(1 - exp(-r^2 / 2))."""
    return (1 - torch.exp(-((f - y) ** 2) / 2)).sum()


def geman_mcclure(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """r^2 / (1 + r^2) / 2."""
    square = (f - y) ** 2
    return (square / (1 + square) / 2).sum()


LOSSES = (
    Loss(
        name="log_cosh",
        title="Logarithm of the hyperbolic cosine",
        family="regression",
        expects=Expects.REAL,
        heads=_HEADS,
        encodings=_NUMBERS,
        formula="log(cosh(z - y))",
        callable="keras.losses.log_cosh",
        spellings=(),
        tasks=("regression", "robust regression"),
        references=(
            "Green 1990, Bayesian reconstructions from emission tomography data using a modified EM algorithm",
        ),
        definition=log_cosh,
        encoding=TargetEncoding.REAL,
    ),
    Loss(
        name="tukey",
        title="Tukey",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="c^2 / 6 (1 - (1 - (r/c)^2)^3) for |r| <= c, then constant",
        callable="lossaudit.catalogue.losses.robust.tukey",
        definition=tukey,
        options=(Option("c", 4.685, "", ""),),
        encoding=TargetEncoding.REAL,
        references=("Beaton and Tukey 1974",),
    ),
    Loss(
        name="cauchy",
        title="Cauchy",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="log(1 + r^2) / 2",
        callable="lossaudit.catalogue.losses.robust.cauchy",
        definition=cauchy,
        encoding=TargetEncoding.REAL,
        references=("Black and Anandan 1996",),
    ),
    Loss(
        name="welsch",
        title="Welsch",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="(1 - exp(-r^2 / 2))",
        callable="lossaudit.catalogue.losses.robust.welsch",
        definition=welsch,
        encoding=TargetEncoding.REAL,
        references=("Dennis and Welsch 1978",),
    ),
    Loss(
        name="geman_mcclure",
        title="Geman mcclure",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="r^2 / (1 + r^2) / 2",
        callable="lossaudit.catalogue.losses.robust.geman_mcclure",
        definition=geman_mcclure,
        encoding=TargetEncoding.REAL,
        references=("Geman and McClure 1985",),
    ),
)
