"""The loop over a slice: exact where mathematics says so, and nothing of the user's is changed."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch
from tests.landscape.setting import Free, Sum, axes_plane, axis, mean, plane_of
from torch import nn
from torch.nn import functional as F

from lossaudit.errors import UsageError
from lossaudit.landscape import evaluate
from lossaudit.landscape.evaluate import losses, on_plane
from lossaudit.landscape.parameters import surface
from lossaudit.landscape.picture import Coordinate, Curvature
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe, probe

X = torch.randn(32, 6, generator=torch.Generator().manual_seed(1))
Y = torch.arange(32) % 3


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 3))


def everything(model: nn.Module) -> list[object]:
    """All that has to stay: bytes, identities, modes, gradients, hooks, random states."""
    tensors = [*model.parameters(), *model.buffers()]
    return [
        [(id(t), t.data_ptr(), t.detach().numpy().tobytes(), t.requires_grad) for t in tensors],
        [(id(p.grad), None if p.grad is None else p.grad.numpy().tobytes()) for p in model.parameters()],
        [module.training for module in model.modules()],
        [sorted(vars(module)) for module in model.modules()],
        [list(module._forward_hooks) for module in model.modules()],
        random.getstate(),
        np.random.get_state()[1].tobytes(),
        torch.get_rng_state().numpy().tobytes(),
    ]


def test_an_affine_loss_gives_exactly_affine_values() -> None:
    weights, data = (3.0, -2.0, 5.0), torch.tensor([[1.0, 2.0, 4.0]], dtype=torch.float64)
    made = probe(Sum(*weights), mean, (data, torch.zeros(1)))
    directions = ((1.0, 0.0, -1.0), (2.0, 1.0, 0.5))
    plane = Plane(
        (torch.tensor(weights, dtype=torch.float64),),
        tuple((torch.tensor(each, dtype=torch.float64),) for each in directions),
        ("a", "b"),
        (1.0, 1.0),
    )
    ticks = np.arange(-8, 9) / 8  # every number is a small dyadic one: no rounding anywhere
    drawn = surface(made, plane, Coordinate("a", ticks), Coordinate("b", ticks), name="affine")
    a, b = np.meshgrid(ticks, ticks)
    along = [float(np.dot(each, (1.0, 2.0, 4.0))) for each in directions]
    assert np.array_equal(drawn.loss, 19.0 + along[0] * a + along[1] * b)


@pytest.mark.parametrize("training", [False, True])
def test_the_trained_point_is_a_node_to_the_bit_and_two_runs_are_the_same(training: bool) -> None:
    model = network()
    made = probe(model, F.cross_entropy, (X, Y), training=training)
    plane = plane_of(made)
    first, second = (surface(made, plane, axis(), axis(), name="ce", curvature=Curvature.DIFFERENCES) for _ in range(2))
    assert first.loss.tobytes() == second.loss.tobytes()
    reference = copy.deepcopy(model).train(training)
    torch.manual_seed(made.seed)
    with torch.no_grad():
        assert first.loss[5, 5] == F.cross_entropy(reference(X), Y).item()


def test_each_node_is_what_a_copy_of_the_model_says() -> None:
    model = network()
    made = probe(model, F.cross_entropy, (X, Y))
    plane = plane_of(made)
    drawn = surface(made, plane, axis(5), axis(3, name="b"), name="ce")
    for row, b in enumerate(axis(3).values):
        for column, a in enumerate(axis(5).values):
            moved = copy.deepcopy(model).eval()
            with torch.no_grad():
                for p, o, u, v in zip(moved.parameters(), plane.origin, *plane.directions, strict=True):
                    p.copy_(o.double() + a * u.double() + b * v.double())
                assert drawn.loss[row, column] == pytest.approx(F.cross_entropy(moved(X), Y).item(), rel=1e-5)


def test_dropout_has_the_same_mask_at_each_node() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.dropout(x, 0.5, self.training) * self.weight

    made = probe(Masked(), mean, (torch.rand(50), torch.zeros(50)), training=True)
    line = Plane((torch.ones(1),), ((torch.ones(1),),), ("w",), (1.0,))
    drawn = surface(made, line, Coordinate("w", np.arange(4.0)), None, name="mean")  # linear for one mask only
    assert np.diff(drawn.loss) == pytest.approx([drawn.loss[0]] * 3, rel=1e-6)


def test_random_numbers_in_eval_mode_and_buffers_that_grow_are_the_same_at_each_node() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return self.weight * (x + torch.rand(()) + self.calls + random.random() + np.random.rand())

    made = probe(Noisy(), mean, (torch.ones(3), torch.zeros(3)))
    line = Plane((torch.ones(1),), ((torch.zeros(1) + 1e-20,),), ("w",), (1.0,))
    drawn = surface(made, line, axis(7), None, name="still")
    assert made.random
    assert np.ptp(drawn.loss) == 0


def test_nan_and_infinite_values_stay() -> None:
    made = probe(Free(lambda a, b: torch.log(a + 0.5) / (b.abs() > 0.1)), mean, (torch.zeros(1), torch.zeros(1)))
    drawn = surface(made, axes_plane(), axis(), axis(), name="log")
    a, b = np.meshgrid(axis().values, axis().values)
    with np.errstate(all="ignore"):
        truth = np.log(a + 0.5) / (abs(b) > 0.1)
    assert np.isnan(truth).any()
    assert np.isinf(truth).any()
    assert drawn.loss == pytest.approx(truth, nan_ok=True)
    assert not drawn.negative[np.isnan(truth)].any()


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("slope", [False, True])
def test_the_model_is_as_it_was(error: type[BaseException] | None, slope: bool) -> None:
    model = network()
    F.cross_entropy(model(X), Y).backward()
    model[0].bias.requires_grad_(False)
    model[4].eval()
    seen: list[int] = []
    model[0].register_forward_hook(lambda *_: seen.append(1))

    def loss_fn(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if error is not None and len(seen) > 9:
            raise error("at a node")
        return F.cross_entropy(output, target)

    for training in (False, True):
        seen.clear()
        before = everything(model)
        made = probe(model, loss_fn, (X, Y), training=training)
        call = lambda made=made: surface(made, plane_of(made, 1), axis(), None, name="ce", slope=slope)  # noqa: E731
        if error is None:
            call()
        else:
            with pytest.raises(error):
                call()
        assert everything(model) == before
        assert len(seen) >= 9


def test_an_exception_in_the_model_leaves_it_as_it_was() -> None:
    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))
            self.calls = 0
            self.register_buffer("last", torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            self.last = self.weight.detach() * 2  # another tensor than before
            self.cached = x
            if self.calls > 3:
                raise RuntimeError("no more")
            return self.weight * x

    model = Failing()
    made = probe(model, mean, (torch.ones(1), torch.ones(1)))
    before = everything(model)
    with pytest.raises(RuntimeError, match="no more"):
        surface(made, plane_of(made, 1), axis(), None, name="fails")
    assert everything(model) == before
    assert model.calls == 0


def test_a_graph_that_the_user_holds_can_still_be_differentiated() -> None:
    model = network().eval()
    loss = F.cross_entropy(model(X), Y)
    expected = torch.autograd.grad(loss, model[0].weight, retain_graph=True)[0]
    made = probe(model, F.cross_entropy, (X, Y))
    surface(made, plane_of(made, 1), axis(), None, name="ce")
    assert torch.equal(torch.autograd.grad(loss, model[0].weight)[0], expected)


def test_tied_weights_move_together_and_frozen_ones_stay() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(2, 2, bias=False)
            self.two = nn.Linear(2, 2, bias=False)
            self.two.weight = self.one.weight
            self.frozen = nn.Parameter(torch.full((2,), 3.0), requires_grad=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.two(self.one(x)) * self.frozen

    model = Tied()
    nn.init.eye_(model.one.weight)
    made = probe(model, mean, (torch.ones(1, 2), torch.zeros(1)))
    assert made.names == ("one.weight",)
    plane = Plane((torch.eye(2),), ((torch.eye(2),),), ("scale",), (1.0,))
    drawn = surface(made, plane, Coordinate("scale", np.array([-1.0, 0.0, 1.0])), None, name="squared")
    assert drawn.loss.tolist() == [0.0, 3.0, 12.0]  # 3 (1 + s)^2


def test_many_nodes_at_a_time_agree_with_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))

    def decaying(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:  # it looks at the parameters themselves
        return F.mse_loss(output, target) + 0.1 * sum(p.square().sum() for p in model.parameters())

    made = probe(model, decaying, (X, torch.zeros(32, 3)))
    plane = plane_of(made)
    looped = surface(made, plane, axis(), axis(), name="loop")
    monkeypatch.setattr(evaluate, "MANY_NODES", 1)
    with on_plane(made, plane) as mover:
        assert evaluate._together(made, mover, np.zeros((121, 2))) is not None
    batched = surface(made, plane, axis(), axis(), name="vmap")
    assert batched.loss == pytest.approx(looped.loss, rel=1e-5)


def test_what_cannot_be_batched_goes_through_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MANY_NODES", 1)

    class Deciding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2 if self.weight.item() > 0 else x * self.weight

    made = probe(Deciding(), mean, (torch.ones(1), torch.ones(1)))
    line = Plane((torch.zeros(1),), ((torch.ones(1),),), ("w",), (1.0,))
    assert surface(made, line, axis(5), None, name="decides").loss.tolist() == [-1.0, -0.5, 0.0, 2.0, 2.0]


def test_named_scalars_begin_at_their_value() -> None:
    made = probe(Sum(3.0, 5.0), mean, (torch.ones(1, 2, dtype=torch.float64), torch.zeros(1)))
    one, two = torch.eye(2, dtype=torch.float64)
    plane = Plane(
        (torch.tensor([3.0, 5.0], dtype=torch.float64),), ((one,), (two,)), ("w1", "w2"), (1.0, 1.0), (3.0, 5.0)
    )
    with on_plane(made, plane) as mover:
        points = np.array([[3.0, 5.0], [0.0, 5.0], [3.0, 0.0], [7.0, -2.0]])
        assert losses(made, mover, points)[:, 0].tolist() == [8.0, 5.0, 3.0, 5.0]


def test_a_plane_of_another_model_is_refused() -> None:
    made = probe(Sum(1.0, 2.0), mean, (torch.ones(1, 2), torch.zeros(1)))
    other = probe(Sum(1.0), mean, (torch.ones(1, 1), torch.zeros(1)))
    with pytest.raises(UsageError, match="does not fit the model"):
        surface(made, plane_of(other), axis(), axis(), name="wrong")
    with pytest.raises(UsageError, match="2 directions was given 1 axes"):
        surface(made, plane_of(made), axis(), None, name="wrong")
    with pytest.raises(UsageError, match="numbers that increase"):
        surface(made, plane_of(made, 1), Coordinate("a", np.array([0.0, 0.0])), None, name="wrong")


def test_a_probe_made_by_hand_is_as_good() -> None:
    made = Probe(network(), F.cross_entropy, ((X, Y),), training=True)
    drawn = surface(made, plane_of(made, 1), axis(), None, name="ce")
    again = probe(made.model, F.cross_entropy, (X, Y), training=True)
    assert drawn.loss.tolist() == surface(again, plane_of(again, 1), axis(), None, name="ce").loss.tolist()
