"""A study as a page of the docs: what a paper claims, what we ran, what came out, and what could not be repeated.

Plain Markdown holds no chart that follows the reader's light or dark mode: the lines of a chart stand as tables here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from lossaudit.report.comparison import markdown, words
from lossaudit.report.comparison.markdown import bullets, plain, table
from lossaudit.report.wording import count
from lossaudit.study import Chart, Section, Study

_ROWS = 9  # points of a line that are written out, at most


def render(study: Study) -> str:
    """The study as a page."""
    return "\n".join(_lines(study)).rstrip() + "\n"


def _lines(study: Study) -> Iterator[str]:
    yield from (f"# {plain(study.title)}", "", plain(study.source), "")
    if partial := missing(study):
        yield from (f"**{partial}**", "")
    yield from _listed("What it says", study.claims)
    yield from _listed("Does it hold here", study.agrees)
    yield from _listed("What was run", study.setting)
    for section in study.sections:
        yield from _section(section)
    yield from _listed("What could not be repeated", study.limits)
    if study.command:
        yield from ("## Run it again", "", "```sh", study.command, "```", "")


def missing(study: Study) -> str:
    """That trials are missing, and how to go on; `""` where none is."""
    if not study.missing:
        return ""
    verb = "is" if study.missing == 1 else "are"
    left = count(study.missing, "trial")
    return f"Partial: {left} {verb} not finished. The same command goes on where this one stopped."


def _listed(title: str, said: tuple[str, ...]) -> Iterator[str]:
    if said:
        yield from (f"## {title}", "", *bullets(said))


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {plain(section.title)}", "")
    for paragraph in section.text:
        yield from (plain(paragraph), "")
    for each in section.tables:
        rows = [[plain(cell) for cell in row] for row in each.rows]
        yield from (f"**{plain(each.title)}**", "", *table([plain(name) for name in each.header], rows))
    for chart in section.charts:
        yield from _chart(chart)
    if section.comparison is not None:
        yield from (f"### {plain(section.comparison.title)}", "", *markdown.body(section.comparison, 4))


def _chart(chart: Chart) -> Iterator[str]:
    """The lines of a chart at a few places, side by side."""
    rows = [[tick(x), *(_at(line.x, line.y, x, chart.percent) for line in chart.lines)] for x in places(chart)]
    head = [plain(chart.across), *(plain(line.name) for line in chart.lines)]
    yield from (f"**{plain(chart.title)}** ({plain(chart.up)})", "", *table(head, rows))


def places(chart: Chart) -> list[float]:
    """Where its lines are written out: all places, or some of them at even distances with both ends."""
    found = sorted({x for line in chart.lines for x in line.x})
    if len(found) <= _ROWS:
        return found
    return [found[round(k * (len(found) - 1) / (_ROWS - 1))] for k in range(_ROWS)]


def _at(across: tuple[float, ...], up: tuple[float, ...], x: float, percent: bool) -> str:
    y = dict(zip(across, up, strict=True)).get(x, math.nan)
    if math.isnan(y):
        return words.NONE
    return f"{100 * y:.1f} %" if percent else f"{y:.4g}"


def tick(value: float) -> str:
    """A place on the horizontal axis."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.3g}"
