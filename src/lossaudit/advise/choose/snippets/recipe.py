"""The part of a training step that makes one loss different from another."""

from __future__ import annotations

from textwrap import indent
from typing import NamedTuple


class Recipe(NamedTuple):
    """How one framework spells a loss.

    Attributes:
        body: Lines that make the loss of `y` and of `z`, the output of the model. In Keras the whole definition of
            `loss_of`.
        before: Lines before the model.
        last: The last layer, where it is no plain dense layer.
        more: A further module whose parameters are trained, or further parameters.
    """

    body: str
    before: str = ""
    last: str = ""
    more: str = ""

    def above(self) -> str:
        """The lines before the model, set off from it."""
        if not self.before:
            return ""
        text = self.before.strip("\n")
        return f"\n\n{text}\n\n\n" if text.startswith(("class ", "def ")) else f"{text}\n"

    def indented(self) -> str:
        """The body of a function."""
        return indent(self.body.strip("\n") + "\n", "    ")
