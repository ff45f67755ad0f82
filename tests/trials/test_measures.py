"""Measures of outputs, against scikit-learn, closed forms, and the audit's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, mean_absolute_error, r2_score
from tests.trials.problems import problem
from torch.nn import functional as F

from lossaudit.comparison import Better
from lossaudit.errors import UsageError
from lossaudit.geometry.saturation import measure
from lossaudit.trials.contender import Link, contender
from lossaudit.trials.measures import (
    Measured,
    inverse_temperature,
    measures,
    metric,
    of_labels,
    of_numbers,
    reliability_of,
)
from lossaudit.trials.problem import Task
from lossaudit.trials.statistics import difference
from lossaudit.trials.stuck import independent, stuck

DRAW = torch.Generator().manual_seed(3)
Z = 3 * torch.randn(400, 3, generator=DRAW)
Y = torch.multinomial(torch.softmax(Z / 2, 1), 1, generator=DRAW)[:, 0]  # twice too sure


def test_multiclass_measures_agree_with_scikit_learn() -> None:
    measured = of_labels(Z, Y, Task.MULTICLASS, Link.SOFTMAX)
    p = softmax(Z.double().numpy(), 1)
    assert measured.values["accuracy"] == accuracy_score(Y, p.argmax(1))
    assert measured.values["nll"] == pytest.approx(log_loss(Y, p))
    assert measured.values["brier"] == pytest.approx(((p - np.eye(3)[Y]) ** 2).sum(1).mean())
    reliability = reliability_of(Z, Y, Task.MULTICLASS, Link.SOFTMAX)
    assert reliability is not None
    assert measured.values["ece"] == pytest.approx(reliability.error)
    for name, each in measured.samples.items():
        assert each.shape == (400,)
        assert each.mean() == pytest.approx(measured.values[name])


def test_sigmoids_of_a_row_are_divided_by_their_sum() -> None:
    p = torch.sigmoid(Z.double())
    p = (p / p.sum(1, keepdim=True)).numpy()
    assert of_labels(Z, Y, Task.MULTICLASS, Link.SIGMOID).values["nll"] == pytest.approx(log_loss(Y, p))


def test_binary_measures_agree_with_scikit_learn() -> None:
    z, y = Z[:, 0], (Y == 0).long()
    measured = of_labels(z, y, Task.BINARY, Link.SIGMOID)
    p = torch.sigmoid(z.double()).numpy()
    assert measured.values["nll"] == pytest.approx(log_loss(y, p))
    assert measured.values["brier"] == pytest.approx(brier_score_loss(y, p))
    assert measured.values["accuracy"] == accuracy_score(y, p > 0.5)


def test_several_labels_are_means_over_them() -> None:
    y = (Z > 1).float()
    whole = of_labels(Z, y, Task.MULTILABEL, Link.SIGMOID).values
    each = [of_labels(Z[:, k], y[:, k], Task.BINARY, Link.SIGMOID).values for k in range(3)]
    for name in ("accuracy", "nll", "brier"):
        assert whole[name] == pytest.approx(sum(one[name] for one in each) / 3)


def test_scores_have_scaled_probabilities_only() -> None:
    values = of_labels(Z, Y, Task.MULTICLASS, Link.SCORES, 1.0).values
    assert set(values) == {"accuracy", "nll_scaled", "ece_scaled"}


def test_the_temperature_is_found_and_does_not_depend_on_the_scale() -> None:
    inverse = inverse_temperature(Z, Y, Task.MULTICLASS)
    assert inverse_temperature(1000 * Z, Y, Task.MULTICLASS) == pytest.approx(inverse / 1000, rel=1e-6)
    q = 400 / 401 * F.one_hot(Y, 3) + 1 / 401 / 3

    def nll(b: float) -> float:
        return float(-(q * torch.log_softmax(b * Z.double(), 1)).sum())

    assert nll(inverse) <= min(nll(b) for b in np.linspace(0.1, 2, 400))
    assert inverse == pytest.approx(0.5, abs=0.1)


def test_temperatures_at_the_ends() -> None:
    y = torch.arange(30) % 3
    right = F.one_hot(y, 3).float()
    inverse = inverse_temperature(right, y, Task.MULTICLASS)
    assert inverse == pytest.approx(math.log((30 + 1 / 3) / (1 / 3)))  # all right: p of one in 31 is uniform
    assert inverse_temperature(-right, y, Task.MULTICLASS) == 0.0  # worse than chance
    assert inverse_temperature(torch.zeros(30, 3), y, Task.MULTICLASS) == 0.0
    assert math.isnan(inverse_temperature(right * math.nan, y, Task.MULTICLASS))


def test_outputs_that_are_not_finite_are_no_numbers() -> None:
    z = Z.clone()
    z[0, 0] = math.nan
    values = of_labels(z, Y, Task.MULTICLASS, Link.SOFTMAX, 1.0).values
    assert all(math.isnan(value) for value in values.values())


def test_errors_of_numbers_agree_with_scikit_learn() -> None:
    predicted, y = Z[:, 0], Z[:, 1]
    values = of_numbers(predicted, y).values
    assert values["mae"] == pytest.approx(mean_absolute_error(y, predicted))
    assert values["r2"] == pytest.approx(r2_score(y, predicted))


def test_a_metric_of_the_users_comes_first() -> None:
    own = metric(lambda outputs, y: float(outputs.sum()), Better.SMALLER)
    assert [each.name for each in measures(Task.MULTICLASS, own)][:2] == ["<lambda>", "accuracy"]
    assert measures(Task.MULTICLASS, own)[0].better is Better.SMALLER
    with pytest.raises(UsageError, match="raises ValueError"):
        metric(lambda outputs, y: float("x"))(Z, Y)


@pytest.mark.parametrize(("name", "loss", "head"), [("ce", "cross_entropy", ()), ("mse:softmax", "mse", ("softmax",))])
def test_the_stuck_share_is_the_audits(name: str, loss: str, head: tuple[str, ...]) -> None:
    z, whole = 10 * Z, problem()[0]
    expected = measure(loss, head, {}, z, Y).stuck
    assert expected is not None
    share = float(expected.double().mean())
    assert stuck(contender(name, whole), z, Y, Task.MULTICLASS) == pytest.approx(share)
    assert (share > 0.1) == (name == "mse:softmax")


def test_a_loss_that_mixes_samples_has_no_stuck_share() -> None:
    def mixes(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(z, y) * z.std().exp()

    whole, _ = problem()
    assert not independent(contender(mixes, whole), Z, Y)
    assert stuck(contender(mixes, whole), Z, Y, Task.MULTICLASS) is None
    assert independent(contender("cross_entropy(weight=[1, 2, 3])", whole), Z, Y)


def test_values_of_samples_are_those_of_the_jackknife_to_first_order() -> None:
    """Leaving a sample out changes a measure by (value - measure) / (N - 1), but for terms of second order."""
    predicted, y = Z[:, 0], Z[:, 0] + torch.randn(400, generator=DRAW)
    others = torch.ones(400, dtype=torch.bool)
    for k in (0, 7, 211):
        others[:] = True
        others[k] = False
        for whole, without, name in (
            (of_numbers(predicted, y), of_numbers(predicted[others], y[others]), "r2"),
            *((*_both(others), name) for name in ("ece", "nll")),
        ):
            change = whole.values[name] - without.values[name]
            expected = (whole.samples[name][k] - whole.values[name]) / 399
            assert change == pytest.approx(expected, rel=0.02, abs=1e-5)
            assert whole.samples[name].mean() == pytest.approx(whole.values[name])


def _both(others: torch.Tensor) -> tuple[Measured, Measured]:
    return (
        of_labels(Z, Y, Task.MULTICLASS, Link.SOFTMAX),
        of_labels(Z[others], Y[others], Task.MULTICLASS, Link.SOFTMAX),
    )


def test_calibration_errors_of_a_small_test_set_are_not_told_apart_by_seeds_that_are_alike() -> None:
    """Both losses are as good in law; the seeds repeat what the same 100 samples happen to say."""
    rng = np.random.default_rng(0)
    decided = 0
    for _ in range(100):
        y = rng.integers(0, 3, 100)
        shared = 4 * np.eye(3)[y] + 1.5 * rng.standard_normal((100, 3))
        both = []
        for _ in range(2):
            own = shared + 0.7 * rng.standard_normal((100, 3))
            runs = [torch.tensor(own + 0.05 * rng.standard_normal((100, 3))) for _ in range(5)]
            measured = [of_labels(z, torch.tensor(y), Task.MULTICLASS, Link.SOFTMAX) for z in runs]
            both.append(np.stack([each.samples["ece"] for each in measured]))
        decided += difference(*both).p() < 0.05
    assert decided <= 11  # of 100 at 5 %: more come in fewer than 1 of 100 such campaigns
