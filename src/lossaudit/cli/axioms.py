"""`lossaudit axioms`: prints the base facts that the checker of certificates trusts."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: there are none."""
    parser.set_defaults(handler=handle)


def handle(_: argparse.Namespace) -> int:
    """Print the list."""
    from lossaudit.recheck.axioms import AXIOMS, uses

    where = uses()
    for number, axiom in AXIOMS.values():
        print(f"{number:>2}. {axiom.words}")
        print(f"    {axiom.formula}")
        print(f"    used by: {', '.join(where[axiom.name])}")
    return 0
