"""A comparison goes to JSON and comes back as it was, and a broken file is one line."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit import document
from lossaudit.comparison import Better, Comparison, Contestant, Contrast, Curve, Figure, Measure, Tried
from lossaudit.errors import UsageError
from lossaudit.result import Bin, Calibration
from lossaudit.study import Chart, Line, Section, Study, Table

NAN, INF = math.nan, math.inf


def whole() -> Comparison:
    """A comparison with something in every field."""
    contestant = Contestant(
        name="mse:softmax",
        words="squared error on softmax",
        rate=10**-1.5,
        tried=(Tried(0.1, (0, 1), 0.9), Tried(10.0, (0, 1), NAN, ((1, 3),))),
        at_edge=True,
        seeds=(0, 1),
        figures={"accuracy": Figure((0.1 + 0.2, 5e-324), -0.0, 0.1, 0.5), "epochs_to_level": Figure((3.0, INF), INF)},
        curves={"validation accuracy": (Curve(0, (0.1, NAN)),)},
        reliability=Calibration(
            "label 1", 4, 0.1, (0.0, 0.2), 0.3, 0.5, 0.75, 0.69, 0.25, (Bin(0.0, 1.0, 4, 0.5, 0.75, 0.3, 0.9),)
        ),
        convex=False,
        notes=("A note: „äß“.",),
        seconds=1.5,
    )
    return Comparison(
        key="ab" * 32,
        title="two",
        setting=("one",),
        measures=(Measure("accuracy", "accuracy", Better.LARGER, percent=True),),
        contestants=(contestant, Contestant("ce", "cross-entropy")),
        reference="ce",
        contrasts=(
            Contrast("accuracy", "mse:softmax", "ce", -0.1, -INF, 0.1, NAN),
            Contrast("nll", "a", "b", *[NAN] * 4, "a"),
        ),
        sentences=("Not decided.",),
        seeds=(0, 1),
        level=0.95,
        warnings=("few",),
        missing=3,
        made="2026-01-02T03:04:05",
        versions={"torch": "2.13"},
    )


def study() -> Study:
    table = Table("t", ("a", "b"), (("1", "2"), ("3", "4")))
    chart = Chart("c", "x", "y", (Line("l", (0.0, 1.0), (NAN, 2.0)),), log_across=True)
    sections = (Section("s", ("p",), (table,), (chart,), whole()), Section("empty"))
    return Study("n", "t", "s", ("c",), ("s",), sections, ("a",), ("l",), "lossaudit compare --preset n", 1)


@pytest.mark.parametrize("made", [whole(), study()], ids=["comparison", "study"])
def test_what_comes_back_is_what_went(made: Comparison | Study) -> None:
    text = document.dumps(made)
    again = document.loads(text)
    assert type(again) is type(made)
    assert repr(again) == repr(made)  # NaN is not equal to itself, but looks so
    assert document.dumps(again) == text
    json.loads(text, parse_constant=pytest.fail)  # nothing that is not JSON


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(), max_size=5))
def test_every_float_comes_back(values: list[float]) -> None:
    first = replace(whole().contestants[0], figures={"accuracy": Figure(tuple(values), 0.0)})
    again = document.comparison(document.dumps(replace(whole(), contestants=(first,))))
    assert repr(again.contestants[0].figures["accuracy"].values) == repr(tuple(values))


def test_a_later_version_may_add_fields_that_have_a_default() -> None:
    short = json.loads(document.dumps(whole()))
    del short["level"], short["contestants"][0]["seconds"]
    again = document.comparison(json.dumps(short))
    assert math.isnan(again.level)
    assert again.contestants[0].seconds == 0


def changed(*path: Any, to: Any) -> str:
    found = json.loads(document.dumps(whole()))
    place = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "x.json is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[" * 100_000, "x.json is not JSON: "),
        (document.dumps(whole())[:500], "x.json is not JSON: "),
        ("[]", "x.json is neither a comparison nor a study of lossaudit"),
        ('{"tool": "lossaudit", "kind": ["comparison"]}', "x.json is neither a comparison nor a study of lossaudit"),
        ("{}", "x.json is neither a comparison nor a study of lossaudit"),
        (changed("schema", to=2), "x.json has version 2 of the form, this lossaudit reads 1; use the other one"),
        (changed("title", to=3), "x.json is broken: title is 3, not text"),
        (changed("missing", to=True), "x.json is broken: missing is true, not a whole number"),
        (changed("level", to="high"), 'x.json is broken: level is "high", not a number'),
        (changed("level", to=[]), "x.json is broken: level is [], not a number"),
        (changed("new", to=1), "x.json is broken: new is not known; a later lossaudit may have written it"),
        (changed("contestants", 0, "seeds", to=5), "x.json is broken: contestants[0].seeds is 5, not a list"),
        (changed("contestants", 1, to={}), "x.json is broken: contestants[1].name is missing"),
        (changed("contestants", 0, "convex", to="no"), 'contestants[0].convex is "no", not true or false'),
        (
            changed("contestants", 0, "reliability", "interval", to=[1.0]),
            "contestants[0].reliability.interval has 1 entries, not 2",
        ),
        (changed("measures", 0, "better", to="big"), "measures[0].better is \"big\", not one of 'larger', 'smaller'"),
        (changed("measures", 0, "better", to=[]), "measures[0].better is [], not one of 'larger', 'smaller'"),
        (changed("contestants", 0, "figures", to=[]), "contestants[0].figures is [], not an object"),
        (changed("contestants", 0, "figures", "accuracy", "mean", to=None), "figures['accuracy'].mean is null"),
    ],
)
def test_a_broken_file_is_one_line(text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        document.loads(text, "x.json")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_study_is_no_comparison() -> None:
    with pytest.raises(UsageError, match=r"^x\.json is a study, not a comparison$"):
        document.comparison(document.dumps(study()), "x.json")


def test_neither_torch_nor_numpy_is_needed() -> None:
    program = (
        "import sys\nfrom lossaudit import document\ndocument.loads(sys.stdin.read())\n"
        "print(*[name for name in ('torch', 'numpy', 'scipy', 'lossaudit.trials') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=document.dumps(study()), capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
