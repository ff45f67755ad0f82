"""Pieces of a static picture, and their style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossaudit.landscape.picture import MarkKind
from lossaudit.report.landscape.colours import CASING, DARK, INK, LIGHT, LINES, MARKS, Ground, LineLook
from lossaudit.report.landscape.places import Spot
from lossaudit.report.markup import EMPTY, Markup, join, tag

FONT = "system-ui,sans-serif"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece with its size in pixels, its name for screen readers, and what it shows in words."""

    width: int
    height: int
    content: Markup
    title: str = ""
    description: str = ""


def style(*, page: bool) -> str:
    """The style of all static pictures; in a page also how pieces stand beside each other."""
    dark = f"@media screen and (prefers-color-scheme:dark){{{_ground(DARK)}{_lines('dark')}}}"
    return _SHARED + _ground(LIGHT) + _lines("light") + dark + (_ROWS if page else "")


_SHARED = "".join(
    f".ls {rule}"
    for rule in (
        f"text{{font:12px {FONT};stroke:none}}",
        ".ls-name{font-weight:600;font-size:13px}",
        ".ls-title{font-weight:600;font-size:18px}",
        f".ls-on{{stroke:{CASING};stroke-width:3px;stroke-linejoin:round;paint-order:stroke;font-size:11px}}",
        f".ls-iso{{fill:none;stroke:{INK};stroke-width:.8;stroke-opacity:.6}}",
        f".ls-edge{{fill:none;stroke:{INK};stroke-width:1.2;stroke-linejoin:round}}",
        f".ls-case{{fill:none;stroke:{CASING};stroke-linejoin:round;stroke-linecap:round}}",
        f".ls-ink{{stroke:{INK};fill:none}}",
        f".ls-dot{{fill:{INK}}}",
        ".ls-line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}",
        ".ls-broad{fill:none;stroke-width:8;stroke-opacity:.28}",
        ".ls-band{fill-opacity:.18;stroke:none}",
    )
)
_ROWS = (
    ".ls-row{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1rem;align-items:start;"
    "margin:.5rem 0}.ls svg{display:block;width:100%;max-width:26rem;height:auto}"
    "@media print{.ls svg{break-inside:avoid}}"
)


def _ground(ground: Ground) -> str:
    return (
        f".ls text{{fill:{ground.ink}}}.ls .ls-soft{{fill:{ground.soft}}}.ls .ls-on{{fill:{INK}}}"
        f".ls .ls-grid{{stroke:{ground.grid};fill:none}}.ls .ls-frame{{stroke:{ground.soft};fill:none}}"
        f".ls .ls-missing{{fill:{ground.missing}}}.ls .ls-cross{{stroke:{ground.missing_ink}}}"
        f".ls .ls-paper{{fill:{ground.paper}}}"
    )


def _lines(mode: str) -> str:
    rules: list[str] = []
    for k, look in enumerate(LINES):
        colour = look.light if mode == "light" else look.dark
        rules.append(f".ls .ls-c{k}{{stroke:{colour}}}.ls .ls-f{k}{{fill:{colour}}}")
    return "".join(rules)


def dashes(look: LineLook) -> str | None:
    """The dash pattern as SVG writes it."""
    return " ".join(f"{part:g}" for part in look.dash) or None


def symbol(kind: MarkKind, x: float, y: float, *, small: bool = False) -> Markup:
    """The mark's shape with its casing, around a point."""
    look = MARKS[kind]
    r = 2.2 if small else 5.0 if look.shape in ("cross", "diamond") else 3.6
    if look.shape == "cross":
        d = f"M{x - r:.1f} {y:.1f}h{2 * r:g}M{x:.1f} {y - r:.1f}v{2 * r:g}"
        return join(
            tag("path", class_="ls-case", d=d, stroke_width=5), tag("path", class_="ls-ink", d=d, stroke_width=2)
        )
    if look.shape == "dot":
        return tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=r, fill=look.colour, stroke=CASING, stroke_width=1.2)
    if look.shape == "diamond":
        d = f"M{x:.1f} {y - r:.1f}l{r:g} {r:g}l{-r:g} {r:g}l{-r:g} {-r:g}z"
    else:
        d = f"M{x - r:.1f} {y - r:.1f}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z"
    return tag("path", d=d, fill=look.colour, stroke=CASING, stroke_width=1.5)


def thread(kind: MarkKind, points: Sequence[tuple[float, float]]) -> Markup:
    """The line through the points of a mark, where it has one."""
    look = MARKS[kind]
    if not look.joined or len(points) < 2:
        return EMPTY
    if kind is MarkKind.WITNESS:
        points = (points[0], points[-1])  # the chord
    d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return join(
        tag("path", class_="ls-case", d=d, stroke_width=4.5),
        tag("path", d=d, fill="none", stroke=look.colour, stroke_width=2.2, stroke_linejoin="round"),
    )


def label(spot: Spot) -> Markup:
    """A label on a map."""
    return tag("text", spot.text, class_="ls-on", x=f"{spot.left:.1f}", y=f"{spot.base:.1f}")
