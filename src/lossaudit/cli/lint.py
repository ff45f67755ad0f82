"""`lossaudit lint [PATH...]`: reads training code, runs nothing, and names the mistakes."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.lint.run import Request
    from lossaudit.result import LintResult

FORMATS = {
    "full": "lint_full",
    "concise": "lint_concise",
    "json": "lint_json",
    "sarif": "sarif",
    "github": "github",
    "junit": "junit",
}
_MOST_PASSES = 10  # of fixes: one may make room for another


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="files, folders, or - (default: .)")
    rules = parser.add_argument_group("which rules", "by name, code, beginning of a code (LA1), or ALL")
    rules.add_argument("--select", metavar="RULES", type=_words, default=(), help="only these")
    rules.add_argument("--extend-select", metavar="RULES", type=_words, default=(), help="these too")
    rules.add_argument("--ignore", metavar="RULES", type=_words, default=(), help="not these")
    files = parser.add_argument_group("which files, which findings")
    files.add_argument("--force-exclude", action="store_true", help="let exclusions decide over named files too")
    files.add_argument("--baseline", metavar="FILE", default="", help="leave out the findings that FILE holds")
    files.add_argument("--write-baseline", action="store_true", help="write all findings to the baseline")
    files.add_argument("--changed-since", metavar="REF", help="only findings on lines changed since a branch left REF")
    files.add_argument("--config", metavar="FILE", help="read the settings from FILE, not from pyproject.toml")
    files.add_argument("--isolated", action="store_true", help="read no settings")
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument("--fix", action="store_true", help="make those that leave every computed value as it is")
    fixes.add_argument("--diff", action="store_true", help="show all as a patch, write nothing; with --fix only those")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--format", choices=FORMATS, default="full", help="how findings are printed (default full)")
    shown.add_argument("--output", metavar="FILE", help="where (default: the terminal)")
    shown.add_argument("--statistics", action="store_true", help="how many findings of each rule")
    shown.add_argument("--show-pairings", action="store_true", help="what was read, and what was not understood")
    shown.add_argument("--quiet", action="store_true", help="print nothing when nothing is found")
    shown.add_argument("--exit-zero", action="store_true", help="exit with 0 also when there are findings")
    shown.add_argument("--jobs", metavar="N", type=_positive, help="processes (default: one for each core)")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Lint, fix, print.

    Returns:
        0; 1 when there are errors or warnings; 2 when a file could not be read. Findings are printed in every case.

    Raises:
        UsageError: The request or the configuration names what does not exist.
    """
    from lossaudit.lint.run import lint, settings_of

    _check(options)
    request = _request(options)
    settings = settings_of(request)
    try:
        if options.write_baseline:
            return _write_baseline(options, request)
        result = lint(request, settings)
        if options.diff:
            _print_diff(result, request, options)
            return _exit_code(result, options)
        if options.fix:
            result = _fixed(result, request)
    except KeyboardInterrupt:
        print("lossaudit: interrupted", file=sys.stderr)
        return 130
    if not (options.quiet and not result.findings and not result.problems):
        _write(_rendered(result, settings.folder, options), options)
    return _exit_code(result, options)


def _check(options: argparse.Namespace) -> None:
    """Combinations that mean nothing."""
    if options.fix and "-" in options.paths and not options.diff:
        raise UsageError("--fix cannot write to standard input; --fix --diff shows what it would do")
    if options.statistics and options.show_pairings:
        raise UsageError("--statistics and --show-pairings are two answers: ask for one")
    if options.output and os.path.isdir(options.output):
        raise UsageError(f"--output {options.output}: is a folder; name a file")


def _request(options: argparse.Namespace) -> Request:
    from lossaudit.lint.run import Request

    return Request(
        paths=tuple(options.paths),
        given=sys.stdin.buffer.read() if "-" in options.paths else None,
        select=options.select,
        ignore=options.ignore,
        extend_select=options.extend_select,
        config=options.config,
        isolated=options.isolated,
        force_exclude=options.force_exclude,
        baseline=options.baseline,
        changed_since=options.changed_since,
        processes=options.jobs,
    )


def _write_baseline(options: argparse.Namespace, request: Request) -> int:
    from dataclasses import replace

    from lossaudit.lint.run import lint, settings_of

    settings = settings_of(request)
    if not settings.baseline:
        raise UsageError("--write-baseline needs a file: --baseline FILE, or baseline in [tool.lossaudit]")
    result = lint(request, replace(settings, baseline=""))
    from lossaudit.lint import baseline

    count = baseline.write(settings.baseline, result.findings)
    _say_problems(result)
    print(f"lossaudit: {settings.baseline} holds {count} finding{'s' * (count != 1)}", file=sys.stderr)
    return 2 if any(problem.skipped for problem in result.problems) else 0


def _print_diff(result: LintResult, request: Request, options: argparse.Namespace) -> None:
    from lossaudit.lint import edit
    from lossaudit.report import diff

    changes = edit.changes(result.findings, safe_only=options.fix, given=request.given)
    _write("".join(diff.render(change.path, change.before, change.after) for change in changes), options)
    _say_problems(result)
    left = len(result.findings)
    print(f"lossaudit: {len(changes)} of {len(result.files)} files would change; {left} findings", file=sys.stderr)


def _fixed(result: LintResult, request: Request) -> LintResult:
    """Make the safe fixes until there is none, and lint what is then there."""
    from dataclasses import replace

    from lossaudit.lint import edit
    from lossaudit.lint.run import lint, settings_of

    before, changed = result, dict[str, None]()
    for _ in range(_MOST_PASSES):
        changes = edit.changes(result.findings, safe_only=True)
        problems = edit.write(changes)
        failed = {problem.path for problem in problems}
        changed.update({change.path: None for change in changes if change.path not in failed})
        if changes:
            result = lint(request, settings_of(request))
        if failed:
            result = replace(result, problems=(*result.problems, *problems))
        if failed or not changes:
            break
    if changed:
        gone = len(before.findings) - len(result.findings)
        print(f"lossaudit: {gone} findings fixed in {', '.join(changed)}", file=sys.stderr)
    return result


def _rendered(result: LintResult, root: str, options: argparse.Namespace) -> str:
    name = "statistics" if options.statistics else "pairings" if options.show_pairings else FORMATS[options.format]
    colour = options.output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return import_module(f"lossaudit.report.{name}").render(result, root=root, colour=colour)


def _write(text: str, options: argparse.Namespace) -> None:
    """Print, or write to a file; what a terminal cannot show is spelled out.

    Raises:
        UsageError: The file cannot be written.
    """
    text = text if not text or text.endswith("\n") else f"{text}\n"
    if options.output is None:
        sys.stdout.flush()
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, errors="backslashreplace").decode(encoding))
        return
    try:
        with open(options.output, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"--output {options.output}: cannot be written ({error.strerror}); name another file"
        ) from None


def _say_problems(result: LintResult) -> None:
    for problem in result.problems:
        print(f"lossaudit: {problem.path}: {problem.message}", file=sys.stderr)


def _exit_code(result: LintResult, options: argparse.Namespace) -> int:
    if any(problem.skipped for problem in result.problems):
        return 2
    serious = any(finding.severity.value != "info" for finding in result.findings)
    return int(serious and not options.exit_zero)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number
