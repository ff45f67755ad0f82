"""Surfaces as static maps: pixels, isolines, overlays, marks and axes; and the legend that they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

import numpy as np

from lossaudit.landscape.picture import Bools, Panel, Picture, Scale, Surface
from lossaudit.report.landscape.colours import colours, level
from lossaudit.report.landscape.places import (
    SIZE,
    Area,
    Placed,
    Room,
    Spot,
    arrows,
    axis_ticks,
    corner_names,
    isolines,
    longest_arrow,
    on_simplex,
    place_mark,
    scale_ticks,
    spread,
    within,
)
from lossaudit.report.landscape.raster import Pixels, data_uri, outline
from lossaudit.report.landscape.svg_block import Block, label, symbol, thread
from lossaudit.report.landscape.words import ARROWS, KINDS, beyond, facts, heading, meanings
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.wording import one_line

WIDTH, LEFT = 320, 50
_LINE = 16
_LETTERS, _KEY_LETTERS = 40, 38  # in a line of a panel, and of the key


def panels(given: Sequence[Panel], picture: Picture, key: str) -> list[Block]:
    """One block for each panel, all of one height, so that their axes stand in line."""
    names = [wrap(heading(panel), _LETTERS) for panel in given]
    top = 26 + _LINE * max(map(len, names), default=0)
    simplex = on_simplex(picture)
    feet = [_foot(panel.surface, simplex=simplex) for panel in given]
    height = top + SIZE + 40 + _LINE * (max(map(len, feet), default=1) - 1)
    steepest = longest_arrow([panel.surface for panel in given]) if picture.settings.get("kind") == "field" else 0.0
    made: list[Block] = []
    for panel, name, foot in zip(given, names, feet, strict=True):
        surface = panel.surface
        area = Area.of(surface, simplex=simplex)
        room = Room(SIZE, SIZE)
        placed = [place_mark(mark, area, room) for mark in surface.marks]
        marks = _marks(placed, room)  # their labels come before those of isolines
        lines = _isolines(surface, area, picture.scale, room)
        threads = join(*(thread(each.kind, each.points) for each in placed))
        plot = join(_plot(surface, area, picture.scale, key), lines, _arrows(surface, area, steepest), threads)
        content = join(
            patterns(key) if not made else EMPTY,
            _lines(name, 4, 14, class_="ls-name"),
            tag("svg", plot, x=LEFT, y=top, width=SIZE, height=SIZE),
            _corners(surface, area, top) if simplex else _axes(surface, area, top),
            tag("g", marks, transform=f"translate({LEFT} {top})"),
            _lines(foot, LEFT + SIZE / 2, top + SIZE + 34, class_="ls-soft", text_anchor="middle"),
        )
        made.append(Block(WIDTH, height, content, heading(panel), ". ".join(facts(panel, simplex=simplex))))
    return made


def _lines(lines: Sequence[str], x: float, y: float, **look: str) -> Markup:
    return join(*(tag("text", line, x=x, y=y + _LINE * k, **look) for k, line in enumerate(lines)))


def _foot(surface: Surface, *, simplex: bool) -> list[str]:
    """What stands below a map: the name of its x axis, or how to read a triangle."""
    name = "at a corner its class has probability 1" if simplex else one_line(surface.x.name)
    return wrap(name, _LETTERS)


def patterns(key: str) -> Markup:
    """What regions are filled with."""
    size = {"width": 8, "height": 8, "patternUnits": "userSpaceOnUse"}
    hatch = tag("path", class_="ls-ink", d="M-2 2l4-4M0 8l8-8M6 10l4-4", stroke_width=0.9)
    dots = join(tag("circle", class_="ls-dot", cx=2, cy=2, r=1.1), tag("circle", class_="ls-dot", cx=6, cy=6, r=1.1))
    cross = tag("path", class_="ls-cross", d="M2.5 2.5l3 3m0-3l-3 3", stroke_width=0.9)
    return tag(
        "defs",
        tag("pattern", hatch, id=f"{key}h", **size),
        tag("pattern", dots, id=f"{key}d", **size),
        tag("pattern", tag("rect", class_="ls-missing", width=8, height=8), cross, id=f"{key}m", **size),
    )


def _plot(surface: Surface, area: Area, scale: Scale, key: str) -> Markup:
    """The nodes, the regions and the isolines."""
    assert surface.y is not None
    pixels = Pixels.of(surface.x, surface.y)
    inside = within(surface, simplex=area.simplex)
    levels = level(scale, pixels.of_array(spread(surface.loss, inside)))
    missing = np.isnan(surface.loss) & inside
    image = {"href": data_uri(levels), "preserveAspectRatio": "none", "style": "image-rendering:pixelated"}
    if area.simplex:
        image["transform"] = f"matrix({' '.join(f'{part:.5g}' for part in area.matrix)})"
    shown = join(
        tag("image", width=SIZE, height=SIZE, **image),
        _region(pixels.of_array(missing), area, f"url(#{key}m)"),
        _region(None if surface.plateau is None else pixels.of_array(surface.plateau), area, f"url(#{key}d)", "3 2"),
        _region(None if surface.negative is None else pixels.of_array(surface.negative), area, f"url(#{key}h)"),
    )
    if area.simplex:
        corners = " ".join(f"{x:g},{y:.1f}" for x, y in area.triangle)
        clip = tag("clipPath", tag("polygon", points=corners), id=f"{key}t")
        frame = tag("polygon", class_="ls-frame", points=corners)
        shown = join(clip, tag("g", shown, clip_path=f"url(#{key}t)"), frame)
    return shown


def _region(where: Bools | None, area: Area, fill: str, dash: str | None = None) -> Markup:
    """Pixels as a pattern with a border."""
    if where is None or not where.any():
        return EMPTY
    rows, columns = where.shape
    loops: list[str] = []
    for loop in outline(where):
        corners = [area.corner(column / columns, row / rows) for column, row in loop]
        loops.append("M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in corners) + "z")
    return tag(
        "path", class_="ls-edge", d="".join(loops), style=f"fill:{fill}", fill_rule="evenodd", stroke_dasharray=dash
    )


def _isolines(surface: Surface, area: Area, scale: Scale, room: Room) -> Markup:
    """Lines of equal loss, each with its value where there is room."""
    parts: list[Markup] = []
    for text, pieces in isolines(surface, area, scale):
        d = "".join("M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in piece) for piece in pieces)
        parts.append(tag("path", class_="ls-iso", d=d) if d else EMPTY)
        parts.append(_label(room.on_longest(text, pieces)))
    return join(*parts)


def _arrows(surface: Surface, area: Area, steepest: float) -> Markup:
    """The gradient, uphill."""
    drawn = arrows(surface, area, steepest)
    if not drawn:
        return EMPTY
    d = "".join(arrow_path(*ends) for ends in drawn)
    return join(
        tag("path", class_="ls-case", d=d, stroke_width=3, stroke_opacity=0.8),
        tag("path", class_="ls-ink", d=d, stroke_width=1.3),
    )


def arrow_path(x: float, y: float, to_x: float, to_y: float) -> str:
    """A shaft and a head."""
    length = math.hypot(to_x - x, to_y - y)
    ux, uy = (to_x - x) / length, (to_y - y) / length
    head = min(4.0, 0.6 * length)
    left, right = ((to_x - head * (ux - s * uy), to_y - head * (uy + s * ux)) for s in (0.6, -0.6))
    shaft = f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"
    return f"{shaft}M{left[0]:.1f} {left[1]:.1f}L{to_x:.1f} {to_y:.1f}L{right[0]:.1f} {right[1]:.1f}"


def _marks(placed: Sequence[Placed], room: Room) -> Markup:
    """Symbols first, then labels."""
    return join(
        *(symbol(each.kind, x, y, small=small) for each in placed for x, y, small in each.symbols),
        *(_label(each.label(room)) for each in placed),
    )


def _label(spot: Spot | None) -> Markup:
    return label(spot) if spot is not None else EMPTY


def _axes(surface: Surface, area: Area, top: float) -> Markup:
    """The frame, the ticks, and the name of the upright axis."""
    assert surface.y is not None
    parts = [
        tag("text", one_line(surface.y.name), class_="ls-soft", x=4, y=top - 9),
        tag("rect", class_="ls-frame", x=LEFT, y=top, width=SIZE, height=SIZE),
    ]
    floor = top + SIZE
    for value, name in axis_ticks(surface.x.values):
        px = round(LEFT + area.at(value, area.y[0])[0], 1)
        parts.append(tag("path", class_="ls-frame", d=f"M{px} {floor}v4"))
        parts.append(tag("text", name, class_="ls-soft", x=px, y=floor + 17, text_anchor="middle"))
    for value, name in axis_ticks(surface.y.values):
        py = round(top + area.at(area.x[0], value)[1], 1)
        parts.append(tag("path", class_="ls-frame", d=f"M{LEFT} {py}h-4"))
        parts.append(tag("text", name, class_="ls-soft", x=LEFT - 7, y=round(py + 4, 1), text_anchor="end"))
    return join(*parts)


def _corners(surface: Surface, area: Area, top: float) -> Markup:
    """The names of the corners of a simplex."""
    (x, y), (right, _), (above, above_y) = area.triangle
    first, second, third = corner_names(surface)
    below = {"class_": "ls-soft", "y": round(top + y + 19, 1)}
    return join(
        tag("text", first, x=LEFT + x, **below),
        tag("text", second, x=LEFT + right, text_anchor="end", **below),
        tag("text", third, class_="ls-soft", x=LEFT + above, y=round(top + above_y - 9, 1), text_anchor="middle"),
    )


def legend(given: Sequence[Panel], picture: Picture, key: str) -> list[Block]:
    """The colours of the scale, and what patterns and marks mean."""
    return [_bar(given, picture.scale, key), _key([panel.surface for panel in given], picture, key)]


def _bar(given: Sequence[Panel], scale: Scale, key: str) -> Block:
    stops = colours(17)
    ramp = (tag("stop", offset=f"{100 * k / 16:g}%", stop_color=each) for k, each in enumerate(stops))
    parts = [
        tag("defs", tag("linearGradient", *ramp, id=f"{key}g")),
        tag("text", one_line(scale.name) + (", logarithmic" if scale.log else ""), class_="ls-name", x=8, y=14),
        tag("rect", class_="ls-frame", x=8, y=22, width=WIDTH - 28, height=14, style=f"fill:url(#{key}g)"),
    ]
    for value, name in scale_ticks(scale):
        x = round(8 + (WIDTH - 28) * float(level(scale, value)), 1)
        parts.append(tag("path", class_="ls-frame", d=f"M{x} 36v4"))
        parts.append(tag("text", name, class_="ls-soft", x=x, y=53, text_anchor="middle" if x > 14 else "start"))
    note = beyond([panel.surface for panel in given], scale)
    parts += [tag("text", line, class_="ls-soft", x=8, y=71 + _LINE * k) for k, line in enumerate(wrap(note, 46))]
    return Block(WIDTH, 58 + _LINE * len(wrap(note, 46)), join(*parts))


def _key(surfaces: Sequence[Surface], picture: Picture, key: str) -> Block:
    parts: list[Markup] = []
    y = 6
    fill = colours(9)[5]
    for pattern, meaning in meanings(surfaces, simplex=on_simplex(picture)):
        box = {"x": 9, "y": y, "width": 30, "height": 16}
        parts.append(tag("rect", **box, fill=fill))
        parts.append(tag("rect", class_="ls-edge", **box, style=f"fill:url(#{key}{pattern})"))
        lines = wrap(meaning, _KEY_LETTERS)
        parts.append(_lines(lines, 48, y + 12))
        y += 8 + _LINE * len(lines)
    there = {mark.kind for surface in surfaces for mark in surface.marks}
    for kind, meaning in KINDS.items():
        if kind in there:
            parts += [thread(kind, ((12, y + 8), (36, y + 8))), symbol(kind, 24, y + 8)]
            parts.append(tag("text", meaning, x=48, y=y + 12))
            y += 24
    if picture.settings.get("kind") == "field" and longest_arrow(surfaces):
        parts.append(tag("path", class_="ls-frame", d=arrow_path(12, y + 12, 36, y + 4), stroke_width=1.3))
        parts.append(tag("text", ARROWS, x=48, y=y + 12))
        y += 24
    return Block(WIDTH, y if parts else 0, join(*parts))
