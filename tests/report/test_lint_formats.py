"""The formats of `lint`, letter by letter, on a program of three files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.report import lint_samples as samples

from lossaudit.pairing import Place, Reading
from lossaudit.report import github, junit, lint_concise, lint_full, lint_json, pairings, statistics
from lossaudit.result import LintResult, Problem

CLOSING = """\
broken.py:7: not linted: invalid syntax
1 error, 1 info.
2 findings silenced by a comment or the baseline.
4 files, 2 pairings read, 1 not understood (`--show-pairings`)"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def test_full() -> None:
    assert lint_full.render(samples.FOUND) == (
        """\
book.ipynb:cell 2:3:8  info  double-sigmoid (LA103)
  sigmoid (cell 2, line 1) + BCEWithLogitsLoss (cell 2, line 3)
  3 | loss = criterion(p, y)
    |        ^^^^^^^^^^^^^^^ BCEWithLogitsLoss
  1 | p = torch.sigmoid(z)
    |     ^^^^^^^^^^^^^^^^ sigmoid
  why: the loss applies sigmoid itself
  fix: give the loss the logits

train.py:4:9  error  double-softmax (LA101)
  softmax (model.py:5) + CrossEntropyLoss (line 4), 10 classes
  4 |     return criterion(net(x), y)
    |            ^^^^^^^^^^^^^^^^^^^^ CrossEntropyLoss
    --> model.py:5:16
  5 |         return torch.softmax(self.head(x), dim=1)
    |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ softmax
  with 10 classes the loss of a sample cannot fall below 1.46
  why: cross-entropy applies softmax itself, so its gradient passes through two and never reaches zero loss
  fix: give cross-entropy the logits, without the softmax
    - return torch.softmax(self.head(x), dim=1)
    + return self.head(x)

"""
        + CLOSING.replace("4 files", "Why, and when it is fine: lossaudit explain double-softmax\n4 files")
    )


def test_colour_adds_escapes_and_nothing_else() -> None:
    plain, coloured = lint_full.render(samples.FOUND), lint_full.render(samples.FOUND, colour=True)
    assert "\x1b" not in plain
    parts = coloured.split("\x1b[")
    assert parts[0] + "".join(part.partition("m")[2] for part in parts[1:]) == plain
    assert "[31m" not in coloured  # red and green are one colour to many
    assert "[32m" not in coloured


def test_concise() -> None:
    assert lint_concise.render(samples.FOUND) == (
        "book.ipynb:cell 2:3:8: info double-sigmoid sigmoid (cell 2, line 1) + BCEWithLogitsLoss (cell 2, line 3): "
        "the loss applies sigmoid itself\n"
        "train.py:4:9: error double-softmax softmax (model.py:5) + CrossEntropyLoss (line 4), 10 classes: "
        "cross-entropy applies softmax itself, so its gradient passes through two and never reaches zero loss\n"
        + CLOSING
    )


def test_statistics() -> None:
    twice = replace(samples.FOUND, findings=(samples.DOUBLE_SIGMOID, *2 * (samples.DOUBLE_SOFTMAX,)))
    assert statistics.render(twice).splitlines()[:2] == [
        "2  LA101  double-softmax  error",
        "1  LA103  double-sigmoid  info",
    ]


def test_show_pairings() -> None:
    one = samples.pairing("cross_entropy", "CE", samples.LOSS, "softmax", samples.HEAD, ("training",))
    other = samples.pairing("cross_entropy", "CE", samples.LOSS, "log_softmax", samples.HEAD, ("not training",))
    reading = Reading((*samples.READING.objectives, samples.objective(samples.LOSS, one, other, one)))
    assert pairings.render(replace(samples.FOUND, reading=reading)).splitlines()[:6] == [
        "book.ipynb:cell 2:3:8  BCEWithLogitsLoss <- sigmoid (line 1) <- affine layer; target: class index",
        "train.py:4:9  CrossEntropyLoss <- softmax (model.py:5) <- affine layer; target: class index",
        "train.py:9:5  NLLLoss  not understood: its input is a parameter that no call gives",
        "train.py:4:9  CE, one of 2:",
        "  if training: CE <- softmax (model.py:5) <- affine layer; target: class index",
        "  if not training: CE <- log_softmax (model.py:5) <- affine layer; target: class index",
    ]


