"""`lossaudit losses`: the catalogue as a table."""

from __future__ import annotations

import argparse
import shutil
import sys

from lossaudit.cli.output import write

_FORMATS = ("table", "json", "csv", "markdown")
_PROPERTIES = {
    "convex": "in the raw outputs, behind its usual head",
    "strictly-convex": "the same, without flat stretches (but for a shift of all logits)",
    "proper": "its minimiser is the true probabilities",
    "calibrated": "its minimiser makes the right decisions",
    "bounded": "its value",
    "lipschitz": "its gradient is bounded",
    "symmetric": "its sum over all labels is constant: it tolerates wrong labels",
    "saturating": "its gradient vanishes where the model is confident and wrong",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = parser.add_argument_group("what it is for")
    what.add_argument("--task", metavar="TASK", help="multiclass, regression, ...")
    what.add_argument("--family", metavar="FAMILY", help="what the loss compares")
    what.add_argument("--head", metavar="HEAD", help="between the raw outputs and the loss: identity, softmax, ...")
    what.add_argument("--target", metavar="ENCODING", help="class index, one-hot, {0,1}, real, ...")
    what.add_argument("--framework", metavar="NAME", help="torch, keras, tensorflow, jax, or a package")
    known = parser.add_argument_group("what its card says", "proved or measured; `--convex no` asks for the others")
    for name, summary in _PROPERTIES.items():
        known.add_argument(f"--{name}", nargs="?", const=True, type=_yes, metavar="yes|no", help=summary)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--format", choices=_FORMATS, default="table", help="how it is printed (default table)")
    shown.add_argument("--output", metavar="FILE", help="where (default: the terminal)")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the table.

    Raises:
        UsageError: No loss has such a task, head, ...; or the file cannot be written.
    """
    from lossaudit.advise.losses import select
    from lossaudit.report import losses

    given = {name: getattr(options, name.replace("-", "_")) for name in _PROPERTIES}
    selection = select(
        task=options.task,
        head=options.head,
        family=options.family,
        target=options.target,
        framework=options.framework,
        properties={name: wanted for name, wanted in given.items() if wanted is not None},
    )
    if options.format == "table":
        terminal = options.output is None and sys.stdout.isatty()
        text = losses.table(selection, shutil.get_terminal_size().columns if terminal else None)
    else:
        text = {"json": losses.json, "csv": losses.csv, "markdown": losses.markdown}[options.format](selection)
    write(text, options.output)
    print(f"lossaudit: {losses.said(selection)}", file=sys.stderr)
    return 0


def _yes(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither yes nor no")
    return text.lower() == "yes"
