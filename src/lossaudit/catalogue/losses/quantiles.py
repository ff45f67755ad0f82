"""Losses whose minimiser is a quantile or an expectile."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Loss, Option
from lossaudit.pairing import TargetEncoding


def pinball(f: torch.Tensor, y: torch.Tensor, tau: float = 0.9) -> torch.Tensor:
    """max(tau (y - f), (tau - 1) (y - f))."""
    r = y - f
    return torch.maximum(tau * r, (tau - 1) * r).sum()


def expectile(f: torch.Tensor, y: torch.Tensor, tau: float = 0.9) -> torch.Tensor:
    """|tau - [y < f]| (y - f)^2."""
    r = y - f
    return torch.where(r > 0, tau * r**2, (1 - tau) * r**2).sum()


LOSSES = (
    Loss(
        name="pinball",
        title="Pinball",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="max(tau (y - f), (tau - 1) (y - f))",
        callable="lossaudit.catalogue.losses.quantiles.pinball",
        definition=pinball,
        options=(Option("tau", 0.9, "", ""),),
        encoding=TargetEncoding.REAL,
        references=("Koenker and Bassett 1978",),
    ),
    Loss(
        name="expectile",
        title="Expectile",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="|tau - [y < f]| (y - f)^2",
        callable="lossaudit.catalogue.losses.quantiles.expectile",
        definition=expectile,
        options=(Option("tau", 0.9, "", ""),),
        encoding=TargetEncoding.REAL,
        references=("Newey and Powell 1987",),
    ),
)
