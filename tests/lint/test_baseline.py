"""Old findings written down once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.lint.conftest import BAD, GOOD, Lint, Write, notebook

FILE = ("--baseline", "old.json")


def test_what_is_written_down_is_not_reported(lint: Lint, write: Write, folder: Path) -> None:
    write("a.py", BAD)
    write("sub/b.ipynb", notebook(BAD))
    ended = lint(*FILE, "--write-baseline")
    assert (ended.code, ended.out) == (0, "")
    document = json.loads((folder / "old.json").read_text())
    assert [(entry["path"], entry["rule"], entry["count"]) for entry in document["findings"]] == [
        ("a.py", "double-softmax", 1),
        ("sub/b.ipynb", "double-softmax", 1),
    ]
    ended = lint(*FILE)
    assert (ended.code, ended.rules, ended.json["counts"]["hidden"]) == (0, [], 2)
    assert lint("sub", *FILE).code == 0


def test_lines_may_move_and_be_formatted_anew(lint: Lint, write: Write) -> None:
    write("a.py", BAD)
    lint(*FILE, "--write-baseline")
    moved = "# a new comment\n\n" + BAD.replace(
        "F.cross_entropy(F.softmax(z, dim=1), y)", "F.cross_entropy(\n    F.softmax( z, dim = 1 ), y\n)  # why"
    )
    write("a.py", moved)
    assert lint(*FILE).code == 0


def test_another_finding_of_the_same_kind_is_new(lint: Lint, write: Write) -> None:
    write("a.py", BAD)
    lint(*FILE, "--write-baseline")
    write("a.py", BAD + BAD)
    assert lint(*FILE).rules == [("a.py", 13, "double-softmax")]
    write("b.py", BAD)
    assert [path for path, _, _ in lint(*FILE).rules] == ["a.py", "b.py"]


def test_entries_out_of_date_cost_one_line_and_fail_nothing(lint: Lint, write: Write, folder: Path) -> None:
    write("a.py", BAD + BAD)
    write("b.py", BAD)
    lint(*FILE, "--write-baseline")
    write("a.py", GOOD)
    ended = lint(*FILE)
    assert ended.code == 0
    (problem,) = ended.json["problems"]
    assert problem["path"] == "old.json"
    assert problem["message"].startswith("2 entries are out of date")
    assert lint("b.py", *FILE).json["problems"] == [], "of files that were not linted nothing is known"
    (folder / "b.py").unlink()
    assert lint("a.py", *FILE).json["problems"][0]["message"].startswith("3 entries")


def test_the_configuration_names_it_relative_to_itself(
    lint: Lint, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("pyproject.toml", "[tool.lossaudit]\nbaseline = 'old.json'\n")
    write("sub/a.py", BAD)
    assert lint("--write-baseline").code == 0
    monkeypatch.chdir(folder / "sub")
    assert lint().code == 0
    assert (folder / "old.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": [{"path": 1}]}', "[" * 100_000])
def test_a_file_that_is_no_baseline(text: str, lint: Lint, write: Write) -> None:
    write("a.py", BAD)
    write("old.json", text)
    ended = lint(*FILE)
    assert ended.code == 2
    assert "is no baseline" in ended.err
    assert ended.err.count("\n") == 1


def test_a_baseline_that_cannot_be_written(lint: Lint, write: Write) -> None:
    write("a.py", BAD)
    ended = lint("--baseline", "no/such.json", "--write-baseline")
    assert ended.code == 2
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("option", [FILE, ("--changed-since", "nope")])
def test_what_is_named_has_to_exist_where_nothing_is_found_too(
    option: tuple[str, str], lint: Lint, write: Write
) -> None:
    write("a.py", "x = 1\n")
    ended = lint(*option)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert " ".join(option) in ended.err
