"""Negative log-likelihoods of a number."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Loss, Option
from lossaudit.pairing import TargetEncoding


def gamma(eta: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """y exp(-eta) + eta, eta the log of the mean."""
    return (y * torch.exp(-eta) + eta).sum()


def gamma_mean(mu: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """y / mu + log mu, defined for mu > 0."""
    return (y / mu + torch.log(mu)).sum()


def poisson_rate(rate: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """rate - y log(rate), defined for rate > 0."""
    return (rate - y * torch.log(rate)).sum()


def tweedie(eta: torch.Tensor, y: torch.Tensor, power: float = 1.5) -> torch.Tensor:
    """exp((2 - p) eta) / (2 - p) - y exp((1 - p) eta) / (1 - p), eta the log of the mean."""
    return (torch.exp((2 - power) * eta) / (2 - power) - y * torch.exp((1 - power) * eta) / (1 - power)).sum()


LOSSES = (
    Loss(
        name="gamma",
        title="Gamma",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="y exp(-eta) + eta, eta the log of the mean",
        callable="lossaudit.catalogue.losses.likelihood.gamma",
        definition=gamma,
        encoding=TargetEncoding.REAL,
        references=("Nelder and Wedderburn 1972",),
    ),
    Loss(
        name="gamma_mean",
        title="Gamma mean",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="y / mu + log mu, defined for mu > 0",
        callable="lossaudit.catalogue.losses.likelihood.gamma_mean",
        definition=gamma_mean,
        domain="positive",
        encoding=TargetEncoding.REAL,
        references=("McCullagh and Nelder 1989",),
    ),
    Loss(
        name="poisson_rate",
        title="Poisson rate",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.COUNT}),
        class_axis=False,
        formula="rate - y log(rate), defined for rate > 0",
        callable="lossaudit.catalogue.losses.likelihood.poisson_rate",
        definition=poisson_rate,
        domain="positive",
        encoding=TargetEncoding.COUNT,
        references=("McCullagh and Nelder 1989",),
    ),
    Loss(
        name="tweedie",
        title="Tweedie",
        family="regression",
        tasks=("regression",),
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        class_axis=False,
        formula="exp((2 - p) eta) / (2 - p) - y exp((1 - p) eta) / (1 - p), eta the log of the mean",
        callable="lossaudit.catalogue.losses.likelihood.tweedie",
        definition=tweedie,
        options=(Option("power", 1.5, "", ""),),
        encoding=TargetEncoding.REAL,
        references=("Jorgensen 1987",),
    ),
)
