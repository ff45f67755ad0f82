"""Workflow commands of GitHub Actions: each finding becomes an annotation at its line.

The syntax is `::error file=a.py,line=3,endLine=3,col=5,endColumn=9,title=...::message`, where a value must not hold
a line break, a comma, or a colon in its own spelling, and the message no line break.
"""

from __future__ import annotations

from lossaudit.finding import Finding, Severity
from lossaudit.pairing import Place
from lossaudit.report import lint_wording as wording
from lossaudit.report.excerpt import file_line
from lossaudit.report.wording import one_line, visible
from lossaudit.result import LintResult, Problem

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """The annotations, a line each, then the line that says what was read. No final line break.

    Args:
        result: What to show.
        colour: Without effect here.
        root: The root of the repository, from which GitHub sees a path; in a workflow it is known.
    """
    root = wording.repository(root)
    findings = (_annotation(finding, root) for finding in result.findings)
    problems = (_problem(problem, root) for problem in result.problems)
    return "\n".join([*findings, *problems, wording.last_line(result)])


def _annotation(finding: Finding, root: str) -> str:
    properties = _where(finding.places[0], root) if finding.places else {}
    properties["title"] = f"{finding.rule} ({finding.code})"
    cell = f"{wording.spot(finding.places[0])}: " if finding.places and finding.places[0].cell is not None else ""
    fix = [f"fix: {one_line(finding.fix.title)}"] if finding.fix is not None else []
    text = "\n".join([f"{cell}{wording.reason(finding)}", *fix, wording.rule_page(finding.rule)])
    return _command(_COMMAND[finding.severity], properties, text)


def _problem(problem: Problem, root: str) -> str:
    properties = {"file": wording.relative(problem.path, root)}
    if problem.line:
        properties["line"] = str(problem.line)
    return _command(
        "error" if problem.skipped else "warning", {**properties, "title": "lossaudit"}, one_line(problem.message)
    )


def _where(place: Place, root: str) -> dict[str, str]:
    """The annotation's place. Columns are allowed only where it begins and ends on one line."""
    found = {"file": wording.relative(place.path, root)}
    line = file_line(place, root)
    if not line:
        return found
    found["line"] = str(line)
    if place.cell is not None:
        return found
    found["endLine"] = str(max(place.end_line, line))
    if place.col and place.end_line in (0, line):
        found["col"] = str(place.col)
        if place.end_line and place.end_col:
            found["endColumn"] = str(place.end_col)
    return found


def _command(name: str, properties: dict[str, str], text: str) -> str:
    """A workflow command.

    >>> _command("error", {"file": "a,b:c.py"}, "50 %")
    '::error file=a%2Cb%3Ac.py::50 %25'
    """
    given = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items() if value)
    return f"::{name} {given}::{_escaped(visible(text))}"


def _escaped(text: str, also: str = "") -> str:
    text = text.encode("utf-8", "replace").decode()
    for char in "%\r\n" + also:  # the per cent sign first
        text = text.replace(char, f"%{ord(char):02X}")
    return text
