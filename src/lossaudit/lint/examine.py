"""One file: read, judged, its comments noted. What a worker does, again and again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lossaudit.finding import Finding
from lossaudit.lint import paths
from lossaudit.pairing import Place, Reading
from lossaudit.readers.source import reader
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.text import Text, Unreadable, load
from lossaudit.result import Problem
from lossaudit.rules import RULES
from lossaudit.rules import source as rule_source
from lossaudit.rules.judge import Program, judge_reading
from lossaudit.rules.rule import Rule
from lossaudit.rules.source import File
from lossaudit.rules.suppression import Comment, comments


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file gave."""

    path: str
    findings: tuple[Finding, ...] = ()
    reading: Reading = field(default_factory=Reading)
    comments: tuple[Comment, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read.

    Attributes:
        roots: Folders in which its absolute imports start.
        commented: Whether one of our comments may stand in it.
    """

    path: str
    roots: tuple[str, ...]
    commented: bool = False


@dataclass(slots=True)
class Examiner:
    """Reads files, and keeps what it has parsed for their neighbours.

    Attributes:
        rules: Names of those that look.
        given: Content of standard input, where that is linted.
        _files: What the fixes of the file at hand have asked for.
    """

    rules: tuple[str, ...]
    given: bytes | None = None
    _reader: reader.Reader | None = None
    _files: dict[str, File] = field(default_factory=dict)

    def __call__(self, job: Job) -> Outcome:
        """The outcome of a file. A file that makes the reader fail costs one line, never the run."""
        try:
            return self._examined(job)
        except Unreadable as error:
            return _left_out(job.path, error.reason, error.line)
        except BaseException as error:
            self._reader = None  # what it was doing is half done
            return _left_out(job.path, _reason(error))

    def _examined(self, job: Job) -> Outcome:
        if self._reader is None or self._reader.project.roots != job.roots:
            self._reader = reader.Reader(Project(job.roots))
        project = self._reader.project
        if job.path == paths.STDIN:
            project.add(load(job.path, self.given))
        self._files.clear()  # those of one file's findings are enough
        text = project.text(job.path)
        reading = self._reader.read(job.path)
        rules = [RULES[name] for name in self.rules]
        found = judge_reading(reading, rules, Program(self._file, _silences_nothing)) if reading.objectives else ()
        return Outcome(job.path, found, reading, comments_of(text) if job.commented else (), text.problems)

    def _file(self, path: str) -> File | None:
        """The file as the fixes want it."""
        if self._reader is None:
            return None
        try:
            text = self._reader.project.text(path)
        except Unreadable:
            return None
        held = self._files.get(path)
        if held is None or held.tree is not text.tree:
            held = self._files[path] = file_of(text)
        return held


def _reason(error: BaseException) -> str:
    """Why a file is left out; what is no exception of this file's reading goes on."""
    if isinstance(error, RecursionError | MemoryError):
        return "is nested too deep, or too large, to be followed; skipped"
    if not isinstance(error, Exception):
        raise error
    kind = f"{type(error).__name__}: {error}".splitlines()[0][:120]
    return f"could not be read because of a mistake in lossaudit ({kind}): please report it"


def file_of(text: Text) -> File:
    """A parsed program as the fixes and the baseline want it."""
    return rule_source.of(
        text.path, text.text, text.tree, tuple((cell.number, cell.first, cell.last) for cell in text.cells)
    )


def comments_of(text: Text) -> tuple[Comment, ...]:
    """Our comments in a program, where a person finds them: in a notebook by cell and line."""
    return tuple(replace(found, place=_in_cell(found.place, text)) for found in comments(text.path, text.text))


def _in_cell(place: Place, text: Text) -> Place:
    cell = next((cell for cell in text.cells if cell.first <= place.line <= cell.last), None)
    if cell is None:
        return place
    line = place.line - cell.first + 1
    return replace(place, line=line, end_line=line, cell=cell.number)


def _silences_nothing(rule: Rule, places: Iterable[Place]) -> bool:
    """Comments are looked at when all files have been read: the head may stand in another file than the loss."""
    return False


def _left_out(path: str, reason: str, line: int = 0) -> Outcome:
    return Outcome(path, problems=(Problem(path, reason, line),))
