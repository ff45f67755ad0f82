"""`lossaudit prove LOSS`: a proof, a confirmed counterexample, or where the proof stopped."""

from __future__ import annotations

import argparse
import ast
import math
import sys
from typing import TYPE_CHECKING, Any

from lossaudit.cli.output import write
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.proving.request import Asked

_PROPERTIES = ("convex", "bounded", "lipschitz", "proper")
_FORMATS = ("full", "concise", "json", "html")


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
    parser.add_argument(
        "--head", help="what is applied to the logits before a loss known by name: softmax, sigmoid, ..."
    )
    parser.add_argument("--classes", type=int, default=10, metavar="K", help="number of classes (default 10)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of a loss known by name: gamma=2"
    )
    parser.add_argument("--shape", metavar="N,K", help="shape of your loss's first argument, such as 4,10")
    parser.add_argument(
        "--target", choices=("index", "one-hot", "{0,1}", "{-1,+1}", "real", "distribution"), help="its second argument"
    )
    parser.add_argument("--framework", choices=("torch", "jax"), help="what your loss is written in (default torch)")
    parser.add_argument(
        "--domain", metavar="DOMAIN", help="where the variables range: positive, nonnegative, unit, or LOW,HIGH"
    )


def handle(options: argparse.Namespace) -> int:
    """Decide, print, and return 0, or 1 where `--fail-on` asks for it.

    Raises:
        UsageError: The loss cannot be found, called, or recorded.
    """
    from lossaudit.proving.request import verdict
    from lossaudit.report import proof

    asked = subject(options)
    shown = proof.ShownVerdict.of(verdict(asked, None, domain_of(options.domain), options.property))
    for line in asked.said:
        print(f"lossaudit: {line}", file=sys.stderr)
    texts = {
        "full": proof.render,
        "concise": proof.concise,
        "json": proof.ShownVerdict.to_json,
        "html": proof.ShownVerdict.to_html,
    }
    write(texts[options.format](shown), options.output)
    order = ("proved", "undecided", "refuted")
    return int(options.fail_on is not None and order.index(shown.status) >= order.index(options.fail_on))


def subject(options: argparse.Namespace) -> Asked:
    """The loss that the arguments of `add_subject` name.

    Raises:
        UsageError: There is none, or it does not run.
    """
    from lossaudit.proving.request import by_address, by_name

    if ":" in options.loss:
        if options.head or options.set:
            raise UsageError(
                "--head and --set are for a loss by name; write your own with its head, and its parameters"
            )
        return by_address(options.loss, shape_of(options.shape), options.target, options.framework)
    if options.shape or options.target or options.framework:
        raise UsageError("--shape, --target and --framework are for a loss of your own; a loss by name takes --classes")
    return by_name(options.loss, options.head, options.classes, parameters(options))


def parameters(options: argparse.Namespace) -> dict[str, Any]:
    """What `--set` gives to a loss by name."""
    return dict(map(_setting, options.set))


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        raise UsageError(f"--set {text}: write NAME=VALUE with a number, such as gamma=2") from None


def shape_of(text: str | None) -> tuple[int, ...] | None:
    """What `--shape` means."""
    if text is None:
        return None
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise UsageError(f"--shape {text}: write whole numbers, such as 4,10")
    return shape


def domain_of(text: str | None) -> str | tuple[float | None, float | None] | None:
    """What `--domain` means."""
    if text is None or "," not in text:
        return text
    low, _, high = text.partition(",")
    try:
        return _end(low), _end(high)
    except ValueError:
        raise UsageError(f"--domain {text}: write two numbers, such as 0,1; -inf and inf are allowed") from None


def _end(text: str) -> float | None:
    value = float(text)
    if math.isnan(value):
        raise ValueError(text)
    return None if math.isinf(value) else value
