"""The head block: found and verified, and slices through it against the model itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape.head import Head, find_head, surface
from lossaudit.landscape.picture import Coordinate, Curvature, Floats, MarkKind
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import flat


class Net(nn.Module):
    """A hidden layer, a last affine map, and what follows it."""

    def __init__(self, follow=lambda z: z, last: nn.Module | None = None):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.follow = nn.Linear(6, 4), last or nn.Linear(4, 3), follow

    def forward(self, x):
        return self.follow(self.last(torch.tanh(self.first(x))))


def data(rows: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(rows, 6, generator=generator), torch.randint(3, (rows,), generator=generator)


def brier(output, y):
    return (output - F.one_hot(y, 3)).square().mean()


def on(model: nn.Module, loss_fn=None, *sizes: int) -> Probe:
    x, y = data()
    parts = list(sizes) or [len(x)]
    batches = tuple(zip(x.split(parts), y.split(parts), strict=True))
    return Probe(model, loss_fn or (lambda output, y: output.float().square().mean()), batches)


def in_place(z):
    z = z + 1
    z -= z.max(1, keepdim=True).values
    z[:, 0] = 0
    return z


@pytest.mark.parametrize(
    "follow",
    [
        lambda z: z,
        nn.Softmax(1),
        lambda z: F.log_softmax(z, -1),
        torch.sigmoid,
        lambda z: z[:, 0],
        lambda z: (z / 2.5).exp().view(len(z), 3, 1).squeeze(-1),
        lambda z: (z.softmax(1), z)[0],
        lambda z: z + torch.rand(3),  # the same numbers at every point
        in_place,
    ],
)
def test_what_may_follow(follow):
    head = find_head(on(Net(follow), None, 5, 5, 2))
    assert (head.name, head.weight, head.bias) == ("last", 2, 3)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(6, 6)

    def forward(self, x):
        return self.map(torch.tanh(self.map(x)))


class Transposed(nn.Module):
    """The last weight is used before, too."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 4), nn.Linear(4, 6)

    def forward(self, x):
        return self.last(torch.tanh(F.linear(x, self.last.weight.T)) + self.first(x))


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 3), nn.Linear(6, 3)

    def forward(self, x):
        return self.a(x) + self.b(x)


@pytest.mark.parametrize(
    "model",
    [
        Net(nn.LayerNorm(3)),
        Net(lambda z: z if z.sum() > 0 else -z),
        Net(last=nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))),
        Tied(),
        Transposed(),
        Branches(),
        Net(last=nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))),
        Net(last=nn.Linear(4, 3).requires_grad_(False)),
        nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 2, 3), nn.Flatten()),
    ],
)
def test_what_cannot_be_verified_is_no_head(model):
    assert find_head(on(model)) is None


def test_a_loss_that_looks_at_the_weights():
    model = Net()
    penalised = lambda output, y: F.cross_entropy(output, y) + model.last.weight.square().sum()  # noqa: E731
    assert find_head(on(model, penalised)) is None
    elsewhere = lambda output, y: F.cross_entropy(output, y) + model.first.weight.square().sum()  # noqa: E731
    assert find_head(on(model, elsewhere)) is not None


def test_an_auxiliary_output_after_the_head():
    class Aux(Net):
        def forward(self, x):
            hidden = torch.tanh(self.first(x))
            out = self.last(hidden)
            self.aux(hidden)
            return out

    model = Aux()
    model.aux = nn.Linear(4, 2)
    assert find_head(on(model)).name == "last"


def a_plane(probe: Probe, head: Head, dims: int = 2, offset=(0.0, 0.0)) -> Plane:
    generator = torch.Generator().manual_seed(7)
    directions = []
    for _ in range(dims):
        moves = [torch.zeros_like(each) for each in probe.parameters]
        for index in head.indices:
            moves[index] = torch.randn(moves[index].shape, generator=generator).to(moves[index])
        directions.append(tuple(moves))
    origin = tuple(each.detach().clone() for each in probe.parameters)
    return Plane(origin, tuple(directions), ("a", "b")[:dims], (1.0,) * dims, offset)


A, B = Coordinate("a", np.linspace(-2, 2, 5)), Coordinate("b", np.linspace(-1, 3, 4))


def naive(probe: Probe, plane: Plane) -> tuple[Floats, Floats, Floats, Floats]:
    """Loss, slope over the block, gradient and Hessian in the plane, from the model itself by torch.func."""
    model = probe.model
    names = probe.names
    x, y = (torch.cat(each) for each in zip(*probe.batches, strict=True))
    block = [i for i, along in enumerate(plane.directions[0]) if along.any()]

    def loss(t, shift):
        moved = {}
        for i, (name, start, *along) in enumerate(zip(names, plane.origin, *plane.directions, strict=True)):
            moved[name] = (
                start + sum(t[d] * each for d, each in enumerate(along)) + (shift[block.index(i)] if i in block else 0)
            )
        return probe.loss_fn(torch.func.functional_call(model, moved, (x,)), y)

    zero = [torch.zeros_like(plane.origin[i]) for i in block]
    made = []
    for b in B.values:
        for a in A.values:
            t = torch.tensor([a, b])
            slope = flat(torch.func.grad(loss, argnums=1)(t, zero))
            gradient = torch.func.grad(loss)(t, zero)
            hessian = torch.func.jacrev(torch.func.grad(loss))(t, zero)
            made.append((float(loss(t, zero).detach()), np.linalg.norm(slope), gradient.numpy(), hessian.numpy()))
    shape = (len(B.values), len(A.values))
    return tuple(np.array(each).reshape(*shape, *np.shape(each[0])) for each in zip(*made, strict=True))


