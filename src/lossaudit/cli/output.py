"""Where commands put what they print."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lossaudit.errors import UsageError


def write(text: str, path: str | None) -> None:
    """Print, or write to a file; what a terminal cannot show is spelled out.

    Raises:
        UsageError: The file cannot be written.
    """
    text = text.rstrip("\n") + "\n"
    if path is None:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, errors="backslashreplace").decode(encoding))
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another --output") from error


def writable(name: str) -> Path:
    """The absolute path of a file that can be written, checked before anything runs.

    Raises:
        UsageError: It cannot.
    """
    path = Path(name).absolute()
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"{name} is a directory: name a file")
    if not folder.is_dir():
        raise UsageError(f"{name}: there is no folder {folder}: make it first, or name another file")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"{name} cannot be written: choose another file with --report or --output")
    return path


def shown(path: Path) -> str:
    """A path under the working directory as the user would type it."""
    try:
        return f".{os.sep}{path.relative_to(Path.cwd())}"
    except (ValueError, OSError):
        return str(path)
