"""A page inside a page: the report in a notebook, kept apart from the notebook's own styles."""

from __future__ import annotations

import html


def framed(page: str, height: int = 640) -> str:
    """The page in a sandboxed frame of this height in pixels.

    >>> framed("<p>a & b</p>")[:38]
    '<iframe title="lossaudit report" sandb'
    """
    return (
        f'<iframe title="lossaudit report" sandbox="" style="width:100%;height:{height}px;border:0" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
    )
