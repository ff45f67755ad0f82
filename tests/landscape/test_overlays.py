from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.logit_surfaces import subject

from lossaudit.errors import UsageError
from lossaudit.landscape import simplex
from lossaudit.landscape.minima import with_minima
from lossaudit.landscape.overlays import arrows, plateau
from lossaudit.landscape.picture import Coordinate, MarkKind
from lossaudit.landscape.slices import surface

EYE = np.eye(2)
LINE = Coordinate("z (nats)", np.linspace(-12, 12, 241))


def axis(size: int = 25, reach: float = 3.0) -> Coordinate:
    return Coordinate("z", np.linspace(-reach, reach, size))


def test_the_plateau_of_squared_error_on_a_sigmoid_is_where_its_gradient_ratio_says():
    """Slopes 2 p (1 - p)^2 against 1 - p: under 1 % where 2 p (1 - p) < 0.01; high where p <= 1/2."""
    square = surface(lambda z: (torch.sigmoid(z[0]) - 1) ** 2, np.zeros(1), np.eye(1), LINE, name="squared error")
    cross = surface(lambda z: -torch.nn.functional.logsigmoid(z[0]), np.zeros(1), np.eye(1), LINE, name="CE")
    p = 1 / (1 + np.exp(-LINE.values))
    drawn = plateau(square, cross)
    np.testing.assert_array_equal(drawn.plateau, (2 * p * (1 - p) < 0.01) & (p <= 0.5))
    assert drawn.plateau.any()
    assert not plateau(cross, cross).plateau.any()
    assert "under 1 % of that of CE at the same node" in drawn.notes[-1]
    assert "(0.25)" in drawn.notes[-1]


def test_the_wrong_side_of_zero_one_is_all_plateau():
    flat = surface(lambda z: (z[0] <= 0).double(), np.zeros(1), np.eye(1), LINE, name="zero-one")
    cross = surface(lambda z: -torch.nn.functional.logsigmoid(z[0]), np.zeros(1), np.eye(1), LINE, name="CE")
    found = plateau(flat, cross).plateau
    assert found[LINE.values < 0].all()
    assert not found[LINE.values > 0].any()


def test_without_a_reference_a_loss_is_compared_with_itself():
    """Welsch: slope |r| exp(-r^2/2), which is under 1 % of that at r = 1 where r is large; it is flat at 0 but low."""
    drawn = surface(lambda z: 1 - torch.exp(-(z[0] ** 2) / 2), np.zeros(1), np.eye(1), LINE, name="Welsch")
    r = LINE.values
    found = plateau(drawn, None, at=[1.0]).plateau
    np.testing.assert_array_equal(found, (np.abs(r) * np.exp(-(r**2) / 2) < 0.01 * np.exp(-0.5)) & (np.abs(r) > 1))


def test_no_plateau_where_nothing_is_known():
    square = surface(lambda z: torch.sqrt(z[0]) * 0 + 1, np.zeros(1), np.eye(1), LINE, name="half")
    assert not plateau(square, None, at=[3.0]).plateau[LINE.values < 0].any()
    gone = plateau(square, None, at=[-3.0])
    assert not gone.plateau.any()
    assert "No plateau is told" in gone.notes[-1]


def test_a_reference_with_other_nodes_is_refused():
    one, other = (surface(lambda z: z.sum(), np.zeros(1), np.eye(1), each, name="n") for each in (LINE, axis()))
    with pytest.raises(UsageError, match="different nodes"):
        plateau(one, other)
    with pytest.raises(UsageError, match="outside"):
        plateau(one, one, at=[99.0])
    with pytest.raises(UsageError, match="2 are given"):
        plateau(one, one, at=[0.0, 0.0])
    with pytest.raises(UsageError, match="no gradient field"):
        arrows(one)


def test_arrows_point_downhill_and_none_is_longer_than_one():
    drawn = surface(lambda z: (z**2).sum(), np.zeros(2), EYE, axis(41), axis(31), name="bowl")
    points, falling = arrows(drawn, 10)
    assert points.shape == falling.shape == (100, 2)
    np.testing.assert_allclose(falling, -points / np.hypot(*points.T).max(), atol=1e-12)
    assert np.isin(points[:, 0], axis(41).values).all()


def minima(function, x=None, y=None, directions=EYE):
    x = x or axis()
    y = y or (axis() if len(directions) == 2 else None)
    centre = np.zeros(directions.shape[1])
    drawn = with_minima(surface(function, centre, directions, x, y, name=""), function, centre, directions)
    marks = [mark for mark in drawn.marks if mark.kind is MarkKind.MINIMUM]
    return np.concatenate([mark.points for mark in marks]) if marks else np.zeros((0, len(directions)))


