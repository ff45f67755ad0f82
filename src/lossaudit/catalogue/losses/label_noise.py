"""Losses over classes that bear wrong labels."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class
from lossaudit.catalogue.schema import Expects, Loss, Option
from lossaudit.pairing import TargetEncoding


def generalised_cross_entropy(p: torch.Tensor, y: torch.Tensor, q: float = 0.7) -> torch.Tensor:
    """(1 - p_y^q) / q."""
    return ((1 - of_class(p, y) ** q) / q).sum()


def symmetric_cross_entropy(
    p: torch.Tensor, y: torch.Tensor, alpha: float = 0.1, beta: float = 1.0, floor: float = -4.0
) -> torch.Tensor:
    """-alpha log p_y - beta floor (1 - p_y)."""
    true = of_class(p, y)
    return (-alpha * true.log() - beta * floor * (1 - true)).sum()


def normalised_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log p_y / sum_k log p_k."""
    logs = p.log()
    return (of_class(logs, y) / logs.sum(-1)).sum()


def jensen_shannon(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Jensen-Shannon divergence between the prediction and the one-hot target, in nats."""
    true = of_class(p, y)
    middle = (1 + true) / 2
    others = (1 - true) * torch.log(torch.tensor(2.0, dtype=p.dtype))
    return (-middle.log() / 2 + (true * (true.log() - middle.log()) + others) / 2).sum()


LOSSES = (
    Loss(
        name="gce",
        title="Generalized cross-entropy",
        family="multiclass",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="(1 - p_y^q) / q",
        callable="keras.losses.categorical_generalized_cross_entropy",
        spellings=(),
        tasks=("multiclass", "noisy labels"),
        references=("Zhang and Sabuncu 2018, Generalized cross entropy loss, eq. 6",),
        class_axis=True,
        definition=generalised_cross_entropy,
        options=(Option("q", 0.7, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
    ),
    Loss(
        name="sce",
        title="Sce",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-alpha log p_y - beta floor (1 - p_y)",
        callable="lossaudit.catalogue.losses.label_noise.symmetric_cross_entropy",
        definition=symmetric_cross_entropy,
        options=(
            Option("alpha", 0.1, "", ""),
            Option("beta", 1.0, "", ""),
            Option("floor", -4.0, "", ""),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Wang et al. 2019, eq. 7",),
    ),
    Loss(
        name="nce",
        title="Nce",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="log p_y / sum_k log p_k",
        callable="lossaudit.catalogue.losses.label_noise.normalised_cross_entropy",
        definition=normalised_cross_entropy,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Ma et al. 2020, eq. 3",),
    ),
    Loss(
        name="js",
        title="Js",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="Jensen-Shannon divergence between the prediction and the one-hot target, in nats",
        callable="lossaudit.catalogue.losses.label_noise.jensen_shannon",
        definition=jensen_shannon,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Englesson and Azizpour 2021",),
    ),
)
