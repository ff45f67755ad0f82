"""`lossaudit explain [NAME]`: prints the page of a loss, a rule or a topic; without a name, what there is."""

from __future__ import annotations

import argparse
import shutil
import sys

from lossaudit.cli.output import write
from lossaudit.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a loss (focal), a rule (mse-on-softmax, LA104) or a topic (logits)"
    )
    parser.add_argument("--questions", action="store_true", help="print interview questions on losses, with answers")
    parser.add_argument("--quiz", action="store_true", help="the questions without the answers")
    parser.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the page, the questions, or the list of all pages.

    Raises:
        UsageError: Nothing is called so.
    """
    write(_text(options), options.output)
    return 0


def _text(options: argparse.Namespace) -> str:
    if options.questions or options.quiz:
        if options.name is not None:
            raise UsageError("the questions are asked without a NAME: lossaudit explain --questions")
        from lossaudit.advise.questions import as_text

        return as_text(quiz=options.quiz)
    from lossaudit.advise.explain import explain, listing

    if options.name is not None:
        return explain(options.name)
    return listing(min(shutil.get_terminal_size().columns, 120) if sys.stdout.isatty() else 120)
