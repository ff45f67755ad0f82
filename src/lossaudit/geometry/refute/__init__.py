"""Refutation of convexity: a search that may guess, and a confirmation that may not."""

from __future__ import annotations

from lossaudit.geometry.refute.counterexample import Counterexample, certificate, confirm
from lossaudit.geometry.refute.minima import Minimum, local_minimum, two_minima
from lossaudit.geometry.refute.region import largest_box
from lossaudit.geometry.refute.search import refute

__all__ = [
    "Counterexample",
    "Minimum",
    "certificate",
    "confirm",
    "largest_box",
    "local_minimum",
    "refute",
    "two_minima",
]