def test_a_loss_that_is_differentiated_elsewhere_is_missed_once() -> None:
    backward = replace(samples.READING.objectives[2], place=Place("train.py", 11))
    result = replace(samples.FOUND, reading=Reading((*samples.READING.objectives, backward)))
    assert pairings.render(result) == pairings.render(samples.FOUND)


@pytest.mark.parametrize("render", [lint_full.render, lint_concise.render, statistics.render, pairings.render])
def test_silence_never_reads_as_approval(render: object) -> None:
    assert callable(render)
    nothing = render(samples.CLEAN).splitlines()
    assert nothing[-2:] == [
        "No pairing of a head and a loss was read: nothing was checked.",
        "1 file, 0 pairings read, 1 not understood (`--show-pairings`)",
    ]
    read = replace(samples.CLEAN, reading=samples.READING)
    assert render(read).splitlines()[-2:] == [
        "Nothing wrong found between head and loss, where they were read. "
        "Not checked: data, learning rate, architecture.",
        "1 file, 2 pairings read, 1 not understood (`--show-pairings`)",
    ]


def test_an_excerpt_says_no_more_than_is_known() -> None:
    gone = replace(samples.DOUBLE_SOFTMAX, places=(Place("gone.py", 3, 1), Place("train.py", 99), Place("-", 1)))
    lines = lint_full.render(LintResult(("gone.py",), (gone,))).splitlines()
    assert lines[0] == "gone.py:3:1  error  double-softmax (LA101)"
    assert not any("|" in line or "^" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("loss = f(a,\n  b)", Place("x.py", 1, 8, 2, 5), ["loss = f(a,", "       ^^^^"]),
        ("学習 = f(a)", Place("x.py", 1, 6, 1, 10), ["学習 = f(a)", "       ^^^^"]),
        ("\tf(a)  # \u202e", Place("x.py", 1, 2, 1, 6), ["    f(a)  # \\u202e", "    ^^^^"]),
        ("  f(a)", Place("x.py", 1), ["  f(a)", "  ^^^^"]),
        ("f(\x0c)", Place("x.py", 1, 1, 1, 5), ["f( )", "^^^^"]),
        ("a = 1\x0c\rf(a)", Place("x.py", 2, 1, 2, 5), ["f(a)", "^^^^"]),
    ],
)
def test_carets_stand_below_the_span(text: str, place: Place, expected: list[str]) -> None:
    Path(place.path).write_bytes(text.encode())
    finding = replace(samples.DOUBLE_SOFTMAX, places=(place,))
    lines = lint_full.render(LintResult((place.path,), (finding,))).splitlines()
    shown = [line.split("| ", 1)[1] for line in lines if "| " in line]
    assert shown == expected


def test_an_endless_line_is_cut() -> None:
    Path("x.py").write_text("x = [" + "1, " * 100_000 + "f(a)]")
    finding = replace(samples.DOUBLE_SOFTMAX, places=(Place("x.py", 1, 300_006, 1, 300_010),))
    text = lint_full.render(LintResult(("x.py",), (finding,)))
    assert "f(a)]" in text
    assert len(text) < 1000


def test_encodings_are_pythons() -> None:
    Path("x.py").write_bytes("# -*- coding: latin-1 -*-\né = f(a)\n".encode("latin-1"))
    finding = replace(samples.DOUBLE_SOFTMAX, places=(Place("x.py", 2, 5, 2, 9),))
    assert "2 | é = f(a)" in lint_full.render(LintResult(("x.py",), (finding,)))


def test_json() -> None:
    document = json.loads(lint_json.render(samples.FOUND))
    assert (document["tool"], document["kind"], document["schema"]) == ("lossaudit", "lint", 1)
    assert document["counts"] == {
        "files": 4,
        "findings": 2,
        "hidden": 2,
        "pairings_read": 2,
        "pairings_not_understood": 1,
    }
    finding = document["findings"][1]
    assert finding["places"][0] == {
        "path": "train.py",
        "cell": None,
        "line": 4,
        "column": 9,
        "end_line": 4,
        "end_column": 29,
        "scope": "train",
    }
    assert finding["fix"]["edits"][0]["text"] == "self.head(x)"
    assert [loss["understood"] for loss in document["losses"]] == [True, True, False]
    assert document["problems"] == [
        {"path": "broken.py", "line": 7, "message": "not linted: invalid syntax", "skipped": True}
    ]


