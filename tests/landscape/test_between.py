"""Straight lines between two parameter vectors, and to a copy with permuted hidden units."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape.directions import between, permutation_path
from lossaudit.landscape.probe import Probe


def probe(model: nn.Module, *shape: int) -> Probe:
    return Probe(model, nn.MSELoss(), ((torch.randn(8, *shape), torch.zeros(8, 2)),))


def moved(model: nn.Module, plane) -> nn.Module:
    with torch.no_grad():
        for parameter, part in zip(model.parameters(), plane.directions[0], strict=True):
            parameter += part
    return model


def test_the_line_ends_at_the_other():
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    plane = between(probe(model, 3), other.state_dict())
    torch.testing.assert_close(moved(model, plane).state_dict(), other.state_dict())


@pytest.mark.parametrize(
    ("model", "shape", "layer"),
    [
        (nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)), (3,), "0"),
        (nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.Linear(4, 2)), (3,), "2"),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3)), (1, 6, 6), "0"),
    ],
)
def test_the_permuted_copy_computes_the_same(model, shape, layer):
    torch.manual_seed(0)
    made = probe(model, *shape)
    before = [p.detach().clone() for p in model.parameters()]
    plane = permutation_path(made, layer)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    x = made.batches[0][0]
    with torch.no_grad():
        outputs = model(x)
        torch.testing.assert_close(moved(model, plane)(x), outputs)
    assert any(part.any() for part in plane.directions[0])


def two(*between: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), *between, nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (nn.Linear(3, 2), {}, "no layer"),
        (two(nn.Tanh()), {"layer": "3"}, "no linear or convolution layer '3'"),
        (two(nn.Tanh()), {"layer": "2"}, "layer 2 is not one"),
        (two(), {"order": [0, 1, 2]}, "has 4 units"),
        (two(), {"order": [0, 1, 2, 3]}, "in another order"),
    ],
)
def test_bad_requests_get_one_line(model, options, said):
    with pytest.raises(UsageError, match=said) as raised:
        permutation_path(probe(model, 3), **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("norm", [nn.LayerNorm(4), nn.PReLU(4, 0.1)], ids=["LayerNorm", "PReLU"])
def test_what_does_not_treat_units_alike_is_refused(norm):
    with torch.no_grad():
        norm.weight[0] = 3.0
    with pytest.raises(UsageError, match="does not treat units alike"):
        permutation_path(probe(two(norm), 3))


def test_the_same_parameters_are_no_line():
    model = nn.Linear(3, 2)
    with pytest.raises(UsageError, match="has the same parameters as the model"):
        between(probe(model, 3), model.state_dict())
