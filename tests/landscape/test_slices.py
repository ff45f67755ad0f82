from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from benchmarks.logit_surfaces import subject

from lossaudit.errors import UsageError
from lossaudit.landscape.derivatives import examined
from lossaudit.landscape.picture import Coordinate, Curvature
from lossaudit.landscape.slices import nodes, surface

EYE = np.eye(2)


def axis(size: int = 9, low: float = -2.0, high: float = 2.0) -> Coordinate:
    return Coordinate("z", np.linspace(low, high, size))


def test_an_affine_function_gives_an_exactly_affine_grid_and_the_centre_is_a_node():
    """All numbers are dyadic, so not even rounding may come between."""
    centre, directions = np.array([3.0, -1.0, 0.5]), np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 4.0]])
    weights = torch.tensor([2.0, -3.0, 0.25], dtype=torch.float64)
    seen = []

    def affine(z):
        return weights @ z + 7

    def watched(z):
        seen.append(z.numpy().copy())
        return torch.tensor(float(affine(z)))

    x, y = axis(9), axis(5)
    drawn = surface(affine, centre, directions, x, y, name="affine")
    a, b = np.meshgrid(x.values, y.values)
    constant, along, up = 7 + weights.numpy() @ centre, *(directions @ weights.numpy())
    np.testing.assert_array_equal(drawn.loss, constant + along * a + up * b)
    np.testing.assert_array_equal(drawn.arrows, np.broadcast_to([along, up], (5, 9, 2)))
    np.testing.assert_array_equal(drawn.curvature, 0.0)
    assert not drawn.negative.any()
    surface(watched, centre, directions, x, y, name="watched")
    assert any(np.array_equal(point, centre) for point in seen)


