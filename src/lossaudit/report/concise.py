"""One line a finding, in the form that editors and grep understand: `path:line:col: severity rule message`."""

from __future__ import annotations

from lossaudit.finding import Finding
from lossaudit.pairing import Place
from lossaudit.report import wording
from lossaudit.result import Result


def render(result: Result) -> str:
    """All findings, a line each, and a last line that says what was read and what was not understood."""
    if wording.mistakes(result):
        last = f"{wording.counts(result)}; not checked: {wording.NOT_CHECKED}."
    else:
        last = f"{wording.clean_sentence(result)} Not checked: {wording.NOT_CHECKED}."
    return "\n".join([*map(_line, result.findings), last])


def _line(finding: Finding) -> str:
    place = f"{_where(finding.places[0])}: " if finding.places else ""
    return f"{place}{finding.severity.value} {finding.rule} {wording.one_line(finding.message)}"


def _where(place: Place) -> str:
    return f"{wording.where(place)}:{place.col}" if place.line and place.col else wording.where(place)
