"""On real and made columns `choose` gives the first choice that an expert would defend; the docs show the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.choose.columns import MADE, REAL, Target

import lossaudit
from lossaudit.report.choice import ShownChoice

PAGE = Path(__file__).parents[2] / "docs" / "choose.md"


@pytest.mark.parametrize("target", REAL + MADE, ids=lambda target: target.name)
def test_the_first_choice_is_the_expert_s(target: Target, tmp_path: Path) -> None:
    answer = lossaudit.choose(target.write(tmp_path), **target.words)
    names = [each.loss for each in answer.ranked]
    assert names[0] == target.first, names
    assert set(target.listed) <= set(names)
    text = " ".join(str(answer).split())
    assert [words for words in target.said if words not in text] == []


@pytest.mark.parametrize("target", REAL + MADE, ids=lambda target: target.name)
def test_the_table_of_the_docs_says_the_same(target: Target, tmp_path: Path) -> None:
    answer = lossaudit.choose(target.write(tmp_path), **target.words)
    assert row(target, answer) in PAGE.read_text().splitlines()


def test_the_table_of_the_docs_has_no_other_rows() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith(("| scikit", "| statsmodels", "| made"))]
    assert len(rows) == len(REAL + MADE) >= 15


def row(target: Target, answer: ShownChoice) -> str:
    """A row of the table in docs/choose.md."""
    words = " ".join(f"`--{name} {each}`" for name, given in target.words.items() for each in _each(given))
    others = ", ".join(each.loss for each in answer.ranked[1:]) or "-"
    return (
        f"| {target.name} | {words or '-'} | {answer.task} | **{answer.ranked[0].loss}** | {others} | {target.reason} |"
    )


def _each(given: object) -> list[object]:
    return list(given) if isinstance(given, list) else [given]
