"""Reads a file: every loss that it computes, and of what."""

from __future__ import annotations

from lossaudit.pairing import Reading
from lossaudit.readers.source.project import Project


def read(path: str, project: Project) -> Reading:
    """Run a file abstractly, with what it imports from the linted tree.

    Returns:
        One objective with one term for each loss that is met, in the order of the program.

    Raises:
        lossaudit.readers.source.text.Unreadable: It cannot be read or parsed.
    """
    raise NotImplementedError
