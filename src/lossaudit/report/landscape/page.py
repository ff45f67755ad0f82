"""A picture as a page of its own, and as a section of another page.

On a screen the script draws it on canvases and the static form is hidden; without scripts and on paper the static
form is what one sees. A page that holds pictures carries `STYLE` and `SCRIPT` once.
"""

from __future__ import annotations

from lossaudit.landscape.picture import Picture
from lossaudit.report import page
from lossaudit.report.landscape import data
from lossaudit.report.landscape.script import SCRIPT
from lossaudit.report.landscape.svg import svg
from lossaudit.report.markup import EMPTY, Markup, join, tag

__all__ = ["SCRIPT", "STYLE", "render", "section"]

STYLE = """
.land{margin:1rem 0}
.land figure{max-width:none;min-width:0;border:0;padding:0}
.land canvas{display:block;touch-action:pan-y}
.land canvas:focus-visible,.land button:focus-visible,.land-table:focus-visible{outline:2px solid var(--k1);
outline-offset:2px}
.land-bar{display:flex;flex-wrap:wrap;gap:.4rem;margin:.6rem 0}
.land-moves{display:flex;flex-wrap:wrap;gap:.4rem}
.land button{display:inline-flex;align-items:center;gap:.45rem;min-height:2rem;padding:.1rem .6rem;font:inherit;
font-size:.85rem;color:var(--ink);background:var(--card);border:1px solid var(--edge);border-radius:6px;cursor:pointer;
text-align:left;max-width:100%}
.land button[aria-pressed=true]{border-color:var(--ink)}
.land button[aria-pressed=false]{color:var(--soft);border-style:dashed;background:none}
.land .land-key{display:inline-block;vertical-align:middle;flex:none;width:30px;height:16px;border-radius:3px}
.land-legend{display:flex;flex-wrap:wrap;align-items:center;gap:.2rem .6rem;font-size:.85rem;margin:.4rem 0}
.land-scale{width:min(100%,20rem);height:36px}
.land-panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1.2rem}
.land-pair{display:grid;gap:.4rem}
.land-solid,.land-map{width:100%;aspect-ratio:10/9}
.land-map{aspect-ratio:1}
.land-cut{width:100%;max-width:30rem;height:9rem} .land-away{visibility:hidden}
.land-solid{cursor:grab} .land-solid:active{cursor:grabbing} .land-map,.land-lines{cursor:crosshair}
@media (min-width:40rem){.land-one .land-pair{grid-template-columns:1fr 1fr;align-items:center}}
.land-lines{width:100%;height:22rem} .land-chart{max-width:58rem;margin-top:.8rem}
.land-read{min-height:4.6em;margin:.3rem 0;font-size:.85rem;font-variant-numeric:tabular-nums}
.land-list .land-key{margin-right:.5rem}
.land-list{list-style:none;padding:0;font-size:.85rem;font-variant-numeric:tabular-nums}
.land-at{font-size:.85rem;font-weight:600} .land-hint{color:var(--soft);font-weight:400}
.land-slider{display:flex;flex-wrap:wrap;align-items:center;gap:.2rem .5rem;font-size:.9rem;margin:.3rem 0}
.land-slider output{min-width:3rem} .land-slider input{flex:1 1 10rem;min-width:0;accent-color:var(--k1)}
.land-quiet{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.land-details summary{cursor:pointer;font-size:.85rem;color:var(--soft)} .land-table{overflow-x:auto}
.land-table table{margin:.6rem 0;font-size:.8rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
.land-table caption{text-align:left;font-weight:600}
@media screen{.land-on .land-static{display:none}}
@media print{.land-live{display:none}}
"""

_WIDE = "main{max-width:78rem}"


def section(picture: Picture) -> Markup:
    """The picture with its title and caption. A page that holds one has to carry `STYLE` and `SCRIPT` once."""
    return tag("section", tag("h2", picture.title), *_content(picture), class_="land")


def render(picture: Picture) -> str:
    """The whole page, to be written as UTF-8."""
    top = tag("header", tag("h1", picture.title))
    shown = tag("section", *_content(picture), class_="land")
    return page.render(f"lossaudit: {picture.title}", top, shown, style=STYLE + _WIDE, script=SCRIPT)


def _content(picture: Picture) -> tuple[Markup, ...]:
    fewer = data.shown(picture)
    left_out = EMPTY
    if fewer is not None:
        (rows, columns), (some, few) = fewer
        left_out = tag(
            "p",
            f"This page shows {few} x {some} of the {columns} x {rows} nodes; the .npz file holds them all.",
            class_="note",
        )
    return (
        tag("div", svg(picture), class_="land-static"),
        tag("script", data.text(picture), type="application/json"),
        join(*(tag("p", sentence, class_="note") for sentence in picture.caption)),
        left_out,
    )
