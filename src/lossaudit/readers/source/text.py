"""A source file or notebook as one Python program."""

from __future__ import annotations

import ast
import errno
import io
import os
import re
import stat
import sys
import tokenize
import warnings
from bisect import bisect_right
from dataclasses import dataclass, field

from lossaudit.pairing import Place
from lossaudit.readers.source.notebook import CodeCell, NotebookError, code_cells
from lossaudit.result import Problem

LARGEST_PROGRAM = 2_000_000  # bytes; the parser takes about a second and 200 MB for so many
LARGEST_NOTEBOOK = 50_000_000  # bytes; mostly pictures in its outputs
_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell of a notebook: its number (first is 1, code cells only counted), and its lines in the program."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Text:
    r"""A program that parsed.

    Attributes:
        path: As the user named it.
        text: The Python text with `\n` between lines; of a notebook, its code cells one after another with magics
            blanked, so that lines and columns inside a cell are those of the cell.
        cells: Empty for a file that is no notebook.
        problems: Cells that were blanked because they do not parse.
    """

    path: str
    text: str
    tree: ast.Module
    cells: tuple[Cell, ...] = ()
    problems: tuple[Problem, ...] = ()
    _lines: tuple[str, ...] = field(init=False, repr=False, compare=False)  # empty when all characters are ASCII
    _firsts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lines", () if self.text.isascii() else tuple(self.text.split("\n")))
        object.__setattr__(self, "_firsts", tuple(cell.first for cell in self.cells))

    def place(self, node: ast.expr | ast.stmt, scope: str = "", via: tuple[Place, ...] = ()) -> Place:
        """Where a node stands: the path, line and column that a person sees, columns in characters.

        Example:
            >>> place = load("train.py", "größe = 1; loss = f(x)".encode()).place
            >>> statement = ast.parse("größe = 1; loss = f(x)").body[1]
            >>> place(statement).col, place(statement).end_col
            (12, 23)
        """
        line, end_line = node.lineno, node.end_lineno or node.lineno
        col = self._column(line, node.col_offset)
        end_col = self._column(end_line, node.end_col_offset or 0)
        if not self.cells:
            return Place(self.path, line, col, end_line, end_col, None, scope, via)
        cell = self.cells[max(bisect_right(self._firsts, line) - 1, 0)]
        before = cell.first - 1
        return Place(self.path, line - before, col, end_line - before, end_col, cell.number, scope, via)

    def _column(self, line: int, offset: int) -> int:
        """Python counts bytes of UTF-8; people count characters, the first is 1."""
        if not self._lines:
            return offset + 1
        text = self._lines[line - 1]
        return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="ignore")) + 1


