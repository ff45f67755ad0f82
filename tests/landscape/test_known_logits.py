"""Pictures whose shape is known: from closed forms in NumPy, and from the literature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.logit_surfaces import subject
from scipy.optimize import brentq

from lossaudit.landscape.paths import path, towards_wrong
from lossaudit.landscape.picture import Coordinate, Curvature
from lossaudit.landscape.slices import surface

LINE = Coordinate("z (nats)", np.linspace(-8, 8, 2001))


def axis(reach: float, size: int = 41) -> Coordinate:
    return Coordinate("z (nats)", np.linspace(-reach, reach, size))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_squared_error_on_a_sigmoid_is_concave_exactly_below_a_third():
    """d2/dz2 (p - 1)^2 = -2 p (1 - p)^2 (1 - 3p), so it is negative where p < 1/3 and nowhere else."""
    drawn = surface(lambda z: (torch.sigmoid(z[0]) - 1) ** 2, np.zeros(1), np.eye(1), LINE, name="squared error")
    p = sigmoid(LINE.values)
    np.testing.assert_array_equal(drawn.negative, p < 1 / 3)
    np.testing.assert_allclose(drawn.curvature, -2 * p * (1 - p) ** 2 * (1 - 3 * p), atol=1e-15)
    np.testing.assert_allclose(drawn.slope, 2 * p * (1 - p) ** 2, rtol=1e-12)


def test_focal_loss_is_concave_exactly_below_the_root_of_its_second_derivative():
    """With dp/dz = p (1 - p): the sign of d2/dz2 of -(1 - p)^2 log p is that of 2 (1 - 3p) log p + 5 (1 - p)."""
    root = brentq(lambda p: 2 * (1 - 3 * p) * np.log(p) + 5 * (1 - p), 1e-3, 0.3, xtol=1e-14)
    assert round(root, 4) == 0.0578
    focal = subject("binary_focal_with_logits")
    one = np.array([[0.0, 1.0]])  # the second sample is of the positive class
    drawn = surface(focal.function, np.zeros(2), one, LINE, name="focal")
    np.testing.assert_array_equal(drawn.negative, sigmoid(LINE.values) < root)


@pytest.mark.parametrize(
    ("name", "reach"),
    [("cross_entropy", 8.0), ("cross_entropy", 50.0), ("cross_entropy", 800.0), ("bce_with_logits", 50.0),
     ("nll", 50.0), ("ldam", 8.0), ("ldam", 800.0)],
)  # fmt: skip
def test_cross_entropy_is_nowhere_negative(name, reach):
    """Also where float64 probabilities underflow; directions along the coordinates, and across."""
    of = subject(name)
    n = len(of.centre)
    across = np.array([[1.0, -0.5, 0.3], [0.2, 0.7, -1.0]])[:, :n]
    for directions in (of.directions, across):
        drawn = surface(of.function, of.centre, directions, axis(reach), axis(reach), name=name)
        assert drawn.curvature_by is Curvature.DERIVATIVES
        assert not drawn.negative.any()
        assert np.isfinite(drawn.curvature).all()


def test_hand_written_cross_entropy_is_not_negative_before_it_overflows():
    for reach in (8.0, 300.0):

        def loss(z):
            return -torch.log(torch.exp(z[0]) / torch.exp(z).sum())

        drawn = surface(loss, np.zeros(3), np.eye(3)[:2], axis(reach), axis(reach), name="by hand")
        assert not drawn.negative.any()


def test_mse_on_softmax_has_the_derivatives_of_its_closed_form():
    directions = np.array([[1.0, 0.0, 0.0], [0.3, -1.0, 0.4]])
    centre = np.array([0.1, -0.2, 0.3])
    y = np.array([0.0, 1.0, 0.0])
    target = torch.from_numpy(y)
    drawn = surface(
        lambda z: ((torch.softmax(z, 0) - target) ** 2).sum(), centre, directions, axis(6, 9), axis(6, 7), name="mse"
    )
    for row, b in enumerate(axis(6, 7).values):
        for column, a in enumerate(axis(6, 9).values):
            z = centre + a * directions[0] + b * directions[1]
            p = np.exp(z) / np.exp(z).sum()
            first = np.diag(p) - np.outer(p, p)
            gradient = 2 * first @ (p - y)
            hessian = 2 * first @ first
            for k in range(3):
                off = np.eye(3)[k] - p
                hessian += 2 * (p[k] - y[k]) * p[k] * (np.outer(off, off) - first)
            node = row, column
            np.testing.assert_allclose(drawn.loss[node], ((p - y) ** 2).sum(), rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(drawn.slope[node], np.linalg.norm(gradient), rtol=1e-9, atol=1e-15)
            np.testing.assert_allclose(drawn.arrows[node], directions @ gradient, atol=1e-14)
            least = np.linalg.eigvalsh(directions @ hessian @ directions.T)[0]
            np.testing.assert_allclose(drawn.curvature[node], least, atol=1e-14)
            assert abs(drawn.curvature[node] - least) <= drawn.rounding[node]


def test_zero_one_is_flat_but_for_its_step():
    drawn = subject("zero_one").draw(42)
    assert set(np.unique(drawn.loss)) == {0.0, 1.0, 2.0}
    np.testing.assert_array_equal(drawn.slope, 0.0)
    assert drawn.curvature_by is Curvature.DIFFERENCES
    beside = np.zeros((42, 42), dtype=bool)
    beside[18:24], beside[:, 18:24] = True, True
    assert drawn.negative.any()
    assert not drawn.negative[~beside].any()


def test_hinge_is_convex_although_its_kinks_lie_across_the_grid():
    """The matrix of second differences is indefinite beside such a kink; the directional ones are not negative."""

    def kinked(z):
        return torch.relu(z[0] + 0.7 * z[1] - 0.37) + torch.relu(1.3 * z[1] - z[0])

    drawn = surface(kinked, np.zeros(2), np.eye(2), axis(3, 40), axis(3, 40), name="kinks")
    assert drawn.curvature_by is Curvature.DIFFERENCES
    assert not drawn.negative.any()
    assert (drawn.curvature > -1e-9).all()


def test_on_the_path_to_confident_and_wrong_cross_entropy_keeps_pushing_and_squared_error_does_not():
    """Cross-entropy of two classes: slope sqrt(2) (1 - p); their squared error on softmax: 4 sqrt(2) p (1 - p)^2."""
    cross = path(lambda z: -torch.log_softmax(z, 0)[0], 2, true=0, name="cross-entropy")
    square = path(
        lambda z: (torch.softmax(z, 0)[0] - 1) ** 2 + torch.softmax(z, 0)[1] ** 2, 2, true=0, name="squared error"
    )
    p = sigmoid(-cross.x.values)
    np.testing.assert_allclose(cross.slope, np.sqrt(2) * (1 - p), rtol=1e-12)
    np.testing.assert_allclose(square.slope, 4 * np.sqrt(2) * p * (1 - p) ** 2, rtol=1e-12, atol=1e-14)
    assert cross.loss[0] == pytest.approx(np.log(2))


def test_a_binary_logit_moves_against_its_class():
    assert towards_wrong(1, true=1)[1][0, 0] == -1
    assert towards_wrong(1, true=0)[1][0, 0] == towards_wrong(1, true=-1)[1][0, 0] == 1
    assert towards_wrong(3, true=1)[1].tolist() == [[1.0, 0.0, 0.0]]
