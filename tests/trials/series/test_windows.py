"""Windows of a series: what they hold, that nothing of a later part is in an earlier one, and their scale."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lossaudit.trials.series.bundled import SERIES, Series, made
from lossaudit.trials.series.trainer import Scaled, Scaling
from lossaudit.trials.series.windows import Range, blocks, split

COUNTED = Series("counted", "0 to 99", np.arange(100.0), lookback=10, horizon=5)


def _steps(values: torch.Tensor) -> torch.Tensor:
    """Standardised values of `COUNTED` as they were: the number of the step."""
    first = COUNTED.values[:60]
    return (values.double() * first.std() + first.mean()).round()


def test_a_window_is_followed_by_its_future() -> None:
    parts = split(COUNTED)
    both = torch.cat([parts.train.past, parts.train.future], 1)
    assert _steps(both).tolist() == [list(range(k, k + 15)) for k in range(60 - 14)]


def test_futures_of_the_three_parts_do_not_meet() -> None:
    parts = split(COUNTED)
    test = parts.sealed.open()
    ends = [
        (_steps(y).min().item(), _steps(y).max().item()) for y in (parts.train.future, parts.validation.future, test.y)
    ]
    assert ends == [(10, 59), (60, 79), (80, 99)]


def test_the_series_is_standardised_by_its_training_part() -> None:
    later = np.concatenate([COUNTED.values[:60], 1e6 * COUNTED.values[60:]])
    changed = split(Series("later", "", later, 10, 5))
    torch.testing.assert_close(changed.train.past, split(COUNTED).train.past)


@pytest.mark.parametrize("scaling", Scaling)
def test_scaling_back_inverts(scaling: Scaling) -> None:
    parts = split(made(500))
    scaled = Scaled.of(parts.train, scaling)
    torch.testing.assert_close(scaled.scale.back(scaled.y), parts.train.future)
    assert scaled.x.amin(1).tolist() == pytest.approx([-1] * len(scaled.x))
    assert scaled.x.amax(1).tolist() == pytest.approx([1] * len(scaled.x))


def test_only_the_leak_brings_every_target_inside() -> None:
    parts = split(made(500))
    assert Scaled.of(parts.train, Scaling.FUTURE).outside() == 0
    scaled = Scaled.of(parts.train, Scaling.LOOKBACK)
    low, high = parts.train.past.amin(1, keepdim=True), parts.train.past.amax(1, keepdim=True)
    beyond = (parts.train.future < low) | (parts.train.future > high)
    assert scaled.outside() == pytest.approx(beyond.double().mean().item())


def test_the_scale_of_a_look_back_window_knows_nothing_of_its_future() -> None:
    parts = split(made(500))
    before = Scaled.of(parts.train, Scaling.LOOKBACK)
    parts.train.future.mul_(100)
    after = Scaled.of(parts.train, Scaling.LOOKBACK)
    torch.testing.assert_close(after.scale.half, before.scale.half, rtol=0, atol=0)
    torch.testing.assert_close(after.x, before.x, rtol=0, atol=0)


def test_a_constant_window_has_a_scale() -> None:
    known = Range.of(torch.full((1, 3), 2.0))
    assert known.scaled(torch.full((1, 3), 2.0)).tolist() == [[0, 0, 0]]
    assert known.back(torch.zeros(1, 3)).tolist() == [[2, 2, 2]]


def test_blocks_keep_the_mean_where_they_are_full() -> None:
    values = torch.rand(60, dtype=torch.float64)
    torch.testing.assert_close(blocks(values, 12).mean(), values.mean())
    assert len(blocks(values, 100)) == 1


@pytest.mark.parametrize("name", SERIES)
def test_series_load_without_gaps(name: str) -> None:
    if not name.startswith("made"):
        pytest.importorskip("statsmodels")
    series = SERIES[name]()
    parts = split(series)
    assert np.isfinite(series.values).all()
    assert min(len(parts.train), len(parts.validation), len(parts.sealed)) > series.horizon


def test_spikes_are_in_the_training_part_alone() -> None:
    plain, spiked = made(1000).values, made(1000, spikes=0.02).values
    hit = np.flatnonzero(plain != spiked)
    assert len(hit) == 12
    assert hit.max() < 600
    np.testing.assert_allclose(np.abs(spiked - plain)[hit], 6)
