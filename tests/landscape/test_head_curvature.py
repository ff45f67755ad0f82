"""The Hessian of the head block, against dense ones of the whole model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from benchmarks.training import digits
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape import head_hessian as module
from lossaudit.landscape.head import find_head, head_curvature
from lossaudit.landscape.head_hessian import head_hessian
from lossaudit.landscape.probe import Probe, probe


def dense(probe: Probe) -> np.ndarray:
    """By torch.func in float64, over the last weight (and bias)."""
    model = probe.model
    x, y = (torch.cat(each) for each in zip(*probe.batches, strict=True))
    head = find_head(probe)
    names = [probe.names[i] for i in head.indices]
    values = [probe.parameters[i].detach().double() for i in head.indices]
    rest = {name: value.detach().double() for name, value in model.named_parameters() if name not in names}

    def loss(vector):
        parts = vector.split([each.numel() for each in values])
        moved = {n: v.reshape(each.shape) for n, v, each in zip(names, parts, values, strict=True)}
        return probe.loss_fn(torch.func.functional_call(model, rest | moved, (x.double(),)), y)

    flat = torch.cat([each.reshape(-1) for each in values])
    return torch.func.jacrev(torch.func.grad(loss))(flat).numpy()


def net(*after: nn.Module, outputs: int = 3, bias: bool = True) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, outputs, bias=bias), *after)


def on(model: nn.Module, loss_fn, *sizes: int, rows: int = 20) -> Probe:
    generator = torch.Generator().manual_seed(5)
    x, y = torch.randn(rows, 6, generator=generator), torch.randint(3, (rows,), generator=generator)
    parts = list(sizes) or [rows]
    return Probe(model, loss_fn, tuple(zip(x.split(parts), y.split(parts), strict=True)))


def brier(output, y):
    return (output - F.one_hot(y, 3)).square().mean()


def pixels(output, y):
    return (output[..., 1] - F.one_hot(y, 3)).square().mean()


def image_model() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 4, 3), nn.Tanh(), nn.Conv1d(4, 3, 1), nn.Softmax(1))


CASES = {
    "cross-entropy": (net(), nn.CrossEntropyLoss()),
    "sum": (net(), nn.CrossEntropyLoss(reduction="sum")),
    "smoothing": (net(bias=False), nn.CrossEntropyLoss(label_smoothing=0.1)),
    "mse on softmax": (net(nn.Softmax(1)), brier),
    "mse": (net(), brier),
    "pixels": (image_model(), pixels),
    "sigmoid": (net(nn.Sigmoid(), nn.Flatten(0), outputs=1), lambda p, y: F.binary_cross_entropy(p, (y > 0).to(p))),
    "coupled rows": (net(), lambda output, y: output.softmax(1).mean(0).square().sum()),
    "coupled batch": (net(), lambda output, y: F.cross_entropy(output - output.mean(0), y)),
}


@pytest.mark.parametrize("sizes", [(), (8, 8, 4)])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_dense_hessian(name, sizes):
    probe = on(*CASES[name], *sizes)
    reference = dense(probe)
    np.testing.assert_allclose(head_hessian(probe, find_head(probe)), reference, atol=1e-6 * np.abs(reference).max())
    made = head_curvature(probe, find_head(probe))
    values = np.linalg.eigvalsh(reference)
    assert made.parameters == len(reference)
    assert made.smallest == pytest.approx(values[0], abs=1e-6 * values[-1])
    assert made.largest == pytest.approx(values[-1], rel=1e-6)


def test_equals_it_to_rounding():
    """With features in float64 there is nothing between the two but rounding."""
    for model, loss_fn in CASES.values():
        x, y = on(model, loss_fn).batches[0]
        probe = Probe(model.double(), loss_fn, ((x.double(), y),))
        reference = dense(probe)
        np.testing.assert_allclose(
            head_hessian(probe, find_head(probe)), reference, atol=1e-13 * np.abs(reference).max()
        )
        model.float()


def test_the_gauge():
    """Cross-entropy sees differences of logits: one exact zero for each feature, and one for the bias."""
    probe = on(net(), nn.CrossEntropyLoss())
    hessian = head_hessian(probe, find_head(probe))
    for feature in range(4):
        shift = np.zeros(15)
        shift[feature:12:4] = 1
        assert np.abs(hessian @ shift).max() < 1e-16
    made = head_curvature(probe, find_head(probe))
    assert (made.gauge, made.null, made.negative) == (5, 5, 0)
    assert made.smallest >= -1e-12 * made.largest
    assert any("class-shift" in each for each in made.words)
    assert head_curvature(on(net(), brier), find_head(on(net(), brier))).gauge == 0
    without = on(net(bias=False), nn.CrossEntropyLoss())
    assert head_curvature(without, find_head(without)).gauge == 4
    sigmoid = on(net(nn.Sigmoid()), lambda p, y: (p - F.one_hot(y, 3)).square().mean())
    assert head_curvature(sigmoid, find_head(sigmoid)).gauge == 0


class Dead(nn.Module):
    """Features x1, x2, x1 + x2, 0 and 0."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.last = nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.stack([x[:, 0], x[:, 1], x[:, 0] + x[:, 1], 0 * x[:, 0], 0 * x[:, 0]], 1))


