"""A picture on a sheet of matplotlib, in pixels from the upper left, as the SVG of pages is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Affine2D

from lossaudit.landscape.picture import Bools, MarkKind, Panel, Picture, Scale, Surface
from lossaudit.report.landscape.colours import CASING, INK, LIGHT, MAP, MARKS, code, colours, level
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
    joined,
    longest_arrow,
    on_simplex,
    place_mark,
    scale_ticks,
    short,
    spread,
    thinned,
    within,
)
from lossaudit.report.landscape.raster import Pixels, outline
from lossaudit.report.landscape.words import ARROWS, KINDS, beyond, heading, meanings
from lossaudit.report.wording import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, GAP, LINE = 320, 20, 16
_LEFT = 50
_COLUMNS = 3
_PERSPECTIVE = 250  # pixels of its height
_LETTERS, _KEY_LETTERS = 40, 38  # in a line of a panel, and of the key
_SHADES = 24
_MARKERS = {"cross": "P", "diamond": "D", "square": "s", "dot": "o"}
_HATCHES = {"h": "//////", "d": "...", "m": "xxx"}
_POINT = 0.72  # of a pixel: there are 100 to the inch


class Sheet:
    """A figure with one pair of axes over all of it, whose units are pixels."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=LIGHT.paper)
        self.ground = self.axes(0, 0, width, height)
        self.ground.set(xlim=(0, width), ylim=(height, 0))
        self.ground.axis("off")

    def axes(self, x: float, y: float, width: float, height: float, **options: Any) -> Axes:
        box = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box, **options)

    def text(self, x: float, y: float, text: str, *, size: float = 12, colour: str = LIGHT.ink, **look: Any) -> None:
        self.ground.text(x, y, text, fontsize=size * _POINT, color=colour, va="baseline", **look)

    def lines(self, x: float, y: float, lines: Sequence[str], **look: Any) -> None:
        for k, line in enumerate(lines):
            self.text(x, y + LINE * k, line, **look)


def figure(picture: Picture) -> Figure:
    """The picture as a figure, only to be saved."""
    from lossaudit.report.landscape.sheet_curves import add_curves, curves_height

    picture = joined(picture)
    surfaces = [panel for panel in picture.panels if panel.surface.y is not None]
    curves = [panel for panel in picture.panels if panel.surface.y is None]
    width = GAP + (WIDTH + GAP) * max(2, min(_COLUMNS, len(surfaces)))
    title = wrap(one_line(picture.title), int((width - 2 * GAP) / 11.2))
    caption = wrap(" ".join(map(one_line, picture.caption)), int((width - 2 * GAP) / 7))
    above = 18 + 24 * len(title)
    rows = [surfaces[k : k + _COLUMNS] for k in range(0, len(surfaces), _COLUMNS)]
    heights = [_row_height(row, picture, alone=len(surfaces) == 1) for row in rows]
    below = (_legend_height(surfaces, picture) if surfaces else 0) + (curves_height(curves) if curves else 0)
    sheet = Sheet(width, above + sum(heights) + below + LINE * len(caption) + 24)
    for k, line in enumerate(title):
        sheet.text(GAP, 32 + 24 * k, line, size=18, weight="bold")
    y: float = above
    for row, height in zip(rows, heights, strict=True):
        _add_row(sheet, row, picture, y, alone=len(surfaces) == 1)
        y += height
    if surfaces:
        y += _add_legend(sheet, surfaces, picture, y)
    if curves:
        y += add_curves(sheet, curves, picture.scale, y)
    sheet.lines(GAP, y + LINE, caption, colour=LIGHT.soft)
    return sheet.figure


def _names(row: Sequence[Panel]) -> list[list[str]]:
    return [wrap(heading(panel), _LETTERS) for panel in row]


def _foot(surface: Surface, *, simplex: bool) -> list[str]:
    """What stands below a map: the name of its x axis, or how to read a triangle."""
    name = "at a corner its class has probability 1" if simplex else one_line(surface.x.name)
    return wrap(name, _LETTERS)


def _row_height(row: Sequence[Panel], picture: Picture, *, alone: bool) -> int:
    foot = max(len(_foot(panel.surface, simplex=on_simplex(picture))) for panel in row)
    above = not alone and any(is_solid(panel.surface, picture.scale) for panel in row)
    return LINE * max(map(len, _names(row))) + 34 + SIZE + 30 + LINE * foot + (_PERSPECTIVE if above else 0)


