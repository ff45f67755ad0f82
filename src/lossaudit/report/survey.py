"""The page about the survey's tags, Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lossaudit.advise.survey import ARGUMENTS, AS_PRINTED, ROWS, SENTENCES, Derived, Row, Survey, Tag

_START = """# A survey's property tags, derived again

Ciampiconi, Elwood, Leonardi, Mohamed and Rozza, *A survey and taxonomy of loss functions in machine learning* (arXiv
2301.05579, first version), tags each of 33 losses as CONT (continuous), DIFF (differentiable), L-CONT (Lipschitz), CONV
(convex) and S-CONV (strictly convex). A tag means nothing without its argument: cross-entropy is strictly convex and
not Lipschitz in a probability, Lipschitz and not strictly convex in logits. So every line here names the argument, and
says what is derived for it: convexity by the prover, with evidence that the checker replays; Lipschitz constants and
strict convexity by the rules of the card; continuity and differentiability from the pieces of the recorded program and
how they meet. What is only measured says so.

**What is missing.** The complete list of printed tags could not be had when this page was made. It treats the tags that
are known to be printed or left out in the first version, on {losses} losses, and says nothing about the rest."""

_HEAD = ("loss", "formula", "argument", *(tag.printed for tag in Tag))

_ABOUT_TAGS = """## Tags that are known

*printed* means that the survey has the tag, *left out* that it has not although one might look for it."""

_ABOUT_ROWS = """## All five properties of these losses

What is derived, whatever the survey says; `?` is not decided (cosine similarity has no value at 0)."""

_ABOUT_PRINTED = """## Formulas that fail as they are printed

In two of them the survey has max(0, -z) where 1 - z is meant, in the third 1 where 0 is meant. The tables above speak
of what is meant; these are the formulas as printed."""

_ABOUT_ARGUMENTS = "## One loss, three arguments"

_ABOUT_SENTENCES = """## Sentences of its text

In our words."""


def markdown() -> str:
    """The whole page, derived now."""
    blocks = [
        _START.format(losses=len(ROWS)),
        _ABOUT_TAGS,
        _table(("loss", "argument", "tag", "survey", "derived", "", "because"), _tags()),
        _ABOUT_ROWS,
        _properties(ROWS),
        _ABOUT_PRINTED,
        _properties(AS_PRINTED),
        _because(AS_PRINTED, Tag.CONT),
        _ABOUT_ARGUMENTS,
        _properties(ARGUMENTS),
        _ABOUT_SENTENCES,
        _table(("the text says", "stands", "because"), _sentences()),
    ]
    return "\n\n".join(blocks) + "\n"


def _tags() -> Iterator[tuple[str, ...]]:
    for row in ROWS:
        for tag, survey in row.tags.items():
            found = row.derived(tag)
            yield row.loss, row.argument, tag.printed, survey.value, _word(found), _agreement(survey, found), found.how


def _agreement(survey: Survey, found: Derived) -> str:
    """A tag that is printed should hold; one that is left out should not."""
    if found.value is None:
        return "not decided"
    return "agrees" if found.value is (survey is Survey.PRINTED) else "differs"


def _properties(rows: Sequence[Row]) -> str:
    cells = ((row.loss, row.formula, row.argument, *(_word(row.derived(tag)) for tag in Tag)) for row in rows)
    return _table(_HEAD, cells)


def _because(rows: Sequence[Row], tag: Tag) -> str:
    return "\n".join(f"- {row.loss}: {row.derived(tag).how}." for row in rows)


def _sentences() -> Iterator[tuple[str, ...]]:
    for sentence in SENTENCES:
        found = sentence.stands()
        yield sentence.said, _word(found), found.how


def _word(found: Derived) -> str:
    return "?" if found.value is None else ("yes" if found.value else "no")


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