def test_the_four_minima_of_himmelblau():
    """Himmelblau 1972; the roots of both squares."""
    found = minima(lambda z: (z[0] ** 2 + z[1] - 11) ** 2 + (z[0] + z[1] ** 2 - 7) ** 2, axis(51, 5.0), axis(51, 5.0))
    known = [[-3.779310253377747, -3.283185991286170], [-2.805118086952745, 3.131312518250573], [3.0, 2.0],
             [3.584428340330492, -1.848126526964404]]  # fmt: skip
    np.testing.assert_allclose(found, known, atol=1e-7)


def test_a_minimum_at_a_kink():
    np.testing.assert_allclose(minima(lambda z: (z[0] - 0.4).abs() + 2 * (z[1] + 0.7).abs()), [[0.4, -0.7]], atol=1e-9)


def test_one_sigmoid_neuron_has_two_minima_with_squared_error_and_one_with_cross_entropy():
    """Auer, Herbster and Warmuth 1996: squared error behind a sigmoid has local minima; inputs 10 and -0.1."""
    x, y = torch.tensor([10.0, -0.1], dtype=torch.float64), torch.tensor([0.9, 0.9], dtype=torch.float64)
    w = Coordinate("w", np.linspace(-40, 5, 901))
    line = np.eye(1)
    square = minima(lambda w: ((torch.sigmoid(w * x) - y) ** 2).sum(), w, None, line)
    np.testing.assert_allclose(square.ravel(), [-21.97, 0.209], atol=5e-3)
    cross = minima(lambda w: torch.nn.functional.binary_cross_entropy_with_logits(w * x, y), w, None, line)
    assert len(cross) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda z: torch.logsumexp(torch.stack([z[0], z[1], 0 * z[0]]), 0) - z[0],  # its infimum is at infinity
        lambda z: (0.6 * z[0] - 0.8 * z[1]) ** 2,  # a valley, at an angle of its own
        lambda z: 1e6 * (0.28 * z[0] - 0.96 * z[1]) ** 2,
        lambda z: torch.relu(z[0].abs() + z[1].abs() - 1),  # a flat floor
        lambda z: 0 * z.sum() + 3.0,
        lambda z: z[0] ** 2 - z[1] ** 2,  # a saddle
        lambda z: ((z**2).sum() - 2) ** 2,  # a ring
        lambda z: torch.log(z[0]) + z[1] ** 2,  # not defined on the left
        lambda z: (z[0] - 3.01) ** 2 + z[1] ** 2,  # outside
    ],
)
def test_valleys_plateaus_and_saddles_have_no_minimum(function):
    assert len(minima(function)) == 0


def test_the_simplex_has_its_corners_and_curvature_in_p():
    """Brier |p - e|^2 has Hessian 2 I in p, distances in the triangle are those of p; outside there is nothing."""
    target = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    drawn = simplex.surface(lambda p: ((p - target) ** 2).sum(), 21, name="Brier")
    p = simplex.probabilities(drawn.x, drawn.y)
    inside = ~np.isnan(p[..., 0])
    np.testing.assert_array_equal(np.isfinite(drawn.loss), inside)
    np.testing.assert_allclose(p[inside].sum(-1), 1.0)
    np.testing.assert_allclose(drawn.loss, ((p - target.numpy()) ** 2).sum(-1), atol=1e-14)
    np.testing.assert_allclose(drawn.curvature[inside], 2.0, atol=1e-12)
    np.testing.assert_allclose(drawn.slope, 2 * np.sqrt(drawn.loss), atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(np.diff(simplex.CORNERS[[0, 1, 2, 0]], axis=0), axis=1), np.sqrt(2))


def test_a_loss_of_logits_on_the_simplex_has_the_slope_that_training_sees():
    """Cross-entropy: -log p_0, infinite on the edge opposite; gradient at the logits |p - e_0|."""
    drawn = simplex.surface(lambda z: -torch.log_softmax(z, 0)[0], 21, name="cross-entropy", logits=True)
    p = simplex.probabilities(drawn.x, drawn.y)
    open_ = np.isfinite(drawn.loss) & (np.nan_to_num(p, nan=-1) > 1e-9).all(-1)
    np.testing.assert_allclose(drawn.loss[open_], -np.log(p[open_][:, 0]), rtol=1e-10, atol=1e-12)
    slope = np.linalg.norm(p - np.array([1.0, 0.0, 0.0]), axis=-1)
    np.testing.assert_allclose(drawn.slope[open_], slope[open_], rtol=1e-9)
    assert not drawn.negative.any()


def test_the_mean_squared_error_on_softmax_is_a_bowl_in_p_and_none_in_the_logits():
    y = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    triangle = simplex.surface(lambda z: ((torch.softmax(z, 0) - y) ** 2).sum(), 21, name="mse", logits=True)
    assert not triangle.negative.any()
    assert subject("brier").draw(21).negative.any()