def _add_row(sheet: Sheet, row: Sequence[Panel], picture: Picture, top: float, *, alone: bool) -> None:
    """Panels beside each other, each with its perspective above; beside the perspective where there is one panel."""
    names, simplex = _names(row), on_simplex(picture)
    deepest = max(map(len, names))
    steepest = longest_arrow([panel.surface for panel in row]) if picture.settings.get("kind") == "field" else 0.0
    for k, (panel, name) in enumerate(zip(row, names, strict=True)):
        x, y = GAP + (WIDTH + GAP) * k, top
        sheet.lines(x, y + 14, name, size=13, weight="bold")
        y += LINE * deepest
        surface = panel.surface
        area = Area.of(surface, simplex=simplex)
        height = SIZE + 34 if alone else _PERSPECTIVE
        if is_solid(surface, picture.scale):
            _add_perspective(sheet, surface, area, picture.scale, (x, y, WIDTH - 12, height))
        if any(is_solid(each.surface, picture.scale) for each in row):
            x, y = (x + WIDTH + GAP, y) if alone else (x, y + height)
        axes = sheet.axes(x + _LEFT, y + 28, SIZE, SIZE)
        _add_map(axes, surface, area, picture.scale)
        _add_arrows(axes, surface, area, steepest)
        if simplex:
            _name_corners(sheet, surface, area, x + _LEFT, y + 28)
            axes.axis("off")
        else:
            assert surface.y is not None
            above = wrap(one_line(surface.y.name), _LETTERS)
            sheet.lines(x, y + 18 - LINE * (len(above) - 1), above, colour=LIGHT.soft)
            _add_ticks(axes, surface, area)
        foot = _foot(surface, simplex=simplex)
        sheet.lines(x + _LEFT + SIZE / 2, y + SIZE + 64, foot, colour=LIGHT.soft, ha="center")


def _add_map(axes: Axes, surface: Surface, area: Area, scale: Scale) -> None:
    assert surface.y is not None
    pixels, room = Pixels.of(surface.x, surface.y), Room(SIZE, SIZE)
    inside = within(surface, simplex=area.simplex)
    levels = level(scale, pixels.of_array(spread(surface.loss, inside)))
    opaque = ~np.isnan(levels)[..., None]
    shown = np.array(MAP)[np.round(np.nan_to_num(levels) * (len(MAP) - 1)).astype(int)] / 255
    clip = Polygon(area.triangle, transform=axes.transData) if area.simplex else None
    image = axes.imshow(np.concatenate([shown, opaque], -1), extent=(0, SIZE, SIZE, 0), interpolation="nearest")
    a, b, c, d, e, f = area.matrix
    image.set_transform(Affine2D.from_values(a, b, c, d, e, f) + axes.transData)
    parts: list[Artist] = [image, *_fill(axes, surface, area, scale)]
    for where, look in ((np.isnan(surface.loss) & inside, "m"), (surface.plateau, "d"), (surface.negative, "h")):
        if where is not None and where.any():
            parts.append(axes.add_patch(_region(pixels.of_array(where), area, look)))
    for part in parts:
        part.set_clip_path(clip) if clip is not None else None
    if clip is not None:
        axes.add_patch(Polygon(area.triangle, fill=False, edgecolor=LIGHT.soft))
    placed = [place_mark(mark, area, room) for mark in surface.marks]
    for each in placed:
        _add_mark(axes, each, room)
    for text, pieces in isolines(surface, area, scale):
        for piece in pieces:
            axes.plot(*piece.T, color=INK, linewidth=0.6, alpha=0.65)
        add_label(axes, room.on_longest(text, pieces))
    axes.set(xlim=(0, SIZE), ylim=(SIZE, 0))


def _add_ticks(axes: Axes, surface: Surface, area: Area) -> None:
    assert surface.y is not None
    across, up = axis_ticks(surface.x.values), axis_ticks(surface.y.values)
    axes.set_xticks([area.at(value, area.y[0])[0] for value, _ in across], [name for _, name in across])
    axes.set_yticks([area.at(area.x[0], value)[1] for value, _ in up], [name for _, name in up])
    axes.tick_params(labelsize=12 * _POINT, labelcolor=LIGHT.soft, color=LIGHT.soft)


def _name_corners(sheet: Sheet, surface: Surface, area: Area, x: float, y: float) -> None:
    (left, floor), (right, _), (middle, above) = area.triangle
    first, second, third = corner_names(surface)
    look: dict[str, Any] = {"colour": LIGHT.soft, "ha": "center"}
    sheet.text(x + left + 4, y + floor + 18, first, **look)
    sheet.text(x + right - 4, y + floor + 18, second, **look)
    sheet.text(x + middle, y + above - 7, third, **look)


