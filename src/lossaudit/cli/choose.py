"""`lossaudit choose`: which loss fits a task and its targets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.report.choice import ShownChoice

_FORMATS = ("full", "json", "markdown")
_WORDS = ("task", "classes", "imbalance", "noise", "outliers", "need", "metric", "costs", "targets")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    words = parser.add_argument_group("in words")
    words.add_argument("--task", help="what is predicted: binary, multiclass, counts, ranking, ...")
    words.add_argument("--classes", type=_whole, metavar="K", help="how many classes, labels or levels")
    words.add_argument("--imbalance", metavar="1:500", help="the rarest class against the most common one")
    words.add_argument("--noise", metavar="SHARE", help="share of wrong labels, such as 0.2")
    words.add_argument("--outliers", action="store_true", help="some targets are far off")
    words.add_argument(
        "--need",
        action="append",
        default=[],
        help="calibrated-probabilities, ranking, quantiles or uncertainty; repeatable",
    )
    words.add_argument(
        "--metric", help="what you report: accuracy, f1, auc, ndcg, log-loss, mae, rmse, mape, dice, ..."
    )
    words.add_argument("--costs", metavar="FILE", help="CSV: a row for each true class, a column for each decision")
    data = parser.add_argument_group("from data")
    data.add_argument("--targets", metavar="FILE[:COLUMN]", help="the targets: y.npy, or y.csv:column")
    data.add_argument("--groups", metavar="COLUMN", help="the column that says which rows form a list to rank")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--framework", metavar="NAME", help="code for torch, keras or optax only (default: all)")
    shown.add_argument("--format", choices=_FORMATS, default="full", help="how it is printed (default full)")
    shown.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the advice, or without arguments the table of tasks, and return 0.

    Raises:
        UsageError: A word is not known, or the targets cannot be read.
    """
    from lossaudit.cli.prove import write
    from lossaudit.report.choice import render, table

    if not any(getattr(options, name) not in (None, False, []) for name in _WORDS):
        if options.groups or options.framework or options.format != "full":
            raise UsageError("what is predicted? say --task TASK, or show the targets by --targets FILE")
        write(table(), options.output)
        return 0
    choice = _choice(options)
    texts = {"full": render, "json": type(choice).to_json, "markdown": type(choice).to_markdown}
    write(texts[options.format](choice), options.output)
    return 0


def _choice(options: argparse.Namespace) -> ShownChoice:
    from lossaudit.advise.choose.ask import ask
    from lossaudit.report.choice import ShownChoice

    if options.groups is not None and options.targets is None:
        raise UsageError("--groups names a column of the file of --targets: give both")
    words = {name: getattr(options, name) for name in _WORDS if name != "targets"}
    return ShownChoice.of(ask(options.targets, options.groups, options.framework, **words))


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 10:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 1")
    return int(text)
