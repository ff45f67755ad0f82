"""A CSV file of the user's: numeric columns, and one column of targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lossaudit.advise.choose.case import check, like_counts, numbered, task_of
from lossaudit.advise.choose.column import Column
from lossaudit.advise.choose.sheet import LONGEST, Rows, missing, number, opened, parts, place
from lossaudit.advise.choose.tables import of_object
from lossaudit.advise.choose.words import one_line
from lossaudit.errors import UsageError
from lossaudit.trials.data.source import Source, plural
from lossaudit.trials.data.splitting import THREE

_CLASSES = frozenset({"binary", "multiclass", "ordinal"})
_FEW = 20  # levels of whole numbers that are classes although there are gaps between them
_OPTION = "--data"


def read(address: str) -> Source:
    """All samples of `FILE.csv:TARGET`.

    Raises:
        UsageError: There is no such file or column; a row, a cell or the targets are not what can be learnt from.
    """
    path, target = (address, "") if Path(address).is_file() else parts(address)
    path, target = (path, target) if path else (address, "")
    shown = _shown(path)
    with opened(path, _OPTION) as (header, rows):
        _check_header(shown, header)
        at = place(path, header, target, f"{_OPTION} FILE.csv:TARGET")
        cells, lines = _cells(shown, header, rows)
    if len(header) == 1:
        raise UsageError(f"{shown}: has no column besides {header[0]!r}; inputs are wanted as well")
    if not cells:
        raise UsageError(f"{shown}: has a header and no rows")
    table = _Table(shown, header, cells, lines)
    y, words = table.targets(at)
    features = [column for column in range(len(header)) if column != at]
    numbers = {column: table.numbers(column) for column in features}
    left_out = [column for column in features if _numbering(numbers[column])]
    kept = [column for column in features if column not in left_out]
    if not kept:
        raise UsageError(f"{shown}: its only input {header[left_out[0]]!r} numbers the rows")
    names = ", ".join(one_line(header[column], 30) for column in kept[:8])
    more = f" and {len(kept) - 8} more" if len(kept) > 8 else ""
    words = (
        f"{Path(path).name}: {plural(len(cells), 'row')}; from {names}{more} the model predicts {header[at]}.",
        *(f"Column {header[column] or 'without a name'} numbers the rows and is left out." for column in left_out),
        *words,
    )
    x = torch.tensor(np.column_stack([numbers[column] for column in kept]), dtype=torch.float64)
    return Source(Path(path).name, ((x, y),), words, raw=True)


def _shown(path: str) -> str:
    return f"{_OPTION} {one_line(path, LONGEST)}"


def _check_header(shown: str, header: Sequence[str]) -> None:
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        said = f"columns named {one_line(twice)!r}" if twice else "columns without a name"
        raise UsageError(f"{shown}: has {header.count(twice)} {said}; rename them")


def _cells(shown: str, header: Sequence[str], rows: Rows) -> tuple[list[list[str]], list[int]]:
    """The cells of every row, stripped, and the line where each row ends."""
    cells, lines = list[list[str]](), list[int]()
    for row in rows:
        if not row:
            continue
        if len(row) < len(header) or any(cell.strip() for cell in row[len(header) :]):
            raise UsageError(
                f"{shown}: line {rows.line_num} has {len(row)} cells and the header {len(header)}; "
                "write decimals with a point, and put texts in quotation marks"
            )
        cells.append([cell.strip() for cell in row[: len(header)]])
        lines.append(rows.line_num)
    return cells, lines


class _Table:
    """Cells with the lines that they stand in."""

    def __init__(self, shown: str, header: Sequence[str], cells: list[list[str]], lines: list[int]) -> None:
        self.shown, self.header, self.cells, self.lines = shown, header, cells, lines
        self._check_missing()

    def _check_missing(self) -> None:
        """No cell is empty."""
        gaps = {
            column: [line for row, line in zip(self.cells, self.lines, strict=True) if missing(row[column])]
            for column in range(len(self.header))
        }
        found = {column: where for column, where in gaps.items() if where}
        if not found:
            return
        column, where = next(iter(found.items()))
        more = f" ({plural(len(found) - 1, 'other column')} too)" if len(found) > 1 else ""
        raise UsageError(
            f"{self.shown}: column {one_line(self.header[column])!r} has {plural(len(where), 'missing value')}, the "
            f"first in line {where[0]}{more}; fill them in, or leave out the column or the rows"
        )

    def numbers(self, column: int) -> NDArray[np.float64]:
        """A column of inputs."""
        values = np.empty(len(self.cells))
        for index, (row, line) in enumerate(zip(self.cells, self.lines, strict=True)):
            value = number(row[column])
            if value is None or not np.isfinite(value):
                kind = "text" if value is None else "an infinite value"
                raise UsageError(
                    f"{self.shown}: column {one_line(self.header[column])!r} holds {kind} "
                    f"({one_line(row[column], 30)!r} in line {line}), and inputs have to be numbers; write numbers, or "
                    "leave the column out"
                )
            values[index] = value
        return values

    def targets(self, column: int) -> tuple[NDArray[Any], tuple[str, ...]]:
        """Whole numbers or texts for classes, else floats; and why."""
        name = self.header[column]
        texts = [row[column] for row in self.cells]
        values = [number(text) for text in texts]
        if all(value is not None for value in values) and not np.isfinite(np.array(values, dtype=float)).all():
            line = next(at for at, value in zip(self.lines, values, strict=True) if not np.isfinite(value or 0))
            raise UsageError(f"{self.shown}: column {one_line(name)!r} holds an infinite value in line {line}")
        each: list[Any] = [text if value is None else value for text, value in zip(texts, values, strict=True)]
        try:
            found = of_object(each)
            check(found)
            if numbered(found):
                raise UsageError(
                    f"every number from {found.low:.12g} to {found.high:.12g} once, as an identifier; "
                    "name another column"
                )
        except UsageError as error:
            raise UsageError(f"{self.shown}: column {one_line(name)!r}: {_without_name(str(error))}") from None
        if found.words:
            return np.array(texts), ()
        array = np.array(each, dtype=float)
        if _of_classes(found):
            return array.astype(np.int64), (f"{name} is whole numbers with {len(found.levels or ())} values: classes.",)
        hint = "; write texts if they are classes" if found.whole else ""
        return array, (f"{name} goes from {found.low:g} to {found.high:g}: numbers to predict, no classes{hint}.",)


def _of_classes(column: Column) -> bool:
    """Whether numbers are classes: as `choose` sees it, or few whole numbers with gaps, each of them often enough."""
    times = column.levels or {}
    levels = sorted(float(level) for level in times)
    few = len(levels) <= _FEW and min(times.values(), default=0) >= len(THREE) and not like_counts(column, levels)
    return column.whole and (task_of(column)[0] in _CLASSES or few)


def _without_name(message: str) -> str:
    """A message about targets that have no name of their own."""
    return message.removeprefix("targets: ").removeprefix("'targets' ")


def _numbering(values: NDArray[np.float64]) -> bool:
    """Whether a column counts the rows, as an index that was saved with a table does."""
    return len(values) > 2 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
