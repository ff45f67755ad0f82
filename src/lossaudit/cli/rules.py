"""`lossaudit rules`: prints all rules, one a line."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: there are none."""
    parser.set_defaults(handler=handle)


def handle(_: argparse.Namespace) -> int:
    """Print the table."""
    from lossaudit.rules import RULES

    rows = [(rule.code, rule.name, rule.severity.value, rule.summary) for rule in RULES.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, summary in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), summary]))
    return 0
