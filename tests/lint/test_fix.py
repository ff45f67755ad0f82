"""`--fix` and `--diff`: what is edited, and what never is."""

from __future__ import annotations

import ast
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lint.conftest import BAD, Lint, Write, notebook

from lossaudit.finding import Confidence, Edit, Finding, Fix, Severity
from lossaudit.lint import edit
from lossaudit.lint.notebook_text import lines_of, pieces
from lossaudit.pairing import Place

# The one remark here whose fix keeps every value: cross-entropy applies log-softmax itself.
SAFE = BAD.replace("F.softmax(z, dim=1)", "F.log_softmax(z, dim=1)")
MENDED = BAD.replace("F.softmax(z, dim=1)", "z")


def test_fix_makes_safe_changes_only_and_only_once(lint: Lint, write: Write) -> None:
    safe, bad = write("safe.py", SAFE), write("bad.py", BAD)
    ended = lint("--fix")
    assert safe.read_text() == MENDED
    assert bad.read_text() == BAD
    assert [path for path, _, _ in ended.rules] == ["bad.py"]
    assert "safe.py" in ended.err
    before = safe.stat().st_mtime_ns
    assert lint("--fix").err == ""
    assert safe.stat().st_mtime_ns == before


def test_diff_shows_all_and_writes_nothing(lint: Lint, write: Write, folder: Path) -> None:
    safe, bad = write("safe.py", SAFE), write("sub/bad.py", BAD)
    shown = lint("--diff").out
    assert (safe.read_text(), bad.read_text()) == (SAFE, BAD)
    only_safe = lint("--fix", "--diff").out
    assert "safe.py" in only_safe
    assert "bad.py" not in only_safe
    assert (safe.read_text(), bad.read_text()) == (SAFE, BAD)
    subprocess.run(["git", "apply", "-"], input=shown.encode(), cwd=folder, check=True)
    assert safe.read_text() == bad.read_text() == MENDED
    assert lint().rules == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("encoding", "head"), [("utf-8", ""), ("utf-8-sig", ""), ("latin-1", "# coding: latin-1\n")])
def test_encoding_mark_and_line_ends_stay(newline: str, encoding: str, head: str, lint: Lint, write: Write) -> None:
    if newline == "\r" and encoding == "latin-1":
        pytest.skip("Python finds no declaration of an encoding in such a file")

    def bytes_of(text: str) -> bytes:
        return (head + "größe = 'é'\n" + text).replace("\n", newline).encode(encoding)

    file = write("safe.py", bytes_of(SAFE))
    assert lint("--fix").code == 0
    assert file.read_bytes() == bytes_of(MENDED)


def test_permissions_and_links_stay(lint: Lint, write: Write, folder: Path) -> None:
    file = write("real/safe.py", SAFE)
    file.chmod(0o750)
    os.symlink("real/safe.py", folder / "link.py")
    lint("--fix", "link.py")
    assert (folder / "link.py").is_symlink()
    assert file.read_text() == MENDED
    assert stat.S_IMODE(file.stat().st_mode) == 0o750
    assert sorted(path.name for path in file.parent.iterdir()) == ["safe.py"]


@pytest.mark.parametrize("indent", [1, 4, None])
def test_only_the_changed_lines_of_a_notebook_change(indent: int | None, lint: Lint, write: Write) -> None:
    before = notebook("%matplotlib inline\nété = 1", SAFE, "print('x')", indent=indent)
    file = write("n.ipynb", before)
    assert "n.ipynb" in lint("--fix").err
    assert file.read_text() == notebook("%matplotlib inline\nété = 1", MENDED, "print('x')", indent=indent)
    assert lint("--fix").err == ""


def test_a_notebook_whose_cells_are_one_string(lint: Lint, write: Write) -> None:
    document = json.loads(notebook("import os", SAFE))
    for cell in document["cells"]:
        cell["source"] = "".join(cell["source"])
    file = write("n.ipynb", json.dumps(document))
    lint("--fix")
    document["cells"][2]["source"] = MENDED
    assert json.loads(file.read_text()) == document


def finding(*edits: tuple[int, int, int, int, str], path: str = "a.py", safe: bool = True) -> Finding:
    made = tuple(Edit(Place(path, line, col, end, end_col), text) for line, col, end, end_col, text in edits)
    fix = Fix("", edits=made, keeps_values=safe)
    return Finding("r-r", "LA100", Severity.INFO, Confidence.HIGH, "", "", (Place(path, 1),), fix=fix)


def changed(text: str, *findings: Finding) -> str:
    made = edit.changes(findings, safe_only=True, given=text.encode())
    return made[0].after if made else text


