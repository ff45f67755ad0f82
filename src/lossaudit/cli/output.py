"""Where commands put what they print."""

from __future__ import annotations

import sys

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
