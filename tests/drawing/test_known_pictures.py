"""Pictures over parameters that are known from mathematics come out right, on the arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lossaudit.drawing.model import draw_model
from lossaudit.landscape.picture import Curvature, MarkKind, Picture, Surface
from lossaudit.training import Training


class OneOneOne(nn.Module):
    """y = w2 act(w1 x)."""

    def __init__(self, act, w1: float, w2: float) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.tensor(w1, dtype=torch.float64))
        self.w2 = nn.Parameter(torch.tensor(w2, dtype=torch.float64))
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.w2 * self.act(self.w1 * x)


def only(picture: Picture) -> Surface:
    (panel,) = picture.panels
    return panel.surface


def minima(surface: Surface) -> np.ndarray:
    found = [mark.points for mark in surface.marks if mark.kind is MarkKind.MINIMUM]
    return found[0] if found else np.empty((0, 1))


@pytest.fixture(scope="module")
def one_one_one() -> Training:
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    return Training(OneOneOne(torch.tanh, 0.8, 1.5), nn.MSELoss(), (x, 1.5 * torch.tanh(0.8 * x)), name="1-1-1 network")


@pytest.mark.parametrize("curvature", list(Curvature))
def test_the_one_one_one_network_is_convex_along_w2_and_not_along_w1(one_one_one, curvature):
    x = one_one_one.data[0].numpy()
    along = only(draw_model(one_one_one, directions="w2", curvature=curvature, reach=5))
    assert not along.negative.any()
    exact = 2 * np.mean(np.tanh(0.8 * x) ** 2)  # d2/dw2^2 of the mean of (w2 tanh(0.8 x) - y)^2
    np.testing.assert_allclose(along.curvature[1:-1], exact, rtol=1e-8)

    picture = draw_model(one_one_one, directions="w1", curvature=curvature, reach=5)
    across = only(picture)
    assert across.negative.any()
    w1, step = across.x.values, 1e-3

    def loss(w: np.ndarray) -> np.ndarray:
        return np.mean((1.5 * np.tanh(np.outer(w, x)) - one_one_one.data[1].numpy()) ** 2, 1)

    np.testing.assert_allclose(across.loss, loss(w1), rtol=1e-9, atol=1e-15)
    second = (loss(w1 + step) - 2 * loss(w1) + loss(w1 - step)) / step**2
    clear = np.abs(second) > 0.05
    clear[[0, -1]] = False
    assert np.array_equal(across.negative[clear], second[clear] < 0)
    assert "negative curvature at" in picture.title


def test_the_plane_of_the_one_one_one_network_dips(one_one_one):
    picture = draw_model(one_one_one, directions="w1,w2", size=41, curvature=Curvature.DIFFERENCES)
    surface = only(picture)
    assert (surface.x.name, surface.y.name) == ("w1", "w2")
    assert surface.negative.any()
    assert not surface.negative[20, 20]  # at a minimum there is no negative curvature
    # tanh is odd, so (-w1, -w2) is the same network: two minima of loss 0. In the valley w1 w2 = const some nodes
    # happen to lie lower than all their neighbours; they are none.
    wide = only(draw_model(one_one_one, directions="w1,w2", size=81, reach=4.0, curvature=Curvature.DIFFERENCES))
    np.testing.assert_allclose(minima(wide), [[-0.8, -1.5], [0.8, 1.5]])


@pytest.fixture(scope="module")
def xor() -> Training:
    """A 2-2-1 tanh network that solves XOR; the loss is the sum of squared errors, targets -1 and 1."""
    x = torch.tensor([[-1.0, -1], [-1, 1], [1, -1], [1, 1]], dtype=torch.float64)
    y = torch.tensor([[-1.0], [1], [1], [-1]], dtype=torch.float64)
    loss = nn.MSELoss(reduction="sum")
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        return value

    optimizer.step(closure)
    return Training(model, loss, (x, y), name="2-2-1 tanh network on XOR")


def test_the_permutation_path_of_xor_has_a_barrier(xor):
    picture = draw_model(xor, directions="permutation")
    surface = only(picture)
    t = surface.x.values
    (start,), (middle,), (end,) = (surface.loss[t == at] for at in (0.0, 0.5, 1.0))
    assert start <= 0.05
    assert end == pytest.approx(start, abs=1e-9)
    # In the middle both hidden units are the same one, so the output is monotone along one direction of the plane. The
    # points of XOR lie along any direction as -, +, +, - or +, -, -, +: the best monotone fit has squared error 8/3.
    assert middle >= 8 / 3
    assert f"{surface.loss[(t >= 0) & (t <= 1)].max():.3g} between them" in picture.title
    assert surface.negative.any()


def neuron(loss) -> Training:
    """One sigmoid neuron without a bias on x = (10, -0.1), targets (0.9, 0.9): Auer, Herbster & Warmuth 1995."""
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Sigmoid()).double()
    nn.init.zeros_(model[0].weight)
    x = torch.tensor([[10.0], [-0.1]], dtype=torch.float64)
    return Training(model, loss, (x, torch.full((2, 1), 0.9, dtype=torch.float64)))


def test_one_sigmoid_neuron_has_two_minima_with_squared_error_and_one_with_cross_entropy():
    settings = {"directions": "0.weight", "reach": 40.0, "size": 4001, "curvature": Curvature.DIFFERENCES}
    squared = only(draw_model(neuron(nn.MSELoss()), **settings))
    np.testing.assert_allclose(minima(squared), [[-21.97], [0.209]], atol=0.02)
    assert squared.negative.any()
    stable = neuron(F.binary_cross_entropy_with_logits)
    stable.model[1] = nn.Identity()
    entropy = only(draw_model(stable, **settings))
    np.testing.assert_allclose(minima(entropy), [[0.2197]], atol=0.02)  # sigmoid(10 w) = 0.9 but for the small weight
    assert not entropy.negative.any()
    # As coded, F.binary_cross_entropy clamps log at -100: below w = -10 the first sample pushes no more.
    clamped = only(draw_model(neuron(F.binary_cross_entropy), **settings))
    assert len(minima(clamped)) == 2


def test_a_relu_network_bends_down_at_its_kink_where_derivatives_see_nothing():
    """One sample: (w2 relu(w1) - 1)^2 is 1 for w1 <= 0 and falls from there on: concave at 0, convex on either side."""
    data = torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    training = Training(OneOneOne(torch.relu, 0.0, 1.0), nn.MSELoss(), data)
    differences = only(draw_model(training, directions="w1", reach=2, curvature=Curvature.DIFFERENCES))
    assert differences.x.values[differences.negative].tolist() == [0.0]
    derivatives = only(draw_model(training, directions="w1", reach=2, curvature=Curvature.DERIVATIVES))
    assert not derivatives.negative.any()
    plane = only(draw_model(training, directions="w1,w2", reach=2))
    assert plane.curvature_by is Curvature.DIFFERENCES
    w1, w2 = np.meshgrid(plane.x.values, plane.y.values)
    # Inside of w1 > 0 it is (w1 w2 - 1)^2, with determinant 4 u^2 - 4 (2 u - 1)^2 of the Hessian, u = w1 w2: negative
    # for u < 1/3 and for u > 1.
    inside = (w1 > 0.1) & (np.abs(w2) < 2.9) & (w1 < 1.9)
    u = (w1 * w2)[inside]
    clear = (np.abs(u - 1 / 3) > 0.1) & (np.abs(u - 1) > 0.1)
    inner = plane.negative[inside]
    known = np.isfinite(plane.curvature[inside]) & clear
    truth = (u < 1 / 3) | (u > 1)
    assert not inner[known & ~truth].any()
    assert inner[known & truth].mean() > 0.95  # where neighbours leave the sign open, none is shown


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("directions", "reach"), [("bias,weight:0", 0.01), ("bias", 0.5), ("random", None)])
@pytest.mark.parametrize("loss", [nn.L1Loss(), lambda output, y: (output - y).mean()], ids=["absolute", "linear"])
def test_a_convex_loss_of_a_linear_model_is_not_negative_by_the_rounding_of_large_numbers(
    dtype, directions, reach, loss
) -> None:
    """Both are convex in all parameters. The bias and the outputs are near 1000, so that their rounding is coarse."""
    torch.manual_seed(0)
    x = torch.randn(64, 3, dtype=dtype)
    model = nn.Linear(3, 1).to(dtype)
    nn.init.constant_(model.bias, 1000.0)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]], dtype=dtype) + 1000 + 0.1 * torch.randn(64, 1, dtype=dtype)
    surface = only(draw_model(Training(model, loss, (x, y)), directions=directions, reach=reach, size=31))
    assert surface.curvature_by is not None
    assert not surface.negative.any()


class _Shifted(nn.Module):
    """A parameter that moves all logits alike, which cross-entropy cannot see."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 30 * self.linear(x) + 50 * self.shift


