"""`lossaudit prove LOSS`: a proof, a confirmed counterexample, or where the proof stopped."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lossaudit.errors import UsageError

_PROPERTIES = ("convex", "bounded", "lipschitz", "proper")
_FORMATS = ("full", "concise", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_subject(parser)
    parser.add_argument("--property", choices=_PROPERTIES, default="convex", help="what to decide (default convex)")
    parser.add_argument("--format", choices=_FORMATS, default="full", help="what is printed (json is for recheck)")
    parser.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.add_argument(
        "--fail-on", choices=("refuted", "undecided"), help="exit with 1 on such a verdict, or on a worse one"
    )
    parser.set_defaults(handler=handle)


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that say which loss is meant."""
    parser.add_argument(
        "loss",
        metavar="LOSS",
        help="a loss by name (focal), or your own: mypkg.losses:my_loss, file.py:loss, 'mypkg:Focal(gamma=2)'",
    )
    parser.add_argument("--head", help="what is applied to the logits before a loss known by name: softmax, sigmoid, ...")
    parser.add_argument("--classes", type=int, default=10, metavar="K", help="number of classes (default 10)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of a loss known by name: gamma=2"
    )
    parser.add_argument("--shape", metavar="N,K", help="shape of your loss's first argument, such as 4,10")
    parser.add_argument(
        "--target", choices=("index", "one-hot", "binary", "signed", "real", "none"), help="its second argument"
    )
    parser.add_argument(
        "--domain", metavar="DOMAIN", help="where the variables range: positive, nonnegative, unit, or LOW,HIGH"
    )


def handle(options: argparse.Namespace) -> int:
    """Decide, print, and return 0, or 1 where `--fail-on` asks for it.

    Raises:
        UsageError: The loss cannot be found, called, or recorded.
    """
    from lossaudit.proving.request import decide
    from lossaudit.report import proof

    verdict, said = decide(options, options.property)
    shown = proof.ShownVerdict.of(verdict)
    text = {"full": proof.render, "concise": lambda v: proof.concise(v) + "\n"}.get(options.format)
    for line in said:
        print(f"lossaudit: {line}", file=sys.stderr)
    _write(shown.to_json() + "\n" if text is None else text(shown), options.output)
    order = ("proved", "undecided", "refuted")
    return int(options.fail_on is not None and order.index(verdict.status) >= order.index(options.fail_on))


def _write(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another --output") from error
