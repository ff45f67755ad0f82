"""Directions that move the head block alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lossaudit.errors import UsageError
from lossaudit.landscape.block import find_head
from lossaudit.landscape.directions import head_plane
from lossaudit.landscape.probe import Probe


def probe(outputs: int = 3) -> Probe:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, outputs)).double()
    x = torch.randn(12, 4).double()
    if outputs == 1:
        return Probe(
            model, lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y), ((x, torch.ones(12).double()),)
        )
    return Probe(model, F.cross_entropy, ((x, torch.arange(12) % outputs),))


def moved(made: Probe, direction) -> torch.Tensor:
    state = dict(zip(made.names, (p + d for p, d in zip(made.parameters, direction, strict=True)), strict=True))
    return torch.func.functional_call(made.model, state, (made.batches[0][0],)).detach()


@pytest.mark.parametrize("towards", ["random", "gradient", "wrong"])
def test_nothing_but_the_head_moves(towards):
    made = probe()
    plane = head_plane(made, find_head(made), towards)
    for direction in plane.directions:
        trunk = dict(zip(made.names, direction, strict=True))
        assert not trunk["0.weight"].any()
        assert not trunk["0.bias"].any()
        assert trunk["2.weight"].any()


def test_random_directions_have_the_norms_of_the_rows():
    made = probe()
    for direction in head_plane(made, seed=4).directions:
        torch.testing.assert_close(direction[2].norm(dim=1), made.parameters[2].detach().norm(dim=1))
        assert not direction[3].any()


def test_towards_wrong_exchanges_all_logits_and_zero_is_at_minus_one():
    made = probe()
    with torch.no_grad():
        logits = made.model(made.batches[0][0])
    exchange, own = head_plane(made, towards="wrong").directions
    torch.testing.assert_close(moved(made, exchange), logits.roll(-1, 1))
    torch.testing.assert_close(moved(made, tuple(-part for part in own)), torch.zeros_like(logits))


def test_one_logit_is_negated():
    made = probe(outputs=1)
    with torch.no_grad():
        logits = made.model(made.batches[0][0])
    torch.testing.assert_close(moved(made, head_plane(made, towards="wrong", dims=1).directions[0]), -logits)


def test_steepest_descent_is_against_the_gradient_and_leaves_no_gradient_behind():
    made = probe()
    (direction,) = head_plane(made, towards="gradient", dims=1).directions
    assert all(parameter.grad is None for parameter in made.parameters)
    gradient = torch.autograd.grad(made.loss(), made.parameters[2:])
    ours = torch.cat([part.flatten() for part in direction[2:]])
    steepest = torch.cat([part.flatten() for part in gradient])
    assert float(ours @ steepest) == pytest.approx(-float(ours.norm() * steepest.norm()))
    assert float(ours.norm()) == pytest.approx(sum(float((p.detach() ** 2).sum()) for p in made.parameters[2:]) ** 0.5)


def test_bad_requests_get_one_line():
    with pytest.raises(UsageError, match="cannot lead towards 'up': take random, gradient, wrong"):
        head_plane(probe(), towards="up")
    tail = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3))
    with pytest.raises(UsageError, match="no head block") as raised:
        head_plane(Probe(tail, F.cross_entropy, ((torch.randn(6, 4), torch.arange(6) % 3),)))
    assert "\n" not in str(raised.value)
    made = probe()
    with torch.no_grad():
        made.model[2].weight.zero_()
        made.model[2].bias.zero_()
    with pytest.raises(UsageError, match="the direction is zero"):
        head_plane(made)
