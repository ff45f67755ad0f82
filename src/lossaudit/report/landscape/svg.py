"""A picture as SVG: the form of a page for print and for readers without script, small and sharp at every size.

Each panel is its own small SVG, so that panels stand side by side on a desktop and below each other on a phone. The
nodes are one paletted PNG of the grid's own size, scaled without smoothing: what is seen is what was computed.
Isolines need contourpy, which comes with matplotlib; without it there are none. A page that holds one of these has to
allow `img-src data:`.

These are the pictures of pages. A file for a paper is made by `png.svg`, through matplotlib.
"""

from __future__ import annotations

import hashlib
from textwrap import wrap

from lossaudit.landscape.picture import Picture
from lossaudit.report.landscape import svg_curves, svg_surface
from lossaudit.report.landscape.places import joined
from lossaudit.report.landscape.svg_block import Block, style
from lossaudit.report.markup import Markup, tag
from lossaudit.report.wording import one_line

_COLUMNS = 3
_GAP = 20
_LETTER = 7.0  # pixels, of text of 13 px on average


def svg(picture: Picture) -> Markup:
    """The picture as a part of a page, without its title and caption, which the page says."""
    rows = (tag("div", *(_own(block) for block in row), class_="ls-row") for row in _rows(picture))
    return tag("div", tag("style", Markup(style(page=True))), *rows, class_="ls")


def svg_file(picture: Picture) -> str:
    """The picture as a stand-alone SVG with title and caption, in the reader's light or dark mode."""
    rows = _rows(picture)
    width = max(sum(block.width + _GAP for block in row[:_COLUMNS]) for row in rows) + _GAP
    parts: list[Markup] = []
    y = 34
    for line in wrap(one_line(picture.title), int((width - 2 * _GAP) / (1.65 * _LETTER))):
        parts.append(tag("text", line, class_="ls-title", x=_GAP, y=y))
        y += 23
    for row in rows:
        for start in range(0, len(row), _COLUMNS):
            shown, x = row[start : start + _COLUMNS], _GAP
            for block in shown:
                parts.append(tag("svg", block.content, x=x, y=y, width=block.width, height=block.height))
                x += block.width + _GAP
            y += max(block.height for block in shown) + 8
    for line in wrap(" ".join(map(one_line, picture.caption)), int((width - 2 * _GAP) / _LETTER)):
        y += 17
        parts.append(tag("text", line, class_="ls-soft", x=_GAP, y=y))
    head = (
        tag("title", picture.title),
        tag("desc", " ".join(picture.caption)),
        tag("style", Markup(style(page=False))),
    )
    paper = tag("rect", class_="ls-paper", width="100%", height="100%")
    size = {"width": width, "height": y + _GAP, "viewBox": f"0 0 {width} {y + _GAP}"}
    return tag("svg", *head, paper, *parts, xmlns="http://www.w3.org/2000/svg", class_="ls", role="img", **size) + "\n"


def _rows(picture: Picture) -> list[list[Block]]:
    """The panels, and below them what explains them; beside it where there is one panel."""
    picture = joined(picture)
    surfaces = [panel for panel in picture.panels if panel.surface.y is not None]
    curves = [panel for panel in picture.panels if panel.surface.y is None]
    shown = (picture.title, [panel.surface.loss.tobytes() for panel in picture.panels])
    key = "ls" + hashlib.sha256(repr(shown).encode()).hexdigest()[:8]  # several pictures may stand in one page
    panels = svg_surface.panels(surfaces, picture, key)
    legend = svg_surface.legend(surfaces, picture, key) if surfaces else []
    if curves:
        panels.append(svg_curves.block(curves, picture))
        legend.append(svg_curves.legend(curves))
    legend = [block for block in legend if block.height]
    return [panels + legend] if len(panels) == 1 else [row for row in (panels, legend) if row]


def _own(block: Block) -> Markup:
    words = (tag("title", block.title), tag("desc", block.description)) if block.title else ()
    about = {"role": "img"} if block.title else {"aria_hidden": "true"}
    return tag("svg", *words, block.content, viewBox=f"0 0 {block.width} {block.height}", **about)
