"""A comparison in a terminal and in Markdown: no line too wide, no mark where nothing is decided."""

from __future__ import annotations

import re
from dataclasses import replace

import markdown as reference
import pytest
from tests.report.comparison import made

from lossaudit.comparison import Comparison
from lossaudit.report.comparison import markdown, text, words
from lossaudit.report.comparison.words import width

CASES = {
    "one": made.comparison(1, 1, 1),
    "two": made.comparison(2, 2),
    "nine": made.comparison(9, diverging=True),
    "twelve": made.comparison(12, 20, 500, diverging=True),
    "hostile": made.hostile(),
    "empty": replace(made.comparison(2), contestants=(), contrasts=(), measures=()),
}


def undecided(comparison: Comparison) -> Comparison:
    return replace(comparison, contrasts=tuple(replace(each, better=None) for each in comparison.contrasts))


@pytest.mark.parametrize("cells", [60, 80, 100, 140])
@pytest.mark.parametrize("name", CASES)
def test_no_line_is_wider_than_asked(name: str, cells: int) -> None:
    assert [line for line in text.render(CASES[name], width=cells).splitlines() if width(line) > cells] == []


def test_every_loss_has_a_row_in_every_table() -> None:
    shown = text.render(CASES["nine"])
    tables = len(re.findall(r"^  loss ", shown, re.MULTILINE))
    for name in made.NAMES[:9]:
        assert len(re.findall(rf"^  {re.escape(name)} ", shown, re.MULTILINE)) >= tables


def test_figures_of_a_column_end_at_the_same_place() -> None:
    rows = [
        line for line in text.render(undecided(CASES["two"])).splitlines() if re.match(r"  (ce|mse:softmax) +0", line)
    ]
    first, second = ([found.end() for found in re.finditer(r"±\S+", row)] for row in rows[:2])
    assert first == second
    assert first


def test_what_is_not_decided_has_no_sign() -> None:
    shown = text.render(undecided(CASES["nine"]))
    assert not re.search(r"±\S+ [+-]", shown)
    assert "is better" not in shown


def test_a_sign_says_on_which_side_the_decision_fell() -> None:
    comparison = CASES["two"]
    worse = [each for each in comparison.contrasts if each.better == "ce"]
    assert worse
    assert {words.sign(comparison, "mse:softmax", each.measure) for each in worse} == {"-"}
    other = replace(comparison, contrasts=tuple(replace(each, better=each.first) for each in comparison.contrasts))
    assert {words.sign(other, "mse:softmax", each.measure) for each in other.contrasts} == {"+"}
    assert {words.sign(other, "ce", each.measure) for each in other.contrasts} == {""}


def test_a_contrast_reads_as_loss_minus_reference_however_it_is_stored() -> None:
    comparison = CASES["two"]
    stored = comparison.contrasts[0]
    turned = replace(
        stored,
        first=stored.second,
        second=stored.first,
        difference=-stored.difference,
        low=-stored.high,
        high=-stored.low,
    )
    found = words.contrast_of(replace(comparison, contrasts=(turned,)), "mse:softmax", stored.measure)
    assert found == stored


def test_diverged_runs_are_counted_in_the_row() -> None:
    shown = text.render(CASES["nine"])
    assert re.search(r"^  mse +0.32 +diverged 2 of 5$", shown, re.MULTILINE)
    assert words.diverged(CASES["nine"].contestants[3], CASES["nine"]) == ((3, 10), (4, 10))


def test_a_partial_comparison_says_so_before_anything_is_said() -> None:
    lines = text.render(replace(CASES["two"], missing=7)).splitlines()
    assert lines[2].startswith("Partial: 7 trials are not finished.")


def test_colours_only_if_asked() -> None:
    plain, coloured = (text.render(CASES["nine"], colour) for colour in (False, True))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_a_terminal_without_other_letters_gets_none() -> None:
    assert text.render(CASES["nine"], ascii=True).isascii()


def test_names_that_lost_their_middle_stay_apart() -> None:
    shown = words.short(["x" * 300, "x" * 299 + "y", "y" + "x" * 299, "x" * 200], 28)
    assert len(set(shown.values())) == 4
    assert all(width(each) <= 28 for each in shown.values())


@pytest.mark.parametrize("name", CASES)
def test_tables_of_the_markdown_are_tables(name: str) -> None:
    """As an independent reader of Markdown finds them: all cells in every row, and nothing of the user's is markup."""
    page = reference.markdown(markdown.render(CASES[name]), extensions=["tables", "fenced_code"])
    rows = [re.findall(r"<t[hd][^>]*>", row) for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)]
    assert len(rows) >= (1 + len(CASES[name].contestants) if CASES[name].contestants else 0)
    assert {len(row) for row in rows} <= {3, 2 + len(words.columns(CASES[name]))}
    assert not re.search(r"<(?:script|img|b|/style)\b", page)
    assert "\\" not in re.sub(r"\\u202e", "", page)  # of no escape is anything left
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page)
