"""Coarse to fine: what it saves, what it claims, and what it cannot see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.landscape.setting import axis, plane_of
from torch import nn
from torch.nn import functional as F

from lossaudit.errors import UsageError
from lossaudit.landscape.parameters import surface
from lossaudit.landscape.picture import Curvature
from lossaudit.landscape.probe import probe
from lossaudit.landscape.refine import coarse_to_fine

T = np.linspace(-1, 1, 41)
A, B = np.meshgrid(T, T)


def refined(truth: np.ndarray, tolerance: float = 0.005, seed: int = 0, x=T, y=T):
    """Of a grid whose values are known; only what is asked for is shown."""

    def compute(wanted: np.ndarray) -> np.ndarray:
        return np.where(wanted, truth, np.nan)

    return coarse_to_fine(x, y, compute, tolerance=tolerance, seed=seed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("form", [A**2 + B**2, np.exp(A + 0.5 * B), np.log1p(np.exp(4 * A - 2 * B))])
def test_a_smooth_surface_costs_little(form: np.ndarray, seed: int) -> None:
    made = refined(form, seed=seed)
    assert made.computed.mean() <= 0.15
    assert abs(made.loss - form).max() <= 0.005 * np.ptp(form)
    assert made.residual <= 0.005
    assert (made.loss[made.computed] == form[made.computed]).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_narrow_ridge_between_coarse_nodes_is_found(seed: int) -> None:
    ridge = A**2 + B**2 + 2 * np.exp(-(((A - 0.125 * B - 0.11) / 0.03) ** 2))  # a node and a half wide
    made = refined(ridge, seed=seed)
    wrong = abs(made.loss - ridge) > 0.05 * np.ptp(ridge)
    assert wrong.mean() < 0.02
    assert made.computed.mean() > 0.25


def test_the_honest_limit_a_spike_of_one_node_is_seen_only_if_it_is_held_out() -> None:
    spike = A**2 + B**2
    spike[18, 22] += 5.0
    found = [bool(refined(spike, seed=seed).loss[18, 22] == spike[18, 22]) for seed in range(40)]
    assert 0 < sum(found) < 40


@pytest.mark.parametrize("seed", range(3))
def test_a_rough_surface_is_computed_in_full(seed: int) -> None:
    rough = np.random.default_rng(seed).normal(size=A.shape)
    made = refined(rough)
    assert made.computed.mean() > 0.95


def test_the_residual_is_the_largest_held_out_error_of_what_is_predicted() -> None:
    form = np.cos(5 * A) * np.sin(4 * B)
    for tolerance in (0.05, 0.005, 0.0005):
        made = refined(form, tolerance)
        true = abs(made.loss - form).max() / np.ptp(form)
        assert made.residual <= tolerance
        assert made.residual <= true or made.computed.all() or true <= tolerance
        assert true <= 4 * tolerance


def test_what_is_not_finite_is_computed_and_kept() -> None:
    with np.errstate(all="ignore"):
        form = np.where(A + B > 1.2, np.inf, np.log(A + 0.83))
    made = refined(form)
    assert np.isnan(form).any()
    assert np.isinf(form).any()
    assert (np.isnan(made.loss) == np.isnan(form)).all()
    assert (np.isinf(made.loss) == np.isinf(form)).all()
    assert made.computed[~np.isfinite(form)].mean() > 0.99
    assert refined(np.full_like(A, np.nan)).computed.all()


def test_a_constant_and_a_grid_that_is_small_or_not_square() -> None:
    assert refined(np.full_like(A, 0.1)).computed.mean() < 0.15
    assert refined(np.full_like(A, 0.1)).residual < 1e-12
    small = refined(A[:9, :9], x=T[:9], y=T[:9])
    assert small.computed.all()
    assert small.residual == 0
    x, y = np.cumsum(np.linspace(0.1, 1, 57)), np.linspace(0, 1, 23)
    a, b = np.meshgrid(x, y)
    long = refined(np.sin(a / 9) * b, x=x, y=y)
    assert abs(long.loss - np.sin(a / 9) * b).max() < 0.005 * 2
    assert long.computed.mean() < 0.4


def test_a_tolerance_has_to_be_above_zero() -> None:
    for tolerance in (0.0, -1.0, np.nan):
        with pytest.raises(UsageError, match="above 0"):
            refined(A, tolerance)


def network(activation: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), activation, nn.Linear(8, 3))


def test_a_network_coarse_to_fine_is_what_the_full_grid_is() -> None:
    torch.manual_seed(1)
    made = probe(network(nn.ReLU()), F.cross_entropy, (torch.randn(32, 6), torch.arange(32) % 3))
    plane = plane_of(made, scale=0.3)
    full = surface(made, plane, axis(41), axis(41), name="ce")
    fast = surface(made, plane, axis(41), axis(41), name="ce", tolerance=0.005)
    assert fast.computed.mean() < 0.3
    assert fast.residual <= 0.005
    assert abs(fast.loss - full.loss).max() <= 0.01 * np.ptp(full.loss)
    assert (fast.loss == full.loss)[fast.computed].all()
    assert full.computed is None
    assert full.residual is None
    assert fast.curvature is None
    assert f"{fast.computed.sum():,} of 1,681 nodes were computed" in fast.notes[0]


def test_curvature_by_differences_computes_all_and_derivatives_stay_where_they_were_taken() -> None:
    made = probe(network(nn.Tanh()), F.cross_entropy, (torch.randn(8, 6), torch.arange(8) % 3))
    plane = plane_of(made, scale=0.1)
    settings = {"name": "ce", "tolerance": 0.01}
    full = surface(made, plane, axis(15), axis(15), curvature=Curvature.DIFFERENCES, **settings)
    assert full.computed is None
    assert "All nodes were computed" in full.notes[0]
    some = surface(made, plane, axis(15), axis(15), curvature=Curvature.DERIVATIVES, slope=True, **settings)
    assert not some.computed.all()
    assert (np.isnan(some.curvature) == ~some.computed).all()
    assert (np.isnan(some.slope) == ~some.computed).all()
    assert np.isfinite(some.loss).all()
