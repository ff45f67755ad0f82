"""Losses as functions of a few numbers, and verdicts on whether they are convex in these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lossaudit.advise.claims.claim import Answer, Evidence
from lossaudit.advise.claims.grounds import decided, proved, real, refuted, told
from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from lossaudit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """A loss as a function of some of its numbers.

    Attributes:
        name: What it is, and in what.
        loss: Of scalars.
        at: An example of them.
        wrt: Which of them are the variables.
    """

    name: str
    loss: Callable[..., torch.Tensor]
    at: tuple[float, ...] = (0.3,)
    wrt: tuple[int, ...] = (0,)


@cache
def verdict(case: Case) -> Verdict:
    """Whether it is convex in its variables."""
    arguments = [torch.tensor(x, dtype=torch.float64) for x in case.at]
    return decided(case.loss, *arguments, wrt=list(case.wrt) if len(case.wrt) > 1 else case.wrt[0])


def are_convex(*cases: Case) -> Evidence:
    """For the claim that these are convex, of which each is an instance. Nothing follows from what is undecided."""
    verdicts = [verdict(case) for case in cases]
    yes, no = any(map(proved, verdicts)), any(map(refuted, verdicts))
    settled = (yes and no) or proved(*verdicts) or refuted(*verdicts)
    return Evidence(
        holds=yes and settled,
        fails=no and settled,
        shown="; ".join(f"{case.name}: {told(found)}" for case, found in zip(cases, verdicts, strict=True)),
    )


def are_not_convex(*cases: Case) -> Evidence:
    """For the claim that these are not convex."""
    found = are_convex(*cases)
    return Evidence(holds=found.fails, fails=found.holds, shown=found.shown)


def are_various(*cases: Case) -> Evidence:
    """For the claim that some of these are convex and some are not."""
    found = are_convex(*cases)
    return Evidence(
        holds=found.answer is Answer.DEPENDS, fails=found.answer in (Answer.TRUE, Answer.FALSE), shown=found.shown
    )


# The losses, as functions of the numbers in question. Where there are data, they are a few fixed points.


def squared_error(prediction: torch.Tensor) -> torch.Tensor:
    return (prediction - 0.25) ** 2


def of_affine(w: torch.Tensor) -> torch.Tensor:
    return squared_error(2 * w - 1)


def of_sigmoid(w: torch.Tensor) -> torch.Tensor:
    return squared_error(torch.sigmoid(w))


def of_relu(w: torch.Tensor) -> torch.Tensor:
    return squared_error(torch.relu(w))


def relu_to_zero(w: torch.Tensor) -> torch.Tensor:
    return torch.relu(1.5 * w) ** 2


def of_product(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return squared_error(w * x)


def linear_model(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.mse_loss(w * real(1, -0.5, 2) + b, real(0.25, 1, 0))


def tanh_network(w1: torch.Tensor, w2: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.mse_loss(w2 * torch.tanh(w1 * real(1, -0.5, 2)), real(0.25, 1, 0))


def sigmoid_network(w1: torch.Tensor, w2: torch.Tensor) -> torch.Tensor:
    """1-1-1, at x = 1 and y = 0."""
    return (w2 * torch.sigmoid(w1)) ** 2


def relu_network(w0: torch.Tensor, b0: torch.Tensor, w1: torch.Tensor, b1: torch.Tensor) -> torch.Tensor:
    """At x = y = 1."""
    return (1 - torch.relu(w1 * torch.relu(w0 + b0) + b1)) ** 2


def product(w1: torch.Tensor, w2: torch.Tensor) -> torch.Tensor:
    return (1 - w1 * w2) ** 2 / 2


def neuron(w: torch.Tensor) -> torch.Tensor:
    """Two examples (Auer, Herbster and Warmuth 1995)."""
    return ((torch.sigmoid(w * real(10, -0.1)) - 0.9) ** 2).sum()


def matching_neuron(w: torch.Tensor) -> torch.Tensor:
    logits = w * real(10, -0.1)
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, real(0.9, 0.9), reduction="sum")


def sigmoid(z: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(z)


def minus_log_sigmoid(z: torch.Tensor) -> torch.Tensor:
    return -torch.nn.functional.logsigmoid(z)


def classifier(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(2 * w + b)


def its_cross_entropy(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.binary_cross_entropy_with_logits(2 * w + b, torch.ones_like(b))


PREDICTION = Case("squared error in the prediction", squared_error)
AFFINE = Case("squared error of 2 w - 1", of_affine)
SIGMOID = Case("squared error of sigmoid(w)", of_sigmoid)
PLUS = Case("squared error of relu(w)", of_relu)
TO_ZERO = Case("relu(1.5 w)^2", relu_to_zero, (1.0,))
PRODUCT = Case("squared error of w x in (w, x)", of_product, (0.3, 2.0), (0, 1))
LINEAR = Case("linear model in (w, b)", linear_model, (0.3, 0.1), (0, 1))
TANH = Case("tanh network in (w1, w2)", tanh_network, (0.3, 0.7), (0, 1))
RELU = Case("relu network in all parameters", relu_network, (2.0, 0.0, 0.5, 0.0), (0, 1, 2, 3))
INPUT_WEIGHT = Case("1-1-1 network in w1", sigmoid_network, (2.0, 1.0), (0,))
OUTPUT_WEIGHT = Case("1-1-1 network in w2", sigmoid_network, (2.0, 1.0), (1,))
NEURON = Case("sigmoid neuron with squared error", neuron)
MATCHING = Case("sigmoid neuron with cross-entropy", matching_neuron)
OUTPUT = Case("sigmoid(2 w + b)", classifier, (0.3, 0.1), (0, 1))
ITS_LOSS = Case("its cross-entropy", its_cross_entropy, (0.3, 0.1), (0, 1))
JOINT = (
    Case("1-1-1 network", sigmoid_network, (2.0, 1.0)),
    Case("tanh network", tanh_network, (0.3, 0.7)),
    Case("relu network", relu_network, (2.0, 0.0, 0.5, 0.0)),
    Case("(1 - w1 w2)^2 / 2", product, (0.3, 0.7)),
)
