"""How a file is named in output, and which folder is the project's."""

from __future__ import annotations

import os
from functools import cache

MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg")
STDIN = "-"


def shown(path: str) -> str:
    """A path as people read it: relative to the working folder where it lies below, else absolute.

    >>> shown("./a/../b.py")
    'b.py'
    """
    if path == STDIN:
        return path
    here = os.getcwd()
    whole = os.path.normpath(os.path.join(here, path))
    below = here.rstrip(os.sep) + os.sep
    return "." if whole == here else whole.removeprefix(below)


@cache
def project_root(folder: str) -> str | None:
    """The nearest folder upwards (absolute) that holds a project's marker."""
    if any(os.path.lexists(os.path.join(folder, name)) for name in MARKERS):
        return folder
    parent = os.path.dirname(folder)
    return None if parent == folder else project_root(parent)


def common_folder(paths: tuple[str, ...]) -> str:
    """The deepest folder (absolute) that holds all paths."""
    whole = [os.path.abspath("." if path == STDIN else path) for path in paths] or [os.getcwd()]
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in whole]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # several drives
        return os.getcwd()
