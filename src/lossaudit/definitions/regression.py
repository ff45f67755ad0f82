"""Losses of one raw output and a real target."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossaudit.definitions.definition import Definition
from lossaudit.pairing import TargetEncoding


def log_cosh(f: Tensor, y: Tensor) -> Tensor:
    """log cosh(f - y)."""
    r = f - y
    return (r + torch.nn.functional.softplus(-2 * r) - math.log(2)).sum()


def pinball(f: Tensor, y: Tensor, tau: float = 0.9) -> Tensor:
    """max(tau (y - f), (tau - 1) (y - f))."""
    r = y - f
    return torch.maximum(tau * r, (tau - 1) * r).sum()


def expectile(f: Tensor, y: Tensor, tau: float = 0.9) -> Tensor:
    """|tau - [y < f]| (y - f)^2."""
    r = y - f
    return torch.where(r > 0, tau * r**2, (1 - tau) * r**2).sum()


def tukey(f: Tensor, y: Tensor, c: float = 4.685) -> Tensor:
    """c^2 / 6 (1 - (1 - (r/c)^2)^3) for |r| <= c, then constant."""
    inside = torch.clamp(1 - ((f - y) / c) ** 2, min=0)
    return (c**2 / 6 * (1 - inside**3)).sum()


def cauchy(f: Tensor, y: Tensor) -> Tensor:
    """log(1 + r^2) / 2."""
    return (torch.log1p((f - y) ** 2) / 2).sum()


def welsch(f: Tensor, y: Tensor) -> Tensor:
    """(1 - exp(-r^2 / 2))."""
    return (1 - torch.exp(-((f - y) ** 2) / 2)).sum()


def geman_mcclure(f: Tensor, y: Tensor) -> Tensor:
    """r^2 / (1 + r^2) / 2."""
    square = (f - y) ** 2
    return (square / (1 + square) / 2).sum()


def msle(f: Tensor, y: Tensor) -> Tensor:
    """(log(1 + f) - log(1 + y))^2."""
    return ((torch.log1p(f) - torch.log1p(y)) ** 2).sum()


def mape(f: Tensor, y: Tensor) -> Tensor:
    """|f - y| / |y|."""
    return ((f - y) / y).abs().sum()


def smape(f: Tensor, y: Tensor) -> Tensor:
    """2 |f - y| / (|f| + |y|)."""
    return (2 * (f - y).abs() / (f.abs() + y.abs())).sum()


def poisson(eta: Tensor, y: Tensor) -> Tensor:
    """exp(eta) - y eta, eta the log of the rate."""
    return (torch.exp(eta) - y * eta).sum()


def gamma(eta: Tensor, y: Tensor) -> Tensor:
    """y exp(-eta) + eta, eta the log of the mean."""
    return (y * torch.exp(-eta) + eta).sum()


def gamma_mean(mu: Tensor, y: Tensor) -> Tensor:
    """y / mu + log mu, defined for mu > 0."""
    return (y / mu + torch.log(mu)).sum()


def poisson_rate(rate: Tensor, y: Tensor) -> Tensor:
    """rate - y log(rate), defined for rate > 0."""
    return (rate - y * torch.log(rate)).sum()


def tweedie(eta: Tensor, y: Tensor, power: float = 1.5) -> Tensor:
    """exp((2 - p) eta) / (2 - p) - y exp((1 - p) eta) / (1 - p), eta the log of the mean."""
    return (torch.exp((2 - power) * eta) / (2 - power) - y * torch.exp((1 - power) * eta) / (1 - power)).sum()


_REAL, _COUNT = TargetEncoding.REAL, TargetEncoding.COUNT

DEFINITIONS = (
    Definition("log_cosh", log_cosh, "identity", _REAL, "Green 1990", elementwise=True),
    Definition("pinball", pinball, "identity", _REAL, "Koenker and Bassett 1978", {"tau": 0.9}, elementwise=True),
    Definition("expectile", expectile, "identity", _REAL, "Newey and Powell 1987", {"tau": 0.9}, elementwise=True),
    Definition("tukey", tukey, "identity", _REAL, "Beaton and Tukey 1974", {"c": 4.685}, elementwise=True),
    Definition("cauchy", cauchy, "identity", _REAL, "Black and Anandan 1996", elementwise=True),
    Definition("welsch", welsch, "identity", _REAL, "Dennis and Welsch 1978", elementwise=True),
    Definition("geman_mcclure", geman_mcclure, "identity", _REAL, "Geman and McClure 1985", elementwise=True),
    Definition("msle", msle, "identity", _COUNT, "scikit-learn", domain="nonnegative", elementwise=True),
    Definition("mape", mape, "identity", _REAL, "Makridakis 1993", elementwise=True),
    Definition("smape", smape, "identity", _REAL, "Makridakis 1993", elementwise=True),
    Definition("poisson", poisson, "identity", _COUNT, "Nelder and Wedderburn 1972", elementwise=True),
    Definition("gamma", gamma, "identity", _REAL, "Nelder and Wedderburn 1972", elementwise=True),
    Definition(
        "gamma_mean", gamma_mean, "identity", _REAL, "McCullagh and Nelder 1989", domain="positive", elementwise=True
    ),
    Definition(
        "poisson_rate",
        poisson_rate,
        "identity",
        _COUNT,
        "McCullagh and Nelder 1989",
        domain="positive",
        elementwise=True,
    ),
    Definition("tweedie", tweedie, "identity", _REAL, "Jorgensen 1987", {"power": 1.5}, elementwise=True),
)
