"""The formats of one line a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.report import samples

from lossaudit.pairing import Place
from lossaudit.report import concise, live, wording


def test_live() -> None:
    assert live.line(samples.FINDING) == (
        "lossaudit: examples/legacy_migration.py:41: error mse-on-softmax: "
        "softmax (line 33) + MSELoss (line 41), 10 classes"
    )


@pytest.mark.parametrize(
    ("place", "start"),
    [
        (Place("a.py", 4, 7), "a.py:4:7: error"),
        (Place("a.py", 4), "a.py:4: error"),
        (Place("a.py", 0), "a.py: error"),
        (Place("<cell 3>", 2, 1, cell=3), "<cell 3>:2:1: error"),
    ],
)
def test_concise_says_no_more_of_a_place_than_is_known(place: Place, start: str) -> None:
    lines = concise.render(replace(samples.demo(), findings=(replace(samples.FINDING, places=(place,)),))).splitlines()
    assert lines == [
        f"{start} mse-on-softmax softmax (line 33) + MSELoss (line 41), 10 classes",
        "1 pairing read, 0 not understood; not checked: data, learning rate, architecture.",
    ]


def test_concise_never_reads_as_approval() -> None:
    last = concise.render(samples.clean()).splitlines()[-1]
    assert "1 not understood" in last
    assert last.endswith("Not checked: data, learning rate, architecture.")


def test_hostile_text_stays_on_one_line() -> None:
    finding = samples.hostile().findings[0]
    for text in (live.line(finding), *concise.render(samples.hostile()).splitlines()):
        text.encode("utf-8")
        assert text.isprintable()
    assert len(concise.render(samples.hostile()).split("\n")) == 3


def test_checked_rules_are_the_pages_beside_the_rules() -> None:
    assert all(name == name.lower() and "_" not in name for name in wording.rule_names())
