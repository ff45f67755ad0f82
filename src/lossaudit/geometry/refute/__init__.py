"""Refutation of convexity: a search that may guess, and a confirmation that may not."""

from __future__ import annotations

from lossaudit.geometry.refute.counterexample import Counterexample, certificate, confirm
from lossaudit.geometry.refute.search import refute

__all__ = ["Counterexample", "certificate", "confirm", "refute"]
