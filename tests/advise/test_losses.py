"""The table of losses: what is asked for is what the literature says of the losses that come."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest

import lossaudit
from lossaudit import catalogue
from lossaudit.advise.losses import PROPERTIES, select
from lossaudit.card import entries
from lossaudit.cards import said, shipped
from lossaudit.cli.main import main
from lossaudit.report import losses as report

# What is known of these, with the proof or the paper: convex in the raw outputs, proper, calibrated, saturating.
KNOWN = {
    "cross_entropy": (True, True, True, False),
    "brier": (False, True, True, True),  # bounded, so not convex; strictly proper (Brier 1950)
    "spherical": (False, True, True, True),
    "hinge": (True, False, True, False),  # Bartlett, Jordan and McAuliffe 2006
    "perceptron": (True, False, False, False),
    "weston_watkins": (True, False, False, False),  # Wang and Scott 2020
    "exponential": (True, None, True, False),
    "gce": (False, False, True, True),
    "focal": (False, False, True, False),  # Charoenphakdee et al. 2021
    "bce_with_logits": (True, True, True, False),
}


@pytest.mark.parametrize("name", KNOWN)
def test_properties(name: str) -> None:
    for asked, truth in zip(("convex", "proper", "calibrated", "saturating"), KNOWN[name], strict=True):
        if truth is None:
            continue
        assert name in [row.name for row in select(properties={asked: truth}).rows], asked
        assert name not in [row.name for row in select(properties={asked: not truth}).rows], asked


def test_symmetric_losses_are_those_whose_sum_over_the_labels_is_constant() -> None:
    """Ghosh, Kumar and Sastry 2017; no convex loss but an affine one can be (it would be concave too)."""
    symmetric = {row.name for row in select(properties={"symmetric": True}).rows}
    assert symmetric >= {"unhinged", "sigmoid_loss", "nce"}
    assert not symmetric & {"cross_entropy", "brier", "hinge", "logistic", "gce"}
    assert [row.name for row in select(properties={"symmetric": True, "convex": True}).rows] == ["unhinged"]


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_loss_has_a_property_or_not_or_nobody_knows(name: str) -> None:
    yes, no = select(properties={name: True}), select(properties={name: False})
    has, lacks = {row.name for row in yes.rows}, {row.name for row in no.rows}
    assert has
    assert lacks
    assert not has & lacks
    assert yes.open == no.open
    assert not {*yes.open} & (has | lacks)


@pytest.mark.parametrize("name", catalogue.LOSSES)
def test_what_is_read_of_a_card_is_what_the_card_says(name: str) -> None:
    card = shipped(name)
    words = {} if card is None else {key: (each.value, each.ground.value) for key, each in entries(card).items()}
    assert said(name) == words


def test_bounded_and_convex_exclude_each_other() -> None:
    assert select(properties={"bounded": True, "convex": True}).rows == ()


def test_what_it_is_for() -> None:
    rows = select(task="Multi_Class".replace("_", ""), target="class-index", head="log softmax").rows
    assert "nll" in [row.name for row in rows]
    assert all("multiclass" in row.tasks and "log_softmax" in row.heads for row in rows)
    for framework in ("torch", "keras", "jax", "optax"):
        assert "cross_entropy" in [row.name for row in select(framework=framework).rows] or framework == "keras"
    assert "focal" not in [row.name for row in select(framework="tensorflow").rows]
    assert {row.family for row in select(family="ordinal").rows} == {"ordinal"}
    assert len(select().rows) == select().total == len(catalogue.LOSSES)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ({"task": "Multi-Class"}, {"task": "multiclass"}),
        ({"task": "regularization"}, {"task": "regularisation"}),
        ({"head": "none"}, {"head": "identity"}),
        ({"target": "index"}, {"target": "class index"}),
        ({"framework": "PyTorch"}, {"framework": "torch"}),
        ({"framework": "tf"}, {"framework": "tensorflow"}),
        ({"framework": "scikit-learn"}, {"framework": "sklearn"}),
    ],
)
def test_names_are_taken_as_people_write_them(typed: dict[str, str], meant: dict[str, str]) -> None:
    assert select(**typed) == select(**meant)


def test_tasks_of_choose_that_have_losses_are_tasks_here() -> None:
    assert "gamma" in [row.name for row in select(task="positive-amounts").rows]
    assert "info_nce" in [row.name for row in select(task="metric-learning").rows]


def test_bare_options_mean_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["losses", "--convex", "--proper", "--format", "csv"]) == 0
    bare = capsys.readouterr().out
    assert main(["losses", "--convex", "yes", "--proper=YES", "--format", "csv"]) == 0
    assert capsys.readouterr().out == bare
    assert "cross_entropy," in bare
    assert "hinge," not in bare


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["--task", "multiclas"], "multiclass"),
        (["--head", "sofmax"], "softmax"),
        (["--family", "regresion"], "regression"),
        (["--target", "onehott"], "one-hot"),
        (["--framework", "kears"], "keras"),
        (["--convex", "perhaps"], "yes"),
        (["--format", "yaml"], "json"),
    ],
)
def test_an_unknown_value_gets_one_line(
    words: list[str], nearest: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        code = main(["losses", *words])
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert nearest in said.err


def test_an_empty_answer_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["losses", "--convex", "--bounded"]
    assert main(wanted) == 0
    assert capsys.readouterr().out == f"None of the {len(catalogue.LOSSES)} losses is like this.\n"
    assert main([*wanted, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_formats_say_the_same(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {}
    for name in ("table", "json", "csv", "markdown"):
        file = tmp_path / name
        assert main(["losses", "--task", "multiclass", "--format", name, "--output", str(file)]) == 0
        texts[name] = file.read_text()
    assert capsys.readouterr().out == ""
    names = [row.name for row in select(task="multiclass").rows]
    assert [line.split()[0] for line in texts["table"].splitlines()[1:]] == names
    assert [row["name"] for row in json.loads(texts["json"])] == names
    assert [row["name"] for row in csv.DictReader(io.StringIO(texts["csv"]))] == names
    assert re.findall(r"^\| `(\w+)`", texts["markdown"], re.MULTILINE) == names


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_the_table_fits_its_terminal(width: int) -> None:
    text = report.table(select(task="multiclass"), width)
    assert max(map(len, text.splitlines()[: len(select(task="multiclass").rows) + 1])) <= width
    assert all(row.name in text for row in select(task="multiclass").rows)


def test_a_pipe_gets_rows_and_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lossaudit", "losses", "--convex"],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "40"},
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + len(select(properties={"convex": True}).rows)
    assert "\x1b" not in done.stdout
    assert "..." not in done.stdout


def test_a_property_is_asked_for_by_true_or_false() -> None:
    with pytest.raises(lossaudit.errors.UsageError, match="True asks for"):
        lossaudit.losses(convex="yes")  # pyrefly: ignore[bad-argument-type]


@pytest.mark.parametrize("width", [80, 140])
def test_what_a_narrow_table_shows_can_be_read(width: int) -> None:
    heading = report.table(select(task="multiclass"), width).splitlines()[0]
    assert "proper / calibrated" in heading
    assert "convex" in heading


def test_from_python() -> None:
    found = lossaudit.losses(task="multiclass", convex=True, proper=True)
    assert "cross_entropy" in [row.name for row in found]
    assert [row["name"] for row in json.loads(found.to_json())] == [row.name for row in found]
    assert "cross_entropy" in str(found)
    with pytest.raises(lossaudit.errors.UsageError, match="multiclass"):
        lossaudit.losses(task="multi-klass")
