"""Programs that the linter must read right: the blocks of the rules' pages and of `fixtures/`.

A block of a fixture is a program, of several files where `# file: name.py` stands in it. `# error: [rule]` marks the
line of a finding; a block without a mark must give no finding at all.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossaudit.lint.run import Request, lint, settings_of
from lossaudit.rules import RULES, page

FIXTURES = Path(__file__).with_name("fixtures")
FENCE = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
MARK = re.compile(r"# (error|warning|info)( \(run\)| \(lint\))?: \[([a-z0-9-]+)\]")
# What a source reader cannot know: these need the numbers of a run.
OF_A_RUN = frozenset({"loss-not-finite", "mse-on-sigmoid", "probabilities-not-normalised"})
# What is wrong with a comment needs no program around it: `test_comments.py` reads their pages.
OF_COMMENTS = frozenset({"unknown-suppression", "unused-suppression"})
PROGRAMS = 8

Mark = tuple[str, int, str, str]


@dataclass(frozen=True)
class Program:
    """A program and the findings it asks for: file, line, severity and rule."""

    rule: str
    number: int
    files: tuple[tuple[str, str], ...]

    @property
    def expected(self) -> Counter[Mark]:
        """What is to be found; a mark with `(run)` is left to a run."""
        lines = ((name, number, line) for name, text in self.files for number, line in enumerate(text.splitlines(), 1))
        return Counter(
            (name, number, severity, rule)
            for name, number, line in lines
            for severity, by, rule in MARK.findall(line)
            if by != " (run)"
        )


def programs(rule: str, text: str, first: int = 1) -> list[Program]:
    return [Program(rule, number, _files(block)) for number, block in enumerate(FENCE.findall(text), first)]


def _files(block: str) -> tuple[tuple[str, str], ...]:
    before, *parts = FILE.split(block)
    if not parts:
        return (("program.py", block),)
    assert not before.strip(), "a program of several files begins with the name of the first"
    return tuple(zip(parts[::2], parts[1::2], strict=True))


OF_PAGES = [
    program for rule in RULES.values() if rule.name not in OF_COMMENTS for program in programs(rule.name, page(rule))
]
OF_FIXTURES = [
    program
    for file in sorted(FIXTURES.glob("*.md"))
    for program in programs(file.stem.replace("_", "-"), file.read_text(encoding="utf-8"))
]


def found(program: Program, folder: Path) -> Counter[Mark]:
    for name, text in program.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    request = Request(paths=(str(folder),), isolated=True, processes=1)
    result = lint(request, settings_of(request))
    assert not result.problems
    places = ((finding, finding.places[0]) for finding in result.findings)
    return Counter(
        (
            Path(place.path).resolve().relative_to(folder.resolve()).as_posix(),
            place.line,
            finding.severity.value,
            finding.rule,
        )
        for finding, place in places
    )


@pytest.mark.parametrize("program", OF_PAGES, ids=lambda program: f"{program.rule}-{program.number}")
def test_page(program: Program, tmp_path: Path) -> None:
    assert found(program, tmp_path) == program.expected


@pytest.mark.parametrize("program", OF_FIXTURES, ids=lambda program: f"{program.rule}-{program.number}")
def test_fixture(program: Program, tmp_path: Path) -> None:
    assert found(program, tmp_path) == program.expected


@pytest.mark.parametrize("name", [name for name in RULES if name not in OF_A_RUN | OF_COMMENTS])
def test_every_rule_has_programs_enough(name: str) -> None:
    own = [program for program in (*OF_PAGES, *OF_FIXTURES) if program.rule == name]
    bad = [program for program in own if any(rule == name for _, _, _, rule in program.expected)]
    assert len(bad) >= PROGRAMS
    assert len([program for program in own if not program.expected]) >= PROGRAMS


def test_fixtures_are_of_rules() -> None:
    assert {program.rule for program in OF_FIXTURES} <= set(RULES)
