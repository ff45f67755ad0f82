"""The list of what is trusted: complete, and nothing in it is idle."""

from __future__ import annotations

import json

import pytest
from tests.recheck.certificates import LOGISTIC, NORM

from lossaudit.cli.main import main
from lossaudit.recheck import named
from lossaudit.recheck.axioms import AXIOMS, uses
from lossaudit.recheck.operations import OPERATIONS
from lossaudit.recheck.patterns import PATTERNS
from lossaudit.recheck.replay import RULES


def test_every_rule_names_its_axioms_and_every_axiom_is_used():
    tables = [
        *((*rule.axioms, *rule.may_use) for rule in RULES.values()),
        *(operation.axioms for operation in OPERATIONS.values()),
        *(pattern.axioms for several in PATTERNS.values() for pattern in several),
        *(axioms for _, axioms in named.SHOWS.values()),
    ]
    assert all(tables)
    assert {name for axioms in tables for name in axioms} == set(AXIOMS)
    assert all(uses().values())


def test_axioms_are_numbered_from_one_and_say_something():
    assert [number for number, _ in AXIOMS.values()] == list(range(1, len(AXIOMS) + 1))
    assert len({axiom.words for _, axiom in AXIOMS.values()}) == len(AXIOMS)
    assert all(axiom.words.endswith(".") and axiom.formula for _, axiom in AXIOMS.values())


def test_the_command_prints_them(capsys):
    assert main(["axioms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * len(AXIOMS)
    assert lines[0].startswith(" 1. ")


def test_recheck_says_in_one_line_what_holds(tmp_path, capsys):
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(LOGISTIC))
    assert main(["recheck", str(file)]) == 0
    line = capsys.readouterr().out
    assert line.startswith("holds: convex, rule facts, 5 instructions, axioms 1, ")
    assert line.count("\n") == 1
    scope = {"variables": "the logits"}
    verdict = {"status": "proved", "property": "convex", "certificate": NORM, "witness": None, "scope": scope}
    file.write_text(json.dumps(verdict))
    assert main(["recheck", str(file)]) == 0
    assert "convex in the logits, rule facts, 4 instructions" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{}", json.dumps({**LOGISTIC, "rule": "none"}), '{"status": "undecided"}'])
def test_recheck_says_in_one_line_what_does_not(text, tmp_path, capsys):
    file = tmp_path / "proof.json"
    file.write_text(text)
    assert main(["recheck", str(file)]) == 1
    line = capsys.readouterr().out
    assert line.startswith("does not hold: ")
    assert line.count("\n") == 1


@pytest.mark.parametrize("text", ["", "nothing", "[1]", "{", "[" * 100_000])
def test_unreadable_input_is_one_line(text, tmp_path, capsys):
    file = tmp_path / "proof.json"
    file.write_text(text)
    assert main(["recheck", str(file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["recheck", str(tmp_path / "absent.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
