"""`lossaudit compare`: the same model, data, seeds and budget under several losses, and what that decides."""

from __future__ import annotations

import argparse
import importlib.util
import math
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from lossaudit.cli.output import shown, writable, write
from lossaudit.cli.progress import Progress
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.report.comparison.shown import ShownComparison, ShownStudy
    from lossaudit.study import Study
    from lossaudit.trials.prepare import Plan, Prepared
    from lossaudit.trials.presets import Preset
    from lossaudit.trials.request import Request
    from lossaudit.trials.store import Store
    from lossaudit.trials.workshop import Workshop

_Made = TypeVar("_Made")
_FORMATS = ("full", "concise", "markdown", "json", "html")
_BACKENDS = ("serial", "loky", "dask", "ray")
_OPTIMIZERS = ("sgd", "adam", "adamw")
_REPORT = "lossaudit-compare.html"
_SIGNALLED = 128  # and the number of the signal, as a shell reports it
_LONG = 600.0  # seconds from which on the race is offered
_REQUEST = (
    *("losses", "data", "model", "start", "noise", "imbalance", "metric", "metric_better", "level", "reference"),
    *("seeds", "epochs", "budget", "batch", "optimizer", "weight_decay", "rates", "race", "train"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = (
        "lossaudit compare [--data DATA] [--model MODEL] [--losses A,B,...] [options] | "
        "lossaudit compare --train FILE.py:FUNCTION --losses A,B,... | lossaudit compare --preset [NAME] | "
        "lossaudit compare --show [ID]"
    )
    parser.epilog = "The textbook question on scikit-learn's digits: lossaudit compare --losses mse:softmax,ce"
    _what(parser.add_argument_group("what is compared"))
    _how(parser.add_argument_group("how it is trained, the same for every loss"))
    _where(parser.add_argument_group("where it runs"))
    _instead(parser.add_argument_group("instead"))
    _shown(parser.add_argument_group("what is shown"))
    parser.set_defaults(handler=handle)


def _what(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--losses",
        type=split,
        metavar="A,B,...",
        help="by name (ce), behind a head (mse:softmax), with options ('focal(gamma=5)'), or your own (FILE.py:NAME); "
        "default: the usual ones of the task",
    )
    add("--data", help="digits (default), FILE.csv:TARGET, FILE.npz, or MODULE:DATA")
    add("--model", help="mlp (default), mlp:128,128, linear, cnn, or MODULE:FACTORY: a function that makes a module")
    add("--start", help="fresh (default), checkpoint:FILE, or legacy:FILE, which loads what fits and leaves the head")
    add("--noise", type=float, metavar="S", help="put in this share of wrong labels, such as 0.4")
    add("--imbalance", type=float, metavar="R", help="make the first class R times as common as the last")
    add("--metric", metavar="FILE.py:NAME", help="your metric(outputs, y): it decides")
    add("--metric-better", choices=("larger", "smaller"), help="which way your metric is better (default larger)")
    add("--level", type=float, metavar="L", help="for epochs to a level (default: 95%% of the best final score)")
    add("--reference", metavar="LOSS", help="the loss that the others are compared with (default: the first)")


def _how(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--seeds", type=int, metavar="N", help="repetitions (default 5)")
    add("--epochs", type=int, metavar="N", help="of each trial (default 30; with --budget as many as fit)")
    add("--budget", type=_duration, metavar="TIME", help="for training all of it: 10m, 90s, 2h")
    add("--batch", type=int, metavar="N", help="samples in a step (default 64)")
    add("--optimizer", choices=_OPTIMIZERS, help="default sgd, with momentum 0.9")
    add("--weight-decay", type=float, metavar="W", help="of the optimizer (default 0)")
    add("--rates", type=_numbers, metavar="A,B,...", help="learning rates to begin with (default 0.01 to 1)")
    add("--race", action="store_true", default=None, help="only the last layer, on frozen features: seconds")
    add(
        "--train",
        metavar="FILE.py:FUNCTION",
        help="your own train(loss, seed, lr, budget) -> metrics",
    )


def _where(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--backend",
        choices=_BACKENDS,
        default="loky",
        help="joblib's: loky (default: cores of this machine), dask, ray",
    )
    add("--jobs", type=int, metavar="N", help="trials at once (default: one a core)")
    add("--scheduler", metavar="ADDRESS", help="of a Dask or Ray cluster that is there")
    add("--store", metavar="FILE", help="finished trials (default .lossaudit/trials.db)")


def _instead(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--preset", nargs="?", const="", metavar="NAME", help="repeat a published comparison; no name: list them")
    add("--show", nargs="?", const="", metavar="ID", help="show an earlier comparison again; no id: list them")


def _shown(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--report", metavar="FILE", help=f"the HTML report (default {_REPORT})")
    add("--format", choices=_FORMATS, default="full", help="what is printed")
    add("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    add("--no-audits", action="store_true", help="leave out the audit of each loss's model")


def handle(options: argparse.Namespace) -> int:
    """Compare, write the report, print, and return 0; 130 if it was interrupted, 143 if it was told to end.

    Raises:
        UsageError: Something that was asked for does not exist, does not fit, or cannot be written.
    """
    try:
        return _handled(options)
    except KeyboardInterrupt as pressed:
        _say("interrupted; finished trials are stored: the same command goes on where this stopped")
        return _SIGNALLED + (signal.SIGTERM if isinstance(pressed, _Ended) else signal.SIGINT)


class _Ended(KeyboardInterrupt):
    """Somebody told the process to end: it does, as after Ctrl-C, and its workers with it."""


def _handled(options: argparse.Namespace) -> int:
    given = [name for name in _REQUEST if getattr(options, name) is not None]
    _check(options, given)
    if options.show is not None:
        return _show(options)
    report = writable(options.report or _REPORT)
    if options.output and writable(options.output).resolve() == report.resolve():
        raise UsageError(f"--output and --report are the same file, {shown(report)}: name two")
    if options.preset is not None:
        return _preset(options, report)
    from lossaudit.trials.request import Request, check

    request = Request(**{name: getattr(options, name) for name in given})
    check(request)
    return _compare(request, options, report)


def _check(options: argparse.Namespace, given: list[str]) -> None:
    """Refuse options that contradict each other."""
    for name, other in (("preset", "show"), ("show", "preset")):
        fits = [*given] if name == "show" else [each for each in given if each != "data"]
        odd = [*fits, *([other] if getattr(options, other) is not None else [])]
        if getattr(options, name) is not None and odd:
            raise UsageError(f"--{name} stands alone: leave --{odd[0].replace('_', '-')} out")
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: give a whole number above 0")
    if options.scheduler and options.backend not in ("dask", "ray"):
        raise UsageError("--scheduler is the address of a cluster: say --backend dask or --backend ray with it")


def _compare(request: Request, options: argparse.Namespace, report: Path) -> int:
    _installed()
    from lossaudit.report.comparison.shown import ShownComparison
    from lossaudit.trials.prepare import audited, plan, prepare, run

    prepared = prepare(request)
    with _workshop(options) as (workshop, interrupted):
        planned = plan(prepared, workshop, measure=True)
        _announce(prepared, planned, workshop)
        comparison = _or_what_is_stored(lambda where: run(prepared, planned, where), workshop)
        audits = {} if options.no_audits else audited(prepared, comparison, planned.epochs, workshop)
        _finish(ShownComparison(comparison, audits), options, report)
    return _ending(comparison.missing, interrupted(), report)


def _preset(options: argparse.Namespace, report: Path) -> int:
    _installed()
    from lossaudit.report.comparison.shown import ShownStudy
    from lossaudit.trials.presets import presets

    known, name = presets(), options.preset
    if name and name not in known:
        raise UsageError(f"there is no preset {name!r}; there is {', '.join(known)}")
    if not name:
        listed = "\n".join(f"  {preset.name:18} {preset.summary}" for preset in known.values())
        write(f"Published comparisons, repeated: lossaudit compare --preset NAME\n{listed}", options.output)
        return 0
    make = _making(known[name], options.data)
    with _workshop(options) as (workshop, interrupted):
        study = _or_what_is_stored(make, workshop)
        _finish(ShownStudy(study), options, report)
    return _ending(study.missing, interrupted(), report)


def _or_what_is_stored(make: Callable[[Workshop], _Made], workshop: Workshop) -> _Made:
    """What is made; where it is interrupted between trials, the same of those that are stored."""
    try:
        return make(workshop)
    except KeyboardInterrupt:
        return make(replace(workshop, deadline=-math.inf))


def _making(preset: Preset, data: str | None) -> Callable[[Workshop], Study]:
    """What runs a preset, on the user's data besides its own if some are named."""
    from lossaudit.trials.presets import Scale

    make_with = preset.make_with
    if data is None:
        return lambda workshop: preset.make(workshop, Scale.SMALL)
    if make_with is None:
        raise UsageError(f"--data {data}: {preset.name} has its own data; leave --data out")
    return lambda workshop: make_with(workshop, Scale.SMALL, data)


def _show(options: argparse.Namespace) -> int:
    from lossaudit.report.comparison.shown import ShownComparison

    store = _store(options)
    if options.show:
        found = ShownComparison(store.comparison(options.show))
        if options.report:
            found.save(writable(options.report))
        write(_text(found, options), options.output)
        return 0
    kept = store.comparisons()
    rows = (store.comparison(each.key) for each in kept)
    lines = [f"{c.key[:8]}  {c.made[:16].replace('T', ' ')}  {_state(c.missing):>18}  {c.title}" for c in rows]
    if lines:
        lines.append("\nOne of them again: lossaudit compare --show ID [--report FILE.html]")
    write("\n".join(lines) or f"no comparisons in {store.path}", options.output)
    return 0


def _state(missing: int) -> str:
    return f"{missing} trial{'s' * (missing > 1)} missing" if missing else "finished"


def _finish(made: ShownComparison | ShownStudy, options: argparse.Namespace, report: Path) -> None:
    """Write the report and print."""
    made.save(report)
    write(_text(made, options), options.output)


def _text(made: ShownComparison | ShownStudy, options: argparse.Namespace) -> str:
    if options.format == "json":
        return made.to_json()
    if options.format == "markdown":
        return made.to_markdown()
    if options.format == "html":
        return made.to_html()
    if options.format == "concise":
        return "\n".join([made.title, *_sentences(made)])
    return made.to_text() if options.output else str(made)


def _sentences(made: ShownComparison | ShownStudy) -> tuple[str, ...]:
    from lossaudit.report.comparison.shown import ShownComparison

    return made.sentences if isinstance(made, ShownComparison) else made.study.agrees


def _announce(prepared: Prepared, planned: Plan, workshop: Workshop) -> None:
    """What will be done, and how long it will take, before it begins."""
    from lossaudit.trials.duration import in_words
    from lossaudit.trials.prepare import race_seconds

    _say(prepared.title)
    if not prepared.request.losses:
        _say(f"no --losses given, so the usual ones of the task: {', '.join(prepared.names)}")
    if len(prepared.names) == 1:
        _say("one loss only: there is nothing to compare it with")
    epochs = f"{planned.epochs} epoch{'s' * (planned.epochs > 1)} each"
    said = f"{planned.trials} trials or some more, {epochs}"
    if math.isnan(planned.seconds):
        return _say("every trial is stored: nothing has to be trained" if planned.stored else said)
    jobs = workshop.backend.jobs
    many = f", {jobs} at once" * (jobs > 1)
    _say(f"{said}: {planned.per_epoch:.2g} s an epoch, about {in_words(planned.seconds)} in all{many}")
    budget = prepared.request.budget
    over = budget is not None and planned.seconds > budget
    if over:
        _say("that is more than the budget: what is finished by then is shown, and the same command goes on from there")
    if (over or planned.seconds > _LONG) and not prepared.request.race:
        race = race_seconds(prepared, planned.epochs, jobs)
        if not math.isnan(race):
            _say(f"add --race: about {in_words(race)} on frozen features, the last layer only")
    return None


def _ending(missing: int, interrupted: int, report: Path) -> int:
    """What is left to do, and the exit code; `interrupted` is the number of the signal, or 0."""
    if missing:
        why = "interrupted" if interrupted else "out of time"
        _say(
            f"{why}: {_state(missing)}; what can be said of the others is in {shown(report)}; "
            "the same command goes on where this stopped"
        )
    else:
        _say(f"report: {shown(report)}")
    return _SIGNALLED + interrupted if interrupted and missing else 0


def _say(text: str) -> None:
    print(f"lossaudit: {text}", file=sys.stderr)


@contextmanager
def _workshop(options: argparse.Namespace) -> Iterator[tuple[Workshop, Callable[[], int]]]:
    """The workshop, and which signal has come, Ctrl-C or the one that ends a process; 0: none."""
    from lossaudit.trials.backend import backend
    from lossaudit.trials.workshop import Workshop

    store = _store(options)
    store.check_writable()
    where = backend(options.backend, options.jobs, options.scheduler)
    progress = Progress("training", resumes=True)
    came = [0]

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise _Ended if number == signal.SIGTERM else KeyboardInterrupt

    usual = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield Workshop(store, where, progress), lambda: came[-1]
    finally:
        progress.end()
        where.close()
        store.close()
        for number, handler in usual.items():
            signal.signal(number, handler)


def _store(options: argparse.Namespace) -> Store:
    from lossaudit.trials.store import DEFAULT, Store

    return Store(Path(options.store) if options.store else DEFAULT)


def _installed() -> None:
    """Say at once what is not installed."""
    for name in ("torch", "joblib", "scipy", "sklearn"):
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"compare needs {name}: pip install 'lossaudit[compare]'")


def split(text: str) -> list[str]:
    """Names of losses: commas between parentheses belong to a loss.

    >>> split("focal(gamma=5, alpha=0.25), mse:softmax,ce")
    ['focal(gamma=5, alpha=0.25)', 'mse:softmax', 'ce']
    """
    found, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    if depth or not all(map(str.strip, found)):
        raise argparse.ArgumentTypeError(f"{text!r}: name losses with a comma between them, such as mse:softmax,ce")
    return [each.strip() for each in found]


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write numbers, such as 0.01,0.1,1") from None


def _duration(text: str) -> float:
    from lossaudit.trials.duration import seconds

    try:
        return seconds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
