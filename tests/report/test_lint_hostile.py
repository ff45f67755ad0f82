"""Whatever a path, a name or a line of the linted program holds, every format stays what it is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from tests.report import lint_samples as samples
from tests.report.test_sarif import VALIDATOR

from lossaudit.finding import Edit, Finding, Fix
from lossaudit.pairing import Place, Reading, Unresolved
from lossaudit.report import github, junit, lint_concise, lint_full, lint_json, pairings, sarif, statistics
from lossaudit.result import LintResult, Problem

CHARS = st.one_of(st.characters(), st.sampled_from("%:,;=<>&\"'\\/\r\n\t\x00\x1b\x85\u202e\u2028\ufeff\ufffe\udc80"))
NASTY = st.one_of(
    st.text(CHARS, max_size=30), st.sampled_from(["::error::x", "##[error]x", "]]>", "../..", "-", "<a>"])
)
NASTILY = settings(max_examples=60, deadline=None)
NUMBERS = st.integers(0, 10**6)


@st.composite
def places(draw: st.DrawFn) -> Place:
    line, col = draw(NUMBERS), draw(NUMBERS)
    end_line = draw(st.sampled_from([0, line, line + 1]))
    end_col = draw(NUMBERS) if end_line != line else col + draw(st.integers(0, 9))
    cell = draw(st.none() | st.integers(1, 99))
    return Place(draw(NASTY), line, col, end_line, end_col, cell, scope=draw(NASTY))


@st.composite
def results(draw: st.DrawFn) -> LintResult:
    where = draw(st.lists(places(), max_size=3))
    edits = tuple(Edit(place, draw(NASTY)) for place in where)
    fix = Fix(draw(NASTY), before=draw(NASTY), after=draw(NASTY), edits=edits)
    finding: Finding = replace(
        samples.DOUBLE_SOFTMAX,
        message=draw(NASTY),
        why=draw(NASTY),
        places=tuple(where),
        evidence=(draw(NASTY),),
        fix=draw(st.sampled_from([fix, None])),
    )
    loss, head = draw(places()), draw(places())
    pairing = samples.pairing(draw(NASTY), draw(NASTY), loss, draw(NASTY), head, (draw(NASTY),))
    missed = Unresolved(draw(NASTY), draw(NASTY), draw(st.none() | places()), (draw(NASTY),))
    reading = Reading((samples.objective(loss, pairing), samples.objective(head, unresolved=(missed,))), (missed,))
    problem = Problem(draw(NASTY), draw(NASTY), draw(NUMBERS))
    return LintResult((draw(NASTY),), (finding,), reading, (problem,), draw(NUMBERS))


@NASTILY
@given(results())
def test_text_shows_no_control_character(result: LintResult) -> None:
    for render in (lint_full.render, lint_concise.render, statistics.render, pairings.render):
        for line in render(result).split("\n"):
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ud800-\udfff]", line)
    assert len(lint_concise.render(result).split("\n")) == 1 + 1 + 1 + bool(result.hidden) + 1


@NASTILY
@given(results())
def test_json_holds_what_it_was_given(result: LintResult) -> None:
    document = json.loads(lint_json.render(result))
    assert document["files"] == list(result.files)
    assert document["findings"][0]["message"] == result.findings[0].message
    assert [place["path"] for place in document["findings"][0]["places"]] == [p.path for p in result.findings[0].places]


@NASTILY
@given(results())
def test_sarif_is_valid(result: LintResult) -> None:
    assert isinstance(VALIDATOR, Draft4Validator)
    document = json.loads(sarif.render(result))
    VALIDATOR.validate(document)
    for uri in re.findall(r'"uri": "([^"]*)"', sarif.render(result)):
        assert re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*", uri)  # RFC 3986


@NASTILY
@given(results())
def test_github_commands_say_only_what_we_say(result: LintResult) -> None:
    lines = github.render(result).split("\n")
    assert len(lines) == 3
    for line in lines[:2]:
        _, command, text = line.split("::", 2)  # as GitHub's runner does it
        name, _, properties = command.partition(" ")
        assert name in ("error", "warning", "notice")
        keys = [each.partition("=")[0] for each in properties.split(",")]
        assert set(keys) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        assert len(keys) == len(set(keys))
        assert not re.search("[\r\n\x00-\x1f]", text)


@NASTILY
@given(results())
def test_junit_is_well_formed(result: LintResult) -> None:
    suites = ElementTree.fromstring(junit.render(result).encode())
    assert {element.tag for element in suites.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "system-out",
    }
    (suite,) = suites
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
