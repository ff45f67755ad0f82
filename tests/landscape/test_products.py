"""Hessian-vector products, against dense Hessians of torch.func and differences of gradients."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest
import torch
from benchmarks.training import digits
from torch import nn

from lossaudit.landscape import products
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import doubled, flat, hessian_products, shaped


def small(loss_fn=None, *, sizes=(), rows: int = 90) -> Probe:
    """16 pixels, 6 hidden units, 10 classes: 172 parameters."""
    torch.manual_seed(0)
    pixels, labels = digits()
    model = nn.Sequential(nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 10))
    x, y = pixels[:rows, 20:36], labels[:rows]
    parts = list(sizes) or [rows]
    return Probe(model, loss_fn or nn.CrossEntropyLoss(), tuple(zip(x.split(parts), y.split(parts), strict=True)))


def dense(probe: Probe) -> np.ndarray:
    """By torch.func on a copy in float64; the loss is that of all data in one batch."""
    parameters = probe.parameters
    x, y = (torch.cat(each) for each in zip(*probe.batches, strict=True))

    def loss(vector):
        parts = vector.split([each.numel() for each in parameters])
        named = {n: v.reshape(p.shape) for n, v, p in zip(probe.names, parts, parameters, strict=True)}
        return probe.loss_fn(torch.func.functional_call(probe.model, named, (x.double(),)), y)

    return torch.func.jacrev(torch.func.grad(loss))(torch.from_numpy(flat(parameters))).numpy()


def agrees(probe: Probe, hessian: np.ndarray) -> None:
    """On some vectors."""
    with hessian_products(probe) as product:
        for v in np.random.default_rng(0).standard_normal((4, len(hessian))):
            np.testing.assert_allclose(product(v), hessian @ v, atol=1e-12)


def test_equals_the_dense_hessian():
    agrees(doubled(small()), dense(small()))


@pytest.mark.parametrize("retained", [0, 2**30])
def test_ragged_batches_weigh_as_one(monkeypatch, retained):
    """Class weights make the mean over all data differ from any mean of means."""
    monkeypatch.setattr(products, "_MOST_RETAINED", retained)
    weighted = lambda output, y: nn.functional.cross_entropy(output, y, weight=torch.linspace(1, 3, 10).to(output))  # noqa: E731
    agrees(doubled(small(weighted, sizes=(40, 40, 10))), dense(small(weighted)))


def test_a_loss_that_couples_the_batches(monkeypatch):
    """The square of a mean over all data is no sum over batches."""
    monkeypatch.setattr(products, "_MOST_RETAINED", 0)
    coupled = lambda output, y: (output.square().mean() + output[:, 0].mean()) ** 2  # noqa: E731
    agrees(doubled(small(coupled, sizes=(40, 50))), dense(small(coupled)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.lstm(x.reshape(len(x), -1, 4))[0][:, -1])


class Attention(nn.Module):
    """Fused attention has no second derivative."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Linear(4, 6), nn.Linear(4, 3)

    def forward(self, x):
        q = self.embed(x.reshape(len(x), 1, -1, 4))
        q, k, v = q[..., :4], q[..., 1:5], q[..., 2:]
        return self.out(nn.functional.scaled_dot_product_attention(q, k, v).mean((1, 2)))


MODELS = {
    "lstm": Recurrent,
    "attention": Attention,
    "encoder": lambda: nn.Sequential(
        nn.Unflatten(1, (4, 4)), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), nn.Flatten(), nn.Linear(16, 3)
    ),
    "batch norm": lambda: nn.Sequential(nn.Linear(16, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3)),
    "dropout": lambda: nn.Sequential(nn.Linear(16, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 3)),
}


@pytest.mark.parametrize("retained", [0, 2**30])
@pytest.mark.parametrize("name", MODELS)
def test_the_derivative_of_the_gradient(name, retained, monkeypatch):
    """In train mode, with the same random numbers and the batches' own statistics."""
    monkeypatch.setattr(products, "_MOST_RETAINED", retained)
    torch.manual_seed(1)
    model = MODELS[name]().double()
    x, y = torch.randn(14, 16).double(), torch.randint(3, (14,))
    parts = ((x[:8], y[:8]), (x[8:], y[8:]))
    probe = Probe(model, nn.CrossEntropyLoss(), parts, training=True, seed=3)
    v = np.random.default_rng(0).standard_normal(sum(each.numel() for each in probe.parameters))
    with hessian_products(probe) as product:
        got, again = product(v), product(v)
    np.testing.assert_array_equal(got, again)

    def gradient(step):
        with torch.no_grad():
            for parameter, along in zip(probe.parameters, shaped(v, probe.parameters), strict=True):
                parameter += step * along
        probe.ready()
        found = flat(torch.autograd.grad(probe.loss(), probe.parameters))
        with torch.no_grad():
            for parameter, along in zip(probe.parameters, shaped(v, probe.parameters), strict=True):
                parameter -= step * along
        return found

    h = 1e-5
    # A ReLU in the encoder may switch within the step; the other models are smooth.
    np.testing.assert_allclose(got, (gradient(h) - gradient(-h)) / (2 * h), atol=1e-7 * np.abs(got).max() + 1e-8)


def test_unused_parameters_and_linear_losses_have_no_curvature():
    model = nn.Linear(3, 2)
    model.unused = nn.Parameter(torch.ones(2))
    probe = Probe(model, lambda output, y: output.sum(), ((torch.ones(4, 3), torch.zeros(4)),))
    agrees(probe, np.zeros((10, 10)))


def state(model: nn.Module) -> list[bytes]:
    tensors = [*model.state_dict().values(), *(p.grad for p in model.parameters() if p.grad is not None)]
    return [t.detach().numpy().tobytes() for t in tensors]


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_as_it_was(fails):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.3), nn.Linear(3, 2)).eval()
    model[0].weight.grad = torch.ones(3, 4)
    model[3].bias.requires_grad_(False)
    x, y = torch.randn(9, 4), torch.randint(2, (9,))
    probe = Probe(model, nn.CrossEntropyLoss(), ((x[:5], y[:5]), (x[5:], y[5:])), training=True)
    before, numbers = state(model), (torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate())
    with pytest.raises(KeyError) if fails else pytest.MonkeyPatch.context(), hessian_products(probe) as product:
        product(np.ones(12 + 3 + 6 + 6))
        if fails:
            raise KeyError
    assert state(model) == before
    assert not model.training
    assert not any(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), numbers[0])
    assert (np.random.get_state()[1].tobytes(), random.getstate()) == numbers[1:]


def test_a_copy_in_float64():
    """Constants and casts of the program follow; nothing of the user's changes."""
    scale = torch.tensor(0.3)
    probe = small(lambda output, y: nn.functional.cross_entropy(output.float() * scale, y, weight=torch.ones(10)))
    exact = doubled(probe)
    assert exact.loss().dtype == torch.float64
    assert probe.loss().dtype == torch.float32
    np.testing.assert_array_equal(flat(exact.parameters), flat(probe.parameters))
    np.testing.assert_allclose(float(exact.loss().detach()), float(probe.loss().detach()), rtol=1e-5)


def test_no_copy_where_random_numbers_are_drawn():
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5))
    made = partial(Probe, model, nn.CrossEntropyLoss(), ((torch.ones(3, 4), torch.tensor([0, 1, 2])),))
    assert doubled(made(training=True)) is None
    assert doubled(made(training=False)) is not None
