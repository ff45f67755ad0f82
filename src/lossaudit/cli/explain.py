"""`lossaudit explain NAME`: prints the page of a rule."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="name or code of a rule, such as mse-on-softmax or LA104")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the page.

    Raises:
        UsageError: No rule is called so.
    """
    from lossaudit.advise.explain import explain

    print(explain(options.name).rstrip())
    return 0
