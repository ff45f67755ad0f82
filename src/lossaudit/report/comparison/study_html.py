"""A study as one offline page: the claim, whether it holds here, our figures with charts, and whole comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lossaudit.report import page
from lossaudit.report.chart import Axis, linear
from lossaudit.report.chart import Curve as Drawn
from lossaudit.report.chart import chart as drawing
from lossaudit.report.comparison import html, panels, study_markdown
from lossaudit.report.comparison.style import STYLE
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.wording import one_line
from lossaudit.study import Chart, Line, Section, Study, Table

_LOOKS = 3  # lines that one picture tells apart; with more, each line has a picture of its own


def render(study: Study) -> str:
    """The page as text, to be written as UTF-8."""
    partial = study_markdown.missing(study)
    top = tag(
        "header",
        tag("p", tag("code", f"lossaudit compare --preset {one_line(study.name)}"), class_="program"),
        tag("h1", one_line(study.title)),
        tag("p", partial, class_="partial") if partial else EMPTY,
        tag("p", one_line(study.source), class_="note"),
    )
    parts = [
        _listed("What it says", study.claims),
        _listed("Does it hold here", study.agrees),
        _listed("What was run", study.setting),
        *map(_section, study.sections),
        _listed("What could not be repeated", study.limits),
        _command(study.command),
    ]
    return page.render(f"lossaudit: {one_line(study.title)}", top, *parts, style=STYLE)


def _listed(title: str, said: Sequence[str]) -> Markup:
    if not said:
        return EMPTY
    return tag("section", tag("h2", title), tag("ul", *(tag("li", one_line(each)) for each in said)))


def _command(command: str) -> Markup:
    return tag("section", tag("h2", "Run it again"), tag("pre", tag("code", command))) if command else EMPTY


def _section(section: Section) -> Markup:
    return tag(
        "section",
        tag("h2", one_line(section.title)),
        *(tag("p", one_line(each)) for each in section.text),
        *map(_table, section.tables),
        *map(_chart, section.charts),
        _comparison(section),
    )


def _comparison(section: Section) -> Markup:
    """The whole comparison; everything below its figures opens with a click."""
    found = section.comparison
    if found is None:
        return EMPTY
    figures, *rest = html.sections(found, {}, {})
    more = tag("details", tag("summary", "Differences, curves, learning rates, reliability, setting"), *rest)
    return tag("div", tag("h3", one_line(found.title)), html.opening(found), figures, more, class_="embedded")


def _table(table: Table) -> Markup:
    head = tag("tr", *(tag("th", one_line(name)) for name in table.header))
    rows = [tag("tr", *(tag("td" if i else "th", one_line(cell)) for i, cell in enumerate(row))) for row in table.rows]
    scrolled = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide", tabindex=0)
    return join(tag("h3", one_line(table.title)), scrolled)


def _chart(chart: Chart) -> Markup:
    """One picture of up to three lines, else one of each line; all have the same axes."""
    if not any(line.x for line in chart.lines):
        return EMPTY
    across, up = _across(chart), _up(chart)
    title = tag("h3", one_line(chart.title))
    if len(chart.lines) <= _LOOKS:
        lines = [_drawn(line, look) for look, line in enumerate(chart.lines, 1)]
        said = "; ".join(map(_said, chart.lines))
        return join(title, tag("figure", drawing(one_line(chart.title), said, across, up, lines)))
    figures = [
        tag(
            "figure",
            tag("figcaption", tag("b", one_line(line.name))),
            drawing(
                f"{chart.title}: {line.name}",
                _said(line),
                across,
                up,
                [_drawn(line, 1, "")],
                panels.others((_drawn(each, 1) for each in chart.lines if each is not line), across, up),
                panels.FRAME,
            ),
        )
        for line in chart.lines
    ]
    note = tag("p", "Thin lines: the others.", class_="note")
    return join(title, note, tag("div", *figures, class_="panels"))


def _drawn(line: Line, look: int, label: str | None = None) -> Drawn:
    """In the order of its places, as a line is drawn."""
    points = sorted(zip(line.x, line.y, strict=True))
    return Drawn(one_line(line.name) if label is None else label, [x for x, _ in points], [y for _, y in points], look)


def _said(line: Line) -> str:
    points = [f"{y:.3g} at {x:.3g}" for x, y in zip(line.x, line.y, strict=True) if math.isfinite(y)]
    return f"{line.name}: {', '.join(points[:8])}" + (" and so on" if len(points) > 8 else "")


def _across(chart: Chart) -> Axis:
    values = [x for line in chart.lines for x in line.x]
    if chart.log_across and min(values) > 0:
        return panels.decades(one_line(chart.across), values)
    return linear(one_line(chart.across), min(values), max(values))


def _up(chart: Chart) -> Axis:
    return panels.axis(one_line(chart.up), [y for line in chart.lines for y in line.y], percent=chart.percent)
