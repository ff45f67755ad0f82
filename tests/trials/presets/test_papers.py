"""Presets of three papers: that they run, what they say of figures, and that they stop and refuse in order."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from lossaudit.comparison import Comparison, Contestant, Contrast, Figure
from lossaudit.errors import UsageError
from lossaudit.study import Study
from lossaudit.trials import loop
from lossaudit.trials.backend import backend
from lossaudit.trials.contender import contender
from lossaudit.trials.presets import Scale, hui_belkin, ordinal_forecast, output_reset, presets
from lossaudit.trials.problem import Problem, Samples, Task
from lossaudit.trials.store import Store
from lossaudit.trials.workshop import Workshop

OURS = ("hui-belkin", "ordinal-forecast", "output-reset")


@pytest.fixture(autouse=True)
def _no_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a loss is convex is not what is tested here, and takes seconds."""
    monkeypatch.setattr(loop, "convex", lambda *_: None)


@pytest.fixture(scope="module")
def store() -> Store:
    """One for all: what is trained once is there."""
    return Store(None)


def _study(name: str, store: Store, deadline: float | None = None) -> Study:
    return presets()[name].make(Workshop(store, backend("serial"), deadline=deadline), Scale.TINY)


@pytest.mark.parametrize("name", OURS)
def test_a_preset_runs_to_the_end(name: str, store: Store) -> None:
    study = _study(name, store)
    assert study.missing == 0
    assert (study.name, study.command) == (name, f"lossaudit compare --preset {name}")
    assert study.claims
    assert study.limits
    judged = [sentence for sentence in study.agrees if sentence.startswith("Claim")]
    claims = {sentence.split(" ", 1)[1][0] for sentence in judged}
    assert claims == {str(k + 1) for k in range(len(study.claims))} - ({"3"} if name == "ordinal-forecast" else set())
    assert all("agree" in sentence or "not decided" in sentence for sentence in judged)
    for section in study.sections:
        for table in section.tables:
            assert {len(row) for row in table.rows} <= {len(table.header)}


@pytest.mark.parametrize("name", OURS)
def test_a_preset_that_is_out_of_time_is_partial_and_says_nothing_of_claims(name: str) -> None:
    study = _study(name, Store(None), deadline=time.monotonic() - 1)
    assert study.missing > 0
    assert not any("figures agree" in each or "do not agree" in each for each in study.agrees)
    assert not any("The leak" in each for each in study.agrees)


def _comparison(low: float, high: float, first: str, second: str, measure: str = "accuracy") -> Comparison:
    """Two losses whose paired difference has this interval; larger is better."""
    middle = (low + high) / 2
    better = first if low > 0 else second if high < 0 else None
    if measure in ("mse", "mae", "epochs_to_level") and better:
        better = first if better == second else second
    figures = {
        first: {measure: Figure((0.9, 0.9 + 2 * middle), 0.9 + middle)},
        second: {measure: Figure((0.9, 0.9), 0.9)},
    }
    return Comparison(
        key="",
        title="made up",
        setting=(),
        measures=(),
        contestants=tuple(Contestant(name, name, figures=found) for name, found in figures.items()),
        reference=second,
        contrasts=(Contrast(measure, first, second, middle, low, high, 0.5, better),),
        sentences=(),
        seeds=(0, 1),
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.005, 0.005, "our figures agree"),
        (-0.05, -0.02, "our figures do not agree"),
        (-0.05, 0.02, "not decided"),
        (math.nan, math.nan, "not decided"),
    ],
)
def test_comparable_accuracy_follows_from_the_interval(low: float, high: float, said: str) -> None:
    made = _comparison(low, high, output_reset.SIGMOIDS, output_reset.CROSS_ENTROPY)
    assert said in output_reset._claim_1(output_reset.Both("digits", made, made, ()))
    made = _comparison(low, high, hui_belkin.SQUARE, hui_belkin.CROSS_ENTROPY)
    assert said in hui_belkin._comparable("digits", made)


