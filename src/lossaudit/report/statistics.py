"""How many findings of each rule: what `lossaudit lint --statistics` prints."""

from __future__ import annotations

from collections import Counter

from lossaudit.report import lint_wording as wording
from lossaudit.result import LintResult


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """A line for each rule that found something, most findings first. No final line break."""
    counts = Counter((finding.code, finding.rule, finding.severity.value) for finding in result.findings)
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    figures = max((len(f"{number:,}") for _, number in ordered), default=0)
    longest = max((len(rule) for (_, rule, _), _ in ordered), default=0)
    lines = [f"{number:>{figures},}  {code}  {rule:{longest}}  {level}" for (code, rule, level), number in ordered]
    return "\n".join([*lines, *wording.closing(result)])
