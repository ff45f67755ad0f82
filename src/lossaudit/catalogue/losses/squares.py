"""Squared errors of K probabilities or raw outputs, and their kin."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class, one_hot
from lossaudit.catalogue.schema import Expects, Loss, Option
from lossaudit.pairing import TargetEncoding


def brier(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum_k (p_k - y_k)^2."""
    return ((p - one_hot(p, y)) ** 2).sum()


def spherical(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 - p_y / |p|."""
    return (1 - of_class(p, y) / (p * p).sum(-1).sqrt()).sum()


def square(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum_k (z_k - y_k)^2 on the raw outputs."""
    return ((z - one_hot(z, y)) ** 2).sum()


def hui_belkin(z: torch.Tensor, y: torch.Tensor, k: float = 15.0, m: float = 30.0) -> torch.Tensor:
    """(k (z_y - m)^2 + sum over the other classes of z_i^2) / K."""
    hot = one_hot(z, y)
    return ((k * hot + 1 - hot) * (z - m * hot) ** 2).sum() / z.shape[-1]


LOSSES = (
    Loss(
        name="brier",
        title="Brier",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum_k (p_k - y_k)^2",
        callable="lossaudit.catalogue.losses.squares.brier",
        definition=brier,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Brier 1950",),
    ),
    Loss(
        name="spherical",
        title="Spherical",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="1 - p_y / |p|",
        callable="lossaudit.catalogue.losses.squares.spherical",
        definition=spherical,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Gneiting and Raftery 2007, section 4.2",),
    ),
    Loss(
        name="squared_outputs",
        aliases=("square", "square_loss"),
        title="Square",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum_k (z_k - y_k)^2 on the raw outputs",
        callable="lossaudit.catalogue.losses.squares.square",
        definition=square,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Hui and Belkin 2021",),
    ),
    Loss(
        name="hui_belkin",
        title="Hui belkin",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="(k (z_y - m)^2 + sum over the other classes of z_i^2) / K",
        callable="lossaudit.catalogue.losses.squares.hui_belkin",
        definition=hui_belkin,
        options=(
            Option("k", 15.0, "", ""),
            Option("m", 30.0, "", ""),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Hui and Belkin 2021",),
    ),
)
