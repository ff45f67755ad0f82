"""A picture that shows itself: in a terminal by its words, in a notebook and a browser interactively."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Picture, Surface
from lossaudit.lint.files import replace_file
from lossaudit.report.frame import framed
from lossaudit.report.landscape.words import words

_LETTERS = "·░▒▓█"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ShownPicture:
    """What `lossaudit.draw` returns.

    Attributes:
        picture: Everything, as arrays.
    """

    picture: Picture

    @property
    def title(self) -> str:
        """What is seen, in one sentence."""
        return self.picture.title

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """All surfaces, panel by panel; those of a slider in its order."""
        return tuple(surface for panel in self.picture.panels for surface in panel.frames)

    def to_html(self) -> str:
        """An offline page: interactive, and static for print and without script."""
        from lossaudit.report.landscape import page

        return page.render(self.picture)

    def to_svg(self) -> str:
        """A small SVG of what is shown first, in the reader's light or dark mode. It needs no matplotlib."""
        from lossaudit.report.landscape.svg import svg_file

        return svg_file(self.picture)

    def to_json(self) -> str:
        """All arrays and words."""
        from lossaudit.report.landscape import json

        return json.render(self.picture)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, in one step; its ending says as what.

        `.html` is the interactive page, `.png` and `.svg` are made for papers and slides by matplotlib, `.npz` holds
        all arrays to be loaded again, and `.json` the same for other programs.

        Raises:
            UsageError: The ending is none of these, the file cannot be written, or matplotlib is missing.
        """
        name = os.fspath(path)
        make = _MAKERS.get(Path(name).suffix.lower())
        if make is None:
            raise UsageError(f"cannot tell what to write from {name!r}: let it end in {', '.join(_MAKERS)}")
        data = make(self)
        try:
            replace_file(name, data)
        except OSError as error:
            raise UsageError(f"cannot write {name}: {error.strerror}; choose another place") from error

    def __str__(self) -> str:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:
            _LETTERS.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return words(self.picture, ascii=True)
        return words(self.picture)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return framed(self.to_html(), scripts=True)


def _html(shown: ShownPicture) -> bytes:
    return shown.to_html().encode()


def _json(shown: ShownPicture) -> bytes:
    return shown.to_json().encode()


def _png(shown: ShownPicture) -> bytes:
    from lossaudit.report.landscape.png import png

    return png(shown.picture)


def _svg(shown: ShownPicture) -> bytes:
    from lossaudit.report.landscape.png import svg

    return svg(shown.picture)


def _npz(shown: ShownPicture) -> bytes:
    from lossaudit.landscape import store

    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder) / "picture.npz"
        store.save(shown.picture, beside)
        return beside.read_bytes()


_MAKERS: dict[str, Callable[[ShownPicture], bytes]] = {
    ".html": _html,
    ".png": _png,
    ".svg": _svg,
    ".npz": _npz,
    ".json": _json,
}
