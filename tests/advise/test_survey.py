"""The survey's tags: the page is what is derived, and the derivations agree with textbook facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossaudit.advise.survey import ARGUMENTS, AS_PRINTED, ROWS, SENTENCES, Row, Survey, Tag
from lossaudit.report.survey import markdown

PAGE = Path(__file__).parents[2] / "docs" / "survey.md"
Y, N = True, False

# CONT, DIFF, L-CONT, CONV, S-CONV by hand, in the argument of the row.
TRUTH = {
    "Mean bias error": (Y, Y, Y, Y, N),
    "Mean squared error": (Y, Y, N, Y, Y),
    "Root mean squared error": (Y, N, Y, Y, N),  # a norm of the residuals
    "Root mean squared logarithmic error": (Y, N, Y, N, N),
    "Huber": (Y, Y, Y, Y, N),
    "Log-cosh": (Y, Y, Y, Y, Y),
    "Smoothed hinge": (Y, Y, Y, Y, N),
    "Quadratically smoothed hinge": (Y, Y, Y, Y, N),
    "Modified Huber": (Y, Y, Y, Y, N),
    "Ramp": (Y, N, Y, N, N),
    "Cosine similarity": (N, N, N, N, N),  # it has no value at 0
    "Minimum classification error (energies)": (Y, N, Y, N, N),
    "Log loss (energies)": (Y, N, Y, Y, N),  # a function of differences
    "Square-exponential (energies)": (Y, N, N, Y, N),  # flat in the larger wrong energy
}


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run tools/pages.py"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.loss)
def test_what_is_derived_is_true(row):
    """It may be undecided; not for a tag that the survey prints or leaves out."""
    for tag, truth in zip(Tag, TRUTH[row.loss], strict=True):
        found = row.derived(tag)
        assert found.value in (truth, None), (tag, found)
        if tag in row.tags:
            assert found.value is truth, (tag, found)


def test_as_printed_they_jump():
    assert [row.derived(Tag.CONT).value for row in AS_PRINTED] == [False] * 3
    values = [[float(row.function(row.arguments[0] * 0 + x)) for x in (-1 - 1e-9, -1 + 1e-9)] for row in AS_PRINTED[:2]]
    assert values[0] == pytest.approx([1, 0.25])
    assert values[1] == pytest.approx([4, 1])


def test_cross_entropy_has_other_tags_in_other_arguments():
    found = [[row.derived(tag).value for tag in Tag] for row in ARGUMENTS]
    assert found == [[Y, Y, N, Y, Y], [Y, Y, Y, Y, N], [Y, Y, Y, Y, Y]]


def test_only_the_last_sentence_stands():
    assert [sentence.stands().value for sentence in SENTENCES] == [False] * 5 + [True]


def test_a_root_in_two_variables_is_not_taken_for_smooth():
    import torch

    def norm(x: torch.Tensor) -> torch.Tensor:
        return (x**2).sum().sqrt()

    row = Row(loss="norm", formula="|x|", argument="a vector", function=norm, example=((0.3, 0.5),))
    assert row.derived(Tag.DIFF).value is None


def test_each_row_has_a_tag():
    assert all(row.tags and set(row.tags.values()) <= set(Survey) for row in ROWS)
    assert len({row.loss for row in ROWS}) == len(ROWS)
