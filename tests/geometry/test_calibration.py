"""Calibration against closed forms, an independent implementation, and data whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lossaudit.geometry.calibration import calibration, expected_error, normalised, wilson

INF = math.inf


def _drawn(count: int, classes: int = 5, scale: float = 2.0, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and labels that are drawn from their softmax: calibrated by construction."""
    random = torch.Generator().manual_seed(seed)
    z = scale * torch.randn(count, classes, generator=random, dtype=torch.float64)
    return z, torch.multinomial(z.softmax(1), 1, generator=random)[:, 0]


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.81, 1.0])
@pytest.mark.parametrize("right", [0, 37, 100])
def test_a_constant_prediction_is_off_by_p_minus_the_rate(p: float, right: int) -> None:
    z = torch.full((100,), math.log(p / (1 - p)) if p < 1 else 800.0, dtype=torch.float64)
    measured = calibration(z, torch.arange(100) < right)
    assert measured.error == pytest.approx(abs(p - right / 100), abs=1e-12)
    assert measured.brier == pytest.approx(p * p - 2 * p * right / 100 + right / 100, abs=1e-12)
    assert (measured.said, measured.came) == pytest.approx((p, right / 100))
    (only,) = measured.bins
    assert (only.count, only.came) == (100, right / 100)


def test_the_error_is_the_sum_over_the_bins_by_hand() -> None:
    z, y = _drawn(400)
    p = z.softmax(1)
    total = 0.0
    for k in range(15):
        held = [i for i in range(400) if k / 15 <= float(p[i].max()) < (k + 1) / 15]
        if held:
            right = sum(int(p[i].argmax() == y[i]) for i in held) / len(held)
            total += len(held) / 400 * abs(right - sum(float(p[i].max()) for i in held) / len(held))
    assert calibration(z, y).error == pytest.approx(total, abs=1e-12)


@pytest.mark.slow  # to import it takes ten seconds
@pytest.mark.parametrize(("count", "classes"), [(500, 3), (2000, 10)])
def test_torchmetrics_says_the_same(count: int, classes: int) -> None:
    from torchmetrics.functional import classification as metrics

    z, _ = _drawn(count, classes)
    y = torch.arange(count) % classes
    theirs = float(metrics.multiclass_calibration_error(z.softmax(1), y, classes, 15, "l1"))
    assert calibration(z, y).error == pytest.approx(theirs, abs=1e-6)
    theirs = float(metrics.binary_calibration_error(z[:, 0].sigmoid(), y % 2, 15, "l1"))
    assert calibration(z[:, 0], y % 2).error == pytest.approx(theirs, abs=1e-6)


def test_the_scores_are_those_of_their_definitions() -> None:
    z, y = _drawn(300)
    measured, p = calibration(z, y), z.softmax(1)
    assert measured.nll == pytest.approx(-float(p[torch.arange(300), y].log().mean()))
    assert measured.brier == pytest.approx(float(((p - F.one_hot(y, 5)) ** 2).sum(1).mean()))
    assert sum(each.count for each in measured.bins) == measured.samples == 300
    assert all(each.low <= each.said <= each.high for each in measured.bins)


def test_the_likelihood_of_a_hopeless_label_is_finite() -> None:
    """softmax rounds to 0 there; the logarithm of it does not."""
    z = torch.tensor([[0.0, 2000.0]])
    assert calibration(z, torch.tensor([0])).nll == 2000.0


def test_calibrated_data_are_told_apart_from_shifted_ones() -> None:
    """20 draws each: the interval of calibrated data reaches 0 in about 95 %, that of doubled logits never does."""
    held = sum(calibration(*_drawn(400, seed=seed), resamples=200).interval[0] == 0.0 for seed in range(20))
    assert held >= 17
    for seed in range(5):
        z, y = _drawn(400, seed=seed)
        sure = calibration(2.5 * z, y, resamples=200)
        assert sure.interval[0] > 0
        assert sure.error > sure.by_chance
        assert sure.said > sure.came


@pytest.mark.slow
@pytest.mark.parametrize("power", [1.0, 1.15, 2.0])
def test_the_interval_covers_the_truth(power: float) -> None:
    """What is said is Beta(5, 1), what comes is its power; the truth is an average over two million draws."""
    random = np.random.default_rng(0)
    said = random.beta(5, 1, 2_000_000)
    where = np.minimum((said * 15).astype(int), 14)
    truth = np.abs(np.bincount(where, said**power - said, 15)).sum() / len(said)
    covered = 0
    for turn in range(200):
        p = random.beta(5, 1, 1000)
        came = (random.random(1000) < p**power).astype(float)
        _, (low, high), _ = expected_error(p, came, 15, 400, turn)
        covered += low <= truth <= high
    assert covered >= 170


def test_the_same_seed_gives_the_same_interval_and_no_random_state_moves() -> None:
    z, y = _drawn(200)
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    assert calibration(z, y) == calibration(z, y)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


@pytest.mark.parametrize(("right", "count"), [(0, 1), (3, 10), (50, 100), (10, 10)])
def test_wilson_ends_solve_its_equation(right: int, count: int) -> None:
    """(rate - p)^2 = z^2 p (1 - p) / n at both ends."""
    rate, z = right / count, 1.959963984540054
    for p in wilson(rate, count):
        assert (rate - p) ** 2 == pytest.approx(z * z * p * (1 - p) / count, abs=1e-12)


@pytest.mark.parametrize(
    ("loss", "head", "expected"),
    [
        ("cross_entropy", (), "softmax"),
        ("mse", ("softmax",), "softmax"),
        ("nll", ("log_softmax",), "softmax"),
        ("nll", ("softmax", "log"), "softmax"),
        ("cross_entropy", ("softmax",), "softmax"),  # what the model says, not what the loss makes of it
        ("bce", ("sigmoid",), "sigmoid"),
        ("bce_with_logits", (), "sigmoid"),
        ("mse", ("sigmoid",), "sigmoid"),
        ("mse", (), None),
        ("multi_margin", (), None),
        ("huber", ("tanh",), None),
    ],
)
def test_the_head_says_what_the_probabilities_are(loss: str, head: tuple[str, ...], expected: str | None) -> None:
    z = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).double()
    found = normalised(loss, head, z)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert torch.equal(found, z if expected == "softmax" else z.flatten())


def test_a_clamped_head_is_applied_before() -> None:
    z = torch.tensor([[-3.0, 3.0]], dtype=torch.float64)
    assert torch.allclose(normalised("cross_entropy", ("tanh",), z), z.tanh())
