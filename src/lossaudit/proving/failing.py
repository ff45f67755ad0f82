"""What a user's own code raised, in one line."""

from __future__ import annotations

import os
import sysconfig
from types import TracebackType

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = tuple(
    {sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")} | {_OWN, "<frozen "}
)


def described(error: BaseException) -> str:
    """An exception in one line, with its place in the user's own code where there is one.

    >>> described(ValueError("no such class"))
    'ValueError: no such class'
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"SyntaxError: {error.msg} ({_shown(error.filename)}:{error.lineno})"
    text = next(iter(str(error).strip().splitlines()), "")
    place = _place(error.__traceback__)
    return f"{type(error).__name__}{': ' if text else ''}{text}{f' ({place})' if place else ''}"


def _place(traceback: TracebackType | None) -> str:
    """The innermost line that is in no library."""
    place = ""
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not filename.startswith(_LIBRARIES):
            place = f"{_shown(filename)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _shown(filename: str) -> str:
    """A path under the working directory as the user would type it."""
    if not os.path.isabs(filename):
        return filename
    relative = os.path.relpath(filename)
    return filename if relative.startswith(os.pardir) else relative
