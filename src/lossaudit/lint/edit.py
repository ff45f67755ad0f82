"""Carries out fixes in Python files and in cells of notebooks, with as little change to the file as there can be."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lossaudit.finding import Edit, Finding
from lossaudit.lint import paths
from lossaudit.lint.files import replace_file
from lossaudit.lint.notebook_text import Piece, pieces
from lossaudit.readers.source.text import LARGEST_NOTEBOOK, Unreadable, load, read_bytes
from lossaudit.result import Problem

_LINE = re.compile(r"\r\n|\r|\n")
Span = tuple[int, int, str]  # start, end, and the text to put there


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after its fixes."""

    path: str
    before: str
    after: str
    data: bytes


@dataclass(slots=True)
class _File:
    """A file's text as it is on disk, by cells; one cell None for a Python file.

    Attributes:
        text: The whole file, decoded, its line ends as they are.
        cells: Text of each cell.
        parts: Of a notebook, the strings of which its cells are made.
        edits: What has been accepted, by cell.
    """

    path: str
    encoding: str
    text: str
    cells: Mapping[int | None, str]
    parts: tuple[Piece, ...] = ()
    edits: dict[int | None, list[Span]] = field(default_factory=dict[int | None, list[Span]])

    def span(self, edit: Edit) -> tuple[int | None, Span]:
        """Where an edit belongs; line ends as the cell has them."""
        place = edit.place
        text = self.cells[place.cell]
        newline = next(iter(_LINE.findall(text)), "\n")
        start, end = _offset(text, place.line, place.col), _offset(text, place.end_line, place.end_col)
        return place.cell, (start, end, edit.text.replace("\n", newline))

    def edited(self, edits: Mapping[int | None, list[Span]]) -> str:
        """The whole file's text with these edits."""
        new = {cell: _applied(text, edits.get(cell, [])) for cell, text in self.cells.items()}
        if None in self.cells:
            return new[None]
        text = self.text
        for cell in reversed([cell for cell in self.cells if new[cell] != self.cells[cell]]):
            text = _with_cell(text, [part for part in self.parts if part.cell == cell], new[cell])
        return text


def changes(findings: Iterable[Finding], *, safe_only: bool, given: bytes | None = None) -> tuple[Change, ...]:
    """The files that the findings' fixes change.

    A fix is carried out as a whole or not at all: not when an edit of it overlaps one of an earlier fix, and not when
    a file that was Python were none after it.

    Args:
        findings: In the order in which their fixes are tried.
        safe_only: Only fixes that leave every computed value as it was.
        given: Content of standard input.
    """
    files: dict[str, _File | None] = {}
    for finding in findings:
        fix = finding.fix
        if fix is not None and fix.edits and (fix.keeps_values or not safe_only):
            for path in {edit.place.path: None for edit in fix.edits}:
                if path not in files:
                    files[path] = _opened(path, given)
            _accept(fix.edits, files)
    made = (_change(file) for file in files.values() if file is not None and any(file.edits.values()))
    return tuple(change for change in made if change.before != change.after)


def write(made: Iterable[Change]) -> tuple[Problem, ...]:
    """Write the changed files; one line for each that cannot be written."""
    problems: list[Problem] = []
    for change in made:
        try:
            replace_file(change.path, change.data)
        except OSError as error:
            problems.append(Problem(change.path, f"cannot be written ({error.strerror}); its fixes are left out"))
    return tuple(problems)


def _opened(path: str, given: bytes | None) -> _File | None:
    try:
        data = given if path == paths.STDIN and given is not None else read_bytes(path, LARGEST_NOTEBOOK)
        if path.lower().endswith(".ipynb"):
            text = data.decode("utf-8")
            parts = pieces(text)
            cells: dict[int | None, str] = {}
            for part in parts:
                cells[part.cell] = cells.get(part.cell, "") + part.text
            return _File(path, "utf-8", text, cells, parts)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
        return _File(path, encoding, text, {None: text})
    except (Unreadable, SyntaxError, ValueError):
        return None


def _accept(edits: Iterable[Edit], files: Mapping[str, _File | None]) -> None:
    """Add the edits of one fix to their files, when all of them can stand beside what was accepted before."""
    tried: dict[str, dict[int | None, list[Span]]] = {}
    for edit in edits:
        file = files[edit.place.path]
        if file is None or edit.place.cell not in file.cells:
            return
        accepted = tried.setdefault(file.path, {cell: list(spans) for cell, spans in file.edits.items()})
        cell, span = file.span(edit)
        spans = accepted.setdefault(cell, [])
        if span in spans:
            continue  # the same edit for two findings
        if any(_overlap(span, other) for other in spans):
            return
        spans.append(span)
    for path, accepted in tried.items():
        file = files[path]
        if file is None or not _still_python(file, accepted):
            return
    for path, accepted in tried.items():
        file = files[path]
        if file is not None:
            file.edits = accepted


def _still_python(file: _File, edits: Mapping[int | None, list[Span]]) -> bool:
    try:
        data = file.edited(edits).encode(file.encoding)
        return len(load(file.path, data).problems) <= len(load(file.path, file.text.encode(file.encoding)).problems)
    except (Unreadable, ValueError):
        return False


def _change(file: _File) -> Change:
    after = file.edited(file.edits)
    return Change(file.path, file.text, after, after.encode(file.encoding))


def _overlap(one: Span, other: Span) -> bool:
    return (one[0] < other[1] and other[0] < one[1]) or one[0] == other[0]


def _applied(text: str, edits: Iterable[Span]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _offset(text: str, line: int, col: int) -> int:
    """Where a line and column stand, lines counted as Python counts them."""
    start = 0
    for _ in range(line - 1):
        found = _LINE.search(text, start)
        if found is None:
            return len(text)
        start = found.end()
    return min(start + col - 1, len(text))


def _with_cell(notebook: str, parts: list[Piece], new: str) -> str:
    """The JSON text with another source in one cell: only the strings that differ are written anew."""
    old = [part.text for part in parts]
    lines = re.findall(r"[^\n]*\n|[^\n]+", new) if len(parts) > 1 else [new]
    same = 0
    while same < min(len(old), len(lines)) and old[same] == lines[same]:
        same += 1
    rest = 0
    while rest < min(len(old), len(lines)) - same and old[-1 - rest] == lines[-1 - rest]:
        rest += 1
    between = notebook[parts[0].end : parts[1].start] if len(parts) > 1 else ""
    made = [json.dumps(line, ensure_ascii=notebook.isascii()) for line in lines[same : len(lines) - rest]]
    gone = parts[same : len(parts) - rest]
    if gone and made:
        start, end, text = gone[0].start, gone[-1].end, between.join(made)
    elif gone:
        behind = parts[len(parts) - rest :]
        start = gone[0].start if behind or not same else parts[same - 1].end
        end = behind[0].start if behind else gone[-1].end
        text = "" if behind or same else '""'
    elif same < len(parts):
        start = end = parts[same].start
        text = "".join(f"{each}{between}" for each in made)
    else:
        start = end = parts[-1].end
        text = "".join(f"{between}{each}" for each in made)
    return notebook[:start] + text + notebook[end:]
