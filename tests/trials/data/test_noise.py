"""Label noise and imbalance: exact shares, in training and validation, never in the test."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import chisquare

from lossaudit.errors import UsageError
from lossaudit.trials.data import imbalanced, load, made, noisy
from lossaudit.trials.data.imbalance import profile
from lossaudit.trials.problem import Problem, Task


def many(classes: int = 4, of_each: int = 3000) -> Problem:
    y = torch.arange(classes).repeat(of_each)
    return made("many", (torch.zeros(len(y), 1), y), (torch.zeros(len(y), 1), y), (torch.zeros(1, 1), y[:1]))[0]


def test_so_many_labels_are_wrong_and_the_test_is_as_it_was() -> None:
    clean, test = load("digits")
    problem, sealed = load("digits", noise=0.4)
    for part, before in ((problem.train, clean.train), (problem.validation, clean.validation)):
        assert part.true is not None
        assert torch.equal(part.true, before.y)
        assert torch.equal(part.x, before.x)
        assert int((part.y != part.true).sum()) == round(0.4 * len(part))
    assert torch.equal(sealed.open().y, test.open().y)
    assert any(
        "431 of 1078 training labels and 108 of 270 validation labels are wrong" in each for each in problem.words
    )


def test_each_wrong_label_is_as_likely() -> None:
    part = noisy(many(), 0.5, seed=1).train
    assert part.true is not None
    wrong = part.y != part.true
    shifts = ((part.y - part.true) % 4)[wrong].bincount(minlength=4)[1:]
    spoiled = part.true[wrong].bincount(minlength=4)
    assert chisquare(shifts.numpy()).pvalue > 1e-3
    assert chisquare(spoiled.numpy()).pvalue > 1e-3  # whatever the class


def test_the_seed_decides_and_the_problem_is_untouched() -> None:
    problem = many()
    labels = problem.train.y.clone()
    first, again, other = (noisy(problem, 0.2, seed).train.y for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(problem.train.y, labels)
    assert noisy(problem, 0.0) is problem


def test_it_is_said_when_the_right_class_is_no_longer_the_most_common() -> None:
    assert any("no longer" in word for word in noisy(many(), 0.75).words)
    assert not any("no longer" in word for word in noisy(many(), 0.7).words)


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan, 2])
def test_a_share_is_at_least_0_and_below_1(share: float) -> None:
    with pytest.raises(UsageError, match="at least 0 and below 1"):
        noisy(many(), share)


@pytest.mark.parametrize(("change", "what"), [(noisy, "noise"), (imbalanced, "imbalance")])
@pytest.mark.parametrize("task", [Task.REGRESSION, Task.MULTILABEL])
def test_both_need_classes(change: object, what: str, task: Task) -> None:
    part = (torch.zeros(4, 1), torch.rand(4, 2))
    problem, _ = made("numbers", part, part, part, task)
    with pytest.raises(UsageError, match=f"^--{what} .* numbers has 2 (numbers|labels) to predict"):
        {"noise": lambda: noisy(problem, 0.1), "imbalance": lambda: imbalanced(problem, 2)}[what]()


@pytest.mark.parametrize(
    ("classes", "of_each", "ratio", "total"),
    [(10, 5000, 100, 12406), (10, 5000, 10, 20431), (100, 500, 100, 10847), (100, 500, 50, 12608)],
)
def test_the_profile_is_that_of_the_long_tailed_cifar(classes: int, of_each: int, ratio: float, total: int) -> None:
    """The sizes that are published for CIFAR-10-LT and CIFAR-100-LT."""
    assert sum(profile([of_each] * classes, ratio)) == total


def test_the_first_class_is_so_many_times_the_last_and_the_test_has_all() -> None:
    clean, _ = load("digits")
    problem, sealed = load("digits", imbalance=10)
    counts = problem.train.y.bincount()
    assert counts.tolist() == sorted(counts.tolist(), reverse=True)
    assert counts[0] / counts[-1] == pytest.approx(10, rel=0.1)
    assert len(problem.validation) < len(clean.validation)
    assert bool((problem.validation.y.bincount(minlength=10) > 0).all())
    assert len(sealed) == 449
    kept = {tuple(row) for row in problem.train.x.tolist()}
    assert kept <= {tuple(row) for row in clean.train.x.tolist()}


def test_a_ratio_of_one_makes_classes_of_one_size() -> None:
    assert len(set(imbalanced(load("digits")[0], 1).train.y.bincount().tolist())) == 1


def test_noise_comes_after_the_imbalance_and_keeps_what_was_true() -> None:
    problem, _ = load("digits", imbalance=5, noise=0.2)
    assert problem.train.true is not None
    assert torch.equal(problem.train.true, load("digits", imbalance=5)[0].train.y)


@pytest.mark.parametrize(("ratio", "said"), [(0.5, "at least 1"), (math.nan, "at least 1"), (1e6, "keeps no training")])
def test_a_ratio_that_is_none(ratio: float, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load("digits", imbalance=ratio)
