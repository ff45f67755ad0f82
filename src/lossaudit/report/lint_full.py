"""What `lossaudit lint` prints: what is wrong, in the user's own lines, why it matters, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lossaudit.finding import Finding, Fix, Severity
from lossaudit.pairing import Place
from lossaudit.report import lint_wording as wording
from lossaudit.report.excerpt import excerpt
from lossaudit.report.wording import one_line, visible
from lossaudit.result import LintResult

Paint: TypeAlias = Callable[[str, str], str]

# Colours of Okabe and Ito, which all eyes tell apart; a word or a sign always says the same.
_VERMILION, _ORANGE, _BLUE, _SKY, _BOLD = "1;38;5;166", "38;5;214", "38;5;32", "38;5;74", "1"
_SEVERITY = {Severity.ERROR: _VERMILION, Severity.WARNING: _ORANGE, Severity.INFO: _SKY}


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """The findings with the lines they speak about, and a last line that says what was read. No final line break.

    Args:
        result: What to show.
        root: Where relative paths are looked up when they are not found from here.
        colour: Whether to use ANSI colours.
    """
    paint = _ansi if colour else _plain
    names = wording.names(result.reading)
    blocks = ["\n".join(_finding(finding, names, root, paint)) for finding in result.findings]
    tail = wording.closing(result)
    if result.findings:
        worst = min(result.findings, key=lambda finding: list(Severity).index(finding.severity))
        tail.insert(-1, f"Why, and when it is fine: lossaudit explain {worst.rule}")
    return "\n\n".join([*blocks, "\n".join(tail)])


def _plain(text: str, code: str) -> str:
    return text


def _ansi(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _finding(finding: Finding, names: Mapping[Place, str], root: str, paint: Paint) -> list[str]:
    place = f"{paint(wording.spot(finding.places[0]), _BOLD)}  " if finding.places else ""
    severity = paint(finding.severity.value, _SEVERITY[finding.severity])
    lines = [f"{place}{severity}  {finding.rule} ({finding.code})", f"  {one_line(finding.message)}"]
    lines += _excerpts(finding.places, names, root, paint)
    lines += [f"  {one_line(each)}" for each in finding.evidence]
    lines += [f"  why: {one_line(finding.why)}"] if finding.why else []
    return lines + (_fix(finding.fix, paint) if finding.fix is not None else [])


def _excerpts(places: tuple[Place, ...], names: Mapping[Place, str], root: str, paint: Paint) -> list[str]:
    """The line of each place, once, under the path where that is another than the finding's."""
    found = {(place.path, place.cell, place.line): (place, excerpt(place, root)) for place in reversed(places)}
    shown = [(place, text) for place, text in reversed(found.values()) if text is not None]
    margin = max((len(str(text.number)) for _, text in shown), default=0)
    lines: list[str] = []
    for place, text in shown:
        if (place.path, place.cell) != (places[0].path, places[0].cell):
            lines.append(f"  {'':{margin}} {paint('-->', _BLUE)} {wording.spot(place)}")
        name = names.get(place, "")
        carets = paint("^" * text.width, _BLUE) + (f" {name}" if name else "")
        lines.append(f"  {paint(f'{text.number:>{margin}} |', _BLUE)} {text.text}")
        lines.append(f"  {'':{margin}} {paint('|', _BLUE)} {' ' * text.before}{carets}")
    return lines


def _fix(fix: Fix, paint: Paint) -> list[str]:
    old = [paint(f"- {visible(line)}", _VERMILION) for line in fix.before.splitlines()]
    new = [paint(f"+ {visible(line)}", _BLUE) for line in fix.after.splitlines()]
    return [f"  fix: {one_line(fix.title)}", *(f"    {line}" for line in (old + new if fix.after else []))]
