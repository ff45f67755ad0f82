"""Writes a remedy with the user's own names."""

from __future__ import annotations

from lossaudit.finding import Fix
from lossaudit.pairing import Pairing
from lossaudit.rules.rule import Problem


def write(problem: Problem, pairing: Pairing) -> Fix | None:
    """The fix of a problem: its remedy, spelled in the program's own code where that can be read."""
    return None if problem.remedy is None else Fix(problem.remedy.title)