class Unreadable(Exception):
    """A file that cannot be linted: one line that says what, where and how to go on."""

    def __init__(self, path: str, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.path, self.reason, self.line = path, reason, line


def load(path: str, data: bytes | None = None) -> Text:
    """Read and parse a `.py` file or `.ipynb` notebook.

    Args:
        path: As the user names it; of a notebook it ends in `.ipynb`.
        data: Its content, where it does not come from the disk (standard input).

    Raises:
        Unreadable: It is missing, no text, too large, broken, nested too deep, or no Python that this Python knows.
    """
    notebook = path.lower().endswith(".ipynb")
    content = read_bytes(path, LARGEST_NOTEBOOK if notebook else LARGEST_PROGRAM) if data is None else data
    if notebook:
        return _notebook(path, content)
    text = decode(path, content)
    return Text(path, text, _parse(path, text))


def read_bytes(path: str, largest: int) -> bytes:
    """The content of a regular file of at most so many bytes; a pipe or device is never waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        descriptor = os.open(path, flags)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unreadable(path, "is a pipe, device or folder, not a regular file; skipped")
            content = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(path, _missing(error)) from error
    if len(content) > largest:
        raise Unreadable(path, f"is larger than {largest // 1_000_000} MB; skipped: exclude it, or split it")
    return content


def _missing(error: OSError | ValueError) -> str:
    number = getattr(error, "errno", None)
    known = {
        errno.ENOENT: "does not exist (any more); skipped",
        errno.ENOTDIR: "does not exist (any more); skipped",
        errno.EACCES: "may not be read: check its permissions, or exclude it",
        errno.EPERM: "may not be read: check its permissions, or exclude it",
        errno.EISDIR: "is a pipe, device or folder, not a regular file; skipped",
        errno.ENXIO: "is a pipe, device or folder, not a regular file; skipped",
        errno.ELOOP: "is a loop of symbolic links; skipped",
    }
    return known.get(number or 0, f"cannot be read: {getattr(error, 'strerror', None) or error}; skipped")


_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_NO_TEXT_OF_A_PROGRAM = frozenset({"idna", "punycode", "undefined"})  # slow, or never meant for files


def decode(path: str, content: bytes) -> str:
    r"""The text of a Python file, by its byte order mark, its `# coding:` line, or UTF-8; lines end with `\n`."""
    mark = next((name for start, name in _MARKS if content.startswith(start)), "")
    if mark:
        raise Unreadable(path, f"is {mark}, which Python does not read: save it as UTF-8")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError as error:
        raise Unreadable(
            path, f"{_one_line(str(error.msg))}: save it as UTF-8, or mend its `# coding:` line"
        ) from error
    if encoding in _NO_TEXT_OF_A_PROGRAM:
        raise Unreadable(path, f"declares the encoding {encoding}: save it as UTF-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = content.decode(encoding)
    except (UnicodeError, LookupError, ValueError) as error:
        at = getattr(error, "start", 0)
        line = content.count(b"\n", 0, at) + 1 if at else 0
        raise Unreadable(path, f"is not {encoding}: save it as UTF-8, or declare its encoding", line) from error
    null = text.find("\0")
    if null >= 0:
        raise Unreadable(path, "holds null bytes, so it is no Python source; skipped", text.count("\n", 0, null) + 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parse(path: str, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes, `is` with a literal: other linters' findings
            return ast.parse(text)
    except SyntaxError as error:
        message = _one_line(error.msg or "invalid syntax")
        if message.startswith("too many nested"):
            raise Unreadable(path, f"is nested too deep to be read: {message}", error.lineno or 0) from error
        raise Unreadable(path, f"is not {_PYTHON}: {message}", error.lineno or 0) from error
    except (RecursionError, MemoryError) as error:
        raise Unreadable(path, "is nested too deep to be read; skipped") from error
    except (ValueError, OverflowError) as error:  # lone surrogates, absurd numbers
        raise Unreadable(path, f"is not {_PYTHON}: {_one_line(str(error))}") from error


def _one_line(message: str) -> str:
    return " ".join(message.split())[:200]


def _notebook(path: str, content: bytes) -> Text:
    try:
        sources = code_cells(content)
    except NotebookError as error:
        raise Unreadable(path, error.reason, error.line) from error
    text, cells = _joined(sources)
    if len(text) > LARGEST_PROGRAM:
        raise Unreadable(path, f"holds more than {LARGEST_PROGRAM // 1_000_000} MB of code; skipped: exclude it")
    try:
        tree = _parse(path, text)
        if _respects(tree, cells):
            return Text(path, text, tree, cells)
    except Unreadable:
        pass
    problems: list[Problem] = []
    kept = tuple(_readable(path, source, problems) for source in sources)
    text, cells = _joined(kept)
    return Text(path, text, _parse(path, text), cells, tuple(problems))


def _joined(sources: tuple[CodeCell, ...]) -> tuple[str, tuple[Cell, ...]]:
    """The cells one after another, each under a line of its own that holds it together."""
    lines: list[str] = []
    cells: list[Cell] = []
    for source in sources:
        own = source.text.split("\n")
        lines.append(source.above)
        cells.append(Cell(source.number, len(lines) + 1, len(lines) + len(own)))
        lines.extend(own)
    return "\n".join((*lines, "")), tuple(cells)


def _respects(tree: ast.Module, cells: tuple[Cell, ...]) -> bool:
    """Whether no statement runs over the end of a cell (a backslash at its end, an open bracket)."""
    firsts = [cell.first - 1 for cell in cells]
    return all(
        bisect_right(firsts, statement.lineno) == bisect_right(firsts, statement.end_lineno or 0)
        for statement in tree.body
    )


def _readable(path: str, source: CodeCell, problems: list[Problem]) -> CodeCell:
    """The cell; or, where it does not parse, as many empty lines and a problem that says so."""
    try:
        _parse(path, f"{source.above}\n{source.text}\n")
    except Unreadable as error:
        reason = re.sub(r"\bline (\d+)", lambda line: f"line {max(int(line[1]) - 1, 1)}", error.reason)
        where = f"cell {source.number}, line {max(error.line - 1, 1)}"
        message = f"{where}: {reason}; the other cells are read"
        problems.append(Problem(path, message, skipped=False))
        return CodeCell(source.number, "\n" * source.text.count("\n"))
    return source
