"""Verdicts per parameter block: what the theory gives for the head, and what the prover says of small models."""

from __future__ import annotations

import pytest
import torch
from tests.audit.made import CLASSES, data, mse_on_softmax, network
from torch import nn
from torch.nn import functional as F

import lossaudit
from lossaudit.audit.blocks import head_of


def _blocks(model, loss, batch):
    return {each.block: each for each in lossaudit.audit(model, loss, batch).result.blocks}


def test_the_textbook_network_is_convex_along_each_weight_and_not_in_both() -> None:
    """1-1-1: w2 tanh(w1 x): convex in w2 alone, not in w1, not jointly."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    found = _blocks(model, nn.MSELoss(), (torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [0.0]])))
    assert found["the head"].parameters == ("2.weight",)
    statuses = {name: found[name].status for name in ("the head", "0.weight", "2.weight", "all parameters")}
    assert statuses == {
        "the head": "proved",
        "0.weight": "refuted",
        "2.weight": "proved",
        "all parameters": "refuted",
    }
    assert found["all parameters"].verdict.witness.gap > 0


def test_logistic_regression_is_convex_in_everything() -> None:
    found = _blocks(nn.Linear(8, CLASSES), F.cross_entropy, data())
    assert {each.status for each in found.values()} == {"proved"}
    assert "affine" in found["the head"].argument


def test_a_counterexample_in_the_logits_is_one_in_the_head() -> None:
    """Checked by hand: with one sample, the bias alone moves along the witness, and the loss lies above its chord."""
    model = network(nn.Softmax(1)).eval()
    report = lossaudit.audit(model, mse_on_softmax, data())
    head = next(each for each in report.result.blocks if each.block == "the head")
    assert (head.status, head.parameters) == ("refuted", ("4.weight", "4.bias"))
    witness, x = report.pairings[0].verdict.witness, data(1)[0]
    with torch.no_grad():
        model[4].bias.zero_()
        start = model[:5](x)[0]
        values = []
        for point in (witness.a, witness.midpoint, witness.b):
            model[4].bias.copy_(torch.tensor(point) - start)
            values.append(float(mse_on_softmax(model(x).double(), torch.tensor([0]))))
    assert values[1] > (values[0] + values[2]) / 2 + 1e-3


def test_a_large_network_is_not_tried_and_says_so() -> None:
    found = _blocks(network(), F.cross_entropy, data())
    assert found["the head"].status == "proved"
    assert found["all parameters"].status == "not tried"
    assert "too large" in found["all parameters"].argument


class Tied(nn.Module):
    """The last layer's weight is used before as well: the logits are not affine in it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(CLASSES, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(self.layer(x).tanh())


class Penalised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x * self.layer.weight.mean())


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (Tied(), data(features=CLASSES)[0]),
        (Penalised(), data()[0]),
        (nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(8, CLASSES))), data()[0]),
    ],
    ids=["tied", "elsewhere", "weight norm"],
)
def test_a_head_whose_weights_are_used_otherwise_is_none(model: nn.Module, inputs: torch.Tensor) -> None:
    assert head_of(model, F.cross_entropy(model(inputs), data()[1])) is None


def test_a_negated_loss_proves_nothing_of_the_head() -> None:
    found = _blocks(nn.Linear(8, CLASSES), lambda z, y: -F.cross_entropy(z, y), data(4))
    assert all(each.status != "proved" for each in found.values())


def test_half_of_the_logits_move_nowhere_in_particular() -> None:
    """Two layers side by side make the logits: the first cannot move all of them, so nothing is claimed of it."""

    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(8, 2), nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.first(x), self.second(x)], 1).softmax(1)

    found = _blocks(Halves(), mse_on_softmax, data())
    assert found.get("the head") is None or found["the head"].status == "undecided"


def _penalised(sign: float, *, detach: bool):
    """Cross-entropy of a linear model, and a penalty that reads its weights, which the loss has as an attribute."""
    model = nn.Linear(8, CLASSES)

    def loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        weight = model.weight.detach() if detach else model.weight
        return F.cross_entropy(z, y) + sign * weight.square().sum()

    return model, loss


@pytest.mark.parametrize("detach", [True, False])
def test_a_concave_penalty_that_reads_the_weights_is_not_proved_convex(detach: bool) -> None:
    """-|w|^2 dominates far out: the loss is unbounded below and not constant, so it is not convex along w."""
    torch.manual_seed(0)
    model, loss = _penalised(-1.0, detach=detach)
    found = _blocks(model, loss, data())
    assert {found[name].status for name in ("weight", "all parameters")} <= {"undecided", "refuted"}
    assert "the head" not in found or found["the head"].status != "proved"


class _Scaled(nn.Module):
    """Logits whose features are scaled by the detached weights: not affine in these, though the gradient says so."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(x * self.last.weight.detach().sum())


def test_what_is_proved_of_the_graph_alone_is_not_said_of_the_loss() -> None:
    torch.manual_seed(0)
    found = _blocks(_Scaled(), F.cross_entropy, data())
    assert {found[name].status for name in ("the head", "last.weight", "all parameters")} <= {"undecided", "refuted"}


def test_targets_made_of_the_detached_output_prove_nothing() -> None:
    """The value is the entropy of softmax(z), which has its maximum at uniform probabilities."""
    torch.manual_seed(0)
    found = _blocks(nn.Linear(8, CLASSES), lambda z, y: F.cross_entropy(z, z.detach().softmax(1)), data())
    assert all(each.status != "proved" for each in found.values())
