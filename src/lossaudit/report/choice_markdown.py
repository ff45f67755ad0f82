"""Advice as a page: for a pull request, a wiki or a notebook."""

from __future__ import annotations

from collections.abc import Iterator

from lossaudit.advise.choose.decide import Choice, Recommendation
from lossaudit.advise.choose.snippets import FRAMEWORKS


def render(choice: Choice) -> str:
    """The answer in Markdown, with the training step of every loss on the list."""
    lines = [f"# Which loss: {choice.task}", "", f"The task is known {_plain(choice.why_task)}.", ""]
    lines += _list("Seen", choice.seen)
    lines += _list("But", choice.warnings)
    if choice.rule:
        lines += ["Train for probabilities, then decide by expected cost:", "", f"    {choice.rule}", ""]
    for number, each in enumerate(choice.ranked, 1):
        lines += _recommendation(number, each)
    lines += _list(
        "Not recommended", tuple(f"**{each.what}**: {_plain(each.why)}" for each in choice.refused), raw=True
    )
    lines += _list("What would change this", choice.changes)
    return "\n".join(lines).rstrip() + "\n"


def _recommendation(number: int, given: Recommendation) -> Iterator[str]:
    yield from (f"## {number}. `{given.loss}`", "", "| | |", "|---|---|")
    for name, text in (
        ("why", "; ".join(given.why)),
        ("card", "; ".join(given.card)),
        ("price", given.price),
        ("not met of the metric", given.gap),
        ("head", given.head),
        ("target", given.target),
        ("watch", given.metric),
        ("answer", given.decide),
    ):
        if text:
            yield f"| {name} | {_plain(text)} |"
    yield ""
    for framework, text in given.code.items():
        if text:
            yield from (f"{FRAMEWORKS[framework]}:", "", "```python", text.rstrip(), "```", "")


def _list(title: str, said: tuple[str, ...], *, raw: bool = False) -> list[str]:
    if not said:
        return []
    return [f"## {title}", "", *(f"- {each if raw else _plain(each)}" for each in said), ""]


def _plain(text: str) -> str:
    r"""Text in which nothing is markup.

    >>> _plain("a|b*c")
    'a\\|b\\*c'
    """
    return "".join(f"\\{c}" if c in "\\`*_|<>[]" else c for c in text)
