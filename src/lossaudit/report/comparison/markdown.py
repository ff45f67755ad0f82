"""A comparison in Markdown: for a pull request, a wiki or the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from lossaudit.comparison import Comparison, Contestant
from lossaudit.report.comparison import words
from lossaudit.report.wording import one_line

_CODE = re.compile(r"[\w.:,=()/ -]+")  # may stand in code quotes, in a table too


def render(comparison: Comparison) -> str:
    """The comparison as a page."""
    lines = [f"# {plain(comparison.title)}", "", *body(comparison, 2)]
    return "\n".join(lines).rstrip() + "\n"


def body(comparison: Comparison, level: int) -> Iterator[str]:
    """What stands below the title, with headings of this level."""
    heading = "#" * level
    if partial := words.partial(comparison):
        yield from (f"**{partial}**", "")
    yield from bullets(comparison.sentences)
    yield from bullets([f"**Warning.** {plain(each)}" for each in comparison.warnings], raw=True)
    yield from _figures(comparison)
    yield from _contrasts(comparison, heading)
    notes = [f"{code(each.name)}: {plain(note)}" for each in comparison.contestants for note in each.notes]
    yield from _titled(f"{heading} Notes", bullets(notes, raw=True) if notes else [])
    yield from _titled(f"{heading} Setting", bullets(comparison.setting))
    made = ", ".join(filter(None, (plain(words.versions(comparison)), plain(comparison.made))))
    if made:
        yield from (f"Made with {made}.", "")
    if again := words.again(comparison):
        yield from ("Show it again:", "", "```sh", again, "```", "")


def _figures(comparison: Comparison) -> Iterator[str]:
    columns = words.columns(comparison)
    rows: list[list[str]] = []
    for each in comparison.contestants:
        cells: list[str] = []
        for column in columns:
            sign = words.sign(comparison, each.name, column.measure.name)
            cells.append(f"{column.cell(each.figures.get(column.measure.name))} {sign}".rstrip())
        rows.append([_name(each, comparison), words.rate(each), *map(plain, cells)])
    yield from table(["loss", "learning rate", *(plain(column.title) for column in columns)], rows)
    if legend := words.legend(comparison):
        yield from (plain(legend), "")


def _name(contestant: Contestant, comparison: Comparison) -> str:
    """The name, and what has to be said beside the figures."""
    role = "reference" if contestant.name == comparison.reference else ""
    said = ", ".join(filter(None, (role, words.state(contestant, comparison))))
    return f"{code(contestant.name)} ({said})" if said else code(contestant.name)


def _contrasts(comparison: Comparison, heading: str) -> Iterator[str]:
    for column in words.columns(comparison)[:1]:
        rows: list[list[str]] = []
        for each in comparison.contestants:
            contrast = words.contrast_of(comparison, each.name, column.measure.name)
            if contrast is not None:
                rows.append([code(each.name), plain(column.difference(contrast)), plain(words.decision(contrast))])
        if rows:
            title = f"{heading} {plain(column.title)} against {code(comparison.reference)}"
            head = ["loss", "difference (95 % interval, corrected)", "decided"]
            yield from _titled(title, table(head, rows))


def _titled(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from (title, "", *lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, the first column to the left; cells are Markdown already."""
    if not rows:
        return []
    ruler = "|".join(["---", *["---:"] * (len(header) - 1)])
    return [_row(header), f"|{ruler}|", *map(_row, rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def bullets(said: Sequence[str], *, raw: bool = False) -> list[str]:
    """A list; `raw` is Markdown already."""
    return [*(f"- {each if raw else plain(each)}" for each in said), ""] if said else []


def code(name: str) -> str:
    r"""A name in code quotes, or as plain text where these would not hold it.

    >>> code("mse:softmax"), code("a|b")
    ('`mse:softmax`', 'a\\|b')
    """
    name = one_line(name)
    return f"`{name}`" if _CODE.fullmatch(name) else plain(name)


def plain(text: str) -> str:
    r"""Text on one line in which nothing is markup, for GitHub's Markdown and that of the docs.

    >>> plain("a|b <i> * 2"), plain("1. output_reset"), plain("1.5")
    ('a\\|b &lt;i&gt; \\* 2', '1\\. output_reset', '1.5')
    """
    text = escape(one_line(text), quote=False)
    text = re.sub(r"[\\`*|\[\]]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)
    return re.sub(r"^(\d*)([#+.)-])(?=\s)", r"\1\\\2", text)
