"""JUnit's XML, which most build servers show: a test case a file, a failure a finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from lossaudit.finding import Finding, Severity
from lossaudit.report import lint_wording as wording
from lossaudit.report.wording import one_line, visible
from lossaudit.result import LintResult, Problem

_NOT_XML = re.compile(
    "[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # XML 1.0, section 2.2; no \r: it is a \n to XML


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """One test suite. Errors and warnings are failures; what is only informative is a test case's output.

    A file that could not be linted is an error of its test case. What was read stands in the suite's output.
    """
    linted = dict.fromkeys(result.files)
    mentioned = (finding.places[0].path for finding in result.findings if finding.places)
    paths = dict.fromkeys([*linted, *mentioned, *(problem.path for problem in result.problems)])
    suite = ElementTree.Element("testsuite", name="lossaudit")
    for path in paths:
        findings = [finding for finding in result.findings if finding.places and finding.places[0].path == path]
        suite.append(_case(path, findings, [problem for problem in result.problems if problem.path == path], root))
    loose = [finding for finding in result.findings if not finding.places]
    if loose:
        suite.append(_case("lossaudit", loose, [], root))
    for name, number in _totals(suite).items():
        suite.set(name, str(number))
    ElementTree.SubElement(suite, "system-out").text = _xml("\n".join(wording.closing(result)))
    suites = ElementTree.Element("testsuites", suite.attrib)
    suites.append(suite)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode")


def _totals(suite: ElementTree.Element) -> dict[str, int]:
    cases = suite.findall("testcase")
    failed = sum(case.find("failure") is not None for case in cases)
    return {
        "tests": len(cases),
        "failures": failed,
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": 0,
    }


def _case(path: str, findings: Iterable[Finding], problems: Iterable[Problem], root: str) -> ElementTree.Element:
    shown = _xml(one_line(wording.relative(path, root)))
    case = ElementTree.Element("testcase", name=shown, classname="lossaudit", file=shown, time="0")
    remarks: list[str] = []
    for finding in findings:
        text = _told(finding)
        if finding.severity is Severity.INFO:
            remarks.append(text)
        else:
            message = _xml(wording.reason(finding))
            kind = f"{finding.severity.value}: {finding.rule}"
            ElementTree.SubElement(case, "failure", type=kind, message=message).text = text
    for problem in problems:
        message = _xml(one_line(problem.message))
        if problem.skipped:
            ElementTree.SubElement(case, "error", type="not linted", message=message)
        else:
            remarks.append(message)
    if remarks:
        ElementTree.SubElement(case, "system-out").text = "\n".join(remarks)
    return case


def _told(finding: Finding) -> str:
    place = f"{wording.spot(finding.places[0])}: " if finding.places else ""
    lines = [f"{place}{finding.severity.value} {finding.rule} ({finding.code}) {wording.reason(finding)}"]
    lines += [f"fix: {one_line(finding.fix.title)}"] if finding.fix is not None else []
    return _xml("\n".join([*lines, wording.rule_page(finding.rule)]))


def _xml(text: str) -> str:
    r"""The text without what XML cannot hold.

    >>> _xml("a\x00b\ufffe")
    'a\\x00b\\ufffe'
    """
    return _NOT_XML.sub(lambda match: match.group().encode("unicode_escape").decode(), visible(text))