def _add_arrows(axes: Axes, surface: Surface, area: Area, steepest: float) -> None:
    """The gradient, uphill."""
    for x, y, to_x, to_y in arrows(surface, area, steepest):
        look = {"arrowstyle": "->", "mutation_scale": 5, "shrinkA": 0, "shrinkB": 0, "color": INK, "linewidth": 0.8}
        halo = [withStroke(linewidth=2, foreground=CASING, alpha=0.8)]
        axes.add_patch(FancyArrowPatch((x, y), (to_x, to_y), **look, path_effects=halo, zorder=3))


def _fill(axes: Axes, surface: Surface, area: Area, scale: Scale) -> list[Artist]:
    """Smooth contours over the nodes' own colours; beside a node without a finite value these stay seen."""
    grid = thinned(surface, area)
    if grid is None or not scale.low < scale.high or grid[2].count() == 0:
        return []
    share = np.linspace(0, 1, _SHADES + 1)
    low, high = scale.low, scale.high
    values = low * (high / low) ** share if scale.log else low * (1 - share) + high * share
    shades = [code(MAP[0]), *colours(_SHADES), code(MAP[-1])]
    return [axes.contourf(*grid, levels=values, colors=shades, extend="both")]


def _region(where: Bools, area: Area, look: str) -> PathPatch:
    """Pixels as a pattern with a border."""
    rows, columns = where.shape
    loops = [[area.corner(column / columns, row / rows) for column, row in loop] for loop in outline(where)]
    path = Path.make_compound_path(*(Path([*loop, loop[0]], closed=True) for loop in loops))
    face, edge = (LIGHT.missing, LIGHT.missing_ink) if look == "m" else ("none", INK)
    dash = (0, (3, 2)) if look == "d" else "solid"
    return PathPatch(path, facecolor=face, edgecolor=edge, hatch=_HATCHES[look], linewidth=0.8, linestyle=dash)


def _add_mark(axes: Axes, placed: Placed, room: Room) -> None:
    look = MARKS[placed.kind]
    if look.joined and placed.points:
        xs, ys = zip(*placed.points, strict=True)
        axes.plot(xs, ys, color=CASING, linewidth=3.4, zorder=3.5)
        axes.plot(xs, ys, color=look.colour, linewidth=1.6, zorder=3.5)
    for x, y, small in placed.symbols:
        axes.plot(x, y, **symbol(placed.kind, small=small), clip_on=False, zorder=4)
    add_label(axes, placed.label(room))


def symbol(kind: MarkKind, *, small: bool = False) -> dict[str, Any]:
    """How matplotlib draws a mark."""
    look = MARKS[kind]
    size = 3.5 if small else 8 if look.shape == "cross" else 6
    return {
        "marker": _MARKERS[look.shape],
        "markersize": size,
        "markerfacecolor": look.colour,
        "markeredgecolor": CASING,
        "markeredgewidth": 0.9,
        "linestyle": "none",
    }


def add_label(axes: Axes, spot: Spot | None, **where: Any) -> None:
    """A label on a map or beside a curve."""
    if spot is not None:
        halo = [withStroke(linewidth=2.2, foreground=CASING)]
        look = {"fontsize": 11 * _POINT, "color": INK, "va": "baseline", "path_effects": halo, "zorder": 5}
        axes.text(spot.left, spot.base, spot.text, **look, **where)


def _on_scale(surface: Surface, scale: Scale) -> Bools:
    with np.errstate(invalid="ignore"):
        return (surface.loss >= scale.low) & (surface.loss <= scale.high)


def is_solid(surface: Surface, scale: Scale) -> bool:
    """Whether there is anything to show in perspective."""
    return min(surface.loss.shape) > 1 and bool(_on_scale(surface, scale).any())


