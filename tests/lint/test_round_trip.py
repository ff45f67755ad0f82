"""What `--fix` makes of every program of the pages and fixtures: the findings are gone, and there is no more to do."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from lossaudit.lint.edit import changes
from lossaudit.lint.run import Request, lint, settings_of
from lossaudit.result import LintResult

from .test_fixtures import OF_FIXTURES, OF_PAGES, Program

# The rules with a fix that keeps values; of the others no program is changed.
FIXED = frozenset(
    {
        "deprecated-reduction",
        "log-of-sigmoid",
        "log-of-softmax",
        "log-softmax-before-ce",
        "logsumexp-by-hand",
        "softmax-implicit-dim",
    }
)
MARKED = [program for program in (*OF_PAGES, *OF_FIXTURES) if {rule for _, _, _, rule in program.expected} & FIXED]


def read(folder: Path) -> LintResult:
    request = Request(paths=(str(folder),), isolated=True, processes=1)
    return lint(request, settings_of(request))


@pytest.mark.parametrize("program", MARKED, ids=lambda program: f"{program.rule}-{program.number}")
def test_what_is_fixed_stays_fixed(program: Program, tmp_path: Path) -> None:
    for name, text in program.files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    before = read(tmp_path).findings
    safe = [finding for finding in before if finding.fix is not None and finding.fix.edits and finding.fix.keeps_values]
    assert {finding.rule for finding in safe} <= FIXED
    made = changes(before, safe_only=True)
    for change in made:
        ast.parse(change.after)
        Path(change.path).write_text(change.after, encoding="utf-8")
    after = read(tmp_path).findings
    gone = Counter(finding.rule for finding in before) - Counter(finding.rule for finding in after)
    assert gone == Counter(finding.rule for finding in safe)
    assert changes(after, safe_only=True) == ()


def test_every_rule_has_a_program_that_is_fixed(tmp_path: Path) -> None:
    fixed: set[str] = set()
    for number, program in enumerate(MARKED):
        folder = tmp_path / str(number)
        for name, text in program.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        fixed |= {f.rule for f in read(folder).findings if f.fix is not None and f.fix.edits and f.fix.keeps_values}
    assert fixed == FIXED - {"softmax-implicit-dim"}  # in source the number of axes is rarely known
