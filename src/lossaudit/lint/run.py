"""One `lossaudit lint`: from a request to its result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from lossaudit.lint import configuration, paths, relevant, workers
from lossaudit.lint.configuration import Settings
from lossaudit.lint.discover import discover
from lossaudit.result import LintResult, Problem

if TYPE_CHECKING:
    from lossaudit.finding import Finding
    from lossaudit.lint.examine import Job, Outcome
    from lossaudit.lint.selection import Selection
    from lossaudit.rules.suppression import Comment

_ALONE = 60_000  # bytes of files that one process reads sooner than others are started


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for. What is None or empty is left to the configuration.

    Attributes:
        paths: Files, folders, or `-`.
        given: Content of standard input, where `-` is among them.
        config, isolated: Another configuration file, or none.
        force_exclude: Let exclusions decide over named files too.
        changed_since: Report only findings on lines changed since a branch left this commit.
        processes: How many; None for as many as there are cores.
    """

    paths: tuple[str, ...] = (".",)
    given: bytes | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    config: str | None = None
    isolated: bool = False
    force_exclude: bool = False
    baseline: str = ""
    changed_since: str | None = None
    processes: int | None = None


def settings_of(request: Request) -> Settings:
    """The configuration for a request, with what the request says instead.

    Raises:
        UsageError: The configuration cannot be read, or holds what is none.
    """
    settings = configuration.load(request.paths, config=request.config, isolated=request.isolated)
    baseline = request.baseline or (settings.baseline and paths.shown(os.path.join(settings.folder, settings.baseline)))
    return replace(
        settings,
        select=request.select or settings.select,
        ignore=request.ignore or settings.ignore,
        extend_select=request.extend_select or settings.extend_select,
        baseline=baseline,
    )


def lint(request: Request, settings: Settings) -> LintResult:
    """Read the files, judge them, and leave out what is silenced.

    Raises:
        UsageError: A rule, a baseline, or a commit that is named does not exist.
    """
    found = discover(request.paths, settings, force_exclude=request.force_exclude)
    jobs, size = _jobs(found.files, request, settings)
    result = LintResult(tuple(found.files), problems=tuple(found.problems))
    named = settings.names_rules or settings.baseline or request.changed_since is not None
    if not jobs and not named:
        return result  # what reads and judges is not even loaded
    from lossaudit.lint.examine import Examiner, Outcome
    from lossaudit.lint.selection import select

    def lost(job: Job, reason: str) -> Outcome:
        return Outcome(job.path, problems=(Problem(job.path, reason),))

    selection = select(settings)
    examine = Examiner(tuple(sorted(selection.names)), request.given)
    processes = request.processes or (workers.cores() if size > _ALONE else 1)
    outcomes = sorted(workers.each(examine, jobs, lost, processes=processes), key=lambda outcome: outcome.path)
    return _result(result, outcomes, selection, request, settings)


def _jobs(files: Iterable[str], request: Request, settings: Settings) -> tuple[list[Job], int]:
    """The files that are worth reading, and how large they are together."""
    roots = _roots(request.paths, settings)
    given = relevant.glance(request.given or b"")
    glances = {path: given if path == paths.STDIN else relevant.look(path) for path in files}
    where = {path: roots(os.path.dirname(os.path.abspath(path))) for path in glances}
    worth = sorted(relevant.relevant(glances, where))
    if not worth:
        return [], 0
    from lossaudit.lint.examine import Job

    jobs = [Job(path, where[path], glances[path].commented) for path in worth]
    return jobs, sum(os.path.getsize(path) for path in worth if os.path.isfile(path))


def _roots(targets: tuple[str, ...], settings: Settings) -> Callable[[str], tuple[str, ...]]:
    """Where absolute imports of the files in a folder start."""
    folders = [os.path.abspath(target) for target in targets if os.path.isdir(target)]

    @cache
    def of_root(root: str) -> tuple[str, ...]:
        inside = [folder for folder in folders if (folder + os.sep).startswith(root.rstrip(os.sep) + os.sep)]
        own = [os.path.normpath(os.path.join(settings.folder, folder)) for folder in settings.src]
        starts = dict.fromkeys([root, os.path.join(root, "src"), *own, *inside])
        return tuple(folder for folder in starts if os.path.isdir(folder))

    @cache
    def of_folder(folder: str) -> tuple[str, ...]:
        around = [each for each in folders if (folder + os.sep).startswith(each.rstrip(os.sep) + os.sep)]
        return of_root(paths.project_root(folder) or max(around, key=len, default=folder))

    return of_folder


def _result(
    result: LintResult, outcomes: list[Outcome], selection: Selection, request: Request, settings: Settings
) -> LintResult:
    """All outcomes as one: each loss and each finding once, without what is silenced."""
    from lossaudit.lint import silence, sites

    linted = frozenset(result.files)
    findings = sites.once((finding for outcome in outcomes for finding in outcome.findings), linted)
    own = [comment for outcome in outcomes for comment in outcome.comments]
    findings, used, hidden = silence.silenced(findings, [*own, *_comments_elsewhere(findings, linted)])
    findings += silence.remarks(own, used, selection.names)
    findings = [finding for finding in findings if _reported(finding, selection)]
    problems = [*result.problems, *(problem for outcome in outcomes for problem in outcome.problems)]
    if settings.baseline:
        from lossaudit.lint import baseline

        kept, stale = baseline.new(sorted(findings, key=sites.order), settings.baseline, linted)
        hidden += len(findings) - len(kept)
        findings, problems = kept, [*problems, *stale]
    if request.changed_since is not None:
        from lossaudit.lint import changed

        findings = changed.since(request.changed_since, findings, paths.common_folder(request.paths))
    return replace(
        result,
        findings=tuple(sorted(findings, key=sites.order)),
        reading=sites.merged((outcome.reading for outcome in outcomes), linted),
        problems=tuple(sorted(dict.fromkeys(problems), key=lambda each: (each.path, each.line, each.message))),
        hidden=hidden,
    )


def _comments_elsewhere(findings: Iterable[Finding], linted: frozenset[str]) -> list[Comment]:
    """Comments of files that were not asked for but hold a place of a finding: the head, in another file."""
    from lossaudit.lint.examine import comments_of
    from lossaudit.readers.source.text import Unreadable, load

    found: list[Comment] = []
    for path in sorted({place.path for finding in findings for place in finding.places} - linted):
        try:
            found += comments_of(load(path))
        except Unreadable:
            continue
    return found


def _reported(finding: Finding, selection: Selection) -> bool:
    path = os.path.abspath(finding.places[0].path).replace(os.sep, "/") if finding.places else ""
    return selection.reports(finding.rule, path)
