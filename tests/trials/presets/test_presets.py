"""Presets are found, are complete, and go the same way each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lossaudit import document
from lossaudit.comparison import Comparison
from lossaudit.report.comparison import study_markdown
from lossaudit.study import Study
from lossaudit.trials import presets as folder
from lossaudit.trials.backend import backend
from lossaudit.trials.presets import Preset, Scale, presets
from lossaudit.trials.presets.figures import judged
from lossaudit.trials.store import Store
from lossaudit.trials.workshop import Workshop

OURS = ("confident-start", "golik2013", "label-noise")


@pytest.fixture(scope="module", params=OURS)
def study(request: pytest.FixtureRequest) -> Study:
    return presets()[request.param].make(Workshop(Store(None), backend("serial")), Scale.TINY)


def test_presets_are_found_by_searching_the_folder() -> None:
    there = {path.stem for path in Path(folder.__path__[0]).glob("*.py") if "PRESET" in path.read_text()}
    assert {name.replace("-", "_") for name in presets()} == there - {"__init__"}
    assert set(OURS) <= presets().keys()
    assert all(isinstance(preset, Preset) and preset.name == name for name, preset in presets().items())


def test_a_study_is_complete(study: Study) -> None:
    assert study.name in OURS
    assert study.command == f"lossaudit compare --preset {study.name}"
    assert study.missing == 0
    assert study.source
    assert study.claims
    assert study.limits
    assert study.sections
    assert len(study.agrees) >= len(study.claims)
    for section in study.sections:
        for table in section.tables:
            assert table.rows
            assert all(len(row) == len(table.header) for row in table.rows), table.title
            assert len(set(table.rows)) == len(table.rows)
        for chart in section.charts:
            assert chart.lines
            assert all(len(line.x) == len(line.y) > 0 for line in chart.lines), chart.title


def test_every_claim_gets_an_answer(study: Study) -> None:
    for number in range(1, len(study.claims) + 1):
        assert any(said.startswith(f"Claim {number}") for said in study.agrees)


def test_a_study_can_be_stored_and_shown(study: Study) -> None:
    stored = document.dumps(study)
    assert document.dumps(document.loads(stored)) == stored
    page = study_markdown.render(study)
    assert all(said.split(".")[0] in page for said in study.limits)


def test_a_stopped_preset_says_how_much_is_missing() -> None:
    out_of_time = Workshop(Store(None), backend("serial"), deadline=0.0)
    for name in OURS:
        stopped = presets()[name].make(out_of_time, Scale.TINY)
        assert stopped.missing > 0
        assert not any("our figures" in said for said in stopped.agrees)


def test_a_preset_goes_on_where_it_was_stopped() -> None:
    store, trials = Store(None), 0

    def stop(done: int, total: int, words: str) -> None:
        nonlocal trials
        trials += 1
        if trials == 2:
            raise KeyboardInterrupt

    make = presets()["confident-start"].make
    stopped = make(Workshop(store, backend("serial"), stop), Scale.TINY)
    assert stopped.missing > 0
    whole = make(Workshop(store, backend("serial")), Scale.TINY)
    assert whole.missing == 0
    again = make(Workshop(Store(None), backend("serial")), Scale.TINY)
    assert figures(whole) == figures(again)


def figures(study: Study) -> str:
    """All but the time it took and when, as JSON: there NaN is NaN."""

    def timeless(comparison: Comparison) -> Comparison:
        contestants = tuple(replace(each, seconds=0.0) for each in comparison.contestants)
        return replace(comparison, contestants=contestants, made="")

    sections = tuple(
        each if each.comparison is None else replace(each, comparison=timeless(each.comparison))
        for each in study.sections
    )
    return document.dumps(replace(study, sections=sections))


@pytest.mark.parametrize(("agrees", "said"), [(True, "figures agree"), (False, "do not agree"), (None, "not decided")])
def test_a_judgement_says_what_it_is(agrees: bool | None, said: str) -> None:
    assert said in judged("Claim 1", agrees, "Because.")
