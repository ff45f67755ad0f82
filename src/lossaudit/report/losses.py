"""A selection of losses as a table, as JSON, CSV or Markdown."""

from __future__ import annotations

import csv as writer
import io
import json as notation
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType

from lossaudit.advise.losses import Row, Selection

_GAP = "  "
_NARROW = {"task": 16, "target": 16, "proper / calibrated": 19, "gradient when wrong": 14, "reference": 40}
"""Characters that a column keeps at least; names of losses are never cut."""
_FIRST_TO_GO = ("reference", "task", "target", "head", "gradient when wrong", "proper / calibrated")
"""In a narrow terminal."""
_MOST_OPEN = 6  # losses that are named

_COLUMNS: Mapping[str, Callable[[Row], str]] = MappingProxyType(
    {
        "name": lambda row: row.name,
        "task": lambda row: ", ".join(row.tasks),
        "head": lambda row: row.heads[0],
        "target": lambda row: ", ".join(row.targets),
        "convex": lambda row: row.convex,
        "proper / calibrated": lambda row: f"{row.proper} / {row.calibrated}",
        "gradient when wrong": lambda row: row.gradient,
        "reference": lambda row: row.reference,
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class ShownLosses(Selection):
    """Losses that print themselves, one row each."""

    @classmethod
    def of(cls, selection: Selection) -> ShownLosses:
        return cls(selection.rows, selection.total, selection.open)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]

    def __str__(self) -> str:
        return table(self)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return markdown(self)

    def to_json(self) -> str:
        """A list of objects, one for each loss."""
        return json(self)


def table(selection: Selection, width: int | None = None) -> str:
    """Columns under their names.

    Args:
        selection: What is shown.
        width: Of the terminal. None: everything is shown, however wide.
    """
    if not selection.rows:
        return _none(selection)
    columns = {name: [name, *map(cell, selection.rows)] for name, cell in _COLUMNS.items()}
    widths = {name: max(map(len, cells)) for name, cells in columns.items()}
    if width is not None:
        widths = _narrowed(widths, width)
    lines = zip(
        *([_cut(cell, size).ljust(size) for cell in columns[name]] for name, size in widths.items()), strict=True
    )
    text = "".join(_GAP.join(cells).rstrip() + "\n" for cells in lines)
    missing = [name for name in columns if name not in widths]
    return text + (f"(too narrow for: {', '.join(missing)}; --format csv has all)\n" if missing else "")


def said(selection: Selection) -> str:
    """How many there are, in a sentence.

    >>> said(Selection((), 125, ("focal",)))
    '0 of 125 losses; of 1 more it is not decided: focal'
    """
    text = f"{len(selection.rows)} of {selection.total} losses"
    if selection.open:
        dots = ", ..." if len(selection.open) > _MOST_OPEN else ""
        text += f"; of {len(selection.open)} more it is not decided: {', '.join(selection.open[:_MOST_OPEN])}{dots}"
    return text


def json(selection: Selection) -> str:
    """A list of objects."""
    return notation.dumps([asdict(row) for row in selection.rows], indent=1, ensure_ascii=False) + "\n"


def csv(selection: Selection) -> str:
    """One line for each loss, below the names of the columns; several values in a cell are divided by semicolons."""
    text = io.StringIO()
    out = writer.writer(text, lineterminator="\n")
    names = [field.name for field in fields(Row)]
    out.writerow(names)
    for row in selection.rows:
        values = (getattr(row, name) for name in names)
        out.writerow(["; ".join(value) if isinstance(value, tuple) else value for value in values])
    return text.getvalue()


def markdown(selection: Selection, without: Collection[str] = ()) -> str:
    """A table of Markdown, without some of the columns."""
    if not selection.rows:
        return _none(selection)
    columns = {name: cell for name, cell in _COLUMNS.items() if name not in without}
    lines = [list(columns), ["---"] * len(columns)]
    for row in selection.rows:
        cells = {name: cell(row).replace("|", r"\|") for name, cell in columns.items()}
        lines.append([f"`{cell}`" if name in ("name", "reference") else cell for name, cell in cells.items()])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _none(selection: Selection) -> str:
    return f"None of the {selection.total} losses is like this.\n"


def _narrowed(widths: Mapping[str, int], most: int) -> dict[str, int]:
    """Widths that fit: the widest columns are cut first; where that is not enough, some are left out."""
    kept = dict(widths)
    for name in _FIRST_TO_GO:
        if sum(_least(each, kept) for each in kept) + _gaps(kept) > most:
            del kept[name]
    while sum(kept.values()) + _gaps(kept) > most:
        widest = max(kept, key=lambda name: kept[name] - _least(name, kept))
        if kept[widest] == _least(widest, kept):
            break
        kept[widest] -= 1
    return kept


def _least(name: str, widths: Mapping[str, int]) -> int:
    return min(widths[name], _NARROW.get(name, widths[name]))


def _gaps(widths: Mapping[str, int]) -> int:
    return len(_GAP) * (len(widths) - 1)


def _cut(text: str, size: int) -> str:
    """The text in so many characters.

    >>> _cut("softmax", 7), _cut("log_softmax", 8)
    ('softmax', 'log_s...')
    """
    return text if len(text) <= size else text[: size - 3] + "..."
