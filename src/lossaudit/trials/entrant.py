"""A loss as the table of a comparison knows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entrant:
    """A loss that takes part, in words.

    Attributes:
        name: Unique in a comparison: `"mse:softmax"`.
        words: What it is: `"squared error on softmax"`.
        convex: Whether it is convex in the logits; None: not known.
        notes: What has to be said of it, a sentence each.
    """

    name: str
    words: str = ""
    convex: bool | None = None
    notes: tuple[str, ...] = ()