@pytest.mark.parametrize(("shift", "said"), [(0.1, "figures agree"), (-0.1, "do not agree"), (0.0, "not decided")])
def test_better_follows_from_the_interval(shift: float, said: str) -> None:
    low, high = shift - 0.05, shift + 0.05
    made = _comparison(low, high, output_reset.SIGMOIDS, output_reset.CROSS_ENTROPY)
    assert said in output_reset._claim_2(output_reset.Both("digits", made, made, ()))
    assert said in hui_belkin._repaired(_comparison(low, high, hui_belkin.RESCALED, hui_belkin.SQUARE))
    made = _comparison(-high, -low, ordinal_forecast.ORDINAL, ordinal_forecast.SQUARED, "mse")
    series = ordinal_forecast._series(ordinal_forecast.SETTINGS[Scale.TINY])[0]
    assert said in ordinal_forecast._against("Claim 1", made, series, ordinal_forecast.ORDINAL, "mse")


@pytest.mark.parametrize(
    ("many", "said"),
    [((-0.3, -0.2), "figures agree"), ((-0.05, 0.02), "not decided"), ((0.06, 0.1), "do not agree")],
)
def test_falling_behind_follows_from_both_intervals(many: tuple[float, float], said: str) -> None:
    few, more = (_comparison(*ends, hui_belkin.SQUARE, hui_belkin.CROSS_ENTROPY) for ends in ((-0.02, 0.05), many))
    assert said in hui_belkin._degrades(10, few, 100, more)


def test_the_interval_of_a_ratio_of_spreads_covers_as_it_says() -> None:
    """Normal samples of equal variance: 95 % of the intervals hold 1, give or take the error of 2000 draws."""
    draws = np.random.default_rng(0).standard_normal((2000, 2, 5))
    held = [low <= 1 <= high for _, low, high in (hui_belkin.spread_ratio(*pair) for pair in draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_output_reset_of_two_classes_is_half_the_squared_hinge() -> None:
    z = torch.randn(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.arange(20) % 2
    samples = Samples(z, y)
    problem = Problem("two", Task.MULTICLASS, samples, samples, outputs=2)
    reset, plain = (contender(name, problem) for name in ("output_reset", "squared_outputs"))
    margin = (z[:, 1] - z[:, 0]) * (2 * y - 1)
    hinge = (1 - margin).clamp(min=0).square().mean() / 2
    torch.testing.assert_close(reset.value(z, reset.encode(y)), hinge)
    assert reset.value(z, reset.encode(y)) <= plain.value(z, plain.encode(y))


def test_data_of_the_users_come_besides(tmp_path: Path, store: Store) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(160) % 4
    x = (rng.standard_normal((160, 6)) + 3 * np.eye(6)[y]).astype(np.float32)
    np.savez(tmp_path / "own.npz", x_train=x[:120], y_train=y[:120], x_test=x[120:], y_test=y[120:])
    address = str(tmp_path / "own.npz")
    study = output_reset.make_with(Workshop(store, backend("serial")), Scale.TINY, address)
    assert study.missing == 0
    assert study.command.endswith(address)
    compared = [section.comparison for section in study.sections if section.comparison is not None]
    assert len(compared) == 4
    assert any("64 training" in words for comparison in compared for words in comparison.setting)


def test_numbers_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).random((60, 3)), y=np.linspace(0.1, 5.7, 60))
    with pytest.raises(UsageError, match="classes"):
        output_reset.make_with(Workshop(Store(None), backend("serial")), Scale.TINY, str(tmp_path / "own.npz"))


def test_settings_are_data() -> None:
    for module in (hui_belkin, ordinal_forecast, output_reset):
        assert set(module.SETTINGS) == set(Scale)
        assert dataclasses.is_dataclass(module.SETTINGS[Scale.SMALL])
