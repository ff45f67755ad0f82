"""The one line on stderr when a finding is first seen, while the program still runs."""

from __future__ import annotations

from lossaudit.finding import Finding
from lossaudit.report import wording


def line(finding: Finding) -> str:
    """The finding on one line, without a line break."""
    place = f"{wording.where(finding.places[0])}: " if finding.places else ""
    return f"lossaudit: {place}{finding.severity.value} {finding.rule}: {wording.one_line(finding.message)}"
