"""The loop: the bits of a loop by hand, in any process; diverging trials kept; the caller's state left alone."""

from __future__ import annotations

import hashlib
import math
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.trials.problems import factory, network, problem
from torch import Tensor, nn
from torch.nn import functional as F

from lossaudit.comparison import Better
from lossaudit.errors import UsageError
from lossaudit.trials.contender import contenders
from lossaudit.trials.loop import Loop
from lossaudit.trials.measures import metric
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Problem, Samples, Task
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.weights import packed, unpacked

RECIPE = Recipe(epochs=3, batch=32)


def loop(task: Task = Task.MULTICLASS, losses: tuple[str, ...] = ("ce", "mse:softmax"), **options: object) -> Loop:
    whole, _ = problem(task)
    return Loop(factory(whole.outputs), whole, contenders(losses, whole), replace(RECIPE, **options))


def by_hand(whole: Problem, loss_fn: Callable[[Tensor, Tensor], Tensor], make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(5)
    model = make()
    torch.manual_seed(5)
    order = torch.Generator().manual_seed(5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(RECIPE.epochs):
        for rows in torch.randperm(len(whole.train), generator=order).split(RECIPE.batch):
            optimizer.zero_grad()
            loss_fn(model(whole.train.x[rows]), whole.train.y[rows]).backward()
            optimizer.step()
    return model


@pytest.mark.parametrize(
    ("name", "loss_fn"),
    [
        ("ce", F.cross_entropy),
        ("mse:softmax", lambda z, y: F.mse_loss(torch.softmax(z, 1), F.one_hot(y, 3).float())),
    ],
)
def test_weights_are_those_of_a_loop_by_hand_bit_for_bit(
    name: str, loss_fn: Callable[[Tensor, Tensor], Tensor]
) -> None:
    whole, _ = problem()
    outcome = loop().train(Trial(name, 0.1, 5))
    with torch.random.fork_rng():
        expected = by_hand(whole, loss_fn, network).state_dict()
    found = unpacked(outcome.sealed)
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.slow  # test_execute_loop.py and test_compare_in_python.py do the same with workers
def test_another_process_gives_the_same_bits() -> None:
    trial = Trial("mse:softmax", 0.3, 1)
    here = loop().train(trial)
    program = (
        "import hashlib, torch\n"
        "torch.set_num_threads(2); torch.rand(7)\n"
        "from tests.trials.problems import factory, problem\n"
        "from lossaudit.trials.contender import contenders\n"
        "from lossaudit.trials.loop import Loop\n"
        "from lossaudit.trials.trial import Recipe, Trial\n"
        "whole, _ = problem()\n"
        "made = Loop(factory(), whole, contenders(['mse:softmax'], whole), Recipe(epochs=3, batch=32))\n"
        "o = made.train(Trial('mse:softmax', 0.3, 1))\n"
        "print(hashlib.sha256(o.sealed).hexdigest(), sorted(o.curves.items()))\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split(" ", 1) == [hashlib.sha256(here.sealed).hexdigest(), f"{sorted(here.curves.items())}\n"]


def test_the_callers_state_is_left_alone() -> None:
    torch.manual_seed(3), random.seed(3), np.random.seed(3)
    expected = torch.rand(1).item(), random.random(), np.random.random()
    torch.manual_seed(3), random.seed(3), np.random.seed(3)
    threads = torch.get_num_threads()
    with torch.no_grad():
        made = loop()
        made.test(made.train(Trial("ce", 0.1, 0)), made.problem.validation)
        assert not torch.is_grad_enabled()
    assert (torch.rand(1).item(), random.random(), np.random.random()) == expected
    assert torch.get_num_threads() == threads


def test_losses_are_paired_over_seeds() -> None:
    made = loop()
    first, second = (made.train(Trial(name, 0.1, 2)) for name in ("ce", "mse:softmax"))
    assert first.curves["score"][0] == second.curves["score"][0]
    assert made.train(Trial("ce", 0.1, 3)).sealed != first.sealed
    assert all(len(curve) == RECIPE.epochs + 1 for curve in first.curves.values())
    assert first.validation["accuracy"] == first.score


def test_the_loss_before_the_first_step_is_that_of_the_first_batch() -> None:
    whole, _ = problem()
    made = Loop(Factory("zero", _zero, "zero"), whole, contenders(["ce"], whole), RECIPE)
    assert made.train(Trial("ce", 0.1, 0)).curves["training loss"][0] == pytest.approx(math.log(3))


def _zero() -> nn.Module:
    model = nn.Linear(4, 3)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return model


def test_a_diverged_trial_is_an_outcome() -> None:
    made = loop(losses=("squared_outputs", "ce"))
    outcome = made.train(Trial("squared_outputs", 1e12, 0))
    assert outcome.diverged is not None
    for curve in outcome.curves.values():
        assert len(curve) == RECIPE.epochs + 1
        assert math.isfinite(curve[0])
        assert all(map(math.isnan, curve[outcome.diverged :]))
    assert math.isnan(outcome.score)
    tested = made.test(outcome, made.problem.validation)
    assert all(map(math.isnan, tested.values.values()))


def test_weights_come_back_exactly_in_every_type() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.randn(3, 2).to(torch.bfloat16))
            self.register_buffer("b", torch.tensor(7))
            self.register_buffer("c", torch.tensor([True, False]))
            self.register_buffer("d", torch.zeros(0, 4, dtype=torch.complex64))
            self.register_buffer("file", torch.randn(2, 2, dtype=torch.float64).T)

    model = Odd()
    found, expected = unpacked(packed(model)), model.state_dict()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_batch_normalisation_and_a_last_batch_of_one() -> None:
    whole, _ = problem(count=33)  # 32 and 1
    made = Loop(factory(norm=True), whole, contenders(["ce"], whole), RECIPE)
    outcome = made.train(Trial("ce", 0.1, 0))
    assert outcome.diverged is None
    assert int(unpacked(outcome.sealed)["1.num_batches_tracked"]) == RECIPE.epochs
    assert any("one sample" in sentence for sentence in made.setting())
    model = made.model(outcome)
    assert made.problem.validation.y.shape == made.outputs(model, made.problem.validation.x).argmax(1).shape


@pytest.mark.parametrize(
    ("task", "losses", "first"),
    [
        (Task.BINARY, ("bce_with_logits", "hinge", "mse:sigmoid"), "accuracy"),
        (Task.MULTILABEL, ("bce_with_logits", "mse:sigmoid"), "accuracy"),
        (Task.REGRESSION, ("mse", "mae", "poisson_nll"), "rmse"),
    ],
)
def test_other_tasks_are_learnt(task: Task, losses: tuple[str, ...], first: str) -> None:
    made = loop(task, losses, epochs=20)
    for name in losses:
        outcome = made.train(Trial(name, 0.1, 0))
        assert outcome.score > outcome.curves["score"][0]
        tested = made.test(outcome, made.problem.validation)
        assert tested.values[first] == pytest.approx(outcome.validation[first])
        assert tested.outputs is not None
        assert len(tested.outputs) == len(made.problem.validation)


def test_inputs_of_several_tensors() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Linear(2, 3), nn.Linear(2, 3)

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return self.left(left) + self.right(right)

    whole, _ = problem()
    scores = []
    for split in (lambda x: (x[:, :2], x[:, 2:]), lambda x: {"left": x[:, :2], "right": x[:, 2:]}):
        train, validation = (Samples(split(part.x), part.y) for part in (whole.train, whole.validation))
        same = replace(whole, train=train, validation=validation)
        made = Loop(Factory("two", Two, "two"), same, contenders(["ce"], same), RECIPE)
        scores.append(made.train(Trial("ce", 0.1, 0)).curves["score"])
    assert scores[0] == scores[1]


def test_a_metric_of_the_users_decides() -> None:
    whole, _ = problem()
    wrong = metric(lambda outputs, y: float((outputs.argmax(1) != y).double().mean()), Better.SMALLER)
    made = Loop(factory(), whole, contenders(["ce"], whole), RECIPE, metric=wrong)
    outcome = made.train(Trial("ce", 0.1, 0))
    assert outcome.score == pytest.approx(outcome.validation["accuracy"] - 1)
    assert made.test(outcome, whole.validation).values["<lambda>"] == pytest.approx(-outcome.score)


def test_noise_in_labels_has_a_curve_of_its_own() -> None:
    whole, _ = problem()
    noisy = replace(
        whole, validation=replace(whole.validation, y=(whole.validation.y + 1) % 3, true=whole.validation.y)
    )
    outcome = Loop(factory(), noisy, contenders(["ce"], noisy), RECIPE).train(Trial("ce", 0.1, 0))
    assert outcome.curves["validation accuracy, true labels"][-1] > outcome.curves["validation accuracy"][-1]


def test_an_identity_tells_what_matters() -> None:
    whole, _ = problem()
    losses = ["ce", "focal", "focal(gamma=5)", "mse:softmax", "mse:sigmoid", "ce"]
    made = Loop(factory(), whole, contenders(losses, whole), RECIPE)
    known = [repr(made.identity(name)) for name in made.contenders]
    assert len(set(known)) == 5  # cross-entropy twice is the same
    other = Loop(factory(), whole, contenders(["ce"], whole), replace(RECIPE, epochs=4))
    assert repr(other.identity("ce")) != known[0]
    fewer = replace(whole, train=Samples(whole.train.x[:-1], whole.train.y[:-1]))
    assert repr(Loop(factory(), fewer, contenders(["ce"], fewer), RECIPE).identity("ce")) != known[0]


def test_what_a_model_raises_is_one_line() -> None:
    whole, _ = problem()
    made = Loop(Factory("wide", lambda: nn.Linear(9, 3), "wide"), whole, contenders(["ce"], whole), RECIPE)
    with pytest.raises(UsageError, match="wide under ce raises RuntimeError") as raised:
        made.train(Trial("ce", 0.1, 0))
    assert "\n" not in str(raised.value)
    with pytest.raises(UsageError, match="no optimizer 'lion' here; there is sgd"):
        Loop(factory(), whole, contenders(["ce"], whole), replace(RECIPE, optimizer="lion"))


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_other_optimizers_clip_and_learn(optimizer: str) -> None:
    made = loop(optimizer=optimizer, clip=1.0, weight_decay=0.01, epochs=10)
    outcome = made.train(Trial("ce", 0.03, 0))
    assert outcome.score > outcome.curves["score"][0]
