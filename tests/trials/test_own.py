"""A user's own training function, and what it may return."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lossaudit.comparison import Better
from lossaudit.errors import UsageError
from lossaudit.proving.loading import load
from lossaudit.trials.own import Own, measures_of
from lossaudit.trials.returned import direction
from lossaudit.trials.trial import Outcome, Trial

EXAMPLES = Path(__file__).parents[2] / "examples"
TRIAL = Trial("cross_entropy", 0.1, 0)
NUMBERS = {"validation": {"accuracy": 0.5}, "test": {"accuracy": 0.25}}


def of(value: Any) -> Own:
    def train(loss: str, seed: int, lr: float, budget: int) -> Any:
        return value

    return Own(train, 3)


def outcome(value: Any) -> Outcome:
    return of(value).train(TRIAL)


@pytest.mark.parametrize(
    "value",
    [
        NUMBERS,
        {"validation_accuracy": 0.5, "test_accuracy": 0.25, "epoch": 3},
        {"val_accuracy": 0.5, "test/accuracy": torch.tensor(0.25, requires_grad=True)},
        {"eval_accuracy": np.float32(0.5), "test": {"accuracy": [1, 0, 0, 0]}},
    ],
)
def test_numbers_in_every_form(value: Any) -> None:
    found = outcome(value)
    assert (found.score, found.diverged, dict(found.validation)) == (0.5, None, {"accuracy": 0.5})
    assert of(value).test(found, None).values == {"accuracy": 0.25}


def test_a_number_for_each_sample_is_compared_sample_by_sample() -> None:
    value = {"val_mae": 0.5, "test_mae": [1.0, 2.0, 6.0]}
    tested = of(value).test(outcome(value), None)
    assert tested.values == {"mae": 3}
    assert tested.samples["mae"].tolist() == [1, 2, 6]


def test_outputs_give_all_measures() -> None:
    z, y = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), torch.tensor([0, 1, 1])
    value = {"validation": (z, y), "test": (z.numpy(), y.tolist()), "curves": {"val_accuracy": [0.1, 0.4, 0.6]}}
    found = outcome(value)
    assert found.score == pytest.approx(2 / 3)
    assert found.curves["validation accuracy"][1:] == (0.1, 0.4, 0.6)
    tested = of(value).test(found, None)
    assert tested.samples["accuracy"].tolist() == [1, 1, 0]
    expected = torch.nn.functional.cross_entropy(z, y, reduction="none")
    assert tested.samples["nll"] == pytest.approx(expected.numpy())
    assert tested.reliability is not None
    assert tested.reliability() is not None
    assert tested.outputs is not None
    assert [each.name for each in measures_of([found])][:2] == ["accuracy", "nll"]


@pytest.mark.parametrize(
    ("outputs", "targets", "first"),
    [
        ([[0.5], [-1.0]], [1, 0], "accuracy"),  # binary
        ([[0.5, 1.0], [-1.0, 2.0]], [[1, 0], [0, 1]], "accuracy"),  # several labels
        ([0.5, 1.5], [0.25, 2.5], "rmse"),
        ([[0.5], [1.5]], [0.25, 2.5], "rmse"),
    ],
)
def test_the_task_is_read_from_the_targets(outputs: Any, targets: Any, first: str) -> None:
    found = outcome({"validation": (outputs, targets), "test": (outputs, targets)})
    assert measures_of([found])[0].name == first


def test_the_task_can_be_said() -> None:
    both = ([0.0, 1.0, 1.0], [0, 1, 1])
    found = outcome({"validation": both, "test": both, "task": "regression"})
    assert (found.validation["rmse"], found.score) == (0, 0)


def test_which_way_is_better() -> None:
    assert outcome({"val_rmse": 0.5, "test_rmse": 1}).score == -0.5
    assert outcome({"val_score": 0.5, "test_score": 1}).score == 0.5
    said = outcome({"val_score": 0.5, "test_score": 1, "better": {"score": "smaller"}})
    assert (said.score, measures_of([said])[0].better) == (-0.5, Better.SMALLER)
    assert {direction(name) for name in ("loss", "word error rate", "nll", "val_NLL")} == {Better.SMALLER}
    assert {direction(name) for name in ("accuracy", "f1", "lossless")} == {Better.LARGER}


def test_a_loss_of_the_training_decides_only_where_it_is_alone() -> None:
    history = {"val_loss": 0.7, "val_accuracy": 0.5, "test_loss": 0.6, "test_accuracy": 0.25}
    found = outcome(history)
    assert found.score == 0.5
    assert [each.name for each in measures_of([found])] == ["accuracy", "loss", "epochs_to_level"]
    assert outcome({"val_loss": 0.7, "test_loss": 0.6}).score == -0.7


def test_what_is_not_finite_has_diverged() -> None:
    curves = {"val_accuracy": [0.5, math.nan, math.nan]}
    found = outcome({"val_accuracy": math.nan, "test_accuracy": 0.1, "curves": curves})
    assert found.diverged == 2
    assert math.isnan(found.score)
    assert outcome({"val_rmse": math.inf, "test_rmse": math.inf}).diverged is not None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "returns NoneType; return {"),
        (0.5, "returns float; return {"),
        ({}, "returns no validation results, and learning rates are chosen by it"),
        ({"validation": {}, "test": {"a": 1}}, "the validation of train('cross_entropy', seed=0, lr=0.1) is empty"),
        ({"validation": {"a": 1}}, "returns no test results, and losses are compared by it"),
        ({"validation": 0.5, "test": 0.5}, "is float; return numbers by name, or (outputs, targets)"),
        (
            {"val_a": "high", "test_a": 1},
            "a in the validation of train('cross_entropy', seed=0, lr=0.1) is 'high'; give",
        ),
        ({"val_a": None, "test_a": 1}, "is NoneType; give a number, or one for each sample"),
        ({"val_a": [[1]], "test_a": 1}, "is list; give a number"),
        ({"val_a": 1, "test_b": 1}, "learning rates are chosen by a, which the test results have not got"),
        ({**NUMBERS, "task": "ranking"}, "there is no task 'ranking'; there is multiclass, binary"),
        ({**NUMBERS, "better": {"accuracy": "up"}}, '"better" of train'),
        ({**NUMBERS, "curves": [1]}, "the curves of train('cross_entropy', seed=0, lr=0.1) are list"),
        (
            {**NUMBERS, "curves": {"a": 1}},
            "the curve a of train('cross_entropy', seed=0, lr=0.1) is no list of numbers",
        ),
        ({"validation": ([[1.0, 2.0]], [0, 1]), "test": NUMBERS["test"]}, "has outputs (1, 2) and targets (2,)"),
        ({"validation": ([[1.0, 2.0]], [0]), "test": NUMBERS["test"]}, "different things for validation and test"),
        ({"validation": ([[1.0, 2.0]], [2]), "test": NUMBERS["test"]}, 'is no multiclass; say which it is by "task"'),
        ({"validation": ([[0.25, 0.75]], [0]), "test": NUMBERS["test"]}, "are probabilities; return the logits"),
        ({"validation": (["a"], [0]), "test": NUMBERS["test"]}, "give arrays of numbers"),
        ({"validation": ([[1.0, 2.0]], [0]), "val_a": 1, "test_a": 1}, "returns validation and val_a as well"),
    ],
)
def test_a_bad_return_is_one_line(value: Any, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        outcome(value)
    assert told in str(raised.value)
    assert "train('cross_entropy', seed=0, lr=0.1)" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_function_that_raises_is_one_line() -> None:
    def train(loss: str, seed: int, lr: float, budget: int) -> Any:
        raise KeyError(loss)

    with pytest.raises(
        UsageError, match=r"^train\('cross_entropy', seed=0, lr=0\.1\) raises KeyError: 'cross_entropy'"
    ):
        Own(train).train(TRIAL)


def test_a_function_that_cannot_be_called_so() -> None:
    with pytest.raises(UsageError, match=r"cannot be called as train\(loss, seed, lr, budget\): got an unexpected"):
        Own(lambda loss, seed: {})
    with pytest.raises(UsageError, match="train is int; give a function"):
        Own(3)  # type: ignore[arg-type]
    assert Own(lambda **given: NUMBERS).train(TRIAL).score == 0.5


def test_other_names_from_trial_to_trial_are_one_line() -> None:
    one = outcome(NUMBERS)
    other = of({"val_f1": 1, "test_f1": 1}).train(Trial("mse", 0.1, 1))
    with pytest.raises(
        UsageError,
        match=r"^train returns accuracy under cross_entropy, seed 0 and f1 under mse, seed 1; return the same measures",
    ):
        measures_of([one, other])


def test_the_function_gets_what_was_asked_for_and_leaves_no_trace() -> None:
    got = list[Any]()

    def train(loss: str, seed: int, lr: float, budget: Any) -> Any:
        got.append(
            (loss, seed, lr, budget, random.random(), np.random.rand(), float(torch.rand(())), torch.get_num_threads())
        )
        return NUMBERS

    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    Own(train, {"minutes": 3}).train(Trial("focal(gamma=5)", 0.1, 7))
    Own(train, {"minutes": 3}).train(Trial("focal(gamma=5)", 0.1, 7))
    assert got[0] == got[1]
    assert got[0][:4] == ("focal(gamma=5)", 7, 0.1, {"minutes": 3})
    assert got[0][-1] == 1
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_an_outcome_depends_on_the_function_what_it_holds_the_loss_and_the_budget() -> None:
    def made(size: int) -> Any:
        def train(loss: str, seed: int, lr: float, budget: int) -> Any:
            return {"val_a": size, "test_a": size}

        return train

    one = Own(made(1), 3).identity("ce")
    assert Own(made(1), 3).identity("ce") == one
    others = [Own(made(2), 3).identity("ce"), Own(made(1), 4).identity("ce"), Own(made(1), 3).identity("mse")]
    assert all(other != one for other in others)


def example(name: str, loss: str, lr: float, epochs: int) -> tuple[Own, Outcome]:
    own = Own(load(f"{EXAMPLES / name}:train"), epochs)
    return own, own.train(Trial(loss, lr, 0))


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_lightning() -> None:
    own, found = example("compare_lightning.py", "label_smoothing", 0.1, 3)
    assert len(found.curves["validation accuracy"]) == 4  # before the first epoch nothing was measured
    tested = own.test(found, None)
    assert found.score > 0.8
    assert tested.values["accuracy"] > 0.8
    assert tested.samples["nll"].shape == (447,)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_hugging_face_trainer() -> None:
    own, found = example("compare_trainer.py", "focal", 3e-2, 3)
    tested = own.test(found, None)
    assert found.score > 0.7
    assert tested.samples["accuracy"].shape == (256,)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_keras() -> None:
    own, found = example("compare_keras.py", "mae", 1e-2, 8)
    tested = own.test(found, None)
    assert found.curves["score"][-1] == -found.validation["mae"] > -0.6
    assert tested.samples["mae"].shape == (256,)
    assert tested.values["mae"] < 0.6
