"""Training loops in this process, watched by a session."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lossaudit.run.hooks import watching
from lossaudit.run.outcome import result_of
from lossaudit.run.sampling import Schedule
from lossaudit.run.session import Session

K = 4
Y = torch.arange(32) % K


def _watched(train):
    """What a session saw of `train()`, and the findings it announced, in order."""
    torch.manual_seed(0)
    announced = []
    session = Session(Schedule(), announced.append)
    with watching(session):
        train()
    return result_of(session, kind="run", program="test"), announced


def _steps(loss_of, count=3, model=None):
    model = model or nn.Linear(8, K)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(count):
        optimizer.zero_grad()
        loss_of(model(torch.randn(32, 8))).backward()
        optimizer.step()


def test_a_right_loop_has_no_finding_and_all_its_numbers():
    result, announced = _watched(lambda: _steps(lambda z: F.cross_entropy(z, Y), 25))
    assert announced == []
    assert result.findings == ()
    assert (result.backwards, result.sampled, result.steps) == (25, 20, 25)
    (pairing,) = result.pairings
    assert pairing.series.step == tuple(range(1, 21))
    assert all(0 <= value <= 1 for value in pairing.series.accuracy)
    assert pairing.pairing.observed.samples == 20 * 32


def test_a_finding_is_announced_once_at_the_first_backward():
    result, announced = _watched(lambda: _steps(lambda z: F.cross_entropy(z.softmax(1), Y), 5))
    assert [finding.rule for finding in announced] == ["double-softmax"]
    assert [finding.rule for finding in result.findings] == ["double-softmax"]
    assert result.findings[0].places[0].path.endswith("test_session.py")


def test_reported_losses_are_the_programs_own():
    losses = []

    def loss_of(z):
        losses.append(F.cross_entropy(z, Y))
        return losses[-1] + 0.1 * F.mse_loss(z, torch.zeros_like(z))

    result, _ = _watched(lambda: _steps(loss_of, 4))
    first = next(p for p in result.pairings if p.pairing.loss.loss == "cross_entropy")
    assert first.series.loss == pytest.approx([loss.item() for loss in losses])
    shares = [p.share_of_loss for p in result.pairings]
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "train",
    [
        lambda: _steps(lambda z: F.cross_entropy(z, Y) * 64),
        lambda: _steps(lambda z: F.cross_entropy(z, Y) / 7),
        lambda: _steps(lambda z: F.cross_entropy(z, Y, reduction="sum")),
    ],
    ids=["scaled", "accumulated", "summed"],
)
def test_gradients_do_not_depend_on_scale_accumulation_or_reduction(train):
    plain, _ = _watched(lambda: _steps(lambda z: F.cross_entropy(z, Y), 1))
    other, _ = _watched(train)
    assert other.pairings[0].series.gradient[0] == pytest.approx(plain.pairings[0].series.gradient[0], rel=1e-12)


def test_the_gradient_is_p_minus_y():
    seen = []

    def loss_of(z):
        seen.append(z.detach().double())
        return F.cross_entropy(z, Y)

    result, _ = _watched(lambda: _steps(loss_of, 1))
    expected = (seen[0].softmax(1) - F.one_hot(Y, K)).norm(dim=1).mean().item()
    assert result.pairings[0].series.gradient[0] == pytest.approx(expected, rel=1e-6)


def test_two_losses_at_two_places_are_two_objectives():
    def train():
        a, b = nn.Linear(8, K), nn.Linear(8, 1)
        for _ in range(3):
            F.cross_entropy(a(torch.randn(32, 8)), Y).backward()
            F.mse_loss(b(torch.randn(32, 8)), torch.randn(32, 1)).backward()

    result, _ = _watched(train)
    assert [p.pairing.loss.loss for p in result.pairings] == ["cross_entropy", "mse"]
    assert len({p.where for p in result.pairings}) == 2
    assert result.backwards == 6


def test_a_loss_that_was_cut_off_is_found():
    def train():
        model = nn.Linear(8, K)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss = torch.tensor(F.cross_entropy(model(torch.randn(32, 8)), Y).item(), requires_grad=True)
        loss.backward()
        optimizer.step()

    result, announced = _watched(train)
    assert [finding.rule for finding in announced] == ["loss-cut-off"]
    assert result.objectives[0].cut


def test_what_is_no_objective_is_listed_and_not_judged():
    def train():
        model = nn.Linear(8, K)
        z = model(torch.randn(32, 8))
        z.softmax(1).backward(torch.ones(32, K))
        torch.autograd.grad(F.cross_entropy(model(torch.randn(32, 8)).softmax(1), Y), list(model.parameters()))

    result, announced = _watched(train)
    assert announced == []
    assert {item.what for item in result.unresolved} == {
        "backward from a tensor of shape 32x4",
        "torch.autograd.grad",
    }


def test_nothing_is_left_behind_in_torch():
    before = (torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad)
    _watched(lambda: _steps(lambda z: F.cross_entropy(z, Y), 1))
    assert (torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad) == before
    assert torch.overrides._len_torch_function_stack() == 0


def test_an_error_in_the_loop_is_the_loops_own_and_what_was_seen_is_kept():
    session = Session(Schedule())

    def broken():
        _steps(lambda z: F.cross_entropy(z.softmax(1), Y), 2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), watching(session):
        broken()
    result = result_of(session, kind="run", program="test")
    assert [finding.rule for finding in result.findings] == ["double-softmax"]


def test_a_session_that_never_saw_torch_gives_an_empty_result():
    result = result_of(None, kind="run", program="hello.py", notes=("no torch",))
    assert (result.pairings, result.backwards, result.notes) == ((), 0, ("no torch",))
