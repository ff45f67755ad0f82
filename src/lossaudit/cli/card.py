"""`lossaudit card LOSS`: everything known of a loss."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from lossaudit.cli.output import write
from lossaudit.cli.prove import add_subject, domain_of, subject

if TYPE_CHECKING:
    from lossaudit.report.card import ShownCard

_FORMATS = ("full", "json", "latex")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_subject(parser)
    parser.add_argument("--format", choices=_FORMATS, default="full", help="what is printed")
    parser.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the card and return 0.

    Raises:
        UsageError: The loss cannot be found, called, or recorded.
    """
    from lossaudit.cli.prove import parameters
    from lossaudit.proving.card import card
    from lossaudit.proving.derive import card_by_name
    from lossaudit.report.card import ShownCard

    asked, domain = subject(options), domain_of(options.domain)
    if ":" in options.loss:
        shown = ShownCard.of(card(asked, domain=domain))
    else:
        named = options.loss, options.head, options.classes, parameters(options)
        shown = ShownCard.of(card_by_name(*named, domain=domain))
    for line in asked.said:
        print(f"lossaudit: {line}", file=sys.stderr)
    write(_texts()[options.format](shown), options.output)
    return 0


def _texts() -> Mapping[str, Callable[[ShownCard], str]]:
    from lossaudit.report.card import ShownCard, latex, render

    return MappingProxyType(
        {"full": render, "json": lambda card: ShownCard.to_json(card) + "\n", "latex": latex},
    )
