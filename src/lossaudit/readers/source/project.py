"""The linted tree: which file an import means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Project:
    """Files that imports may reach, each loaded at most once.

    Attributes:
        roots: Folders from which absolute imports start, in order: the project's root, its `src`, the linted folders.
    """

    roots: tuple[str, ...]
