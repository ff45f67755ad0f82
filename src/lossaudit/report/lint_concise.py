"""One line a finding, in the form that editors and grep understand: `path:line:col: severity rule message`."""

from __future__ import annotations

from lossaudit.finding import Finding
from lossaudit.report import lint_wording as wording
from lossaudit.result import LintResult


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """All findings, a line each, then what could not be linted and what was read. No final line break."""
    return "\n".join([*map(_line, result.findings), *wording.closing(result)])


def _line(finding: Finding) -> str:
    place = f"{wording.spot(finding.places[0])}: " if finding.places else ""
    return f"{place}{finding.severity.value} {finding.rule} {wording.reason(finding)}"
