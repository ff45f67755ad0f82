"""A source file or notebook as one Python program."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lossaudit.pairing import Place


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell of a notebook: its number (first is 1, code cells only counted), and its lines in the program."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Text:
    """A program that parsed.

    Attributes:
        path: As the user named it.
        text: The Python text; of a notebook, its code cells one after another with magics blanked, so that lines and
            columns inside a cell are those of the cell.
        cells: Empty for a file that is no notebook.
    """

    path: str
    text: str
    tree: ast.Module
    cells: tuple[Cell, ...] = ()

    def place(self, node: ast.expr | ast.stmt, scope: str = "", via: tuple[Place, ...] = ()) -> Place:
        """Where a node stands: the path, line and column that a person sees, columns in characters."""
        raise NotImplementedError


class Unreadable(Exception):
    """A file that cannot be linted: one line that says what, where and how to go on."""

    def __init__(self, path: str, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.path, self.reason, self.line = path, reason, line


def load(path: str, data: bytes | None = None) -> Text:
    """Read and parse a `.py` file or `.ipynb` notebook.

    Args:
        data: Its content, where it does not come from the disk (standard input).

    Raises:
        Unreadable: It is missing, no text, too large, broken, nested too deep, or no Python that this Python knows.
    """
    raise NotImplementedError
