"""Losses of the margins between K scores."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class, one_hot
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding


def crammer_singer(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, 1 + max over the other classes of z_i - z_y)."""
    margins = torch.relu(1 + z - of_class(z, y)[:, None])
    return (margins * (1 - one_hot(z, y))).amax(-1).sum()


def weston_watkins(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Sum over the other classes of max(0, 1 + z_i - z_y)."""
    margins = torch.relu(1 + z - of_class(z, y)[:, None])
    return (margins * (1 - one_hot(z, y))).sum()


LOSSES = (
    Loss(
        name="crammer_singer",
        title="Multi-class hinge of the best rival",
        family="multiclass",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT}),
        formula="max(0, 1 + max_{k != y} z_k - z_y)",
        callable="keras.losses.categorical_hinge",
        spellings=(),
        tasks=("multiclass",),
        references=("Crammer and Singer 2001, On the implementation of multiclass kernel-based vector machines",),
        class_axis=True,
        definition=crammer_singer,
        encoding=TargetEncoding.CLASS_INDEX,
    ),
    Loss(
        name="weston_watkins",
        title="Weston watkins",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="Sum over the other classes of max(0, 1 + z_i - z_y)",
        callable="lossaudit.catalogue.losses.multiclass_margin.weston_watkins",
        definition=weston_watkins,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Weston and Watkins 1999",),
    ),
)
