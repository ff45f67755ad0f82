"""A subject is the user's own function; what is none says so in one line."""

from __future__ import annotations

import functools
import math
import warnings

import pytest
import torch
from tests.record.replay import Replay
from torch import nn
from torch.nn import functional as F

from lossaudit.errors import UsageError
from lossaudit.proving.subject import Subject

Z = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 4])
X = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))


class Net(nn.Module):
    """Two layers, dropout and batch statistics, and a cross-entropy."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))

    def forward(self, x, y):
        return F.cross_entropy(self.layers(x), y)


LABELS = torch.tensor([0, 1, 0, 1, 1, 0])


def test_an_argument():
    subject = Subject.of(F.cross_entropy, (Z, Y))
    assert subject.variables == (("input", (4, 5)),)
    assert subject.words == "input"
    assert subject.described == "cross_entropy"
    assert subject.shape == (4, 5)
    assert subject.dtype is torch.float64
    assert subject.value(subject.example) == float(F.cross_entropy(Z.double(), Y))
    assert "target" in subject.fixed


def test_the_gradient_is_that_of_the_code():
    subject = Subject.of(lambda z: (z**3).sum(), (torch.tensor([1.0, 2.0]),))
    assert subject.gradient((3.0, -1.0)) == (27.0, 3.0)


@pytest.mark.parametrize(
    ("wrt", "names"),
    [
        ("layers.2.weight", ("layers.2.weight",)),
        (["layers.0.weight", "layers.2.bias"], ("layers.0.weight", "layers.2.bias")),
        (0, ("x",)),
        (-2, ("x",)),
        ("x", ("x",)),
        (["x", "layers.2.bias"], ("x", "layers.2.bias")),
        ("all", tuple(name for name, _ in Net().named_parameters())),
    ],
)
def test_variables_of_a_module(wrt, names):
    net = Net().eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    subject = Subject.of(net, (X, LABELS), wrt)
    assert subject.names == names
    assert subject.value(subject.example) == pytest.approx(float(net(X, LABELS)), rel=1e-5)
    flat = [float(v) for v in torch.linspace(-1, 1, len(subject.example))]
    subject.value(flat)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert next(net.parameters()).dtype is torch.float32
    assert all(p.grad is None for p in net.parameters())


def test_a_module_keeps_its_mode_and_its_statistics():
    net = Net().train()
    before = net.layers[1].running_mean.clone()
    subject = Subject.of(net, (X, LABELS), "layers.2.weight")
    assert net.training
    assert torch.equal(net.layers[1].running_mean, before)
    assert subject.value(subject.example) == subject.value(subject.example)


def test_the_value_at_another_point_is_the_module_with_other_parameters():
    net = nn.Linear(3, 1).double()
    subject = Subject.of(lambda w: (X.double() @ w).square().sum(), (torch.zeros(3),))
    whole = Subject.of(nn.Sequential(net, Square()), (X,), "all")
    assert whole.names == ("0.weight", "0.bias")
    assert whole.value((1.0, 2.0, 3.0, 0.0)) == pytest.approx(subject.value((1.0, 2.0, 3.0)), rel=1e-14)


class Square(nn.Module):
    def forward(self, x):
        return x.square().sum()


def test_tied_weights_are_one_variable():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Linear(2, 2, bias=False)
            self.two = nn.Linear(2, 2, bias=False)
            self.two.weight = self.one.weight

        def forward(self, x):
            return self.two(self.one(x)).sum()

    subject = Subject.of(Tied(), (torch.eye(2),), "all")
    assert subject.names == ("one.weight",)
    assert subject.value((1.0, 2.0, 3.0, 4.0)) == 54.0  # the sum of the entries of the square


def test_a_module_without_arguments():
    class Penalty(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))

        def forward(self):
            return (1 - self.w[0] * self.w[1]) ** 2 / 2

    assert Subject.of(Penalty(), wrt="w").value((2.0, 3.0)) == 12.5


def test_other_arguments_are_taken_in_float64_and_left_alone():
    target = torch.rand(4, 5)
    subject = Subject.of(F.mse_loss, (Z, target))
    target.zero_()
    assert subject.value([0.0] * 20) > 0
    nested = Subject.of(lambda z, parts: sum((z * part).sum() for part in parts["all"]), (Z, {"all": [Z, Z]}))
    assert nested.value(nested.example) == pytest.approx(2 * float(Z.double().square().sum()), rel=1e-15)


def test_numbers_and_keywords():
    assert Subject.of(lambda w, k=1: (k * w - 1) ** 2, (0.5,), keywords={"k": 3}).value((1.0,)) == 4.0
    assert Subject.of(lambda a, *, b: (a * b).sum(), (2.0,), "b", {"b": torch.ones(2)}).example == (1.0, 1.0)


def test_a_captured_float32_module_is_taken_as_it_is():
    net = nn.Linear(5, 3)
    subject = Subject.of(lambda z: F.cross_entropy(net(z), Y.clamp(max=2)), (Z,))
    assert subject.dtype is torch.float32
    assert any("float32" in note for note in subject.notes)
    assert subject.value(subject.example) == pytest.approx(float(F.cross_entropy(net(Z), Y.clamp(max=2))), rel=1e-6)
    lowering = Replay()
    recorded = subject.record(lowering)
    assert lowering.at(torch.tensor(subject.example).double().numpy())[recorded.output] == pytest.approx(
        recorded.value, rel=1e-6
    )


def test_warnings_of_the_program_are_not_repeated():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isfinite(Subject.of(lambda z: F.softmax(z).square().sum(), (Z,)).value([0.0] * 20))


def test_a_variable_that_no_gradient_reaches_is_noted():
    subject = Subject.of(lambda a, b: (a * b.detach()).sum(), (Z, Z + 1), [0, 1])
    assert subject.notes == ("no gradient reaches b",)


def test_outside_its_domain_the_value_is_nan():
    def loss(z):
        if z.min() <= 0:
            raise ValueError("positive values only")
        return z.log().sum()

    assert math.isnan(Subject.of(loss, (torch.ones(2),)).value((-1.0, 1.0)))


def test_recording_a_subject_replays():
    net = Net().eval()
    subject = Subject.of(net, (X, LABELS), "all")
    lowering = Replay()
    recorded = subject.record(lowering)
    assert recorded.escapes == ()
    point = torch.linspace(-1, 1, len(subject.example), dtype=torch.float64).tolist()
    assert lowering.at(point)[recorded.output] == pytest.approx(subject.value(point), rel=1e-12)


# One line each


def in_place(z):
    z.mul_(2)
    return z.sum()


def hidden_in_place(z):
    z.data.mul_(2)
    return z.sum()


def in_place_target(z, y):
    y.clamp_(min=0.1)
    return (z - y).square().sum()


class Counting:
    calls = 0

    def __call__(self, z):
        self.calls += 1
        return z.sum() * self.calls


def fails(z):
    return z[99].sum()


class Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sum()

    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("no backward today")


BAD = {
    "scalar": (lambda z: F.mse_loss(z, z.detach(), reduction="none"), (Z,), r"shape \(4, 5\).*reduction"),
    "number": (lambda z: z.sum().item(), (Z,), "float, not a tensor"),
    "nothing": (lambda z: None, (Z,), "NoneType"),
    "pair": (lambda z: (z.sum(), z), (Z,), "tuple, not a tensor"),
    "infinite": (lambda z: z.sum() / 0, (Z,), "inf at the example"),
    "nan": (lambda z: (z * 0).log().sum() * 0, (Z,), "nan at the example"),
    "detached": (lambda z: z.detach().sum(), (Z,), "no gradient"),
    "argmax": (lambda z: (z.argmax(1) == Y).double().mean(), (Z,), "no gradient"),
    "unused": (lambda z: torch.ones((), requires_grad=True) * 2, (Z,), "no gradient"),
    "random": (lambda z: F.dropout(z).sum(), (Z,), "random"),
    "random by numpy": (lambda z: z.sum() * __import__("random").random(), (Z,), "another value each time"),
    "state": (Counting(), (Z,), "another value each time"),
    "in place": (in_place, (Z,), "changes its input z in place"),
    "hidden in place": (hidden_in_place, (Z,), "changes its input z in place"),
    "target in place": (in_place_target, (Z, Z.clone()), "one of its arguments in place"),
    "raises": (fails, (Z,), r"IndexError: .*\(tests/proving/test_subject.py:\d+\)"),
    "raises by design": (functools.partial(F.cross_entropy, target=Y[:2]), (Z,), "raises"),
    "backward": (Backward.apply, (Z,), "no backward today"),
    "not callable": (3, (Z,), "int is not callable"),
    "integers": (F.cross_entropy, (Y, Y), "int64"),
    "no tensor": (lambda z: z, ("text",), "str, not a tensor"),
    "empty": (torch.sum, (torch.zeros(0),), "empty"),
    "complex": (lambda z: torch.complex(z, z).sum(), (Z,), "complex"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gives_one_clear_line(name):
    function, args, message = BAD[name]
    before = torch.get_rng_state()
    with pytest.raises(UsageError, match=message) as caught:
        Subject.of(function, args)
    assert "\n" not in str(caught.value)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        (2, "2 arguments"),
        ("layers.2.wieght", "layers.2.weight"),
        ([], "one variable"),
        ([0, 0], "different"),
        (1, "int64"),
    ],
)
def test_bad_variables(wrt, message):
    with pytest.raises(UsageError, match=message):
        Subject.of(Net().eval(), (X, LABELS), wrt)


def test_all_without_parameters():
    with pytest.raises(UsageError, match="no"):
        Subject.of(F.cross_entropy, (Z, Y), "all")
