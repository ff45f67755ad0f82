"""Advice for a terminal: the short list with its reasons, what is refused, and code that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import partial
from textwrap import fill as wrapped
from textwrap import indent

from lossaudit.advise.choose.decide import Choice, Recommendation, defaults
from lossaudit.advise.choose.snippets import FRAMEWORKS
from lossaudit.advise.choose.words import METRICS, NEEDS, TASKS

_WIDTH = 80
fill = partial(wrapped, break_on_hyphens=False, break_long_words=False)
EXAMPLE = "lossaudit choose --task multiclass --imbalance 1:500 --need calibrated-probabilities --metric f1"


@dataclass(frozen=True, slots=True, repr=False)
class ShownChoice(Choice):
    """An answer that prints itself."""

    @classmethod
    def of(cls, choice: Choice) -> ShownChoice:
        return cls(*(getattr(choice, field.name) for field in fields(Choice)))

    def to_json(self) -> str:
        """The whole answer."""
        from lossaudit.report.choice_json import render as as_json

        return as_json(self)

    def to_markdown(self) -> str:
        """The whole answer as a page."""
        from lossaudit.report.choice_markdown import render as as_markdown

        return as_markdown(self)

    def __str__(self) -> str:
        return render(self)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def render(choice: Choice) -> str:
    """The answer as text: the training step of the first choice, and of the others the lines that differ."""
    blocks = [
        [
            fill(f"task: {choice.task} ({choice.why_task})", _WIDTH, subsequent_indent=" " * 6),
            *_lines("seen", choice.seen),
            *_lines("but", choice.warnings),
        ]
    ]
    if choice.rule:
        blocks[0] += _lines("costs", (f"train for probabilities, then decide by expected cost: {choice.rule}",))
    blocks += [list(_recommendation(number, each)) for number, each in enumerate(choice.ranked, 1)]
    refused = tuple(f"{each.what}: {each.why}" for each in choice.refused)
    for title, said in (("not recommended", refused), ("what would change this", choice.changes)):
        if said:
            blocks.append([title, *_lines("-", said)])
    blocks += [
        [f"{FRAMEWORKS[framework]}, {choice.ranked[0].loss}: a training step", "", indent(text.rstrip(), "    ")]
        for framework, text in choice.ranked[0].code.items()
        if text
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _recommendation(number: int, given: Recommendation) -> Iterator[str]:
    yield f"{number}. {given.loss}"
    rows = (
        ("why", "; ".join(given.why)),
        ("card", "; ".join(given.card)),
        ("price", given.price),
        ("not met", given.gap),
        ("head", given.head),
        ("target", given.target),
        ("watch", given.metric),
        ("answer", given.decide),
    )
    for name, text in rows:
        if text:
            yield fill(text, _WIDTH, initial_indent=f"   {name:<9}", subsequent_indent=" " * 12)
    if number > 1:
        for framework, text in given.essence.items():
            if text:
                yield f"   {FRAMEWORKS[framework]}"
                yield indent(text, " " * 12)


def _lines(mark: str, said: tuple[str, ...]) -> list[str]:
    room = len(mark) + 3
    return [fill(each, _WIDTH, initial_indent=f"  {mark} ", subsequent_indent=" " * room) for each in said]


def table() -> str:
    """Of each task the default, and one example call."""
    rows = [("task", "loss", "what is predicted; what the last layer gives"), *_rows()]
    first, second = (max(len(row[column]) for row in rows) + 2 for column in range(2))
    lines = [
        fill(
            what,
            _WIDTH,
            initial_indent=task.ljust(first) + loss.ljust(second),
            subsequent_indent=" " * (first + second),
        )
        for task, loss, what in rows
    ]
    why = [fill(f"{task}: {found[3]}", _WIDTH - 2, subsequent_indent="    ") for task, found in defaults().items()]
    more = (
        fill(f"--need: {', '.join(NEEDS)}", _WIDTH, subsequent_indent="    "),
        fill(f"--metric: {', '.join(METRICS)}", _WIDTH, subsequent_indent="    "),
        "--targets y.npy or y.csv:column finds the task by itself",
    )
    return (
        "\n".join([*lines, "", "why", *(indent(each, "  ") for each in why), "", *more, "", f"example: {EXAMPLE}"])
        + "\n"
    )


def _rows() -> Iterator[tuple[str, str, str]]:
    for task, (head, _, loss, _) in defaults().items():
        yield task, loss, f"{TASKS[task]}; {head}"
