"""A comparison as rows of plain values, for data frames and spreadsheets."""

from __future__ import annotations

from typing import TypeAlias

from lossaudit.comparison import Comparison, Contestant
from lossaudit.report.comparison import words

Cell: TypeAlias = str | float | int | None


def rows(comparison: Comparison) -> list[dict[str, Cell]]:
    """A row for each loss: its name, its rate, and of each measure the mean, the ends of its interval, and which of the
    loss and the reference is decided to be better (None: not decided). Shares are shares, not percent.
    """
    return [_row(each, comparison) for each in comparison.contestants]


def _row(contestant: Contestant, comparison: Comparison) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "loss": contestant.name,
        "rate": contestant.rate,
        "seeds": len(contestant.seeds),
        "diverged": len(words.diverged(contestant, comparison)),
    }
    for column in words.columns(comparison):
        name = column.measure.name
        figure = contestant.figures.get(name)
        contrast = words.contrast_of(comparison, contestant.name, name)
        row[name] = None if figure is None else figure.mean
        row[f"{name}_low"] = None if figure is None else figure.low
        row[f"{name}_high"] = None if figure is None else figure.high
        row[f"{name}_better"] = None if contrast is None else contrast.better
    return row
