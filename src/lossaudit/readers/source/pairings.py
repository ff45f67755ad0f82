"""From the expression of a loss to the pairings in it."""

from __future__ import annotations

from lossaudit.pairing import Term
from lossaudit.readers.source.values import Tensor


def terms(loss: Tensor) -> tuple[Term, ...]:
    """The terms of a loss: of one that was called by name, one; of one that is written out, its summands.

    A pairing whose head could not be told stands in the term's `unresolved`, with the reason.
    """
    raise NotImplementedError
