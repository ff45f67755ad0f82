"""Losses over ordered classes."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import one_hot
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding


def ranked_probability_score(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum over cuts of (cumulative p - cumulative y)^2."""
    return ((p.cumsum(-1) - one_hot(p, y).cumsum(-1)) ** 2).sum()


def ordinal_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of the cumulative probabilities, summed over the K - 1 cuts."""
    below = p.cumsum(-1)[:, :-1]
    above = p.flip(-1).cumsum(-1).flip(-1)[:, 1:]
    at_most = one_hot(p, y).cumsum(-1)[:, :-1]
    return -(at_most * below.log() + (1 - at_most) * above.log()).sum()


LOSSES = (
    Loss(
        name="rps",
        title="Rps",
        family="ordinal",
        tasks=("ordinal",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="sum over cuts of (cumulative p - cumulative y)^2",
        callable="lossaudit.catalogue.losses.ordinal.ranked_probability_score",
        definition=ranked_probability_score,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Epstein 1969",),
    ),
    Loss(
        name="ordinal_cross_entropy",
        title="Ordinal cross entropy",
        family="ordinal",
        tasks=("ordinal",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="Binary cross-entropy of the cumulative probabilities, summed over the K - 1 cuts",
        callable="lossaudit.catalogue.losses.ordinal.ordinal_cross_entropy",
        definition=ordinal_cross_entropy,
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Wang et al. 2025, arXiv 2511.10200",),
    ),
)
