"""What an audit adds to the page: the data measured, verdicts per parameter block, the head's curvature, the card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from lossaudit.card import Card, entries
from lossaudit.report import wording
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.reliability import diagram
from lossaudit.result import BlockVerdict, HeadResult, Measured, PairingResult, Result, Split

Row: TypeAlias = tuple[str, Callable[[Measured], str | None]]

_OF_THE_CARD = ("convex", "strictly convex", "bounded", "gradient when wrong", "Lipschitz", "proper", "calibrated")
_OPEN = 6  # blocks that are shown without a click


def measures(met: PairingResult, splits: Sequence[Split]) -> Markup:
    """What was measured of a pairing, one column for each part of the data, and its reliability diagrams."""
    if not met.measured:
        return EMPTY
    rows = [_row("loss, as the program computes it", [wording.figure(each.loss) for each in splits])]
    for name, said in _ROWS:
        cells = [said(each) for each in met.measured]
        if any(cell is not None for cell in cells):
            rows.append(_row(name, cells))
    head = tag("tr", tag("th", "measured"), *(tag("th", each.split, class_="n") for each in met.measured))
    drawn = [diagram(each.calibration, each.split) for each in met.measured if each.calibration is not None]
    return join(
        tag("table", head, *rows, class_="measures"),
        tag("p", wording.mode_of(splits), class_="note"),
        tag("div", *drawn, class_="pictures") if drawn else EMPTY,
    )


def _row(name: str, cells: Sequence[str | None]) -> Markup:
    return tag("tr", tag("th", name), *(tag("td", cell or "-", class_="n") for cell in cells))


def _samples(each: Measured) -> str:
    left_out = f" ({each.nonfinite:,} not finite, left out)" if each.nonfinite else ""
    return f"{each.samples:,}{left_out}"


def _stuck(each: Measured) -> str | None:
    return None if each.stuck is None else wording.percent(each.stuck)


def _ratios(each: Measured) -> str | None:
    return None if each.ratios is None else " / ".join(wording.figure(value, 2) for value in each.ratios)


def _error(each: Measured) -> str | None:
    return None if each.calibration is None else wording.calibration_error(each.calibration)


def _nll(each: Measured) -> str | None:
    return None if each.calibration is None else wording.figure(each.calibration.nll, 3)


def _brier(each: Measured) -> str | None:
    return None if each.calibration is None else wording.figure(each.calibration.brier, 3)


_ROWS: tuple[Row, ...] = (
    ("samples", _samples),
    ("accuracy", lambda each: wording.percent(each.accuracy)),
    ("confidently wrong: true class under 1 %", lambda each: wording.percent(each.confidently_wrong)),
    ("stuck: wrong, and almost without gradient", _stuck),
    ("gradient / at uniform logits: 10, 50, 90 of 100", _ratios),
    ("expected calibration error (95 % interval)", _error),
    ("negative log-likelihood (nats)", _nll),
    ("Brier score", _brier),
)


def losses(result: Result) -> Markup:
    """The loss of each part of the data, where nothing more was measured of it."""
    if not result.splits or any(met.measured for met in result.pairings):
        return EMPTY
    head = tag("tr", tag("th", "data"), tag("th", "samples", class_="n"), tag("th", "loss", class_="n"))
    rows = [_row(each.name, [wording.samples_of(each), wording.figure(each.loss)]) for each in result.splits]
    return tag(
        "section", tag("h2", "Data"), tag("table", head, *rows), tag("p", wording.mode_of(result.splits), class_="note")
    )


def blocks(found: Iterable[BlockVerdict]) -> Markup:
    """The verdict of each block: status, argument, and what it speaks about."""
    rows = [_block(each) for each in found]
    if not rows:
        return EMPTY
    head = tag("tr", tag("th", "block"), tag("th", "numbers", class_="n"), tag("th", "convex"), tag("th", "why"))
    more = rows[_OPEN:]
    rest = (
        tag("details", tag("summary", f"{len(more)} more"), tag("table", head, *more, class_="blocks"))
        if more
        else EMPTY
    )
    table = tag("table", head, *rows[:_OPEN], class_="blocks")
    return tag("section", tag("h2", "Convex in the parameters?"), table, rest)


def _block(each: BlockVerdict) -> Markup:
    names = ", ".join(each.parameters[:4]) + (", …" if len(each.parameters) > 4 else "")
    title = each.block if each.parameters == (each.block,) else f"{each.block} ({names})"
    about = tag("span", f" About: {each.about}.", class_="note") if each.about else EMPTY
    return tag(
        "tr",
        tag("th", wording.one_line(title)),
        tag("td", f"{each.size:,}", class_="n"),
        tag("td", tag("span", each.status, class_=f"chip {each.status.replace(' ', '-')}")),
        tag("td", wording.one_line(each.argument) + ".", about),
    )


def head(found: HeadResult | None) -> Markup:
    """The exact Hessian of the head block."""
    if found is None:
        return EMPTY
    return tag(
        "section",
        tag("h2", "Curvature of the head"),
        tag("p", wording.head_sentence(found)),
        tag("ul", *(tag("li", wording.one_line(each)) for each in found.words)),
    )


def card(found: Card | None) -> Markup:
    """The main entries of the card of the loss."""
    if found is None:
        return EMPTY
    known = entries(found)
    rows = [
        tag("tr", tag("th", name), tag("td", known[name].value), tag("td", known[name].ground.value))
        for name in _OF_THE_CARD
        if name in known
    ]
    head = tag("tr", tag("th", "property"), tag("th", "value"), tag("th", "known by"))
    return tag(
        "details",
        tag("summary", f"Card of {wording.one_line(found.loss)}: what is known of this loss by itself"),
        tag("table", head, *rows),
    )
