"""A study in a terminal: the claim, what came out, and what could not be repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lossaudit.report.comparison import study_markdown, text, words
from lossaudit.report.comparison.text import wrapped
from lossaudit.report.wording import one_line
from lossaudit.study import Section, Study, Table

_GAP = "  "


def render(
    study: Study, colour: bool = False, *, width: int = 100, report: str | None = None, ascii: bool = False
) -> str:
    """The study as text, without a final line break; arguments as those of a comparison's text.

    The lines of charts are left to the page.
    """
    lines = "\n".join(_lines(study, colour, width, report))
    return text.in_ascii(lines) if ascii else lines


def _lines(study: Study, colour: bool, width: int, report: str | None) -> Iterator[str]:
    bold = text.paint(colour)
    yield from (bold(line, "1") for line in wrapped(study.title, width, ""))
    yield from wrapped(study.source, width, "")
    if partial := study_markdown.missing(study):
        yield from (bold(line, "33") for line in wrapped(partial, width, ""))
    yield ""
    for title, said in (
        ("The claims", study.claims),
        ("Do they hold here", study.agrees),
        ("What was run", study.setting),
    ):
        yield from text.listed(title, said, width)
    for section in study.sections:
        yield from _section(section, colour, width)
    yield from text.listed("What could not be repeated", study.limits, width)
    if report is not None:
        yield f"{_GAP}report: {one_line(report)}"
    if study.command:
        yield f"{_GAP}run it again: {one_line(study.command)}"


def _section(section: Section, colour: bool, width: int) -> Iterator[str]:
    yield from (text.paint(colour)(line, "1") for line in wrapped(f"-- {section.title} --", width, ""))
    for paragraph in section.text:
        yield from wrapped(paragraph, width)
    yield ""
    for table in section.tables:
        yield from wrapped(table.title, width, "")
        yield from _table(table, width)
        yield ""
    if section.comparison is not None:
        yield from wrapped(section.comparison.title, width, "")
        yield from text.body(section.comparison, colour, width)


def _table(table: Table, width: int) -> Iterator[str]:
    """Cells aligned; a table that is too wide is written as a block for each row."""
    rows = [[one_line(cell) for cell in row] for row in (table.header, *table.rows)]
    rooms = [max(map(words.width, column)) for column in zip(*rows, strict=True)]
    if sum(rooms) + len(_GAP) * len(rooms) <= width:
        yield from (_row(row, rooms) for row in rows)
        return
    for row in rows[1:]:
        yield from wrapped(row[0], width)
        for name, cell in zip(rows[0][1:], row[1:], strict=True):
            yield from wrapped(f"{name}: {cell}", width, _GAP * 2)


def _row(cells: Sequence[str], rooms: Sequence[int]) -> str:
    parts: list[str] = []
    for i, (cell, room) in enumerate(zip(cells, rooms, strict=True)):
        blank = " " * (room - words.width(cell))
        parts.append(blank + cell if i else cell + blank)
    return (_GAP + _GAP.join(parts)).rstrip()
