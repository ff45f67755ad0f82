"""A published comparison, repeated: the claim, our setting, our figures, and what could not be repeated. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from lossaudit.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in rows.

    Attributes:
        title: What is seen, one line.
        header: Of the columns.
        rows: As many cells each as the header; numbers are written out, with what intervals they have.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: a name, and y over x; NaN is a gap."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over named axes.

    Attributes:
        title: What is seen, one line.
        across, up: Names of the axes, with units.
        lines: What is drawn.
        log_across: Whether the horizontal axis is logarithmic.
        percent: Whether the vertical axis shows shares in percent.
    """

    title: str
    across: str
    up: str
    lines: tuple[Line, ...]
    log_across: bool = False
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a study.

    Attributes:
        title: A heading.
        text: Paragraphs.
        tables, charts: Ours.
        comparison: The whole comparison, where the part is one.
    """

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """A published comparison, repeated at a size that two cores can run.

    Attributes:
        name: Of the preset: `"golik2013"`.
        title: One line.
        source: The paper, in full.
        claims: What it says, a sentence each.
        setting: What we ran, a sentence each.
        sections: Our figures.
        agrees: For each claim: whether our figures agree, and by which figure, a sentence each.
        limits: What could not be repeated, and why, a sentence each.
        command: What makes this page again.
        missing: Trials that are not finished: partial if above 0.
    """

    name: str
    title: str
    source: str
    claims: tuple[str, ...]
    setting: tuple[str, ...]
    sections: tuple[Section, ...]
    agrees: tuple[str, ...]
    limits: tuple[str, ...]
    command: str
    missing: int = 0
