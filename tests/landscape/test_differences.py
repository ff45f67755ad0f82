"""Curvature of a slice: closed forms, and differences beside automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.landscape.setting import Free, axes_plane, axis, mean, plane_of
from torch import nn
from torch.nn import functional as F

from lossaudit.landscape.differences import bends_unseen, curvature
from lossaudit.landscape.parameters import surface
from lossaudit.landscape.picture import Curvature
from lossaudit.landscape.probe import probe

NOTHING = (torch.zeros(1), torch.zeros(1))
COEFFICIENT = st.floats(-3, 3)
STEPS = st.lists(st.floats(0.1, 2.0), min_size=3, max_size=6)


@given(STEPS, STEPS, COEFFICIENT, COEFFICIENT, COEFFICIENT)
def test_second_differences_are_exact_for_quadratics_in_any_steps(dx, dy, p, q, r) -> None:
    x, y = np.cumsum(dx), np.cumsum(dy)
    a, b = np.meshgrid(x, y)
    least, _ = curvature(p * a**2 / 2 + q * b**2 / 2 + r * a * b + a - b, x, y)
    truth = np.linalg.eigvalsh([[p, r], [r, q]])[0]
    assert least[1:-1, 1:-1] == pytest.approx(truth, abs=1e-9)
    assert np.isnan(least[[0, -1]]).all()
    assert np.isnan(least[:, [0, -1]]).all()


@given(st.integers(0, 2**32 - 1), STEPS, STEPS)
def test_no_error_within_the_noise_moves_the_curvature_beyond_its_bound(seed, dx, dy) -> None:
    x, y = np.cumsum(dx), np.cumsum(dy)
    chance = np.random.default_rng(seed)
    loss, noise = chance.normal(size=(len(y), len(x))), chance.random((len(y), len(x)))
    least, bound = curvature(loss, x, y, noise)
    moved, _ = curvature(loss + noise * chance.choice([-1, 1], loss.shape), x, y)
    inner = (slice(1, -1), slice(1, -1))
    assert (abs(moved - least)[inner] <= bound[inner] * (1 + 1e-9)).all()


def test_next_to_a_value_that_is_not_finite_nothing_is_said() -> None:
    x = np.linspace(-1, 1, 7)
    a, b = np.meshgrid(x, x)
    loss = a**2 - b**2
    loss[3, 3], loss[0, 6] = np.nan, np.inf
    least, bound = curvature(loss, x, x)
    expected = np.ones((7, 7), bool)
    expected[1:-1, 1:-1] = False
    expected[2:5, 2:5] = expected[1, 5] = True
    assert (np.isnan(least) == expected).all()
    assert (np.isnan(bound) == expected).all()


@pytest.mark.parametrize("by", Curvature)
def test_a_saddle_and_a_bowl_have_the_signs_of_their_closed_forms(by: Curvature) -> None:
    made = probe(Free(lambda a, b: torch.cos(a) * torch.exp(b / 2)), mean, NOTHING)
    drawn = surface(made, axes_plane(), axis(13), axis(13), name="cos exp", curvature=by)
    a, b = np.meshgrid(axis(13).values, axis(13).values)
    xx, yy, xy = -np.cos(a) * np.exp(b / 2), np.cos(a) * np.exp(b / 2) / 4, -np.sin(a) * np.exp(b / 2) / 2
    truth = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    inner = (slice(1, -1), slice(1, -1))
    assert drawn.curvature_by is by
    assert drawn.curvature[inner] == pytest.approx(truth[inner], abs=5e-3 if by is Curvature.DIFFERENCES else 1e-12)
    assert drawn.negative[inner].all()


def test_slope_and_arrows_are_those_of_the_closed_form() -> None:
    made = probe(Free(lambda a, b: torch.sin(a) * b**2), mean, NOTHING)
    drawn = surface(made, axes_plane(), axis(5), axis(5), name="sin", slope=True)
    a, b = np.meshgrid(axis(5).values, axis(5).values)
    assert drawn.arrows == pytest.approx(np.stack([np.cos(a) * b**2, 2 * np.sin(a) * b], -1))
    assert drawn.slope == pytest.approx(np.hypot(np.cos(a) * b**2, 2 * np.sin(a) * b))


def test_derivatives_agree_with_the_hessian_of_a_network_that_is_called_with_its_parameters() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    x, y = torch.randn(9, 3, dtype=torch.float64), torch.randn(9, 2, dtype=torch.float64)
    made = probe(model, F.mse_loss, (x, y))
    plane = plane_of(made)
    drawn = surface(made, plane, axis(3), axis(3), name="mse", curvature=Curvature.DERIVATIVES)

    def loss(at: torch.Tensor) -> torch.Tensor:
        moved = [o + at[0] * u + at[1] * v for o, u, v in zip(plane.origin, *plane.directions, strict=True)]
        return F.mse_loss(torch.func.functional_call(model, dict(zip(made.names, moved, strict=True)), (x,)), y)

    for row, b in enumerate(axis(3).values):
        for column, a in enumerate(axis(3).values):
            hessian = torch.autograd.functional.hessian(loss, torch.tensor([a, b]))
            assert drawn.curvature[row, column] == pytest.approx(torch.linalg.eigvalsh(hessian)[0].item(), abs=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_a_convex_loss_in_single_precision_gets_no_negative_sign(scale: float) -> None:
    torch.manual_seed(0)
    model = nn.Linear(5, 3)  # cross-entropy is convex in the weights of one layer
    made = probe(model, F.cross_entropy, (torch.randn(64, 5), torch.arange(64) % 3))
    for by in Curvature:
        drawn = surface(made, plane_of(made, scale=scale), axis(11), axis(11), name="convex", curvature=by)
        assert not drawn.negative.any()
        if scale == 1:
            inner = (slice(1, -1), slice(1, -1))
            assert (drawn.curvature > drawn.rounding)[inner].mean() > 0.9  # and the bound is no excuse


@given(st.lists(st.tuples(*[st.floats(-9, 9)] * 3), min_size=1, max_size=5), STEPS, STEPS)
def test_a_convex_function_has_no_witness_however_coarse_the_grid(planes, dx, dy) -> None:
    for x, y in ((np.cumsum(dx), np.cumsum(dy)), (np.linspace(-1, 1, 7), np.linspace(-2, 1, 8))):
        a, b = np.meshgrid(x, y)
        loss = np.max([p * a + q * b + r for p, q, r in planes], axis=0)
        least, bound = curvature(loss, x, y, 1e-13)
        assert not (least < -bound).any()


def test_a_narrow_valley_across_the_grid_is_negative_where_it_bends_down() -> None:
    x = np.linspace(-1, 1, 21)
    a, b = np.meshgrid(x, x)
    for angle in np.linspace(0, np.pi, 9):
        along, across = np.cos(angle) * a + np.sin(angle) * b, np.cos(angle) * b - np.sin(angle) * a
        least, bound = curvature(across**2 - along**2, x, x, 1e-12)
        assert (least < -bound)[1:-1, 1:-1].all()


@pytest.mark.parametrize(
    ("model", "loss_fn", "kinks"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.Tanh()), nn.MSELoss(), False),
        (nn.Sequential(nn.Linear(2, 2), nn.GELU()), nn.MSELoss(), False),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.MSELoss(), True),
        (nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU()), nn.MSELoss(), True),
        (nn.Sequential(nn.Linear(2, 2), nn.Hardtanh()), nn.MSELoss(), True),
        (nn.Sequential(nn.Linear(2, 2), nn.MaxPool1d(2)), lambda o, y: o.sum(), True),
        (nn.Linear(2, 2), nn.L1Loss(), True),
        (nn.Linear(2, 2), lambda o, y: (1 - o * y).clamp(min=0).mean(), True),
    ],
)
def test_networks_with_kinks_are_recognised(model: nn.Module, loss_fn, kinks: bool) -> None:
    made = probe(model, loss_fn, (torch.randn(3, 2), torch.ones(3, 2)))
    assert bends_unseen(made.loss()) is kinks


def test_a_kink_that_differentiation_does_not_see_is_seen_by_differences() -> None:
    made = probe(Free(lambda a, b: torch.relu(a) + 0 * b), mean, NOTHING)  # its second derivative is 0 but at the kink
    seen, unseen = (
        surface(made, axes_plane(), axis(), axis(), name="relu", curvature=by)
        for by in (Curvature.DIFFERENCES, Curvature.DERIVATIVES)
    )
    assert np.nanmax(seen.curvature) == pytest.approx(0.0, abs=1e-9)
    assert (unseen.curvature == 0).all()
    made = probe(Free(lambda a, b: -torch.relu(a) + 0 * b), mean, NOTHING)
    seen = surface(made, axes_plane(), axis(), axis(), name="relu", curvature=Curvature.DIFFERENCES)
    assert seen.negative[1:-1, 5].all()
    assert seen.negative.sum() == 9


def test_what_is_detached_does_not_mislead_the_picture() -> None:
    """In value a convex a^2; to automatic differentiation -a^2 and a constant."""
    made = probe(Free(lambda a, b: 2 * a.detach() ** 2 - a**2 + 0 * b), mean, NOTHING)
    drawn = surface(made, axes_plane(), axis(), axis(), name="a^2")
    assert not drawn.negative.any()
    assert drawn.curvature_by is Curvature.DIFFERENCES