def test_two_runs_are_bit_identical():
    first, second = (subject("categorical_focal").draw(41) for _ in range(2))
    for name in ("loss", "slope", "curvature", "rounding", "arrows"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


def test_what_is_not_a_number_stays_so():
    drawn = surface(lambda z: torch.log(z[0]) + z[1] ** 2, np.zeros(2), EYE, axis(8), axis(8), name="log")
    outside = np.broadcast_to(axis(8).values < 0, (8, 8))
    for values in (drawn.loss, drawn.slope, drawn.curvature):
        np.testing.assert_array_equal(np.isnan(values), outside)
    assert not drawn.negative[outside].any()
    np.testing.assert_array_equal(drawn.negative, ~outside)  # -1/z^2 along the first variable


def test_the_loss_refusing_a_point_is_not_a_number_there():
    def guarded(z):
        if z[0] < 0:
            raise ValueError("a variance is not negative")
        return z[0] ** 2 + z[1] ** 2

    drawn = surface(guarded, np.ones(2), EYE, axis(6), axis(6), name="guarded")
    np.testing.assert_array_equal(np.isnan(drawn.loss), np.broadcast_to(axis(6).values + 1 < 0, (6, 6)))


def test_branches_and_item_are_evaluated_point_by_point_with_the_same_result():
    def branching(z):
        return z[0] ** 2 + 3 * z[1] ** 2 if z[0].item() > 0 else 2 * z[0] ** 2 + 3 * z[1] ** 2

    def batched(z):
        return torch.where(z[0] > 0, z[0] ** 2, 2 * z[0] ** 2) + 3 * z[1] ** 2

    one, other = (surface(each, np.zeros(2), EYE, axis(), axis(), name="") for each in (branching, batched))
    for name in ("loss", "slope", "arrows", "curvature"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-14)
    trial = np.zeros((2, 2))
    assert not examined(branching, np.zeros(2), EYE, trial).batched
    assert examined(batched, np.zeros(2), EYE, trial).batched


def test_a_large_grid_of_such_a_loss_is_interpolated_and_says_how_well():
    def branching(z):
        if z[0].item() > 1e9:
            raise RuntimeError
        return torch.logsumexp(z, 0) - z[0]

    x = axis(201, -6, 6)
    drawn = surface(branching, np.zeros(2), EYE, x, x, name="cross-entropy")
    a, b = np.meshgrid(x.values, x.values)
    true = np.logaddexp(0, b - a)
    assert drawn.computed.sum() == 33 * 33
    np.testing.assert_allclose(drawn.loss[drawn.computed], true[drawn.computed], atol=1e-14)
    assert np.abs(drawn.loss - true).max() <= 2 * drawn.residual * np.ptp(true)
    assert 0 < drawn.residual < 1e-3
    assert not drawn.negative.any()
    assert "1,089 of 40,401 nodes" in drawn.notes[-1]


def test_values_alone_still_give_slope_and_curvature():
    drawn = surface(
        lambda z: torch.tensor(float(z.numpy() @ z.numpy())), np.zeros(2), EYE, axis(), axis(), name="by NumPy"
    )
    a, b = np.meshgrid(axis().values, axis().values)
    np.testing.assert_allclose(drawn.slope, 2 * np.hypot(a, b), atol=1e-8)
    np.testing.assert_allclose(drawn.curvature, 2.0, atol=1e-9)
    assert drawn.curvature_by is Curvature.DIFFERENCES
    assert "by differences" in drawn.notes[0]


@pytest.mark.parametrize("kink", [0.0, 1e-3, -5e-3])
@pytest.mark.parametrize("place", [0.3, 0.3061])
def test_a_small_kink_in_a_curved_loss_is_not_missed(kink, place):
    def loss(z):
        return torch.cosh(z[0]) + kink * (z[0] - place).abs()

    drawn = surface(loss, np.zeros(1), np.eye(1), axis(1001), name="kink")
    assert (drawn.curvature_by is Curvature.DIFFERENCES) == (kink != 0)
    assert drawn.negative.any() == (kink < 0)


def test_a_sharp_but_smooth_loss_is_no_kink():
    drawn = surface(lambda z: torch.nn.functional.softplus(1e3 * z[0], threshold=1e9), np.zeros(1), np.eye(1),
                    axis(41), name="sharp")  # fmt: skip
    assert drawn.curvature_by is Curvature.DERIVATIVES


def test_nothing_of_the_users_is_changed():
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(2, 1)).double()
    model[1].weight.grad = torch.ones(1, 2, dtype=torch.float64)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    states = random.getstate(), torch.random.get_rng_state()
    surface(lambda z: model[1](z).sum() ** 2, np.zeros(2), EYE, axis(), axis(), name="model")
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert torch.equal(model[1].weight.grad, torch.ones(1, 2, dtype=torch.float64))
    assert model.training
    assert random.getstate() == states[0]
    assert torch.equal(torch.random.get_rng_state(), states[1])


@pytest.mark.parametrize(
    ("function", "directions", "x", "says"),
    [
        (lambda z: z, EYE, axis(), "one number"),
        (lambda z: 1.0, EYE, axis(), "one number as a tensor; it returned float"),
        (lambda z: (z @ torch.ones(5, dtype=z.dtype)).sum(), EYE, axis(), "cannot be evaluated at the centre"),
        (lambda z: z.sum(), np.eye(3)[:2], axis(), "2 directions"),
        (lambda z: z.sum(), EYE, Coordinate("z", np.array([1.0, 1.0])), "increasing"),
    ],
)
def test_bad_input_is_told_in_one_line(function, directions, x, says):
    with pytest.raises(UsageError, match=says):
        surface(function, np.zeros(2), directions, x, axis(), name="bad")


def test_without_curvature_the_rest_is_the_same():
    of = subject("cross_entropy")
    whole, part = of.draw(21), of.draw(21, curvature=False)
    assert part.curvature is None
    np.testing.assert_array_equal(whole.loss, part.loss)
    np.testing.assert_allclose(whole.slope, part.slope, rtol=1e-12, atol=1e-15)


def test_rows_are_y_and_columns_are_x():
    drawn = surface(lambda z: z[0] + 10 * z[1], np.zeros(2), EYE, axis(3), axis(2), name="rows")
    assert drawn.loss.tolist() == [[-22.0, -20.0, -18.0], [18.0, 20.0, 22.0]]
    assert nodes((axis(3).values, axis(2).values)).shape == (6, 2)