def _add_perspective(
    sheet: Sheet, surface: Surface, area: Area, scale: Scale, box: tuple[float, float, float, float]
) -> None:
    """The surface in space; it is open where it leaves the scale, and where there is no number."""
    from mpl_toolkits.mplot3d import Axes3D

    assert surface.y is not None
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, 60)).round().astype(int)) for n in surface.loss.shape)
    chosen = np.where(_on_scale(surface, scale), level(scale, surface.loss), np.nan)[np.ix_(rows, columns)]
    across, up = np.meshgrid(surface.x.values[columns], surface.y.values[rows])
    axes = sheet.axes(*box, projection=Axes3D.name)
    assert isinstance(axes, Axes3D)
    corners = np.stack([chosen[:-1, :-1], chosen[1:, :-1], chosen[:-1, 1:], chosen[1:, 1:]])
    known = (~np.isnan(corners)).sum(0)
    faces = np.nansum(corners, 0) / np.maximum(known, 1)  # a face has the colour of its middle
    shades = np.array(MAP)[np.round(np.pad(faces, ((0, 1), (0, 1))) * (len(MAP) - 1)).astype(int)] / 255
    grid = {"rcount": len(rows), "ccount": len(columns), "linewidth": 0.15, "edgecolor": (0, 0, 0, 0.35)}
    axes.plot_surface(across, up, chosen, facecolors=shades, shade=False, rasterized=True, **grid)
    axes.view_init(elev=28, azim=-58)
    axes.set_box_aspect((1, 1, 0.62), zoom=1.1)
    ticks = scale_ticks(scale)
    axes.zaxis.set_ticks([float(level(scale, value)) for value, _ in ticks], [name for _, name in ticks])
    for setter, values in ((axes.set_xticks, surface.x.values), (axes.set_yticks, surface.y.values)):
        named = axis_ticks(values)[: 0 if area.simplex else None]
        setter([value for value, _ in named], [name for _, name in named])
    axes.set_zlim(0, 1)
    names = {"fontsize": 9 * _POINT, "color": LIGHT.soft, "labelpad": -5}
    if not area.simplex:
        axes.set_xlabel(short(surface.x.name), **names)
        axes.set_ylabel(short(surface.y.name), **names)
    axes.set_zlabel(short(scale.name), **names)
    axes.tick_params(labelsize=9 * _POINT, labelcolor=LIGHT.soft, pad=-2)
    axes.set_facecolor("none")


def _beyond(shown: Sequence[Surface], scale: Scale) -> str:
    said = beyond(shown, scale)
    return f"{said} In perspective the surface is open there." if said else ""


def _entries(picture: Picture, surfaces: Sequence[Panel]) -> list[tuple[str | MarkKind, str]]:
    """What the key explains: patterns, marks and arrows."""
    shown = [panel.surface for panel in surfaces]
    there = {mark.kind for surface in shown for mark in surface.marks}
    entries: list[tuple[str | MarkKind, str]] = [*meanings(shown, simplex=on_simplex(picture))]
    entries += [(kind, meaning) for kind, meaning in KINDS.items() if kind in there]
    if picture.settings.get("kind") == "field" and longest_arrow(shown):
        entries.append(("→", ARROWS))
    return entries


def _legend_height(surfaces: Sequence[Panel], picture: Picture) -> int:
    note = wrap(_beyond([panel.surface for panel in surfaces], picture.scale), 46)
    lines = sum(8 + LINE * len(wrap(meaning, _KEY_LETTERS)) for _, meaning in _entries(picture, surfaces))
    return max(66 + LINE * len(note), lines + 12)


def _add_legend(sheet: Sheet, surfaces: Sequence[Panel], picture: Picture, top: float) -> int:
    """The colours, and beside them the patterns and marks; returns the height."""
    scale = picture.scale
    left, long = GAP + 8, WIDTH - 28
    sheet.text(left, top + 14, one_line(scale.name) + (", logarithmic" if scale.log else ""), size=13, weight="bold")
    bar = sheet.axes(left, top + 22, long, 14)
    bar.imshow(np.array([MAP]) / 255, extent=(0, 1, 0, 1), aspect="auto")
    ticks = scale_ticks(scale)
    bar.set_xticks([float(level(scale, value)) for value, _ in ticks], [name for _, name in ticks])
    bar.set_yticks([])
    bar.tick_params(labelsize=12 * _POINT, labelcolor=LIGHT.soft, color=LIGHT.soft)
    note = wrap(_beyond([panel.surface for panel in surfaces], scale), 46)
    sheet.lines(left, top + 72, note, colour=LIGHT.soft)
    x, y = GAP + WIDTH + GAP + 9, top + 6
    for look, meaning in _entries(picture, surfaces):
        if isinstance(look, MarkKind):
            if MARKS[look].joined:
                sheet.ground.plot((x + 3, x + 27), (y + 8, y + 8), color=MARKS[look].colour, linewidth=1.6)
            sheet.ground.plot(x + 15, y + 8, **symbol(look))
        elif look in _HATCHES:
            face = LIGHT.missing if look == "m" else colours(9)[5]
            box = {"facecolor": face, "edgecolor": INK, "hatch": _HATCHES[look], "linewidth": 0.8}
            sheet.ground.add_patch(Rectangle((x, y), 30, 16, **box))
        else:
            sheet.text(x + 8, y + 13, look, size=14)
        lines = wrap(meaning, _KEY_LETTERS)
        sheet.lines(x + 40, y + 12, lines)
        y += 8 + LINE * len(lines)
    return _legend_height(surfaces, picture)
