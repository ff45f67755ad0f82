"""`lossaudit audit MODULE:FACTORY`: what a model and its loss make of given data, as a report to attach."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from lossaudit.cli.output import shown, writable, write
from lossaudit.cli.run import check_rule, failed, positive
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.report.shown import Report

_FORMATS = ("full", "concise", "json", "html")
_REPORT = "lossaudit-report.html"
_SAMPLES = 10_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "factory",
        metavar="MODULE:FACTORY",
        help="a function that returns model, loss_fn, data[, held_out]; FILE.py:FACTORY is allowed",
    )
    parser.add_argument("--checkpoint", metavar="FILE", help="weights for the model; nothing else of the file is read")
    parser.add_argument(
        "--held-out",
        metavar="MODULE:LOADER",
        nargs="?",
        const="",
        help="measure held-out data too: the factory's, or what this function returns",
    )
    parser.add_argument("--report", metavar="FILE", default=_REPORT, help=f"the HTML report (default {_REPORT})")
    parser.add_argument(
        "--samples",
        metavar="N",
        type=positive,
        default=_SAMPLES,
        help=f"samples of each part of the data, at most (default {_SAMPLES:,})",
    )
    parser.add_argument("--no-landscape", action="store_true", help="leave out the picture of the loss")
    parser.add_argument("--format", choices=_FORMATS, default="full", help="what is printed")
    parser.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.add_argument("--fail-on", metavar="error|warning|RULE", help="exit with 1 on such a finding")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Audit, write the report, print, and return 0, or 1 where `--fail-on` asks for it.

    Raises:
        UsageError: There is no such factory or checkpoint, or what they give cannot be audited.
    """
    path = writable(options.report)
    if options.output and writable(options.output).resolve() == path.resolve():
        raise UsageError(f"--output and --report are the same file, {shown(path)}: name two")
    check_rule(options.fail_on)

    from lossaudit.audit import Asked, audit_training
    from lossaudit.report.shown import Report
    from lossaudit.training import load_training

    training = load_training(options.factory, options.checkpoint, options.held_out or None)
    if options.held_out == "" and training.held_out is None:
        raise UsageError(
            f"--held-out: {options.factory} gives no held-out data: return it as the fourth, or name a loader"
        )
    report = Report(*audit_training(training, Asked(options.samples, landscape=not options.no_landscape)))
    path.write_text(report.to_html(), encoding="utf-8")
    write(_text(report, options, shown(path)), options.output)
    return failed(report.result, options.fail_on)


def _text(report: Report, options: argparse.Namespace, path: str) -> str:
    """What is printed."""
    if options.format == "json":
        return report.to_json()
    if options.format == "html":
        return report.to_html()
    if options.format == "concise":
        from lossaudit.report import concise

        return concise.render(report.result)
    from lossaudit.report import full

    colour = not options.output and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return full.render(report.result, report_path=path, colour=colour)
