"""A picture for papers and slides, as PNG and SVG through matplotlib.

The layout is that of the SVG of pages, with smooth contours, and the surfaces also in perspective. No state of pyplot
is used, no display, and no setting of the user's; the same picture gives the same bytes.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Picture

_DPI = {"png": 200, "svg": 140}  # of an SVG only the surfaces in perspective are pixels
_UNSIGNED = {"png": ("Software",), "svg": ("Date", "Creator")}  # what would differ from one day to the next
_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "text.parse_math": False,  # a dollar in a name is a dollar
    "axes.unicode_minus": False,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "lossaudit",
    "svg.fonttype": "path",
}


def png(picture: Picture) -> bytes:
    """The picture as the content of a PNG file.

    Raises:
        UsageError: matplotlib is missing.
    """
    return _rendered(picture, "png")


def svg(picture: Picture) -> bytes:
    """The picture as the content of an SVG file; all text is outlines.

    Raises:
        UsageError: matplotlib is missing.
    """
    return _rendered(picture, "svg")


def _rendered(picture: Picture, form: str) -> bytes:
    with _settings():
        from lossaudit.report.landscape.sheet import figure

        buffer = io.BytesIO()
        figure(picture).savefig(buffer, format=form, dpi=_DPI[form], metadata=dict.fromkeys(_UNSIGNED[form]))
    return buffer.getvalue()


@contextmanager
def _settings() -> Iterator[None]:
    """Our settings in the stead of the user's, for as long as a picture is drawn."""
    try:
        import matplotlib
    except ImportError:
        raise UsageError("a PNG or SVG file needs matplotlib: pip install 'lossaudit[plots]'") from None
    kept = {"backend", "backend_fallback", "interactive", "toolbar", "timezone", "webagg.port"}
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
        warnings.filterwarnings("ignore", message="Glyph")  # a letter that the font lacks is drawn as a box
        matplotlib.rcParams.update({k: v for k, v in matplotlib.rcParamsDefault.items() if k not in kept})
        matplotlib.rcParams.update(_SETTINGS)
        yield
