"""The factor 2/K, the mixtures, and what is said of figures that agree and of figures that do not."""

from __future__ import annotations

import math

import pytest
import torch
from tests.trials.presets.made_up import comparison

from lossaudit.comparison import Figure
from lossaudit.trials.backend import backend
from lossaudit.trials.presets import Scale
from lossaudit.trials.presets.golik2013 import FIXED, LARGER, Swept, Tuned, agreement, gradient_ratio, make, mixture
from lossaudit.trials.store import Store
from lossaudit.trials.workshop import Workshop


@pytest.mark.parametrize("classes", [2, 3, 10, 200, 4501])
def test_the_factor_at_uniform_logits(classes: int) -> None:
    assert gradient_ratio("brier", classes) == pytest.approx(2 / classes, rel=1e-12)
    assert gradient_ratio("mse:softmax", classes) == pytest.approx(2 / classes**2, rel=1e-12)


def test_a_mixture_is_balanced_scaled_and_the_same_each_time() -> None:
    problem, sealed = mixture(7, 1.5, 7 * 400)
    again, _ = mixture(7, 1.5, 7 * 400)
    other, _ = mixture(7, 1.5, 7 * 400, seed=1)
    assert not sealed.opened
    assert torch.equal(problem.train.x, again.train.x)
    assert not torch.equal(problem.train.x, other.train.x)
    assert problem.train.y.bincount().tolist() == [400] * 7
    assert problem.outputs == 7
    rows = torch.cat([problem.train.x, problem.validation.x, sealed.open().x])
    assert len(rows.unique(dim=0)) == len(rows)
    within = torch.stack([problem.train.x[problem.train.y == k].var(0).mean() for k in range(7)])
    assert within.mean().item() == pytest.approx(1 / (1 + 1.5**2), rel=0.05)


def runs(cross_entropy: float, squared: float, repaired: float) -> tuple[Swept, ...]:
    """A sweep that ends at these accuracies."""
    return tuple(
        Swept(classes, loss, rate, tuple((0.1, end + shift) for shift in (-0.01, 0.0, 0.01)))
        for classes in (10, 200)
        for loss, rate, end in (
            ("ce", FIXED, cross_entropy),
            ("brier", FIXED, squared),
            ("mse:softmax", FIXED, 0.0),
            ("brier", LARGER, repaired),
        )
    )


def tuned(squared: float, decided: bool = True) -> Tuned:
    before = Figure((0.9,), 0.9, 0.89, 0.91)
    return Tuned(before, comparison({"ce": 0.9, "brier": squared}, {"brier": decided}))


def test_figures_that_agree() -> None:
    start = comparison({"ce": 0.95, "brier": 0.6})
    said = agreement(runs(0.98, 0.1, 0.97), (start,), (tuned(0.91),))
    assert len(said) == 4
    assert all(": our figures agree." in each for each in said)
    assert "-88.0 points" in said[0]
    assert "changes the errors by -10.0 %" in said[3]


def test_figures_that_do_not_agree() -> None:
    start = comparison({"ce": 0.6, "brier": 0.95})
    said = agreement(runs(0.9, 0.98, 0.97), (start,), (tuned(0.85),))
    assert all(": our figures do not agree." in each for each in (said[0], said[2], said[3]))
    assert ": our figures agree." not in said[1]  # there is nothing to repair


def test_figures_that_decide_nothing() -> None:
    start = comparison({"ce": 0.95, "brier": 0.94}, {"brier": False})
    said = agreement((), (start,), (tuned(0.91, decided=False),))
    assert len(said) == 2
    assert all(": not decided." in each for each in said)


def test_a_larger_rate_that_repairs_nothing() -> None:
    said = agreement(runs(0.98, 0.1, 0.15), (), ())
    assert ": our figures do not agree." in said[1]


@pytest.mark.slow
def test_directions() -> None:
    study = make(Workshop(Store(None), backend("loky", 2)), Scale.SMALL)
    assert math.isclose(study.missing, 0)
    assert all(": our figures agree." in each for each in study.agrees[:2])
