"""Losses of one score and a label in {-1,+1}, through the margin m = y z."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

# A bounded score is a score: tanh before a hinge is a choice.
_SCORES = ("identity", "tanh")


def hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, 1 - m)."""
    return (torch.relu(1 - (y * z))).sum()


def squared_hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, 1 - m)^2."""
    return (torch.relu(1 - (y * z)) ** 2).sum()


def smoothed_hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1/2 - m for m <= 0, (1 - m)^2 / 2 up to 1, then 0."""
    return (torch.where((y * z) <= 0, 0.5 - (y * z), torch.relu(1 - (y * z)) ** 2 / 2)).sum()


def modified_huber(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """-4 m for m < -1, then max(0, 1 - m)^2."""
    return (torch.where((y * z) < -1, -4 * (y * z), torch.relu(1 - (y * z)) ** 2)).sum()


def logistic(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log(1 + exp(-m))."""
    return (torch.nn.functional.softplus(-(y * z))).sum()


def exponential(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """exp(-m)."""
    return (torch.exp(-(y * z))).sum()


def perceptron(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """max(0, -m)."""
    return (torch.relu(-(y * z))).sum()


def unhinged(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 - m."""
    return (1 - (y * z)).sum()


def savage(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 / (1 + exp(m))^2."""
    return (torch.sigmoid(-(y * z)) ** 2).sum()


def tangent(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """(2 atan(m) - 1)^2."""
    return ((2 * torch.atan((y * z)) - 1) ** 2).sum()


def ramp(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """min(1, max(0, 1 - m))."""
    return (torch.clamp(1 - (y * z), 0, 1)).sum()


def sigmoid_loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 / (1 + exp(m))."""
    return (torch.sigmoid(-(y * z))).sum()


LOSSES = (
    Loss(
        name="hinge",
        title="Hinge",
        family="binary",
        expects=Expects.SCORES,
        heads=_SCORES,
        encodings=frozenset({TargetEncoding.SIGNED, TargetEncoding.BINARY}),
        formula="max(0, 1 - y z)",
        callable="keras.losses.hinge",
        spellings=(),
        tasks=("binary",),
        references=("Cortes and Vapnik 1995, Support-vector networks",),
        summary="Keras and TensorFlow turn the labels 0 and 1 into -1 and 1; optax does not",
        definition=hinge,
        encoding=TargetEncoding.SIGNED,
    ),
    Loss(
        name="squared_hinge",
        title="Squared hinge",
        family="binary",
        expects=Expects.SCORES,
        heads=_SCORES,
        encodings=frozenset({TargetEncoding.SIGNED, TargetEncoding.BINARY}),
        formula="max(0, 1 - y z)^2",
        callable="keras.losses.squared_hinge",
        spellings=(),
        tasks=("binary",),
        references=("Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, section 12.3",),
        summary="Keras turns the labels 0 and 1 into -1 and 1",
        definition=squared_hinge,
        encoding=TargetEncoding.SIGNED,
    ),
    Loss(
        name="smoothed_hinge",
        title="Smoothed hinge",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="1/2 - m for m <= 0, (1 - m)^2 / 2 up to 1, then 0",
        callable="lossaudit.catalogue.losses.margin.smoothed_hinge",
        definition=smoothed_hinge,
        encoding=TargetEncoding.SIGNED,
        references=("Rennie 2005",),
    ),
    Loss(
        name="modified_huber",
        title="Modified huber",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="-4 m for m < -1, then max(0, 1 - m)^2",
        callable="lossaudit.catalogue.losses.margin.modified_huber",
        definition=modified_huber,
        encoding=TargetEncoding.SIGNED,
        references=("Zhang 2004",),
    ),
    Loss(
        name="logistic",
        title="Logistic",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="log(1 + exp(-m))",
        callable="lossaudit.catalogue.losses.margin.logistic",
        definition=logistic,
        encoding=TargetEncoding.SIGNED,
        references=("Cox 1958",),
    ),
    Loss(
        name="exponential",
        title="Exponential",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="exp(-m)",
        callable="lossaudit.catalogue.losses.margin.exponential",
        definition=exponential,
        encoding=TargetEncoding.SIGNED,
        references=("Freund and Schapire 1997",),
    ),
    Loss(
        name="perceptron",
        title="Perceptron",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="max(0, -m)",
        callable="lossaudit.catalogue.losses.margin.perceptron",
        definition=perceptron,
        encoding=TargetEncoding.SIGNED,
        references=("Rosenblatt 1958",),
    ),
    Loss(
        name="unhinged",
        title="Unhinged",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="1 - m",
        callable="lossaudit.catalogue.losses.margin.unhinged",
        definition=unhinged,
        encoding=TargetEncoding.SIGNED,
        references=("van Rooyen, Menon and Williamson 2015",),
    ),
    Loss(
        name="savage",
        title="Savage",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="1 / (1 + exp(m))^2",
        callable="lossaudit.catalogue.losses.margin.savage",
        definition=savage,
        encoding=TargetEncoding.SIGNED,
        references=("Masnadi-Shirazi and Vasconcelos 2008",),
    ),
    Loss(
        name="tangent",
        title="Tangent",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="(2 atan(m) - 1)^2",
        callable="lossaudit.catalogue.losses.margin.tangent",
        definition=tangent,
        encoding=TargetEncoding.SIGNED,
        references=("Masnadi-Shirazi, Mahadevan and Vasconcelos 2010",),
    ),
    Loss(
        name="ramp",
        title="Ramp",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="min(1, max(0, 1 - m))",
        callable="lossaudit.catalogue.losses.margin.ramp",
        definition=ramp,
        encoding=TargetEncoding.SIGNED,
        references=("Collobert et al. 2006",),
    ),
    Loss(
        name="sigmoid_loss",
        title="Sigmoid loss",
        family="binary",
        tasks=("binary",),
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        class_axis=False,
        formula="1 / (1 + exp(m))",
        callable="lossaudit.catalogue.losses.margin.sigmoid_loss",
        definition=sigmoid_loss,
        encoding=TargetEncoding.SIGNED,
        references=("Mason et al. 1999",),
    ),
)