class Tokens(nn.Module):
    """Logits (N, T, K) of a language model, handed to the loss as (N, K, T)."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.lstm, self.last = nn.LSTM(2, 5, batch_first=True), nn.Linear(5, 3, bias=False)

    def forward(self, x):
        return self.last(self.lstm(x.reshape(len(x), 3, 2))[0]).transpose(1, 2)


def frozen_bias() -> nn.Module:
    model = Net(nn.Softmax(1))
    model.last.bias.requires_grad_(False)
    return model


def convolution() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 4, 3, padding=1), nn.Tanh(), nn.Conv1d(4, 3, 1), nn.Softmax(1)
    )


def every_token(output, y):
    return F.cross_entropy(output, y.unsqueeze(1).expand(-1, 3))


CASES = {
    "cross-entropy": (Net(), nn.CrossEntropyLoss()),
    "cross-entropy, sum": (Net(), nn.CrossEntropyLoss(reduction="sum")),
    "cross-entropy, weighted": (Net(), nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 5.0]).double())),
    "cross-entropy of the program": (Net(), lambda output, y: -output.log_softmax(1).gather(1, y[:, None]).mean()),
    "mse on softmax": (Net(nn.Softmax(1)), brier),
    "frozen bias": (frozen_bias(), brier),
    "one output": (
        Net(lambda z: torch.sigmoid(z[:, 0])),
        lambda output, y: (output - (y > 0).double()).square().mean(),
    ),
    "tokens": (Tokens(), every_token),
    "convolution": (convolution(), lambda output, y: (output[..., 2] - F.one_hot(y, 3)).square().mean()),
    "coupled": (Net(), lambda output, y: output.softmax(1).mean(0).square().sum()),
}


@pytest.mark.parametrize("sizes", [(), (5, 5, 2)])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_model_itself(name, sizes):
    model, loss_fn = CASES[name]
    probe = on(model.double(), loss_fn, *sizes)
    probe = Probe(model, loss_fn, tuple((x.double(), y) for x, y in probe.batches))
    head = find_head(probe)
    plane = a_plane(probe, head)
    made = surface(probe, head, plane, A, B, name=name)
    loss, slope, gradient, hessian = naive(probe, plane)
    np.testing.assert_allclose(made.loss, loss, rtol=1e-10)
    np.testing.assert_allclose(made.slope, slope, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(made.arrows, gradient, rtol=1e-9, atol=1e-13)
    least = np.linalg.eigvalsh(hessian)[..., 0]
    np.testing.assert_allclose(made.curvature, least, rtol=1e-8, atol=1e-12)
    assert made.curvature_by is Curvature.DERIVATIVES
    assert (np.abs(made.curvature - least) <= made.rounding).all()
    assert (made.rounding < 1e-10).all()
    if name.startswith("cross-entropy"):
        assert not made.negative.any()


def test_a_program_that_branches():
    """vmap cannot follow it: it is run node by node."""

    def branching(output, y):
        loss = F.cross_entropy(output, y)
        return loss * 2 if output.sum() > 3 else loss

    def of(loss_fn):
        probe = on(Net(), loss_fn)
        head = find_head(probe)
        return surface(probe, head, a_plane(probe, head), A, B, name="")

    made, plain = of(branching), of(nn.CrossEntropyLoss())
    factor = np.round(made.loss / plain.loss)
    assert set(factor.ravel()) == {1, 2}
    np.testing.assert_allclose(made.curvature, factor * plain.curvature, rtol=1e-9)
    np.testing.assert_allclose(made.slope, factor * plain.slope, rtol=1e-9)


def test_float32_as_training_sees_it():
    """The loss is the model's own; derivatives are those in float64, where float32 would lose the sign."""
    probe = on(Net(nn.Softmax(1)), brier)
    head = find_head(probe)
    plane = a_plane(probe, head)
    made = surface(probe, head, plane, A, B, name="brier")
    trained = [each.detach().clone() for each in probe.parameters]
    for row, b in enumerate(B.values):
        for column, a in enumerate(A.values):
            with torch.no_grad():
                for parameter, start, u, v in zip(probe.parameters, plane.origin, *plane.directions, strict=True):
                    parameter.copy_(start + float(a) * u + float(b) * v)
                assert made.loss[row, column] == pytest.approx(float(probe.loss()), abs=1e-6)
    with torch.no_grad():
        for parameter, value in zip(probe.parameters, trained, strict=True):
            parameter.copy_(value)
        assert made.marks[0].loss[0] == pytest.approx(float(probe.loss()), rel=1e-6)
    assert made.marks[0].kind is MarkKind.CENTRE
    np.testing.assert_array_equal(made.marks[0].points, [[0, 0]])
    assert made.negative.any()


