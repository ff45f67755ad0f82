"""A page inside a page: the report in a notebook, kept apart from the notebook's own styles."""

from __future__ import annotations

import html


def framed(page: str, height: int = 640, *, scripts: bool = False) -> str:
    """The page in a sandboxed frame of this height in pixels.

    Args:
        page: The whole page.
        height: Of the frame.
        scripts: Let the page's own script run. The frame stays of another origin than the notebook: a script in it
            can reach neither the notebook nor what the notebook may reach.

    >>> framed("<p>a & b</p>")[:38]
    '<iframe title="lossaudit report" sandb'
    """
    allowed = "allow-scripts" if scripts else ""
    return (
        f'<iframe title="lossaudit report" sandbox="{allowed}" style="width:100%;height:{height}px;border:0" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
    )