def test_the_documentation_names_every_field_of_the_json(request: pytest.FixtureRequest) -> None:
    text = (request.config.rootpath / "docs" / "lint-formats.md").read_text(encoding="utf-8")

    def names(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(names(each) for each in value.values()))
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    missing = {name for name in names(json.loads(lint_json.render(samples.FOUND))) if f"`{name}`" not in text}
    assert not missing


def test_github() -> None:
    lines = github.render(samples.FOUND).splitlines()
    assert lines[1].startswith(
        "::error file=train.py,line=4,endLine=4,col=9,endColumn=29,title=double-softmax (LA101)::"
        "softmax (model.py:5) + CrossEntropyLoss (line 4), 10 classes: cross-entropy applies softmax itself"
    )
    assert "%0Afix: give cross-entropy the logits, without the softmax%0Ahttps://" in lines[1]
    assert lines[1].endswith("/rules/double_softmax.md")
    assert lines[2] == "::error file=broken.py,line=7,title=lossaudit::not linted: invalid syntax"


def test_github_shows_a_notebook_at_the_line_of_its_text() -> None:
    (line,) = (number for number, text in enumerate(Path("book.ipynb").read_text().splitlines(), 1) if "loss =" in text)
    first = github.render(samples.FOUND).splitlines()[0]
    assert first.startswith(f"::notice file=book.ipynb,line={line},title=double-sigmoid (LA103)::book.ipynb:cell 2:3:8")


def test_github_sees_paths_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert github.render(samples.FOUND, root=str(tmp_path)).splitlines()[1].startswith("::error file=sub/train.py,")
    outside = replace(samples.DOUBLE_SOFTMAX, places=(Place("../train.py", 4),))
    text = github.render(LintResult(findings=(outside,)), root=str(tmp_path / "sub"))
    assert text.startswith(f"::error file={tmp_path.as_posix()}/train.py,line=4,endLine=4,title=")


def test_in_a_workflow_paths_are_seen_from_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert github.render(samples.FOUND, root=str(tmp_path / "sub")).splitlines()[1].startswith("::error file=sub/train")


def test_github_gives_no_columns_over_several_lines() -> None:
    spread = replace(samples.DOUBLE_SOFTMAX, places=(Place("train.py", 3, 1, 4, 29),))
    assert github.render(LintResult(findings=(spread,))).startswith("::error file=train.py,line=3,endLine=4,title=")


def test_a_comment_without_effect_fails_no_build() -> None:
    unused = Problem("train.py", "lossaudit: ignore[double-softmax] silences nothing", 4, skipped=False)
    result = LintResult(("train.py",), problems=(unused,))
    assert github.render(result).startswith("::warning file=train.py,line=4,title=lossaudit::lossaudit: ignore[")
    (case,) = ElementTree.fromstring(junit.render(result)).iter("testcase")
    assert [child.tag for child in case] == ["system-out"]


def test_junit() -> None:
    suites = ElementTree.fromstring(junit.render(samples.FOUND))
    (suite,) = suites
    counts = {"tests": "4", "failures": "1", "errors": "1", "skipped": "0"}
    assert suites.tag == "testsuites"
    assert suite.attrib == {"name": "lossaudit", **counts}
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert list(cases) == list(samples.FOUND.files)
    assert [child.tag for child in cases["book.ipynb"]] == ["system-out"]  # info does not fail a build
    assert not len(cases["model.py"])
    (failure,) = cases["train.py"]
    assert failure.get("type") == "error: double-softmax"
    assert (failure.text or "").startswith("train.py:4:9: error double-softmax (LA101) softmax (model.py:5)")
    (error,) = cases["broken.py"]
    assert (error.tag, error.get("message")) == ("error", "not linted: invalid syntax")
    output = suite.find("system-out")
    assert output is not None
    assert output.text == CLOSING