def test_a_line():
    probe = on(Net(), nn.CrossEntropyLoss())
    head = find_head(probe)
    plane = a_plane(probe, head)
    line = surface(probe, head, plane, A, None, name="line")
    rectangle = surface(probe, head, plane, A, Coordinate("b", np.array([0.0, 1.0])), name="plane")
    assert line.loss.shape == line.curvature.shape == line.slope.shape == (5,)
    np.testing.assert_allclose(line.loss, rectangle.loss[0])
    np.testing.assert_allclose(line.slope, rectangle.slope[0])
    assert (line.curvature >= rectangle.curvature[0]).all()  # of one direction, against the least of all


def test_an_affine_loss_gives_an_affine_grid():
    """The geometry alone: no row is shifted, and the trained point is where it belongs."""
    probe = on(Net(), lambda output, y: output[:, 0].mean() + 2 * output[3, 1])
    head = find_head(probe)
    made = surface(probe, head, a_plane(probe, head), A, B, name="affine")
    np.testing.assert_allclose(np.diff(made.loss, 2, 0), 0, atol=1e-5)
    np.testing.assert_allclose(np.diff(made.loss, 2, 1), 0, atol=1e-5)
    np.testing.assert_allclose(np.diff(np.diff(made.loss, axis=0), axis=1), 0, atol=1e-5)
    assert made.loss[1, 2] != made.loss[0, 2]
    assert not made.negative.any()
    steps = np.diff(made.loss, axis=1) / np.diff(A.values)
    np.testing.assert_allclose(made.arrows[:, :-1, 0], steps, rtol=1e-4)


def test_what_is_not_a_number_stays_so():
    """The logarithm of a negative logit; elsewhere the surface is unharmed."""
    probe = on(Net(), lambda output, y: output[0, 0].log())
    head = find_head(probe)
    made = surface(probe, head, a_plane(probe, head), A, B, name="log")
    missing = np.isnan(made.loss)
    assert missing.any()
    assert not missing.all()
    np.testing.assert_array_equal(np.isnan(made.curvature), missing)
    np.testing.assert_array_equal(np.isnan(made.slope), missing)
    assert not made.negative[missing].any()


def test_zero_one_loss_is_flat():
    probe = on(Net(), lambda output, y: (output.argmax(1) != y).float().mean())
    head = find_head(probe)
    made = surface(probe, head, a_plane(probe, head), A, B, name="errors")
    assert len(np.unique(made.loss)) > 1
    assert not made.slope.any()
    assert not made.curvature.any()


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        return z.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g


def test_no_curvature_is_better_than_a_wrong_one():
    probe = on(Net(), lambda output, y: Once.apply(output).square().mean())
    head = find_head(probe)
    made = surface(probe, head, a_plane(probe, head), A, B, name="once")
    assert np.isfinite(made.loss).all()
    assert made.curvature is None
    assert made.slope is None
    assert any("No slope and no curvature" in note for note in made.notes)


def test_usage():
    probe = on(Net(), nn.CrossEntropyLoss())
    head = find_head(probe)
    plane = a_plane(probe, head)
    moves = list(plane.directions[0])
    moves[0] = torch.ones_like(moves[0])
    with pytest.raises(UsageError, match=r"moves first\.weight"):
        surface(probe, head, Plane(plane.origin, (tuple(moves),), ("a",), (1.0,)), A, None, name="")
    with pytest.raises(UsageError, match="two directions"):
        surface(probe, head, a_plane(probe, head, 1), A, B, name="")
    with torch.no_grad():
        probe.model.first.bias += 1
    with pytest.raises(UsageError, match=r"first\.bias"):
        surface(probe, head, plane, A, B, name="")
    with pytest.raises(UsageError, match="find_head again"):
        surface(probe, head, a_plane(probe, head), A, B, name="")


def test_the_model_is_as_it_was():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(0.4), nn.Linear(4, 3)).eval()
    probe = Probe(model, nn.CrossEntropyLoss(), (data(),), training=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    numbers = torch.get_rng_state()
    head = find_head(probe)
    made = surface(probe, head, a_plane(probe, head), A, B, name="")
    again = surface(probe, find_head(probe), a_plane(probe, head), A, B, name="")
    np.testing.assert_array_equal(made.loss, again.loss)
    for name, value in model.state_dict().items():
        assert value.numpy().tobytes() == before[name].numpy().tobytes()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model[1].training
    assert torch.equal(torch.get_rng_state(), numbers)
    assert not any(module._forward_hooks for module in model.modules())
