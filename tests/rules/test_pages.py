"""The pages are the specification: every rule has one, and its programs say where the finding must be."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossaudit.finding import Finding
from lossaudit.rules import RULES, Rule, page

HEADINGS = (
    "What it does",
    "Why is this bad?",
    "When it is fine",
    "Example",
    "Use instead",
    "Known problems",
    "References",
)
MARK = re.compile(r"# (error|warning|info)( \(run\)| \(lint\))?: \[([a-z0-9-]+)\]")
FENCE = re.compile(r"```python( raises)?\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A program of a page. Live is one of torch; of the others, and of one that `raises`, only the source is read."""

    rule: str
    number: int
    source: str
    raises: bool = False

    @property
    def live(self) -> bool:
        return "import torch" in self.source and not self.raises

    @property
    def expected(self) -> set[tuple[int, str, str]]:
        """Line, severity and rule of each finding that the block asks of a run; `(lint)` marks one of the linter."""
        lines = enumerate(self.source.splitlines(), 1)
        found = ((number, mark) for number, line in lines for mark in MARK.findall(line))
        return {(number, severity, rule) for number, (severity, by, rule) in found if by != " (lint)"}


def blocks(rule: Rule) -> list[Block]:
    found = enumerate(FENCE.findall(page(rule)), 1)
    return [Block(rule.name, i, source, bool(raises)) for i, (raises, source) in found]


BLOCKS = [block for rule in RULES.values() for block in blocks(rule)]
TORCH = [pytest.param(block, id=f"{block.rule}-{block.number}") for block in BLOCKS if "import torch" in block.source]
LIVE = [pytest.param(block, id=f"{block.rule}-{block.number}") for block in BLOCKS if block.live]


def read_and_judge(source: str, path: Path) -> tuple[Finding, ...]:
    """Runs a program under the live reader and returns what the rules say."""
    once = pytest.importorskip("lossaudit.run.once")
    path.write_text(source, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        return once.read_program(path).findings


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_page_is_complete(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"# {rule.name} ({rule.code})\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(HEADINGS)
    sections = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_page_says_what_becomes_of_the_gradient_and_what_is_optimised(rule: Rule) -> None:
    before_the_sections = page(rule).partition("\n## ")[0]
    fields = re.findall(r"^\*\*(.+?):\*\* \S.*[.]$", before_the_sections, re.MULTILINE)
    assert fields == ["Gradient", "What it optimises"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_page_shows_enough_programs(rule: Rule) -> None:
    made = blocks(rule)
    bad = [block for block in made if any(name == rule.name for _, _, name in block.expected)]
    assert len(bad) >= 3
    assert len(made) - len(bad) >= 4
    for block in made:
        lines = block.source.strip().splitlines()
        assert len(lines) <= 20
        if "import torch" in block.source:
            assert "manual_seed" in block.source
            assert ".backward()" in lines[-1]


@pytest.mark.parametrize("block", TORCH)
def test_program_runs(block: Block) -> None:
    pytest.importorskip("torch")
    with pytest.raises(RuntimeError) if block.raises else contextlib.nullcontext():
        exec(compile(block.source, f"{block.rule}-{block.number}", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("block", LIVE)
def test_live_reader_finds_what_the_page_says(block: Block, tmp_path: Path) -> None:
    findings = read_and_judge(block.source, tmp_path / "program.py")
    found = {(finding.places[0].line, finding.severity.value, finding.rule) for finding in findings}
    assert found == block.expected
