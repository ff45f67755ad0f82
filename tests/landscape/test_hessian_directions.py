"""Directions of extreme curvature, against Hessians that are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape.directions import hessian_plane
from lossaudit.landscape.probe import Probe


def quadratic(values: list[float]) -> Probe:
    """The Hessian is diagonal, with these values."""
    model = nn.Linear(len(values), 1, bias=False).double()
    diagonal = torch.tensor(values, dtype=torch.float64)

    def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (diagonal * model.weight[0] ** 2).sum() / 2 + 0 * output.sum()

    return Probe(model, loss, ((torch.ones(1, len(values)).double(), torch.zeros(1)),))


def test_largest_and_smallest_though_they_nearly_tie():
    probe = quadratic([1.0, -1.001, 0.3])
    before = probe.model.weight.detach().clone()
    plane = hessian_plane(probe)
    torch.testing.assert_close(plane.directions[0][0].abs(), torch.tensor([[1.0, 0, 0]], dtype=torch.float64))
    torch.testing.assert_close(plane.directions[1][0].abs(), torch.tensor([[0, 1.0, 0]], dtype=torch.float64))
    assert abs(plane.settings["eigenvalue_1"] - 1) <= plane.settings["bound_1"] < 1e-6
    assert abs(plane.settings["eigenvalue_2"] + 1.001) <= plane.settings["bound_2"] < 1e-6
    assert "not convex at the model" in " ".join(plane.notes)
    assert torch.equal(probe.model.weight, before)


def test_two_largest_and_one():
    probe = quadratic([1.0, 5.0, 3.0, -2.0])
    plane = hessian_plane(probe, "largest")
    assert [int(direction[0].abs().argmax()) for direction in plane.directions] == [1, 2]
    assert "not convex" not in " ".join(plane.notes)  # nothing that was found is negative
    (direction,) = hessian_plane(probe, dims=1).directions
    assert int(direction[0].abs().argmax()) == 1


def test_bad_requests():
    with pytest.raises(UsageError, match="no choice of eigenvectors 'top': take extremes, largest"):
        hessian_plane(quadratic([1.0, 2.0]), "top")
    with pytest.raises(UsageError, match="a plane needs two"):
        hessian_plane(quadratic([1.0]))
