"""`lossaudit rules`: prints all rules, one a line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("rules", help="all rules: code, name, severity and what they find")
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    from lossaudit.rules import RULES

    rows = [(rule.code, rule.name, rule.severity.value, rule.summary) for rule in RULES.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, summary in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), summary]))
    return 0
