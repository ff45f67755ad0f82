"""`lossaudit run SCRIPT`: the script runs unchanged; what it trains on is read on the way."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lossaudit.cli.output import shown, writable
from lossaudit.errors import UsageError
from lossaudit.run import children
from lossaudit.run.after_import import after_import, cancel
from lossaudit.run.program import Ending, Program, execute, module, script
from lossaudit.run.sampling import EVERY

if TYPE_CHECKING:
    from lossaudit.result import Result
    from lossaudit.run.session import Session

_REPORT = "lossaudit-report.html"
_FORMATS = ("full", "concise", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "lossaudit run [options] SCRIPT [ARGS...] | lossaudit run [options] -m MODULE [ARGS...]"
    parser.add_argument("--report", metavar="FILE", default=_REPORT, help=f"the HTML report (default {_REPORT})")
    parser.add_argument("--stop-after", metavar="N", type=positive, help="end the script after N optimizer steps")
    parser.add_argument(
        "--every", metavar="N", type=positive, default=EVERY, help=f"read every N-th backward pass (default {EVERY})"
    )
    parser.add_argument("--with-fix", metavar="FIXED", help="run this mended script too, and show both side by side")
    parser.add_argument("--format", choices=_FORMATS, default="full", help="what is printed at the end")
    parser.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.add_argument(
        "--fail-on", metavar="error|warning|RULE", help="exit with 1 on such a finding, if the script itself succeeds"
    )
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module")
    parser.add_argument("script", nargs="?", help="the script to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its own arguments")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Run the program, write the report, and return the program's own exit code."""
    children.resign()
    program = _program(options)
    report = writable(options.report)
    if options.output:
        writable(options.output)
    check_rule(options.fail_on)
    watch = _Watch(program, report, options)
    print(f"lossaudit: watching {program.name}; report: {shown(report)}", file=sys.stderr)
    with children.watched() as nursery:
        ending = execute(program)
        _wait_for_threads()
        result = watch.finish(ending, nursery.collect())
    fixed = _run_fixed(options.with_fix, program) if options.with_fix else None
    watch.write(result, fixed)
    _print(result, fixed, report, options)
    if ending.interrupted:
        sys.excepthook = lambda *_: None  # the traceback has been shown
        raise KeyboardInterrupt
    return ending.exit_code or failed(result, options.fail_on)


class _Watch:
    """Connects a session to torch once the program imports it, and keeps the report up to date."""

    def __init__(self, program: Program, report: Path, options: argparse.Namespace) -> None:
        self._program = program
        self._report = report
        self._options = options
        self._session: Session | None = None
        self._pid = os.getpid()
        after_import("torch", self._start)

    def _start(self, _: ModuleType) -> None:
        from lossaudit.run.hooks import Hooks
        from lossaudit.run.sampling import Schedule
        from lossaudit.run.session import Session

        self._session = Session(Schedule(every=self._options.every), _announce, self._publish)
        Hooks(self._session, self._options.stop_after).install()

    def _publish(self, session: Session) -> None:
        from lossaudit.run.outcome import result_of

        if os.getpid() == self._pid:
            self.write(result_of(session, kind="run", program=self._program.name, ended="running", final=False))

    def finish(self, ending: Ending, others: tuple[Result, ...]) -> Result:
        """The final result, the children's included."""
        from lossaudit.run.outcome import result_of
        from lossaudit.run.union import union

        cancel("torch", self._start)
        notes: tuple[str, ...] = ()
        if self._session is None:
            notes = ("the program never imported torch",)
        result = result_of(
            self._session,
            kind="run",
            program=self._program.name,
            ended=ending.ended,
            exit_code=ending.exit_code,
            notes=notes,
        )
        return union(result, others)

    def write(self, result: Result, fixed: Result | None = None) -> None:
        """Replace the report in one step, so that a reader never meets half a page."""
        from lossaudit.report import html

        beside = self._report.with_name(self._report.name + ".part")
        try:
            beside.write_text(html.render(result, compare=fixed), encoding="utf-8")
            os.replace(beside, self._report)
        except OSError as error:
            print(f"lossaudit: {self._report}: not written ({error.strerror})", file=sys.stderr)


def _announce(finding: Any) -> None:
    from lossaudit.report import live

    print(live.line(finding), file=sys.stderr, flush=True)


def _program(options: argparse.Namespace) -> Program:
    if options.module is not None:
        if not options.module:
            raise UsageError("-m needs the name of a module: lossaudit run -m MODULE [ARGS...]")
        return module(options.module[0], tuple(options.module[1:]))
    if options.script is None:
        raise UsageError("run needs a script: lossaudit run SCRIPT [ARGS...]")
    return script(options.script, tuple(options.arguments))


def positive(text: str) -> int:
    """A whole number above 0, for argparse."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


def check_rule(wanted: str | None) -> None:
    """Refuse a `--fail-on` that names nothing."""
    from lossaudit import rules
    from lossaudit.catalogue import nearest

    if wanted is None or wanted in ("error", "warning") or rules.find(wanted) is not None:
        return
    near = nearest(wanted, ["error", "warning", *rules.RULES])
    raise UsageError(f"--fail-on {wanted}: no such rule" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def _wait_for_threads() -> None:
    """As Python does before it exits."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _run_fixed(path: str, program: Program) -> Result:
    """The mended script, in a process of its own, with the same arguments."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "result")
        command = [sys.executable, "-m", "lossaudit.run.fixed", str(answer), path, *program.arguments[1:]]
        subprocess.run(command, check=False)
        if not answer.exists():
            raise UsageError(f"--with-fix {path}: it could not be run; see above")
        return children.load(answer)


def _print(result: Result, fixed: Result | None, report: Path, options: argparse.Namespace) -> None:
    render = _renderer(options.format, report, fixed)
    text = render(result)
    if options.output:
        Path(options.output).write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        return
    # The program's own output stays its own: only a format for machines, when asked for, goes to stdout.
    print(text, file=sys.stderr if options.format == "full" else sys.stdout, flush=True)


def _renderer(name: str, report: Path, fixed: Result | None) -> Callable[[Result], str]:
    if name == "json":
        from lossaudit.report import json as as_json

        return as_json.render
    if name == "concise":
        from lossaudit.report import concise

        return concise.render
    from lossaudit.report import full

    def render(result: Result) -> str:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        return full.render(result, report_path=shown(report), colour=colour, before_after=_accuracies(result, fixed))

    return render


def _accuracies(before: Result, after: Result | None) -> tuple[float, float] | None:
    """Final training accuracy of the main pairing in both runs."""
    from lossaudit.report.html import main_accuracy

    if after is None:
        return None
    pair = main_accuracy(before), main_accuracy(after)
    return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])


def failed(result: Result, wanted: str | None) -> int:
    """The exit code that `--fail-on` asks for."""
    if wanted is None:
        return 0
    levels = {"error": ("error",), "warning": ("error", "warning")}.get(wanted)
    if levels is not None:
        return int(any(finding.severity.value in levels for finding in result.findings))
    return int(any(wanted in (finding.rule, finding.code) for finding in result.findings))
