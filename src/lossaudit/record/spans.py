"""Which line of the user's program is at work: frames while it runs, places afterwards.

While the program runs only `(code, instruction)` pairs are kept; the line and the columns are worked out on demand.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from types import CodeType, FrameType
from typing import TypeAlias

from lossaudit.pairing import Place

Spot: TypeAlias = tuple[CodeType, int]
Spots: TypeAlias = tuple[Spot, ...]

_KEPT_FRAMES = 5
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_COMMAND = os.path.join(_OWN, "cli") + os.sep
_LIBRARIES = tuple(
    {sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")} | {"<frozen "}
)
_is_library: dict[str, bool] = {}


def is_own(filename: str) -> bool:
    """Whether a file belongs to this package."""
    return filename.startswith(_OWN)


def is_library(filename: str) -> bool:
    """Whether a file belongs to an installed package, to Python or to this one."""
    known = filename.startswith((*_LIBRARIES, _OWN)) or "site-packages" in filename
    _is_library[filename] = known
    return known


def current_spots(most: int = _KEPT_FRAMES) -> Spots:
    """The frames of the user's program that are running now, innermost first, so many at most.

    Frames of the standard library and of installed packages are skipped, and what called our command is none of the
    program. A program that consists of nothing else
    (a framework's own trainer run with `-m`) gets the innermost frame outside torch and lossaudit.
    """
    spots: list[Spot] = []
    frame: FrameType | None = sys._getframe(1)
    fallback: Spot | None = None
    while frame is not None and len(spots) < most:
        code = frame.f_code
        filename = code.co_filename
        library = _is_library.get(filename)
        if library is None:
            library = is_library(filename)
        if not library:
            spots.append((code, frame.f_lasti))
        elif filename.startswith(_OWN):
            if filename.startswith(_COMMAND):
                break
        elif fallback is None and f"{os.sep}torch{os.sep}" not in filename:
            fallback = (code, frame.f_lasti)
        frame = frame.f_back
    if not spots and fallback is not None:
        return (fallback,)
    return tuple(spots)


def called_by_us() -> bool:
    """Whether the function that asks was called from this package and not from the program."""
    return sys._getframe(2).f_code.co_filename.startswith(_OWN)


def module_name() -> str:
    """Class of the torch module whose `forward` is at work just above the recorder (`MSELoss`), or `""`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    for _ in range(4):  # the functional form, torch's dispatch, the module
        if frame is None:
            break
        if frame.f_code.co_filename.endswith(_LOSS_MODULES):
            return frame.f_code.co_qualname.partition(".")[0]
        frame = frame.f_back
    return ""


_LOSS_MODULES = os.path.join("torch", "nn", "modules", "loss.py")


def place_of(spots: Spots) -> Place | None:
    """The place of the innermost spot; the others become its `via`."""
    places = [_place(code, instruction) for code, instruction in spots]
    if not places:
        return None
    first, via = places[0], tuple(places[1:])
    return Place(first.path, first.line, first.col, first.end_line, first.end_col, None, first.scope, via)


_places: dict[tuple[int, int], Place] = {}


def _place(code: CodeType, instruction: int) -> Place:
    key = (id(code), instruction)
    place = _places.get(key)
    if place is None:
        place = _places[key] = _resolve(code, instruction)
        _kept_alive.append(code)  # so that its id stays its own
    return place


_kept_alive: list[CodeType] = []


def _resolve(code: CodeType, instruction: int) -> Place:
    path = shown(code.co_filename)
    scope = "" if code.co_qualname == "<module>" else code.co_qualname
    positions = list(code.co_positions())
    index = instruction // 2
    line, end_line, col, end_col = positions[index] if 0 <= index < len(positions) else (None, None, None, None)
    if line is None:
        return Place(path, code.co_firstlineno, scope=scope)
    if end_line is None or col is None or end_col is None:
        return Place(path, line, scope=scope)
    return Place(
        path,
        line,
        _column(code.co_filename, line, col),
        end_line,
        _column(code.co_filename, end_line, end_col),
        scope=scope,
    )


def _column(filename: str, line: int, utf8_offset: int) -> int:
    """First column is 1. Python counts bytes of UTF-8; people count characters."""
    text = linecache.getline(filename, line)
    if text.isascii():
        return utf8_offset + 1
    return len(text.encode()[:utf8_offset].decode(errors="ignore")) + 1


def shown(filename: str) -> str:
    """A path under the working directory is shown relative to it, as the user would type it."""
    if not os.path.isabs(filename):
        return filename
    try:
        relative = os.path.relpath(filename)
    except (OSError, ValueError):  # the working directory is gone, or another drive
        return filename
    return filename if relative.startswith(os.pardir) else relative
