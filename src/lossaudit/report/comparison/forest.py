"""A forest plot: each loss against the reference, its interval over the zero line, and what is decided in words."""

from __future__ import annotations

import math

from lossaudit.comparison import Better, Comparison, Contrast
from lossaudit.report import chart
from lossaudit.report.chart import Axis
from lossaudit.report.comparison import words
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.wording import one_line

_WIDTH, _HEIGHT, _SIDE = 380, 22, 14  # pixels of a row's picture, and of its empty ends


def plot(comparison: Comparison, column: words.Column) -> Markup:
    """The table of one measure; nothing where no loss was compared in it."""
    found = [words.contrast_of(comparison, each.name, column.measure.name) for each in comparison.contestants]
    contrasts = [each for each in found if each is not None]
    if not contrasts:
        return EMPTY
    across = _across(contrasts, column)
    reference = words.cut(comparison.reference, 24)
    left, right = "the other is better", f"{reference} is better"
    if column.measure.better is Better.LARGER:
        left, right = right, left
    head = tag(
        "tr",
        tag("th", "loss"),
        tag("th", tag("span", f"← {left}"), tag("span", f"{right} →"), class_="ways"),
        tag("th", f"difference to {reference}, corrected 95 % interval"),
        tag("th", "decided"),
    )
    rows = [_row(each, comparison, column, across) for each in contrasts]
    foot = tag("tr", tag("td"), tag("td", _ticks(across, column)), tag("td"), tag("td"), class_="axis")
    return tag("table", tag("thead", head), tag("tbody", *rows, foot), class_="forest")


def _across(contrasts: list[Contrast], column: words.Column) -> Axis:
    """From the lowest to the highest end of all intervals, with zero."""
    values = [value for each in contrasts for value in (each.low, each.high, each.difference) if math.isfinite(value)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    scale = 100 if column.measure.percent else 1
    axis = chart.linear("", min(low, 0.0) * scale, max(high, 0.0) * scale, most=5)
    return Axis("", axis.low / scale, axis.high / scale, tuple((value / scale, label) for value, label in axis.ticks))


def _x(across: Axis, value: float) -> float:
    return round(_SIDE + (_WIDTH - 2 * _SIDE) * across.at(value), 1)


def _row(contrast: Contrast, comparison: Comparison, column: words.Column, across: Axis) -> Markup:
    sign = words.sign(comparison, contrast.first, column.measure.name)
    said = words.decision(contrast, {each.name: words.cut(each.name, 28) for each in comparison.contestants})
    return tag(
        "tr",
        tag("th", words.cut(contrast.first, 28), title=one_line(contrast.first)),
        tag("td", _interval(contrast, column, across)),
        tag("td", column.difference(contrast), class_="figure"),
        tag("td", said, class_={"+": "clean", "-": "error"}.get(sign, "note")),
    )


def _interval(contrast: Contrast, column: words.Column, across: Axis) -> Markup:
    """The interval as a line, the difference as a point: filled if it is decided."""
    middle, zero = _HEIGHT / 2, _x(across, 0.0)
    parts = [tag("line", class_="mark", x1=zero, x2=zero, y1=0, y2=_HEIGHT, stroke_dasharray="2 3")]
    if math.isfinite(contrast.low) and math.isfinite(contrast.high):
        low, high = _x(across, contrast.low), _x(across, contrast.high)
        parts.append(tag("line", class_="interval", x1=low, x2=high, y1=middle, y2=middle))
    if math.isfinite(contrast.difference):
        kind = "point" if contrast.better is None else "point decided"
        parts.append(tag("circle", class_=kind, cx=_x(across, contrast.difference), cy=middle, r=4.5))
    name = f"{one_line(contrast.first)}: {column.difference(contrast)}"
    return tag("svg", tag("title", name), *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")


def _ticks(across: Axis, column: words.Column) -> Markup:
    unit = "points" if column.measure.percent else column.title
    parts = [
        join(
            tag("line", class_="grid", x1=_x(across, value), x2=_x(across, value), y1=0, y2=4),
            tag("text", label, x=_x(across, value), y=18, text_anchor="middle"),
        )
        for value, label in across.ticks
    ]
    name = tag("text", f"difference in {unit}", x=_WIDTH / 2, y=36, text_anchor="middle")
    return tag("svg", *parts, name, viewBox=f"0 0 {_WIDTH} 42", aria_hidden="true")
