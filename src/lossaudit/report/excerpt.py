"""The user's own lines, as the reports of `lint` show them: of a file, or of a notebook's cell."""

from __future__ import annotations

import io
import json
import os
import re
import tokenize
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lossaudit.pairing import Place
from lossaudit.report.wording import visible

_WIDEST = 160  # columns of an excerpt: a generated line may have thousands
_BREAK = re.compile(r"\r\n|\r|\n")  # where Python ends a line; str.splitlines knows more breaks


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of source for a terminal.

    Attributes:
        number: Its line number, in the file or in the cell.
        text: The line with control characters spelled out and tabs as spaces; cut at the ends when it is very long.
        before, width: Columns in front of the marked part, and columns of it.
    """

    number: int
    text: str
    before: int
    width: int


def line(place: Place, root: str) -> str | None:
    """The first line of a place as it stands in the file, or None where it cannot be read."""
    lines = _lines(place.path, root, place.cell)
    return lines[place.line - 1] if 0 < place.line <= len(lines) else None


def excerpt(place: Place, root: str) -> Excerpt | None:
    """The first line of a place with what is marked in it, or None where it cannot be read."""
    text = line(place, root)
    if text is None or not text.strip():
        return None
    indent = len(text) - len(text.lstrip())
    start = place.col - 1 if place.col else indent
    end = place.end_col - 1 if place.end_col and place.end_line == place.line else len(text.rstrip())
    start, end = min(start, len(text)), min(max(end, start), len(text))
    head, marked, tail = _shown(text[:start]), _shown(text[start:end]), _shown(text[end:])
    if len(head) > _WIDEST // 2:
        head = "..." + head[-_WIDEST // 2 :]
    marked = _cut(marked, _WIDEST)
    tail = _cut(tail, max(0, _WIDEST - len(head) - len(marked)))
    return Excerpt(place.line, (head + marked + tail).rstrip(), _columns(head), max(1, _columns(marked)))


def file_line(place: Place, root: str) -> int:
    """The line of a place in its file; for a notebook the line of the JSON text. 0 where it is not known."""
    if place.cell is None:
        return place.line
    return next(iter(_cell_lines(place.path, root, place.cell)[place.line - 1 : place.line]), 0) if place.line else 0


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "..."


def _shown(text: str) -> str:
    return visible(text.replace("\t", "    ").replace("\f", " ").replace("\v", " "))


def _columns(text: str) -> int:
    """Columns of a terminal.

    >>> _columns("ab"), _columns("学習")
    (2, 4)
    """
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def _lines(path: str, root: str, cell: int | None) -> list[str]:
    if cell is None:
        return _BREAK.split(_text(path, root))
    cells = _cells(path, root)
    return _BREAK.split("".join(cells[cell - 1])) if 0 < cell <= len(cells) else []


def _cell_lines(path: str, root: str, cell: int) -> list[int]:
    """For each line of a cell, the line of the notebook's file on which it is written.

    A notebook keeps a cell as a list of strings, one a line, in the order of the program: each is looked for behind the
    last.
    """
    text, cells = _text(path, root), _cells(path, root)
    if not 0 < cell <= len(cells):
        return []
    found: list[int] = []
    position, row = 0, 1
    for number, parts in enumerate(cells[:cell], 1):
        for part in parts:
            at = min((at for written in _spellings(part) if (at := text.find(written, position)) >= 0), default=-1)
            if at < 0:
                return []
            row += text.count("\n", position, at)
            position = at + 1
            if number == cell:
                found += [row] * max(1, len(_BREAK.findall(part)))
    return found


def _spellings(part: str) -> tuple[str, str]:
    return json.dumps(part, ensure_ascii=False), json.dumps(part)


def _cells(path: str, root: str) -> tuple[tuple[str, ...], ...]:
    """The strings of each code cell of a notebook."""
    return _code(_text(path, root))


@lru_cache(maxsize=4)
def _code(text: str) -> tuple[tuple[str, ...], ...]:
    try:
        cells = json.loads(text)["cells"]
        return tuple(_strings(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def _strings(source: Any) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(str(part) for part in source)


def _text(path: str, root: str) -> str:
    """The text of a file as Python decodes it; `""` for one that cannot be read (standard input, a live model)."""
    for candidate in map(os.path.abspath, (path, os.path.join(root, path))):
        try:
            state = os.stat(candidate)
            return _read(candidate, state.st_mtime_ns, state.st_size)
        except (OSError, ValueError):
            continue
    return ""


@lru_cache(maxsize=64)
def _read(path: str, changed: int, size: int) -> str:
    """The text of a file in this state: `--fix` changes files between two reports."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except (SyntaxError, ValueError):
        encoding = "utf-8"
    return data.decode(encoding, errors="replace")
