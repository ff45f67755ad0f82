"""`lossaudit explain NAME`: prints the page of a rule."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("explain", help="what a rule means, why it matters and what to do")
    parser.add_argument("name", metavar="NAME", help="name or code of a rule, such as mse-on-softmax or LA104")
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Prints the page.

    Raises:
        UsageError: No rule is called so.
    """
    from lossaudit.advise.explain import explain

    print(explain(args.name).rstrip())
    return 0
