"""How presets write figures down, and what they say of a claim: always by code from the figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from lossaudit.comparison import Comparison, Contestant, Contrast, Curve, Figure
from lossaudit.study import Line, Table

NOTHING = "–"


def percent(value: float) -> str:
    """A share.

    >>> percent(0.9754), percent(float("nan"))
    ('97.5 %', '–')
    """
    return NOTHING if math.isnan(value) else f"{100 * value:.1f} %"


def points(difference: float) -> str:
    """A difference of shares.

    >>> points(-0.0123)
    '-1.2'
    """
    return NOTHING if math.isnan(difference) else f"{100 * difference:+.1f}"


def general(value: float) -> str:
    """A number of any size.

    >>> general(0.00012345), general(41.234)
    ('0.00012', '41')
    """
    return NOTHING if math.isnan(value) else f"{value:.2g}"


def written(figure: Figure | None, number: Callable[[float], str] = percent) -> str:
    """A figure with its interval, if it has one.

    >>> written(Figure((0.5, 0.7), 0.6, 0.5, 0.7))
    '60.0 % [50.0, 70.0]'
    """
    if figure is None:
        return NOTHING
    if math.isnan(figure.low):
        return number(figure.mean)
    low, high = (number(end).removesuffix(" %") for end in (figure.low, figure.high))
    return f"{number(figure.mean)} [{low}, {high}]"


def by_name(comparison: Comparison, loss: str) -> Contestant | None:
    """A loss of a comparison."""
    return next((each for each in comparison.contestants if each.name == loss), None)


def figure(comparison: Comparison, loss: str, measure: str = "accuracy") -> Figure | None:
    """A measure of a loss; None where it has none, because it is not finished or was not measured."""
    found = by_name(comparison, loss)
    return None if found is None else found.figures.get(measure)


def mean(comparison: Comparison, loss: str, measure: str = "accuracy") -> float:
    """Of a measure over the seeds; NaN where there is none."""
    found = figure(comparison, loss, measure)
    return math.nan if found is None else found.mean


def contrast(comparison: Comparison, loss: str, measure: str = "accuracy") -> Contrast | None:
    """A loss minus the reference."""
    wanted = (measure, loss, comparison.reference)
    return next((each for each in comparison.contrasts if (each.measure, each.first, each.second) == wanted), None)


def mean_line(name: str, curves: Sequence[Curve]) -> Line:
    """The mean over the seeds, epoch by epoch; a gap where one is not a number.

    >>> mean_line("ce", (Curve(0, (0.0, 1.0)), Curve(1, (1.0, 1.0)))).y
    (0.5, 1.0)
    """
    rows = list(zip(*(curve.values for curve in curves), strict=False))
    return Line(name, tuple(float(epoch) for epoch in range(len(rows))), tuple(fmean(row) for row in rows))


def across(
    title: str,
    first: str,
    comparisons: Mapping[str, Comparison],
    cell: Callable[[Comparison, str], str],
) -> Table:
    """One row for each loss, one column for each comparison.

    Args:
        title: Of the table.
        first: Head of the column of names.
        comparisons: By the head of their column.
        cell: What is written for a loss of a comparison.
    """
    names = dict.fromkeys(each.name for comparison in comparisons.values() for each in comparison.contestants)
    rows = tuple((name, *(cell(comparison, name) for comparison in comparisons.values())) for name in names)
    return Table(title, (first, *comparisons), rows)


def against(comparison: Comparison, loss: str) -> str:
    """A loss minus the reference, in points of accuracy, and what that decides."""
    found = contrast(comparison, loss)
    if found is None or math.isnan(found.difference):
        return NOTHING
    verdict = "not decided" if found.better is None else f"{found.better} is better"
    return f"{points(found.difference)} [{points(found.low)}, {points(found.high)}], {verdict}"


def judged(claim: str, agrees: bool | None, because: str) -> str:
    """What our figures say of a claim; None: they decide nothing.

    >>> judged("Claim 1", None, "The difference is 0.")
    'Claim 1: not decided. The difference is 0.'
    """
    said = {True: "our figures agree", False: "our figures do not agree", None: "not decided"}[agrees]
    return f"{claim}: {said}. {because}"


def expected(contrast: Contrast | None, better: str) -> bool | None:
    """Whether a comparison decides for a loss (True), against it (False), or not at all."""
    return None if contrast is None or contrast.better is None else contrast.better == better


def difference(contrast: Contrast | None, unit: str = "points") -> str:
    """A paired difference of shares, in words."""
    if contrast is None or math.isnan(contrast.difference):
        return "there is no difference to be shown (a run is missing or diverged)"
    low, high = points(contrast.low), points(contrast.high)
    return f"{contrast.first} minus {contrast.second} is {points(contrast.difference)} {unit} [{low}, {high}]"
