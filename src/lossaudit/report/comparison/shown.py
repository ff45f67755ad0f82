"""A comparison and a study that show themselves: in a terminal by their text, in a notebook and a browser as a page."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lossaudit import document
from lossaudit.comparison import Comparison, Contestant, Contrast
from lossaudit.errors import UsageError
from lossaudit.lint.files import replace_file
from lossaudit.report.comparison import table, text
from lossaudit.report.frame import framed
from lossaudit.study import Section, Study

if TYPE_CHECKING:
    from lossaudit.report.shown import Report
    from lossaudit.result import Result

S = TypeVar("S")
_LETTERS = "±…"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ShownComparison:
    """What `lossaudit.compare` returns.

    Attributes:
        comparison: Everything, as plain data.
        audits: Of each loss's model, first seed at the chosen rate, by the name of the loss; or why there is none.
    """

    comparison: Comparison
    audits: Mapping[str, Result | str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What was compared on what, in one line."""
        return self.comparison.title

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is decided and what is not."""
        return self.comparison.sentences

    @property
    def contestants(self) -> tuple[Contestant, ...]:
        """The losses, with their figures and curves."""
        return self.comparison.contestants

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every other loss against the reference, in every measure."""
        return self.comparison.contrasts

    @property
    def table(self) -> list[dict[str, str | float | int | None]]:
        """A row for each loss, for `pandas.DataFrame(shown.table)`."""
        return table.rows(self.comparison)

    def audit(self, loss: str) -> Report:
        """The audit of the model that a loss has made, to be shown.

        Raises:
            UsageError: There is none.
        """
        from lossaudit.report.shown import Report

        found = self.audits.get(loss, "it was left out")
        if isinstance(found, str):
            raise UsageError(f"there is no audit of {loss}: {found}")
        return Report(found)

    def to_html(self) -> str:
        """An offline page."""
        from lossaudit.report.comparison import html

        return html.render(self.comparison, audits=self.audits)

    def to_markdown(self) -> str:
        """For a pull request or a docs page."""
        from lossaudit.report.comparison import markdown

        return markdown.render(self.comparison)

    def to_json(self) -> str:
        """Everything, to be read again."""
        return document.dumps(self.comparison)

    def to_text(self) -> str:
        """What a terminal shows."""
        return text.render(self.comparison)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, in one step; its ending says as what: `.html`, `.md`, `.json` or `.txt`.

        Beside an HTML page a folder of the same name holds the audit of each loss, where there is one.

        Raises:
            UsageError: The ending is none of these, or the file cannot be written.
        """
        name = os.fspath(path)
        if self.audits and Path(name).suffix.lower() == ".html":
            from lossaudit.report.comparison import beside

            with _writing(name):
                beside.write(self.comparison, self.audits, name)
        else:
            _save(self, name, _OF_A_COMPARISON)

    def __str__(self) -> str:
        return text.render(self.comparison, ascii=_ascii())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return framed(self.to_html())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ShownStudy:
    """A published comparison, repeated: what a preset gives.

    Attributes:
        study: Everything, as plain data.
    """

    study: Study

    @property
    def title(self) -> str:
        """One line."""
        return self.study.title

    @property
    def sections(self) -> tuple[Section, ...]:
        """Our figures."""
        return self.study.sections

    def to_html(self) -> str:
        """An offline page with charts, and the comparisons in full."""
        from lossaudit.report.comparison import study_html

        return study_html.render(self.study)

    def to_markdown(self) -> str:
        """The page of the docs."""
        from lossaudit.report.comparison import study_markdown

        return study_markdown.render(self.study)

    def to_json(self) -> str:
        """Everything."""
        return document.dumps(self.study)

    def to_text(self) -> str:
        """What a terminal shows."""
        from lossaudit.report.comparison import study_text

        return study_text.render(self.study)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, in one step; its ending says as what: `.html`, `.md`, `.json` or `.txt`.

        Raises:
            UsageError: The ending is none of these, or the file cannot be written.
        """
        _save(self, os.fspath(path), _OF_A_STUDY)

    def __str__(self) -> str:
        from lossaudit.report.comparison import study_text

        return study_text.render(self.study, ascii=_ascii())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return framed(self.to_html())


def _ascii() -> bool:
    """Whether the terminal lacks the letters of the tables."""
    try:
        _LETTERS.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def _save(shown: S, name: str, makers: Mapping[str, Callable[[S], str]]) -> None:
    make = makers.get(Path(name).suffix.lower())
    if make is None:
        raise UsageError(f"cannot tell what to write from {name!r}: let it end in {', '.join(makers)}")
    made = make(shown)
    with _writing(name):
        replace_file(name, made.encode())


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or name
        raise UsageError(f"cannot write {where}: {error.strerror}; choose another place") from error


_OF_A_COMPARISON: dict[str, Callable[[ShownComparison], str]] = {
    ".html": ShownComparison.to_html,
    ".md": ShownComparison.to_markdown,
    ".json": ShownComparison.to_json,
    ".txt": ShownComparison.to_text,
}
_OF_A_STUDY: dict[str, Callable[[ShownStudy], str]] = {
    ".html": ShownStudy.to_html,
    ".md": ShownStudy.to_markdown,
    ".json": ShownStudy.to_json,
    ".txt": ShownStudy.to_text,
}
