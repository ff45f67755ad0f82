"""Eigenvalues of a loss's Hessian, against dense ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.training import digits, mlp
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape import products
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import doubled, flat, hessian_products
from lossaudit.landscape.spectrum import extreme_eigenvalues, leading_eigenvalues


def trained(
    model: nn.Module, columns: slice = slice(None), steps: int = 100
) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    x, y = digits()
    x = x[:, columns]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for step in range(steps):
        rows = slice(step * 128 % 1600, step * 128 % 1600 + 128)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return model, x, y


def reduced() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A digits MLP of 250 parameters."""
    torch.manual_seed(0)
    return trained(nn.Sequential(nn.Linear(16, 9), nn.ReLU(), nn.Linear(9, 10)), slice(20, 36))


def batches(x: torch.Tensor, y: torch.Tensor, *sizes: int):
    return tuple(zip(x.split(list(sizes)), y.split(list(sizes)), strict=True))


def dense(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Eigenvalues of the Hessian by torch.func, in float64."""
    parameters = list(model.parameters())
    names = [name for name, _ in model.named_parameters()]

    def loss(vector):
        parts = vector.split([each.numel() for each in parameters])
        named = {n: v.reshape(p.shape) for n, v, p in zip(names, parts, parameters, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(model, named, (x.double(),)), y)

    return np.linalg.eigvalsh(torch.func.jacrev(torch.func.grad(loss))(torch.from_numpy(flat(parameters))).numpy())


@pytest.fixture(scope="module")
def reference():
    model, x, y = reduced()
    return model, x, y, dense(model, x, y)


@pytest.mark.parametrize("sizes", [(1797,), (512, 512, 512, 261)])
@pytest.mark.parametrize("tolerance", [1e-1, 1e-3, 1e-7])
def test_within_the_bound_of_the_dense_reference(reference, sizes, tolerance):
    """The last tolerance is under the rounding of float32: the search runs in float64."""
    model, x, y, values = reference
    probe = Probe(model, nn.CrossEntropyLoss(), batches(x, y, *sizes))
    smallest, largest = extreme_eigenvalues(probe, tolerance=tolerance, steps=250)
    assert abs(smallest.value - values[0]) <= smallest.bound <= 2 * tolerance * values[-1]
    assert abs(largest.value - values[-1]) <= largest.bound <= 2 * tolerance * values[-1]
    assert smallest.converged
    assert largest.converged
    assert smallest.measured
    assert largest.value == pytest.approx(values[-1], rel=1e-6 if tolerance < 1e-2 else tolerance)
    assert smallest.negative
    assert not largest.negative


def test_batches_one_at_a_time(reference, monkeypatch):
    model, x, y, values = reference
    monkeypatch.setattr(products, "_MOST_RETAINED", 0)
    probe = Probe(model, nn.CrossEntropyLoss(), batches(x, y, 512, 512, 512, 261))
    smallest, largest = extreme_eigenvalues(probe, tolerance=1e-2)
    assert abs(smallest.value - values[0]) <= smallest.bound
    assert abs(largest.value - values[-1]) <= largest.bound


def test_the_vector_is_an_eigenvector(reference):
    model, x, y, values = reference
    probe = Probe(model, nn.CrossEntropyLoss(), ((x, y),))
    (first, second) = leading_eigenvalues(probe, 2)
    assert [tuple(each.shape) for each in first.vector] == [tuple(each.shape) for each in model.parameters()]
    np.testing.assert_allclose([first.value, second.value], values[[-1, -2]], rtol=1e-4)
    with hessian_products(doubled(probe)) as product:
        for each in (first, second):
            v = flat(each.vector)
            assert np.linalg.norm(v) == pytest.approx(1, abs=1e-6)
            assert np.linalg.norm(product(v) - each.value * v) <= each.bound


class Quadratic(nn.Module):
    """Half of a quadratic form in its parameters."""

    def __init__(self, values):
        super().__init__()
        self.w = nn.Parameter(torch.ones(len(values)))
        self.register_buffer("values", torch.tensor(values))

    def forward(self, x):
        return (self.values * self.w**2).sum() / 2 + 0 * x.sum()


def quadratic(values) -> Probe:
    return Probe(Quadratic(values), lambda output, y: output, ((torch.zeros(1), torch.zeros(1)),))


def test_a_tie_in_absolute_value():
    smallest, largest = extreme_eigenvalues(quadratic([1, -1.001, 0.3]))
    assert abs(smallest.value + 1.001) <= smallest.bound + 6e-8  # -1.001 is not a float32
    assert abs(largest.value - 1) <= largest.bound < 1e-4
    assert (smallest.negative, largest.negative) == (True, False)


def test_without_curvature():
    smallest, largest = extreme_eigenvalues(quadratic([0.0] * 20))
    assert smallest.value == largest.value == smallest.bound == 0
    assert largest.converged
    assert not smallest.negative


def test_one_clear_error():
    with pytest.raises(UsageError, match="not finite"):
        extreme_eigenvalues(quadratic([1.0, float("nan")]))
    frozen = quadratic([1.0])
    frozen.model.w.requires_grad_(False)
    with pytest.raises(UsageError, match="frozen"):
        extreme_eigenvalues(frozen)


class Once(torch.autograd.Function):
    """Without a second derivative."""

    @staticmethod
    def forward(ctx, z):
        return z.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g


def test_a_loss_that_cannot_be_differentiated_twice():
    probe = Probe(nn.Linear(2, 1), lambda output, y: Once.apply(output).square().sum(), ((torch.ones(3, 2), None),))
    with pytest.raises(UsageError, match="Hessian cannot be computed"):
        extreme_eigenvalues(probe)


def test_half_precision_is_searched_in_float64():
    model, x, y = reduced()
    model = model.bfloat16()
    exact = nn.Sequential(nn.Linear(16, 9), nn.ReLU(), nn.Linear(9, 10)).double()
    exact.load_state_dict(model.state_dict())
    values = dense(exact, x[:200].bfloat16(), y[:200])
    probe = Probe(model, nn.CrossEntropyLoss(), ((x[:200].bfloat16(), y[:200]),))
    smallest, largest = extreme_eigenvalues(probe, tolerance=1e-2)
    assert abs(smallest.value - values[0]) <= smallest.bound
    assert abs(largest.value - values[-1]) <= largest.bound


def test_dropout_is_not_measured_but_bounded():
    """Random numbers are drawn otherwise in float64: the rounding is an estimate, and the result says so."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 6), nn.Dropout(0.5), nn.Linear(6, 10))
    x, y = digits()
    probe = Probe(model, nn.CrossEntropyLoss(), ((x[:100, 20:36], y[:100]),), training=True)
    largest = extreme_eigenvalues(probe)[1]
    assert not largest.measured
    assert 0 < largest.rounding <= largest.bound


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(1797,), (512, 512, 512, 261)])
def test_the_whole_digits_mlp(sizes):
    """4,810 parameters; half a minute for the dense Hessian."""
    torch.manual_seed(0)
    model, x, y = trained(mlp(), steps=300)
    with hessian_products(doubled(Probe(model, nn.CrossEntropyLoss(), ((x, y),)))) as product:
        values = np.linalg.eigvalsh(np.stack([product(row) for row in np.eye(4810)]))
    for seed in range(5):
        for tolerance in (1e-1, 1e-2, 1e-3, 1e-4):
            probe = Probe(model, nn.CrossEntropyLoss(), batches(x, y, *sizes))
            smallest, largest = extreme_eigenvalues(probe, tolerance=tolerance, steps=400, seed=seed)
            assert abs(smallest.value - values[0]) <= smallest.bound
            assert abs(largest.value - values[-1]) <= largest.bound
            assert smallest.converged
            assert largest.converged
