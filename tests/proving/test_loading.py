"""Callables by what a user types."""

from __future__ import annotations

import sys

import pytest
import torch

from lossaudit.errors import UsageError
from lossaudit.proving.examples import example, guess
from lossaudit.proving.loading import load

LOSSES = """
import torch
from torch import nn
import beside

def my_loss(z, y):
    return ((z - y) ** 2).mean()

class Focal(nn.Module):
    def __init__(self, gamma=2.0, weights=None):
        super().__init__()
        self.gamma = gamma

    def forward(self, z, y):
        return ((1 - z.softmax(-1)[range(len(y)), y]) ** self.gamma).sum()

class Needs(nn.Module):
    def __init__(self, gamma):
        super().__init__()
        self.gamma = gamma

class Holder:
    loss = staticmethod(my_loss)

def make(k):
    return lambda z: k * z.sum()

def broken():
    raise ValueError("no")

number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "losses_of_mine.py").write_text(LOSSES)
    (tmp_path / "beside.py").write_text("x = 1\n")
    (tmp_path / "raises.py").write_text("import torch\nraise KeyError('nothing')\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "syntax.py").write_text("def f(:\n")
    (tmp_path / "needs_more.py").write_text("import no_such_module_at_all\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").write_text("")
    (tmp_path / "folder" / "inner.py").write_text("def loss(z):\n    return z.sum()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


Z, Y = torch.zeros(2, 3), torch.tensor([0, 1])


def test_functions(here):
    for spec in ("losses_of_mine:my_loss", "losses_of_mine.py:my_loss", f"{here}/losses_of_mine.py:my_loss"):
        assert float(load(spec)(Z, Z + 1)) == 1.0
    assert float(load("losses_of_mine:Holder.loss")(Z, Z + 2)) == 4.0
    assert float(load("folder.inner:loss")(Z + 1)) == 6.0


def test_classes_and_calls(here):
    assert load("losses_of_mine:Focal").gamma == 2.0
    assert load("losses_of_mine.py:Focal(gamma=3)").gamma == 3
    assert load("losses_of_mine:Focal(1.5, weights=[1, -2.5])").gamma == 1.5
    assert load("losses_of_mine:Focal(1.5, {'a:b': None})").gamma == 1.5
    assert float(load("losses_of_mine:make(k=2)")(Z + 1)) == 12.0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("my_loss", "module:name"),
        ("losses_of_mine:", "module:name"),
        ("losses_of_mine:my_los", "my_loss"),
        ("losses_of_mine:Focal.nothing", "no Focal.nothing"),
        ("losses_of_mine:number", "int, not callable"),
        ("losses_of_mine:number()", "int, not callable"),
        ("losses_of_mine:Needs", r"Needs\(gamma=...\)"),
        ("losses_of_mine:Needs()", "TypeError"),
        ("losses_of_mine:Focal(gamma=torch.ones(2))", "plain literals"),
        ("losses_of_mine:Focal(**{})", "plain literals"),
        ("losses_of_mine:Focal(gamma=__import__('os').getpid())", "plain literals"),
        ("losses_of_mine:broken()", r"ValueError: no \(losses_of_mine.py:\d+\)"),
        ("nowhere.py:loss", "no file nowhere.py"),
        ("nowhere_at_all:loss", "no module 'nowhere_at_all'"),
        ("folder.nowhere:loss", "no module 'folder.nowhere'"),
        ("raises:loss", r"raises KeyError: 'nothing' \(raises.py:2\)"),
        ("raises.py:loss", r"raises KeyError: 'nothing' \(raises.py:2\)"),
        ("leaves.py:loss", "SystemExit"),
        ("syntax.py:loss", r"SyntaxError.*syntax.py:1"),
        ("needs_more:loss", "no_such_module_at_all"),
    ],
)
def test_errors_are_one_line(here, spec, message):
    with pytest.raises(UsageError, match=message) as caught:
        load(spec)
    assert "\n" not in str(caught.value)


# Examples


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("cross_entropy", {("index", (4, 10)), ("one-hot", (4, 10)), ("{0,1}", (4, 10)), ("real", (4, 10))}),
        ("nll_loss", {("index", (4, 10))}),
        ("multi_margin_loss", {("index", (4, 10))}),
        ("mse_loss", {(kind, shape) for kind in ("one-hot", "{0,1}", "real") for shape in ((4, 10), (8,))}),
    ],
)
def test_a_loss_runs_on_the_targets_it_is_for(name, kinds):
    found = {(one.target, one.shape) for one in guess(getattr(torch.nn.functional, name))}
    assert kinds <= found
    assert all(shape == (4, 10) for kind, shape in found if kind == "index")


def test_a_loss_of_one_argument_needs_no_target():
    assert [one.args[0].shape for one in guess(lambda z: z.exp().sum())] == [(4, 10), (8,)]


def test_what_is_asked_for_is_used():
    (only,) = guess(torch.nn.functional.soft_margin_loss, (3, 2), "{-1,+1}")
    assert only.shape == (3, 2)
    assert set(only.args[1].unique().tolist()) == {-1.0, 1.0}


def test_no_example_fits():
    with pytest.raises(UsageError, match="no example fits") as caught:
        guess(lambda z, y: z)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="give an example"):
        guess(lambda a, b, c: (a - b + c).sum())


def test_examples_are_the_same_every_time_and_leave_the_generator_alone():
    state = torch.get_rng_state()
    one, other = example((4, 10), "one-hot"), example((4, 10), "one-hot")
    assert all(torch.equal(a, b) for a, b in zip(one.args, other.args, strict=True))
    assert torch.equal(one.args[1].sum(1), torch.ones(4).double())
    assert torch.equal(example((4, 10, 3), "one-hot").args[1].sum(1), torch.ones(4, 3).double())
    assert torch.equal(state, torch.get_rng_state())
    with pytest.raises(UsageError, match="targets"):
        example((4, 10), "nonsense")