@pytest.mark.parametrize(("loss_fn", "gauge"), [(nn.CrossEntropyLoss(), 6), (brier, 0)])
def test_zeros_are_counted_and_named(loss_fn, gauge):
    """Each class has a zero for each dead or dependent feature; of one class they are shifts already counted."""
    x, y = on(net(), loss_fn).batches[0]
    probe = Probe(Dead(), loss_fn, (((x * 8).round() / 8, y),))  # so that the sum is exact
    made = head_curvature(probe, find_head(probe))
    classes = 3 - (gauge > 0)
    assert made.gauge == gauge
    assert made.null == gauge + 3 * classes
    words = " ".join(made.words)
    assert f"{2 * classes} more belong to 2 features that never fire" in words
    assert f"{classes} more belong to 1 feature linear in the others" in words
    assert "too flat" not in words


def test_negative_curvature_of_mse_on_softmax():
    """Confident and wrong: the loss is flat and bends down."""
    model = net(nn.Softmax(1))
    with torch.no_grad():
        model[2].bias += torch.tensor([8.0, 0.0, 0.0])
    probe = on(model, brier)
    made = head_curvature(probe, find_head(probe))
    assert made.negative == int(np.sum(np.linalg.eigvalsh(dense(probe)) < -made.rounding)) > 0
    assert made.smallest < -made.rounding
    assert "negative" in made.words[0]


def test_digits():
    """Provably positive semidefinite; in float32 the same block shows -1e-6."""
    torch.manual_seed(0)
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    parts = tuple(zip(x.split(512), y.split(512), strict=True))
    one, many = (Probe(model, nn.CrossEntropyLoss(), batches) for batches in (((x, y),), parts))
    made = head_curvature(one, find_head(one))
    assert made.smallest >= -1e-12 * made.largest
    assert made.negative == 0
    assert made.gauge == 21
    assert made.null >= 21
    ragged = head_curvature(many, find_head(many))
    assert ragged.largest == pytest.approx(made.largest, rel=1e-6)
    assert (ragged.null, ragged.gauge) == (made.null, made.gauge)


def test_a_saturated_head_stays_semidefinite():
    """Where 1 - p is under the rounding of p."""
    model = net()
    probe = on(model, nn.CrossEntropyLoss())
    x, _ = probe.batches[0]
    with torch.no_grad():
        model[2].weight *= 400
        probe = Probe(model, nn.CrossEntropyLoss(), ((x, model(x).argmax(1)),))
        assert float(probe.loss()) < 1e-3
    made = head_curvature(probe, find_head(probe))
    assert made.smallest >= -1e-12 * made.largest
    assert made.negative == 0


@pytest.mark.parametrize(("after", "loss_fn"), [((), nn.CrossEntropyLoss()), ((nn.Softmax(1),), brier)])
def test_a_large_head(monkeypatch, after, loss_fn):
    """Only the ends of the spectrum, with their bounds, and it says so."""
    probe = on(net(*after), loss_fn)
    head = find_head(probe)
    exact = head_curvature(probe, head)
    monkeypatch.setattr(module, "_LARGEST", 10)
    made = head_curvature(probe, head)
    assert made.null is None
    assert made.gauge == exact.gauge == 5
    assert abs(made.smallest - exact.smallest) <= made.rounding
    assert abs(made.largest - exact.largest) <= made.rounding
    assert made.negative == int(exact.negative > 0)
    assert "Lanczos" in made.words[0]


def test_one_clear_error():
    broken = on(net(), lambda output, y: (output[0, 0] - 1e3).log())
    with pytest.raises(UsageError, match="the loss is nan"):
        head_curvature(broken, find_head(broken))
    edge = on(net(), lambda output, y: (0 * output).sqrt().sum())
    with pytest.raises(UsageError, match="not finite"):
        head_curvature(edge, find_head(edge))
    probe = on(net(), nn.CrossEntropyLoss())
    head = find_head(probe)
    with torch.no_grad():
        probe.model[0].bias += 1
    with pytest.raises(UsageError, match="find_head again"):
        head_curvature(probe, head)


def test_a_detached_part_has_no_hessian_of_the_loss():
    """z * z.detach() has the value of z^2 and the gradient of z, up to a factor: no derivative of it is the loss's."""
    torch.manual_seed(0)
    x, y = torch.randn(20, 4), torch.randn(20, 3)
    taken = probe(torch.nn.Linear(4, 3), lambda z, y: (z * z.detach() - y).square().mean(), (x, y))
    head = find_head(taken)
    with pytest.raises(UsageError, match="detached"):
        head_curvature(taken, head)