def test_cross_entropy_is_not_negative_where_its_curvature_cancels() -> None:
    torch.manual_seed(1)
    training = Training(_Shifted(), nn.CrossEntropyLoss(), (torch.randn(64, 3), torch.randint(0, 3, (64,))))
    surface = only(draw_model(training, directions="shift", curvature=Curvature.DERIVATIVES))
    assert surface.curvature_by is Curvature.DERIVATIVES
    assert not surface.negative.any()


def test_a_convex_quadratic_has_no_minima_made_of_rounding() -> None:
    """Outputs near 1000 in float32 with residuals of 0.01: the loss is rough on the scale of the nodes."""
    torch.manual_seed(1)
    x, model = torch.randn(64, 3), nn.Linear(3, 1)
    nn.init.ones_(model.weight)
    nn.init.constant_(model.bias, 1000.0)
    training = Training(model, nn.MSELoss(), (x, x.sum(1, keepdim=True) + 1000 + 0.01 * torch.randn(64, 1)))
    for directions in ("weight:0", "weight:0,weight:1"):
        surface = only(draw_model(training, directions=directions, reach=1e-3))
        assert sum(len(mark.points) for mark in surface.marks if mark.kind is MarkKind.MINIMUM) <= 1


def _logits_of(change, *, directions: str = "head") -> Surface:
    """A linear model with something done to its logits, drawn over the head block."""
    torch.manual_seed(0)

    class Changed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return change(self.last(x))

    data = torch.randn(40, 4), torch.randint(0, 3, (40,))
    return only(draw_model(Training(Changed(), nn.CrossEntropyLoss(), data), directions=directions))


@pytest.mark.parametrize(
    "change", [torch.relu, lambda z: z / z.detach().norm(dim=1, keepdim=True)], ids=["kinks", "detached"]
)
def test_the_head_bends_down_where_derivatives_do_not_see_it(change) -> None:
    """A node marked negative has a chord below it; derivatives would mark none: given the rest, the loss is convex."""
    surface = _logits_of(change)
    assert surface.curvature_by is Curvature.DIFFERENCES
    assert surface.negative.any()
    loss = surface.loss.astype(float)
    assert (loss[:, 2:] + loss[:, :-2] - 2 * loss[:, 1:-1]).min() < -1e-5 or (
        loss[2:] + loss[:-2] - 2 * loss[1:-1]
    ).min() < -1e-5


def test_smooth_logits_keep_the_derivatives() -> None:
    assert _logits_of(torch.tanh).curvature_by is Curvature.DERIVATIVES
