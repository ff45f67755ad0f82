"""The losses of the survey, as functions of their arguments, with the tags that are known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.advise.survey.derive import Row, Survey, Tag
from lossaudit.catalogue.later import torch


def _printed(*tags: Tag) -> Mapping[Tag, Survey]:
    return MappingProxyType(dict.fromkeys(tags, Survey.PRINTED))


def _omitted(*tags: Tag) -> Mapping[Tag, Survey]:
    return MappingProxyType(dict.fromkeys(tags, Survey.OMITTED))


def huber(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.huber_loss(f, y)


def log_cosh(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return f - y + torch.nn.functional.softplus(-2 * (f - y)) - torch.log(torch.tensor(2.0, dtype=torch.float64))


def squared(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (f - y) ** 2


def bias(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return y - f


def root_mean_square(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.sqrt(((f - y) ** 2).mean())


def log_root(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Of one sample: the root of the square is the absolute value."""
    return torch.abs(torch.log1p(f) - torch.log1p(y))


def cosine(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return 1 - (f * y).sum() / ((f**2).sum().sqrt() * (y**2).sum().sqrt())


def smoothed_hinge(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z <= 0, 0.5 - z, torch.relu(1 - z) ** 2 / 2)


def quadratic_hinge(z: torch.Tensor) -> torch.Tensor:
    """With gamma = 2."""
    return torch.where(z >= -1, torch.relu(1 - z) ** 2 / 4, -z)


def modified_huber(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z >= -1, torch.relu(1 - z) ** 2, -4 * z)


def ramp(z: torch.Tensor) -> torch.Tensor:
    return torch.clamp(1 - z, 0, 1)


def classification_error(e: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(e[0] - e[1:].min())


def energy_log(e: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.softplus(e[0] - e[1:].min())


def energy_square_exponential(e: torch.Tensor) -> torch.Tensor:
    return e[0] ** 2 + torch.exp(-e[1:].min())


_TWO = ((0.3, 0.5), (1.0, 2.0))
_ENERGIES = ((0.1, 0.5, 0.9),)
_TIE = ((0, 0, 0), (0, 1, -1))

ROWS = (
    Row(
        loss="Mean bias error",
        formula="y - f",
        argument="prediction",
        function=bias,
        example=(0.3, 1.0),
        tags=_omitted(Tag.L_CONT, Tag.CONV),
    ),
    Row(
        loss="Mean squared error",
        formula="(f - y)^2",
        argument="prediction",
        function=squared,
        example=(0.3, 1.0),
        tags=_omitted(Tag.S_CONV),
    ),
    Row(
        loss="Root mean squared error",
        formula="sqrt(mean (f - y)^2), two samples",
        argument="predictions",
        function=root_mean_square,
        example=_TWO,
        tags=_printed(Tag.DIFF),
        corner=((1, 2), (1, 0)),
    ),
    Row(
        loss="Root mean squared logarithmic error",
        formula="sqrt(mean (log(1 + f) - log(1 + y))^2), one sample, y = 1",
        argument="prediction, f >= 0",
        function=log_root,
        example=(0.3, 1.0),
        domain="nonnegative",
        tags=_printed(Tag.DIFF, Tag.CONV),
        corner=((1,), (1,)),
    ),
    Row(
        loss="Huber",
        formula="r^2 / 2 for |r| <= 1, |r| - 1/2 beyond, r = f - y",
        argument="prediction",
        function=huber,
        example=(0.3, 1.0),
        tags=_printed(Tag.S_CONV),
    ),
    Row(
        loss="Log-cosh",
        formula="log cosh(f - y)",
        argument="prediction",
        function=log_cosh,
        example=(0.3, 1.0),
        tags=_omitted(Tag.L_CONT, Tag.CONV, Tag.S_CONV),
    ),
    Row(
        loss="Smoothed hinge",
        formula="1/2 - z for z <= 0, max(0, 1 - z)^2 / 2 beyond",
        argument="margin",
        function=smoothed_hinge,
        example=(0.3,),
        tags=_omitted(Tag.DIFF),
    ),
    Row(
        loss="Quadratically smoothed hinge",
        formula="max(0, 1 - z)^2 / 4 for z >= -1, -z below (gamma = 2)",
        argument="margin",
        function=quadratic_hinge,
        example=(0.3,),
        tags=_printed(Tag.DIFF),
    ),
    Row(
        loss="Modified Huber",
        formula="max(0, 1 - z)^2 for z >= -1, -4 z below",
        argument="margin",
        function=modified_huber,
        example=(0.3,),
        tags=_printed(Tag.S_CONV),
    ),
    Row(
        loss="Ramp",
        formula="min(1, max(0, 1 - z))",
        argument="margin",
        function=ramp,
        example=(0.3,),
        tags=_printed(Tag.CONV),
    ),
    Row(
        loss="Cosine similarity",
        formula="1 - f.y / (|f| |y|)",
        argument="prediction, a vector of two",
        function=cosine,
        example=((0.3, 0.5), (1.0, 2.0)),
        tags=_printed(Tag.L_CONT),
    ),
    Row(
        loss="Minimum classification error (energies)",
        formula="sigmoid(e_y - min of the others)",
        argument="energies of three labels",
        function=classification_error,
        example=_ENERGIES,
        tags=_printed(Tag.CONV),
        corner=_TIE,
    ),
    Row(
        loss="Log loss (energies)",
        formula="log(1 + exp(e_y - min of the others))",
        argument="energies of three labels",
        function=energy_log,
        example=_ENERGIES,
        tags=_printed(Tag.DIFF),
        corner=_TIE,
    ),
    Row(
        loss="Square-exponential (energies)",
        formula="e_y^2 + exp(-min of the others)",
        argument="energies of three labels",
        function=energy_square_exponential,
        example=_ENERGIES,
        tags=_printed(Tag.DIFF),
        corner=_TIE,
    ),
)


def quadratic_hinge_as_printed(z: torch.Tensor) -> torch.Tensor:
    """With gamma = 2."""
    return torch.where(z >= -1, torch.relu(-z) ** 2 / 4, -z)


def modified_huber_as_printed(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z >= -1, torch.relu(-z) ** 2, -4 * z)


def ramp_as_printed(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z > 1, torch.ones_like(z), torch.clamp(1 - z, 0, 1))


AS_PRINTED = (
    Row(
        loss="Quadratically smoothed hinge",
        formula="max(0, -z)^2 / 4 for z >= -1, -z below (gamma = 2)",
        argument="margin",
        function=quadratic_hinge_as_printed,
        example=(0.3,),
    ),
    Row(
        loss="Modified Huber",
        formula="max(0, -z)^2 for z >= -1, -4 z below",
        argument="margin",
        function=modified_huber_as_printed,
        example=(0.3,),
    ),
    Row(
        loss="Ramp",
        formula="1 for z > 1, else min(1, max(0, 1 - z))",
        argument="margin",
        function=ramp_as_printed,
        example=(0.3,),
    ),
)
"""Formulas as the survey prints them, where that is not what is meant."""


def minus_log(p: torch.Tensor) -> torch.Tensor:
    return -torch.log(p)


def of_logits(z: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(z, 0) - z[0]


def of_margin(m: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.softplus(-m)


ARGUMENTS = (
    Row(
        loss="Cross-entropy",
        formula="-log p",
        argument="probability of the true class, 0 < p",
        function=minus_log,
        example=(0.3,),
        domain="positive",
    ),
    Row(
        loss="Cross-entropy",
        formula="logsumexp(z) - z_y",
        argument="three logits",
        function=of_logits,
        example=((0.3, 0.5, 0.9),),
    ),
    Row(
        loss="Cross-entropy",
        formula="log(1 + exp(-m))",
        argument="binary margin",
        function=of_margin,
        example=(0.3,),
    ),
)
"""One loss in three arguments."""
