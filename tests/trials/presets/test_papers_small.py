"""The presets of three papers at the size of their pages: directions that their figures must have."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossaudit.study import Section, Study
from lossaudit.trials.backend import backend
from lossaudit.trials.presets import Scale, presets
from lossaudit.trials.presets.figures import mean
from lossaudit.trials.store import Store
from lossaudit.trials.workshop import Workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def _study(name: str, tmp_path: Path) -> Study:
    with backend("loky", 2) as two:
        study = presets()[name].make(Workshop(Store(tmp_path / "trials.db"), two), Scale.SMALL)
    assert study.missing == 0
    return study


def _section(study: Study, title: str) -> Section:
    return next(section for section in study.sections if section.title == title)


def test_output_reset(tmp_path: Path) -> None:
    study = _study("output-reset", tmp_path)
    clean = _section(study, "digits: clean labels").comparison
    noisy = _section(study, "digits: 40% wrong labels").comparison
    assert clean is not None
    assert noisy is not None
    assert all(mean(clean, each.name) > 0.9 for each in clean.contestants)
    assert mean(clean, "output_reset_sigmoid") > mean(clean, "mse:sigmoid")
    assert mean(noisy, "gce") > mean(noisy, "ce")
    assert mean(noisy, "mse:sigmoid") > mean(noisy, "ce")


def test_ordinal_forecast(tmp_path: Path) -> None:
    study = _study("ordinal-forecast", tmp_path)
    table = _section(study, "The leak in the published test loop").tables[0]
    figures = {row[:2]: [float(cell.split(" ")[0]) for cell in row[2:] if cell != "–"] for row in table.rows}
    for (series, _), values in figures.items():
        if len(values) == 2 and series != "sunspots":
            assert values[1] < 0.7 * values[0]
    honest = {series: values[0] for (series, loss), values in figures.items() if loss == "mse"}
    middle = {series: values[0] for (series, loss), values in figures.items() if loss.startswith("nothing")}
    assert middle["made"] < honest["made"]
    assert middle["elnino"] > honest["elnino"]


def test_hui_belkin(tmp_path: Path) -> None:
    study = _study("hui-belkin", tmp_path)
    digits = _section(study, "Digits").comparison
    assert digits is not None
    assert mean(digits, "squared_outputs") > mean(digits, "ce") - 0.01
