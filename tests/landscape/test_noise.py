"""The bound of rounding, against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import torch

from lossaudit.landscape.chords import least, padded
from lossaudit.landscape.noise import rounding


def test_the_bound_covers_cancellation_that_leaves_no_trace():
    """(x + 1) - x and x^2 - 2x + 1 near 1, against fractions."""
    x = torch.linspace(0.5, 1.5, 101, dtype=torch.float64)
    (bound,) = rounding(lambda: (x * x - 2 * x + 1,))
    true = [float((Fraction(value) - 1) ** 2) for value in x.tolist()]
    off = ((x * x - 2 * x + 1) - torch.tensor(true, dtype=torch.float64)).abs()
    assert (off <= bound).all()
    assert bound.max() < 1e-13


def test_the_bound_covers_the_second_derivative_of_softplus_by_hand():
    """log(1 + exp z) has second derivative s (1 - s), here by automatic differentiation, against 50 digits."""
    z = torch.linspace(-40, 40, 81, dtype=torch.float64)

    def second():
        with torch.enable_grad():
            leaf = z.clone().requires_grad_()
            value = torch.log(1 + torch.exp(leaf)).sum()
            (first,) = torch.autograd.grad(value, leaf, create_graph=True)
            (curvature,) = torch.autograd.grad(first.sum(), leaf)
        return (curvature,)

    (bound,), (found,) = rounding(second), second()
    with mpmath.workdps(50):
        true = [mpmath.mpf(1) / (1 + mpmath.exp(-mpmath.mpf(v))) for v in z.tolist()]
        exact = np.array([float(s * (1 - s)) for s in true])
    assert (np.abs(found.numpy() - exact) <= bound.numpy()).all()
    assert bound.max() < 1e-13


def test_exact_arithmetic_has_no_more_noise_than_its_operands():
    x = torch.arange(5, dtype=torch.float64)
    (bound,) = rounding(lambda: (2 * x,))
    assert (bound <= 64 * 2.0**-53 * 2 * x * 2).all()


def test_comparisons_are_not_disturbed():
    x = torch.ones(1000, dtype=torch.float64)
    (bound,) = rounding(lambda: (torch.where(x == 1.0, 3.0, 1e6) * torch.ones_like(x),))
    assert bound.max() < 1e-13


def test_second_differences_of_a_quadratic_are_its_curvature_along_the_grid():
    """f = 3 a^2 + b^2 / 2 has curvature 1 along b, the least of all directions."""
    x, y = padded(np.linspace(-1, 1, 9)), padded(np.linspace(-2, 2, 17))
    a, b = np.meshgrid(x, y)
    found, bound = least(3 * a**2 + b**2 / 2, np.zeros_like(a), x, y)
    np.testing.assert_allclose(found, 1.0, atol=1e-12)
    assert found.shape == bound.shape == (17, 9)


def test_second_differences_on_uneven_nodes():
    x = padded(np.array([0.0, 1.0, 3.0, 3.5]))
    found, _ = least(5 * x**2 - x, np.zeros_like(x), x, None)
    np.testing.assert_allclose(found, 10.0, atol=1e-12)


def test_what_is_only_chosen_is_not_lost():
    """The largest of numbers is one of them: its square has second derivative 2, with hardly any rounding."""
    z = torch.tensor([[0.5, 1.5, -1.0], [2.0, -1.0, 0.25]], dtype=torch.float64)

    def second():
        with torch.enable_grad():
            leaf = z.clone().requires_grad_()
            (first,) = torch.autograd.grad((leaf.amax(-1) ** 2).sum(), leaf, create_graph=True)
            (curvature,) = torch.autograd.grad(first.sum(), leaf)
        return (curvature.sum(-1),)

    (bound,), (found,) = rounding(second), second()
    assert found.tolist() == [2.0, 2.0]
    assert bound.max() < 1e-12
