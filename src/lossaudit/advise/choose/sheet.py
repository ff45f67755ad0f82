"""Opens a CSV file of the user's: its header, its rows, and what a cell holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lossaudit.advise.choose.words import did_you_mean, one_line
from lossaudit.errors import UsageError

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "?"})
_WIDEST = 100_000  # a field of a CSV file
LONGEST = 300
"""Characters of a path that are shown: its end tells which file it is."""


class Rows(Protocol):
    """What `csv.reader` makes."""

    @property
    def line_num(self) -> int:
        """Lines that were read."""
        ...

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def parts(address: str) -> tuple[str, str]:
    """Path and column; both may hold colons: the first part that is a file, else all up to the last colon."""
    for place, sign in enumerate(address):
        if sign == ":" and Path(address[:place]).is_file():
            return address[:place], address[place + 1 :]
    path, _, column = address.rpartition(":")
    return path, column


@contextmanager
def opened(path: str, option: str) -> Iterator[tuple[list[str], Rows]]:
    """The header and the rows of a file, while it is open.

    Args:
        path: Of UTF-8 text, with commas, semicolons or tabs.
        option: By which the user named it: `"--targets"`.

    Raises:
        UsageError: It cannot be read, also later in the body, or is empty.
    """
    shown = one_line(path, LONGEST)
    csv.field_size_limit(_WIDEST)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            head = file.readline(_WIDEST)
            file.seek(0)
            delimiter = next((mark for mark in (",", ";", "\t") if mark in head), ",")
            rows = csv.reader(file, delimiter=delimiter)
            header = [name.strip() for name in next(rows, [])]
            if not any(header):
                raise UsageError(f"{option} {shown}: is empty; a header with names is wanted, then the rows")
            yield header, rows
    except OSError as error:
        raise UsageError(f"{option} {shown}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{option} {shown}: is not UTF-8 text; save it as UTF-8") from None
    except csv.Error as error:
        raise UsageError(f"{option} {shown}: is no CSV text ({one_line(str(error))})") from None
    except ValueError as error:  # a path with a null byte
        raise UsageError(f"{option} {shown}: cannot be read ({one_line(str(error))})") from None


def place(path: str, header: Sequence[str], name: str, option: str) -> int:
    """Which column has a name; without one, the only column.

    Raises:
        UsageError: None has it, or several have.
    """
    if not name and len(header) == 1:
        return 0
    shown, given = one_line(path, LONGEST), option.split()[0]
    if not name:
        raise UsageError(
            f"{given} {shown}: which column? {shown}:COLUMN; there is {', '.join(map(one_line, header[:20]))}"
        )
    if name not in header:
        raise UsageError(f"{option}: {shown} has no column {one_line(name)!r}; {did_you_mean(name, header)}")
    if header.count(name) > 1:
        raise UsageError(f"{option}: {shown} has {header.count(name)} columns {one_line(name)!r}; rename them")
    return header.index(name)


def missing(cell: str) -> bool:
    """Whether a cell, stripped, says that nothing is there.

    >>> missing("N/A"), missing("0")
    (True, False)
    """
    return cell.lower() in _MISSING


def number(cell: str) -> float | None:
    """The number that a cell holds; Python's own underscores are no part of one.

    >>> number("1e3"), number("1_000")
    (1000.0, None)
    """
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None
