"""Losses along a line: one chart for all of them, and what its lines mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten, wrap

import numpy as np

from lossaudit.landscape.picture import Bools, Floats, Panel, Picture
from lossaudit.report.chart import Axis, linear, logarithmic, thin
from lossaudit.report.landscape.colours import LINES
from lossaudit.report.landscape.places import Room, on_curve
from lossaudit.report.landscape.svg_block import Block, dashes, label, symbol, thread
from lossaudit.report.landscape.words import by_end, curve_notes, facts, heading
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.wording import one_line

WIDTH, HEIGHT = 380, 300
LEFT, TOP, ACROSS, UP = 52, 26, 312, 220
_FAR = 9999.0  # pixels: far outside of the chart, where a line leaves it
_LINE = 16


def block(given: Sequence[Panel], picture: Picture) -> Block:
    """The chart of all curves."""
    scale = picture.scale
    up = logarithmic(scale.name, (scale.low, scale.high)) if scale.log else linear(scale.name, scale.low, scale.high)
    ends = [float(end) for panel in given for end in (panel.surface.x.values[0], panel.surface.x.values[-1])]
    name = " / ".join(dict.fromkeys(one_line(panel.surface.x.name) for panel in given))
    across = linear(name, min(ends), max(ends))
    room = Room(ACROSS, UP)
    curves = [_curve(k, panel, across, up) for k, panel in enumerate(given)]
    marks = _marks(given, across, up, room)
    foot = wrap(name, 54)
    content = join(
        tag("text", one_line(scale.name) + (", logarithmic" if scale.log else ""), class_="ls-soft", x=4, y=14),
        _grid(across, up),
        tag("svg", *curves, x=LEFT, y=TOP, width=ACROSS, height=UP),
        tag("g", marks, transform=f"translate({LEFT} {TOP})"),
        *(
            tag("text", line, class_="ls-soft", x=LEFT + ACROSS / 2, y=TOP + UP + 38 + _LINE * k, text_anchor="middle")
            for k, line in enumerate(foot)
        ),
    )
    said = ". ".join(f"{heading(panel)}: {'; '.join(facts(panel))}" for panel in given)
    return Block(WIDTH, HEIGHT - _LINE + _LINE * len(foot), content, picture.title, said)


def _grid(across: Axis, up: Axis) -> Markup:
    parts: list[Markup] = []
    for value, name in up.ticks:
        y = round(TOP + _y(up, value), 1)
        parts.append(tag("path", class_="ls-grid", d=f"M{LEFT} {y}h{ACROSS}"))
        parts.append(tag("text", name, class_="ls-soft", x=LEFT - 6, y=round(y + 4, 1), text_anchor="end"))
    for value, name in across.ticks:
        x = round(LEFT + _x(across, value), 1)
        parts.append(tag("path", class_="ls-frame", d=f"M{x} {TOP + UP}v4"))
        parts.append(tag("text", name, class_="ls-soft", x=x, y=TOP + UP + 18, text_anchor="middle"))
    return join(*parts)


def _x(across: Axis, value: float) -> float:
    return ACROSS * across.at(value)


def _y(up: Axis, value: float) -> float:
    """From the top; far outside for what lies beyond the axis, so that a line leaves the chart."""
    if up.log:
        share = math.log10(value / up.low) / math.log10(up.high / up.low) if value > 0 else -math.inf
    else:
        share = (value / 2 - up.low / 2) / (up.high / 2 - up.low / 2)
    return min(max(UP * (1 - share), -_FAR), _FAR)


def _curve(k: int, panel: Panel, across: Axis, up: Axis) -> Markup:
    surface, number = panel.surface, k % len(LINES)
    x, loss = surface.x.values, surface.loss
    parts: list[Markup] = []
    if surface.band is not None:
        parts.append(_band(x, loss, surface.band, number, across, up))
    if surface.negative is not None and surface.negative.any():
        d = _path(x, np.where(surface.negative, loss, np.nan), across, up)
        parts.append(tag("path", class_=f"ls-broad ls-c{number}", d=d) if d else EMPTY)
    d = _path(x, loss, across, up)
    if d:
        width = None if LINES[number].dash else 3.6  # where lines coincide, the unbroken one shows at both sides
        look = {"stroke_dasharray": dashes(LINES[number]), "style": width and f"stroke-width:{width}"}
        parts.append(tag("path", class_=f"ls-line ls-c{number}", d=d, **look))
    parts += [
        tag("circle", class_=f"ls-f{number}", cx=f"{_x(across, x[i]):.1f}", cy=f"{_y(up, loss[i]):.1f}", r=3)
        for i in _alone(np.isfinite(loss))
    ]
    if surface.plateau is not None:
        stretch = np.flatnonzero(surface.plateau & np.isfinite(loss))
        few = stretch[:: max(1, len(x) // 40)]
        parts += [
            tag("circle", class_=f"ls-f{number}", cx=f"{_x(across, x[i]):.1f}", cy=f"{_y(up, loss[i]):.1f}", r=3.4)
            for i in few
        ]
    return join(*parts)


def _path(x: Floats, y: Floats, across: Axis, up: Axis) -> str:
    """The unbroken pieces of a curve."""
    pieces: list[list[str]] = [[]]
    for i in thin(y.tolist()):
        if math.isfinite(y[i]):
            pieces[-1].append(f"{_x(across, float(x[i])):.1f} {_y(up, float(y[i])):.1f}")
        else:
            pieces.append([])
    return "".join("M" + "L".join(piece) for piece in pieces if len(piece) > 1)


def _alone(finite: Bools) -> list[int]:
    """Points without a neighbour: no line goes through them."""
    padded = np.pad(finite, 1)
    return np.flatnonzero(finite & ~padded[:-2] & ~padded[2:]).tolist()


def _band(x: Floats, loss: Floats, band: Floats, number: int, across: Axis, up: Axis) -> Markup:
    known = np.flatnonzero(np.isfinite(loss) & np.isfinite(band))
    d = ""
    for piece in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        above = [f"{_x(across, float(x[i])):.1f} {_y(up, float(loss[i] + band[i])):.1f}" for i in piece]
        below = [f"{_x(across, float(x[i])):.1f} {_y(up, float(loss[i] - band[i])):.1f}" for i in piece[::-1]]
        d += f"M{'L'.join([*above, *below])}z" if len(piece) > 1 else ""
    return tag("path", class_=f"ls-band ls-f{number}", d=d) if d else EMPTY


def _marks(given: Sequence[Panel], across: Axis, up: Axis, room: Room) -> Markup:
    """Marks on their curves; a label that several have stands once."""
    parts: list[Markup] = []
    named: dict[str, tuple[float, float]] = {}
    for surface, mark in ((panel.surface, mark) for panel in given for mark in panel.surface.marks):
        points = [(_x(across, x), _y(up, y)) for x, y in on_curve(mark, surface)]
        points = [(x, y) for x, y in points if 0 <= y <= UP]
        parts += [thread(mark.kind, points), *(symbol(mark.kind, px, py) for px, py in points)]
        room.take(points, joined=False)
        if points:
            named.setdefault(shorten(one_line(mark.label), 40, placeholder="…"), points[len(points) // 2])
    spots = [room.beside(text, px, py) for text, (px, py) in named.items()]
    return join(*parts, *(label(spot) for spot in spots if spot is not None))


def legend(given: Sequence[Panel]) -> Block:
    """The names of the curves, in the order in which they end, the highest first."""
    parts: list[Markup] = []
    y = 8
    for k in by_end(given):
        number = k % len(LINES)
        parts.append(
            tag("path", class_=f"ls-line ls-c{number}", d=f"M8 {y + 8}h44", stroke_dasharray=dashes(LINES[number]))
        )
        for line in wrap(heading(given[k]), 46):
            parts.append(tag("text", line, class_=f"ls-f{number}", x=62, y=y + 12))
            y += _LINE
        y += 4
    for note in curve_notes([panel.surface for panel in given]):
        parts.append(tag("text", note, class_="ls-soft", x=8, y=y + 12))
        y += _LINE
    return Block(WIDTH, y + 4, join(*parts))
