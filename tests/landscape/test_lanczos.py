"""Lanczos against spectra that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.errors import UsageError
from lossaudit.landscape.lanczos import Ends, lanczos


def rotated(values, seed: int = 0) -> np.ndarray:
    """A symmetric matrix with these eigenvalues."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))
    return (q * np.asarray(values, dtype=float)) @ q.T


def of(matrix: np.ndarray, **options) -> Ends:
    return lanczos(lambda v: matrix @ v, len(matrix), **options)


def holds(ends: Ends, values) -> None:
    values = np.sort(values)
    below, above = ends.smallest[0], ends.largest[0]
    assert abs(below.value - values[0]) <= below.bound
    assert abs(above.value - values[-1]) <= above.bound
    for each in (*ends.smallest, *ends.largest):
        assert np.abs(values - each.value).min() <= each.inner
        assert np.linalg.norm(each.vector) == pytest.approx(1)


eigenvalues = st.lists(
    st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.3]), st.floats(-5, 5, allow_subnormal=False)), min_size=1, max_size=14
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(eigenvalues, st.integers(1, 20), st.sampled_from([0.3, 1e-2, 1e-6, 0.0]), st.integers(0, 3))
def test_the_bounds_hold(values, steps, tolerance, seed):
    """Repeated, clustered and tied eigenvalues, with fewer and with more steps than there are."""
    ends = of(rotated(values, seed), steps=steps, tolerance=tolerance, seed=seed, smallest=2, largest=2)
    holds(ends, values)
    assert ends.steps <= min(steps, len(values))
    for each in (*ends.smallest[1:], *ends.largest[1:]):
        assert each.outer == 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(30, 80), st.integers(0, 10**6), st.sampled_from([1e-1, 1e-2, 1e-4]))
def test_the_bounds_hold_before_the_spectrum_is_exhausted(size, seed, tolerance):
    """Two eigenvalues almost tie at each end, where a residual alone may enclose the wrong one."""
    inner = np.random.default_rng(seed).uniform(-1, 1, size - 4)
    values = np.concatenate([inner, [1.5, 1.501, -1.2, -1.2004]])
    holds(of(rotated(values, seed), tolerance=tolerance, seed=seed), values)


def test_ends_that_tie_in_absolute_value():
    """Where power iteration reports 0.929."""
    ends = of(rotated([1, -1.001, 0.3]))
    assert ends.largest[0].value == pytest.approx(1, abs=1e-12)
    assert ends.smallest[0].value == pytest.approx(-1.001, abs=1e-12)
    assert ends.converged
    assert max(ends.largest[0].bound, ends.smallest[0].bound) < 1e-13
    many = of(rotated([1, -1.001, *np.linspace(-0.3, 0.3, 198)]))
    holds(many, [1, -1.001])
    assert many.converged
    assert many.steps < 40


def test_an_invariant_subspace_is_left():
    """From any start two steps exhaust a spectrum of two values; the others are found all the same."""
    ends = of(rotated([2.0] * 3 + [5.0] * 4), smallest=3, largest=4, tolerance=0)
    np.testing.assert_allclose([each.value for each in ends.smallest], [2, 2, 2])
    np.testing.assert_allclose([each.value for each in ends.largest], [5, 5, 5, 5])
    assert ends.steps == 7


def test_no_ghosts():
    """Without reorthogonalisation the largest eigenvalue comes out many times."""
    values = np.concatenate([[100.0], np.linspace(0, 1, 199)])
    ends = of(rotated(values), steps=90, largest=3, tolerance=0)
    assert [each.value for each in ends.largest] == pytest.approx([100, 1, values[-2]], abs=1e-2)
    vectors = np.stack([each.vector for each in (*ends.smallest, *ends.largest)])
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(4), atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 30])
def test_a_zero_matrix(size):
    ends = of(np.zeros((size, size)))
    assert ends.converged
    assert ends.smallest[0].value == ends.largest[0].value == ends.largest[0].bound == 0


def test_a_bound_is_never_missing():
    """Too few steps: the bound is large, and says so."""
    values = np.linspace(-1, 1, 400)
    ends = of(rotated(values), steps=5)
    assert not ends.converged
    assert ends.largest[0].bound > 1e-3
    holds(ends, values)


def test_noise_of_the_products_is_in_the_bound():
    """An asymmetric error of 1e-3 is measured, whatever the residual says."""
    matrix = rotated(np.linspace(-1, 2, 40))
    noise = np.random.default_rng(1).standard_normal((40, 40))
    noise *= 1e-3 / np.linalg.norm(noise, 2)
    ends = lanczos(lambda v: matrix @ v + noise @ v, 40)
    assert 1e-4 < ends.largest[0].rounding < 1e-2
    holds(ends, np.linspace(-1, 2, 40))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_said(value):
    with pytest.raises(UsageError, match="not finite"):
        lanczos(lambda v: v * value, 5)


def test_an_empty_matrix():
    with pytest.raises(UsageError, match="no eigenvalues"):
        lanczos(lambda v: v, 0)


def test_progress():
    seen: list[tuple[int, int]] = []
    ends = of(rotated([1, 2, 3, 4]), progress=lambda done, most: seen.append((done, most)))
    assert seen == [(step, 4) for step in range(1, ends.steps + 1)]
