"""Losses along a line, on a sheet of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten, wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lossaudit.landscape.picture import MarkKind, Panel, Scale
from lossaudit.report.chart import Axis, linear, logarithmic
from lossaudit.report.landscape.colours import LIGHT, LINES, MARKS, LineLook
from lossaudit.report.landscape.places import Room, Spot, on_curve
from lossaudit.report.landscape.sheet import GAP, LINE, Sheet, add_label, symbol
from lossaudit.report.landscape.words import by_end, curve_notes, heading
from lossaudit.report.wording import one_line

_ACROSS, _UP, _LEFT = 360, 240, 40


def curves_height(given: Sequence[Panel]) -> int:
    """Pixels that `add_curves` needs."""
    named = sum(len(wrap(heading(panel), 32)) * LINE + 4 for panel in given)
    return max(_UP + 84, 30 + named + LINE * len(curve_notes([panel.surface for panel in given])))


def add_curves(sheet: Sheet, given: Sequence[Panel], scale: Scale, top: float) -> int:
    """One chart of all curves, with their names to the right; returns its height."""
    up = logarithmic(scale.name, (scale.low, scale.high)) if scale.log else linear(scale.name, scale.low, scale.high)
    ends = [float(end) for panel in given for end in (panel.surface.x.values[0], panel.surface.x.values[-1])]
    across = linear("", min(ends), max(ends))
    sheet.text(GAP, top + 14, one_line(scale.name) + (", logarithmic" if scale.log else ""), colour=LIGHT.soft)
    axes = sheet.axes(GAP + _LEFT, top + 24, _ACROSS, _UP)
    axes.grid(axis="y", color=LIGHT.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    for k, panel in enumerate(given):
        surface, look = panel.surface, LINES[k % len(LINES)]
        x, loss = surface.x.values, np.where(np.isfinite(surface.loss), surface.loss, np.nan)
        if surface.band is not None:
            axes.fill_between(x, loss - surface.band, loss + surface.band, color=look.light, alpha=0.18, linewidth=0)
        if surface.negative is not None:
            axes.plot(x, np.where(surface.negative, loss, np.nan), color=look.light, linewidth=6, alpha=0.28)
        axes.plot(x, loss, **_line(look))
        if surface.plateau is not None:
            few = np.flatnonzero(surface.plateau & np.isfinite(loss))[:: max(1, len(x) // 40)]
            axes.plot(x[few], loss[few], "o", color=look.light, markersize=4.5)
    if up.log:
        axes.set_yscale("log", nonpositive="mask")
        axes.minorticks_off()
    axes.set(xlim=(across.low, across.high), ylim=(up.low, up.high))
    axes.set_xticks([value for value, _ in across.ticks], [name for _, name in across.ticks])
    axes.set_yticks([value for value, _ in up.ticks], [name for _, name in up.ticks])
    axes.tick_params(labelsize=8.6, labelcolor=LIGHT.soft, color=LIGHT.soft)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    _add_marks(axes, given, across, up)
    names = " / ".join(dict.fromkeys(one_line(panel.surface.x.name) for panel in given))
    foot = wrap(names, 54)
    sheet.lines(GAP + _LEFT + _ACROSS / 2, top + _UP + 60, foot, colour=LIGHT.soft, ha="center")
    _add_names(sheet, given, GAP + _LEFT + _ACROSS + 16, top + 24)
    return curves_height(given)


def _add_marks(axes: Axes, given: Sequence[Panel], across: Axis, up: Axis) -> None:
    """Marks on their curves; a label that several have stands once."""
    room = Room(_ACROSS, _UP)
    named: dict[str, tuple[float, float]] = {}
    for surface, mark in ((panel.surface, mark) for panel in given for mark in panel.surface.marks):
        points = [(x, y) for x, y in on_curve(mark, surface) if up.low <= y <= up.high]
        if mark.kind is MarkKind.WITNESS and points:
            (x, y), (to_x, to_y) = points[0], points[-1]
            axes.plot((x, to_x), (y, to_y), color=MARKS[mark.kind].colour, linewidth=1.6)
        for x, y in points:
            axes.plot(x, y, **symbol(mark.kind), clip_on=False, zorder=4)
        pixels = [(_ACROSS * across.at(x), _UP * (1 - up.at(y))) for x, y in points]
        room.take(pixels, joined=False)
        if pixels:
            named.setdefault(shorten(one_line(mark.label), 40, placeholder="…"), pixels[len(pixels) // 2])
    for text, (x, y) in named.items():
        if (spot := room.beside(text, x, y)) is not None:
            add_label(axes, Spot(text, spot.left / _ACROSS, 1 - spot.base / _UP), transform=axes.transAxes)


def _line(look: LineLook) -> dict[str, Any]:
    # Where lines coincide, the unbroken one shows at both sides.
    width = 1.6 if look.dash else 2.8
    dash = (0, tuple(0.72 * part / width for part in look.dash)) if look.dash else "solid"
    return {"color": look.light, "linewidth": width, "linestyle": dash, "dash_capstyle": "round"}


def _add_names(sheet: Sheet, given: Sequence[Panel], x: float, y: float) -> None:
    for k in by_end(given):
        look = LINES[k % len(LINES)]
        sheet.ground.plot((x, x + 36), (y + 8, y + 8), **_line(look))
        lines = wrap(heading(given[k]), 32)
        sheet.lines(x + 44, y + 12, lines, colour=look.light)
        y += LINE * len(lines) + 4
    sheet.lines(x, y + 12, curve_notes([panel.surface for panel in given]), colour=LIGHT.soft)
