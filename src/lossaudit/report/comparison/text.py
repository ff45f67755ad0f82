"""A comparison in a terminal: what is decided in plain sentences, then the figures that say so."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeAlias

from lossaudit.comparison import Comparison, Contestant
from lossaudit.report.comparison import words
from lossaudit.report.wording import count, one_line

Paint: TypeAlias = Callable[[str, str], str]

_BOLD, _GREEN, _RED, _YELLOW = "1", "32", "31", "33"
_NAME = 28  # cells that a loss's name may take
_TITLE = 11  # cells of a column's title in a row
_GAP, _MARK = "  ", "  - "


def _plain(text: str, code: str) -> str:
    return text


def _ansi(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def render(
    comparison: Comparison,
    colour: bool = False,
    *,
    width: int = 100,
    report: str | None = None,
    ascii: bool = False,
) -> str:
    """The comparison as text, without a final line break.

    Args:
        comparison: What to show.
        colour: Whether to use ANSI colours.
        width: Cells of a line. Tables that need more are wrapped into several; readable from 60 on.
        report: Where the HTML page lies.
        ascii: For terminals that show no more than ASCII.
    """
    lines = "\n".join(_lines(comparison, colour, width, report))
    return in_ascii(lines) if ascii else lines


def _lines(comparison: Comparison, colour: bool, width: int, report: str | None) -> Iterator[str]:
    bold = paint(colour)
    yield from (bold(line, _BOLD) for line in wrapped(comparison.title, width, ""))
    yield from body(comparison, colour, width)
    if report is not None:
        yield f"{_GAP}report: {one_line(report)}"
    if again := words.again(comparison):
        yield f"{_GAP}show it again: {again}"


def body(comparison: Comparison, colour: bool, width: int) -> Iterator[str]:
    """All lines between the title and where the report lies."""
    painted = paint(colour)
    losses, seeds = len(comparison.contestants), len(comparison.seeds)
    yield f"{count(losses, 'loss')}, {count(seeds, 'seed')} each"
    if partial := words.partial(comparison):
        yield from (painted(line, _YELLOW) for line in wrapped(partial, width, ""))
    yield ""
    for sentence in comparison.sentences:
        yield from wrapped(sentence, width)
    yield ""
    yield from _table(comparison, painted, width)
    yield from _contrasts(comparison, painted, width)
    yield from listed("Warnings", comparison.warnings, width, painted)
    notes = [f"{one_line(each.name)}: {note}" for each in comparison.contestants for note in each.notes]
    yield from listed("Notes", notes, width)
    yield from listed("Setting", comparison.setting, width)


def in_ascii(text: str) -> str:
    """The text without the letters of tables that some terminals lack."""
    return text.replace("±", "+-").replace("…", "..")


def paint(colour: bool) -> Paint:
    """What puts an ANSI colour around a text, or leaves it as it is."""
    return _ansi if colour else _plain


def wrapped(text: str, width: int, indent: str = _GAP) -> list[str]:
    """A text in lines of this width; letters that take two cells count as two."""
    lines, letters = [""], width
    while letters and (lines == [""] or max(map(words.width, lines)) > width):
        lines = textwrap.wrap(one_line(text), letters, initial_indent=indent, subsequent_indent=indent) or [indent]
        letters -= 1
    return lines


def listed(title: str, said: Sequence[str], width: int, painted: Paint = _plain) -> Iterator[str]:
    """A heading and a list below it; nothing where nothing is said."""
    if said:
        yield painted(title, _YELLOW)
        for each in said:
            first, *more = wrapped(each, width - len(_MARK), "")
            yield f"{_MARK}{first}"
            yield from (" " * len(_MARK) + line for line in more)
        yield ""


def _table(comparison: Comparison, painted: Paint, width: int) -> Iterator[str]:
    """One table, or several with the same rows where the columns need more than the width."""
    contestants = comparison.contestants
    names = words.short([each.name for each in contestants], min(_NAME, width // 3))
    first = [("loss", [names[each.name] for each in contestants])]
    rates = [words.rate(each) for each in contestants]
    fixed = [*first, ("rate", rates)] if any(rate != words.NONE for rate in rates) else first
    figures = [_column(comparison, column) for column in words.columns(comparison)]
    states = [_instead(each, comparison) for each in contestants]
    for group in _groups(fixed, first, figures, width):
        yield from _rows(group, states, painted)
        yield ""
    if cut := [name for name, shown in names.items() if shown != one_line(name)]:
        for name in cut:
            yield from wrapped(f"{names[name]} is {name}", width)
        yield ""
    for each in contestants:
        if (said := words.state(each, comparison)) and not _instead(each, comparison):
            yield f"{_GAP}{names[each.name]}: {said}"
    if legend := words.legend(comparison):
        yield from wrapped(legend, width)
    yield ""


Column: TypeAlias = "tuple[str, list[str]]"


def _column(comparison: Comparison, column: words.Column) -> Column:
    """Title and cells of a measure; the sign of what is decided stands after the figure."""
    name = column.measure.name
    cells = [column.cell(each.figures.get(name)) for each in comparison.contestants]
    signs = [words.sign(comparison, each.name, name) for each in comparison.contestants]
    if any(signs):
        cells = [f"{cell} {sign or ' '}" for cell, sign in zip(cells, signs, strict=True)]
    return column.title, cells


def _instead(contestant: Contestant, comparison: Comparison) -> str:
    """What stands in the row where the measure that decides is no number."""
    figure = contestant.figures.get(comparison.measures[0].name) if comparison.measures else None
    if figure is not None and not math.isnan(figure.mean):
        return ""
    return words.state(contestant, comparison)


def _groups(
    fixed: list[Column], first: list[Column], figures: list[Column], width: int
) -> Iterator[tuple[list[Column], int]]:
    """The columns of each table, and how many of them are not figures."""
    group, before = list(fixed), len(fixed)
    for column in figures:
        if len(group) > before and _breadth([*group, column]) > width:
            yield group, before
            group, before = list(first), len(first)
        group.append(column)
    yield group, before


def _breadth(group: list[Column]) -> int:
    return sum(len(_GAP) + _room(column) for column in group)


def _room(column: Column) -> int:
    title, cells = column
    return max(map(words.width, [*cells, *textwrap.wrap(title, _TITLE)]))


def _rows(group: tuple[list[Column], int], states: list[str], painted: Paint) -> Iterator[str]:
    found, before = group
    rooms = [_room(column) for column in found]
    titles = [textwrap.wrap(title, _TITLE) for title, _ in found]
    height = max(map(len, titles))
    for row in zip_longest(*([""] * (height - len(each)) + each for each in titles), fillvalue=""):
        yield painted(_row(row, rooms), _BOLD)
    for i, state in enumerate(states):
        cells = [cells[i] for _, cells in found]
        if state:
            left = _row(cells[:before], rooms[:before])
            blank = " " * (sum(rooms[:before]) + len(_GAP) * (before + 1) - words.width(left))
            yield f"{left}{blank}{painted(state, _YELLOW)}"
        else:
            yield _row(cells, rooms, painted)


def _row(cells: Sequence[str], rooms: Sequence[int], painted: Paint | None = None) -> str:
    """Cells side by side: the first to the left, numbers to the right."""
    parts: list[str] = []
    for i, (cell, room) in enumerate(zip(cells, rooms, strict=True)):
        blank = " " * (room - words.width(cell))
        code = {"+": _GREEN, "-": _RED}.get(cell[-1:]) if i and len(cell) > 1 else None
        shown = painted(cell, code) if painted is not None and code is not None else cell
        parts.append(shown + blank if i == 0 else blank + shown)
    return (_GAP + _GAP.join(parts)).rstrip()


def _contrasts(comparison: Comparison, painted: Paint, width: int) -> Iterator[str]:
    """Each loss against the reference, in the measure that decides."""
    column = words.columns(comparison)[:1]
    if not column:
        return
    measure = column[0].measure.name
    found = [(each.name, words.contrast_of(comparison, each.name, measure)) for each in comparison.contestants]
    rows = [(name, contrast) for name, contrast in found if contrast is not None]
    if not rows:
        return
    yield from wrapped(
        f"Against {one_line(comparison.reference)} in {column[0].title}: paired difference, corrected 95 % interval",
        width,
        "",
    )
    names = words.short([each.name for each in comparison.contestants], min(_NAME, width // 3))
    room = max(words.width(names[name]) for name, _ in rows)
    differences = [column[0].difference(contrast) for _, contrast in rows]
    broad = max(map(len, differences))
    longest = max(words.width(words.decision(contrast, names)) for _, contrast in rows)
    between = _GAP if 3 * len(_GAP) + room + broad + longest <= width else f"\n{_GAP * 2}"
    for (name, contrast), difference in zip(rows, differences, strict=True):
        code = {"+": _GREEN, "-": _RED}.get(words.sign(comparison, name, measure))
        said = words.decision(contrast, names)
        label = names[name] + " " * (room - words.width(names[name]))
        decided = painted(said, code) if code else said
        yield f"{_GAP}{label}{_GAP}{difference:{broad}}{between}{decided}"
    yield ""