def test_of_overlapping_fixes_the_first_wins_and_the_other_is_left_out_whole() -> None:
    whole = finding((1, 5, 1, 9, "y"), path="-")
    inside = finding((1, 7, 1, 8, "b"), (2, 1, 2, 2, "w"), path="-")
    assert changed("x = f(a)\nq\n", whole, inside) == "x = y\nq\n"
    assert changed("x = f(a)\nq\n", inside, whole) == "x = f(b)\nw\n"
    behind = finding((1, 9, 1, 9, " + 1"), path="-")
    assert changed("x = f(a)\nq\n", whole, behind) == "x = y + 1\nq\n"


def test_the_same_edit_of_two_findings_is_made_once() -> None:
    assert changed("x = f(a)\n", *[finding((1, 5, 1, 9, "a"), path="-")] * 2) == "x = a\n"


def test_a_fix_after_which_the_file_is_no_python_is_left_out() -> None:
    broken, good = finding((1, 1, 1, 2, "("), path="-"), finding((2, 1, 2, 2, "w"), path="-")
    assert changed("x = 1\ny = 2\n", broken, good) == "x = 1\nw = 2\n"


def test_a_fix_in_two_files_is_made_in_both_or_in_none(write: Write) -> None:
    write("a.py", "x = 1\n")
    write("b.py", "y = 1\n")
    for text in ("z", "("):
        fix = Fix(
            "", edits=(Edit(Place("a.py", 1, 1, 1, 2), "z"), Edit(Place("b.py", 1, 1, 1, 2), text)), keeps_values=True
        )
        both = Finding("r-r", "LA100", Severity.INFO, Confidence.HIGH, "", "", (Place("a.py", 1),), fix=fix)
        assert len(edit.changes([both], safe_only=True)) == (2 if text == "z" else 0)


def test_a_file_that_cannot_be_written(lint: Lint, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = write("safe.py", SAFE)
    monkeypatch.setattr(edit, "replace_file", refuse)
    ended = lint("--fix")
    assert file.read_text() == SAFE
    assert ended.code == 2
    assert "cannot be written (Permission denied)" in ended.json["problems"][0]["message"]


CELL = st.text(st.sampled_from('ab"\\\n\té😀\u2028{}[]:,'), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    cells=st.lists(CELL, min_size=1, max_size=3),
    indent=st.sampled_from([None, 1]),
    ascii=st.booleans(),
    new=CELL,
    which=st.integers(0, 2),
    turned=st.booleans(),
)
def test_any_cell_of_any_notebook_can_be_replaced(
    cells: list[str], indent: int | None, ascii: bool, new: str, which: int, turned: bool
) -> None:
    document = json.loads(notebook(*cells))
    if turned:  # keys in another order, a picture with text that looks like a cell
        document["cells"] = [dict(reversed(cell.items())) for cell in document["cells"]]
        document["cells"][0]["attachments"] = {"cells": [{"cell_type": "code", "source": ["x"]}]}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii)
    found = pieces(text)
    for number, cell in enumerate(cells, 1):
        assert "".join(piece.text for piece in found if piece.cell == number) == cell
    number = which % len(cells) + 1
    own = [piece for piece in found if piece.cell == number]
    if not own:
        return  # an empty list holds no place for an edit
    after = json.loads(edit._with_cell(text, own, new))
    assert "".join(after["cells"][number]["source"]) == new
    after["cells"][number]["source"] = document["cells"][number]["source"]
    assert after == document


def test_lines_of_a_notebook() -> None:
    text = notebook("a = 1\nb = 2", "c = 3")
    rows = {key: text.splitlines()[row - 1].strip(' ",').removesuffix("\\n") for key, row in lines_of(text).items()}
    assert rows == {(1, 1): "a = 1", (1, 2): "b = 2", (2, 1): "c = 3"}


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_was_python_stays_python(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(["x = f(a)", "if x:\n    y = 1", "z = (1,\n  2)", "pass"]), min_size=1))
    text = "\n".join(lines) + "\n"
    spots = st.tuples(st.integers(1, 8), st.integers(1, 9), st.integers(1, 8), st.integers(1, 9))
    texts = st.sampled_from(["", "a", "(", ")", "\n", "  ", "x\ny"])
    made = []
    for line, col, end, end_col in data.draw(st.lists(spots, max_size=6)):
        start, stop = sorted([(line, col), (end, end_col)])
        made.append(finding((*start, *stop, data.draw(texts)), path="-"))
    ast.parse(changed(text, *made))
