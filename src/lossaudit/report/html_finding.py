"""A finding on the page: what, where in the source, why, the evidence, and the fix as a diff."""

from __future__ import annotations

import linecache
import re
from textwrap import dedent

from lossaudit.finding import Finding, Fix
from lossaudit.pairing import Place
from lossaudit.report import wording
from lossaudit.report.markup import EMPTY, Markup, join, tag

_AROUND = 2  # lines of source on each side
_LONGEST_SPAN = 8  # lines of the place itself
_LONGEST = 160  # characters of a source line


def section(finding: Finding) -> Markup:
    """The whole finding."""
    fix = _fix(finding.fix, finding.rule) if finding.fix is not None else EMPTY
    return tag(
        "section",
        tag("h2", tag("span", finding.severity.value, class_=f"chip {finding.severity.value}"), " ", finding.rule),
        tag("p", tag("b", wording.one_line(finding.message)), tag("br"), wording.one_line(finding.why)),
        fix,
        tag("ul", *(tag("li", wording.one_line(each)) for each in finding.evidence)) if finding.evidence else EMPTY,
        *(excerpt(place) for place in {(each.path, each.line, each.scope): each for each in finding.places}.values()),
        tag("p", f"{finding.code}, confidence {finding.confidence.value}", class_="note"),
    )


def remark(finding: Finding) -> Markup:
    """An informative finding in one paragraph."""
    place = f"{wording.where(finding.places[0])} " if finding.places else ""
    title = f" Fix: {wording.one_line(finding.fix.title)}" if finding.fix is not None else ""
    return tag("p", tag("code", f"{place}{finding.rule}"), f" {wording.one_line(finding.message)}{title}")


def excerpt(place: Place) -> Markup:
    """The lines around a place, as far as they can be read, with the place's own lines marked."""
    heading = tag("p", tag("code", wording.where(place)), f" in {place.scope}" if place.scope else "", class_="place")
    source = _source(place.path) if place.line else []
    last = max(place.line, place.end_line)
    first = max(1, place.line - _AROUND)
    shown = source[first - 1 : min(last, place.line + _LONGEST_SPAN) + _AROUND]
    if not shown:
        return heading
    code = dedent("".join(line.expandtabs(4) for line in shown)).rstrip().split("\n")
    lines = (
        tag("mark" if place.line <= number <= last else "span", f"{number:>4}  {line[:_LONGEST]}\n")
        for number, line in enumerate(code, first)
    )
    return join(heading, tag("pre", *lines, class_="source"))


def _source(path: str) -> list[str]:
    try:
        return linecache.getlines(path)
    except ValueError:  # a path that no file system takes: a NUL, half a surrogate pair
        return []


def _fix(fix: Fix, rule: str) -> Markup:
    old = [tag("del", f"- {line}\n") for line in fix.before.splitlines()]
    new = [tag("ins", f"+ {line}\n") for line in fix.after.splitlines()]
    values = " The change leaves every computed value as it was." if fix.keeps_values else ""
    return join(
        tag("p", tag("b", "Fix: "), wording.one_line(fix.title), values, class_="fix"),
        tag("pre", *old, *new, class_="diff") if new else _instead(rule),
    )


def _instead(rule: str) -> Markup:
    """The right pairing as the page of the rule writes it, where the program's own lines could not be changed."""
    page = wording.rule_page(rule)
    code = re.search(r"^## Use instead$.*?^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    if code is None:
        return EMPTY
    lines = [line for line in code[1].splitlines() if not line.startswith(("import ", "torch.manual_seed"))]
    written = "\n".join(lines).strip()
    summary = tag("p", f"The right pairing in code, from lossaudit explain {rule}:", class_="note")
    return join(summary, tag("pre", *(tag("span", f"{line}\n") for line in written.split("\n"))))
