"""The block at the end of a run in the terminal: what is wrong, how it is known, the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from lossaudit.finding import Finding, Fix, Severity
from lossaudit.report import wording
from lossaudit.result import Result

Paint: TypeAlias = Callable[[str, str], str]

_EVIDENCE = 2  # lines of evidence when a report holds the rest: one finding fits on eight lines
_RED, _YELLOW, _GREEN, _CYAN, _BOLD = "31", "33", "32", "36", "1"
_SEVERITY = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _CYAN}


def render(
    result: Result,
    *,
    report_path: str | None,
    colour: bool = False,
    before_after: tuple[float, float] | None = None,
) -> str:
    """The result as text for a terminal, without a final line break.

    Args:
        result: What to show.
        report_path: Where the HTML report lies; None when there is none, and then all evidence is printed.
        colour: Whether to use ANSI colours.
        before_after: Accuracy in [0, 1] of the program as it is and of the program with the fix.
    """
    paint = _ansi if colour else _plain
    found = wording.mistakes(result)
    blocks = [_finding(each, result, report_path is not None, paint) for each in found]
    if not found:
        blocks.append(_clean(result))
    tail = _measured(result)
    tail += [_remark(each, paint) for each in wording.remarks(result)]
    tail += _missed(result, clean=not found)
    if how := wording.ending(result):
        tail.append(f"  {paint(how, _YELLOW)}")
    tail += [f"  note: {wording.one_line(note)}" for note in result.notes]
    if before_after is not None:
        before, after = map(wording.percent, before_after)
        tail.append(f"  with the fix: accuracy {before} -> {paint(after, _BOLD)}")
    if report_path is not None:
        tail.append(f"  report: {wording.one_line(report_path)}")
    if len(blocks) > 1:
        return "\n\n".join("\n".join(lines) for lines in [*blocks, tail] if lines)
    return "\n".join([*blocks[0], *tail])


def _measured(result: Result) -> list[str]:
    """The lines of an audit: each part of the data, the parameter blocks, the head's curvature."""
    lines: list[str] = []
    for each in result.splits:
        loss = f"{wording.samples_of(each)} samples, loss {wording.figure(each.loss)}"
        lines.append(f"  {each.name}: {loss}{_shares(result, each.name)}")
    for block in result.blocks:
        names = "" if block.parameters == (block.block,) else f" ({wording.one_line(', '.join(block.parameters[:4]))})"
        title = f"  convex in {wording.one_line(block.block)}{names if block.size and len(names) < 80 else ''}"
        lines.append(f"{title}: {block.status}; {wording.one_line(block.argument)}")
    if result.head is not None:
        least, largest = (wording.figure(value, 3) for value in (result.head.smallest, result.head.largest))
        lines.append(f"  {wording.head_sentence(result.head)} Eigenvalues from {least} to {largest}.")
    return lines


def _shares(result: Result, split: str) -> str:
    """What was measured of the only pairing on one part of the data."""
    found = [each for met in result.pairings for each in met.measured if each.split == split]
    if len(found) != 1:
        return ""
    each = found[0]
    parts = [
        f"accuracy {wording.percent(each.accuracy)}",
        f"confidently wrong {wording.percent(each.confidently_wrong)}",
    ]
    parts += [f"stuck {wording.percent(each.stuck)}"] if each.stuck is not None else []
    if each.calibration is not None:
        parts.append(f"calibration error {wording.calibration_error(each.calibration)}")
    return ", " + ", ".join(parts)


def _plain(text: str, code: str) -> str:
    return text


def _ansi(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _finding(finding: Finding, result: Result, elsewhere: bool, paint: Paint) -> list[str]:
    place = wording.where(finding.places[0]) if finding.places else wording.one_line(result.program)
    severity = paint(finding.severity.value, _SEVERITY[finding.severity])
    lines = [f"{paint(place, _BOLD)}  {severity}  {finding.rule}", f"  {wording.one_line(finding.message)}"]
    shown = finding.evidence[:_EVIDENCE] if elsewhere else finding.evidence
    lines += [f"  {wording.one_line(each)}" for each in shown]
    met = wording.pairing_of(finding, result)
    if met is not None and met.verdict is not None:
        lines.append(f"  {wording.one_line(met.verdict.headline)}")
    return lines + (_fix(finding.fix, paint) if finding.fix is not None else [])


def _fix(fix: Fix, paint: Paint) -> list[str]:
    before, after = fix.before.splitlines(), fix.after.splitlines()
    title = f"  fix:  {wording.one_line(fix.title)}"
    if not after:
        return [title]
    old = [paint(f"- {wording.visible(line)}", _RED) for line in before]
    new = [paint(f"+ {wording.visible(line)}", _GREEN) for line in after]
    if len(old) == len(new) == 1:
        return [f"  fix:  {old[0]}      {new[0]}"]
    return [title, *(f"    {line}" for line in old + new)]


def _clean(result: Result) -> list[str]:
    """The clean block: what was read and checked, what was not, and how much of the run was seen."""
    seen = wording.coverage(result)
    sentence = f"{wording.clean_sentence(result)} Not checked: {wording.NOT_CHECKED}."
    return [sentence, *([f"  {seen}"] if seen else [])]


def _missed(result: Result, *, clean: bool) -> list[str]:
    missed = wording.not_understood(result)
    if not missed:
        return []
    head = [] if clean else [f"  {wording.counts(result)}"]
    verdicts = [wording.one_line(met.verdict.headline) for met in result.unnamed if met.verdict is not None]
    return [
        *head,
        *(f"  not understood: {wording.unresolved_line(each)}" for each in missed),
        *(f"  the loss as it is written: {headline}" for headline in verdicts),
    ]


def _remark(finding: Finding, paint: Paint) -> str:
    place = f"{wording.where(finding.places[0])}  " if finding.places else ""
    severity = paint(finding.severity.value, _SEVERITY[finding.severity])
    return f"  {place}{severity}  {finding.rule}: {wording.one_line(finding.message)}"
