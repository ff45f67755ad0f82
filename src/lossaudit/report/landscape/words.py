"""A picture in words: what a terminal prints, and what a screen reader hears."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

import numpy as np

from lossaudit.landscape.picture import Bools, Floats, Mark, MarkKind, Panel, Picture, Scale, Surface
from lossaudit.report.landscape.colours import MISSING, NEGATIVE, PLATEAU, level
from lossaudit.report.landscape.places import on_simplex, within
from lossaudit.report.wording import count, figure, one_line, percent

_WIDTH = 79
_COLUMNS, _ROWS = 24, 12  # of a map in letters: three stand side by side
_BESIDE = 3
_SHADES = "·░▒▓█"
_SHADES_ASCII = ".:+*#"


KINDS: Mapping[MarkKind, str] = {
    MarkKind.WITNESS: "witness: the middle lies above the chord",
    MarkKind.MINIMUM: "minimum",
    MarkKind.PATH: "path of the training",
}
"""What a mark means, where its label does not say it."""
ARROWS = "gradient, uphill; longer where it is steeper"
"""What arrows mean."""


def words(picture: Picture, *, ascii: bool = False) -> str:
    """The picture as text for a terminal of 80 columns, without a final line break.

    Args:
        picture: What to say.
        ascii: Whether a terminal shows ASCII only; text of the picture itself stays as it is.
    """
    shades = _SHADES_ASCII if ascii else _SHADES
    lines = [*wrap(one_line(picture.title), _WIDTH), ""]
    for panel in picture.panels:
        lines += wrap(heading(panel), _WIDTH)
        lines += _wrapped(facts(panel, simplex=on_simplex(picture)), "  ")
    lines += _maps(picture, shades)
    if picture.caption:
        lines += ["", *wrap(" ".join(map(one_line, picture.caption)), _WIDTH)]
    return "\n".join(lines)


def heading(panel: Panel) -> str:
    """The name of what a panel shows first, with the value of its slider."""
    surface = panel.surface
    if panel.slider is None or surface.value is None:
        return one_line(surface.name)
    return one_line(f"{surface.name}, {panel.slider.name} = {figure(surface.value)}")


def facts(panel: Panel, *, simplex: bool = False) -> list[str]:
    """What is seen on the surface that a panel shows first, a short statement each."""
    surface = panel.surface
    said = list(_facts(surface, within(surface, simplex=simplex)))
    if panel.slider is not None and len(panel.frames) > 1:
        values = [frame.value for frame in panel.frames if frame.value is not None]
        ends = f", {figure(min(values))} to {figure(max(values))}" if values else ""
        said.append(f"one of {len(panel.frames)} frames over {one_line(panel.slider.name)}{ends}")
    return [*said, *map(one_line, surface.notes)]


def _facts(surface: Surface, inside: Bools) -> Iterator[str]:
    yield _range(surface.loss, inside)
    if (negative := surface.negative) is not None and surface.curvature is not None:
        by = f" (by {surface.curvature_by.value})" if surface.curvature_by is not None else ""
        known = inside & ~np.isnan(surface.curvature)
        where = _share(negative, known) if known.any() else "not known"
        yield f"negative curvature: {where}{by}"
    if surface.plateau is not None:
        yield f"plateau: {_share(surface.plateau, inside & ~np.isnan(surface.loss))}"
    if surface.computed is not None and not surface.computed[inside].all():
        share = percent(float(surface.computed[inside].mean()))
        yield f"{share} of the nodes were computed, the others were interpolated"
    if surface.residual is not None:
        yield f"largest held-out interpolation error: {figure(100 * surface.residual, 2)} % of the range"
    if surface.band is not None and np.isfinite(surface.band).any():
        yield f"95 % band of sub-sampling: at most +/- {figure(float(np.nanmax(surface.band)), 2)}"
    for mark in surface.marks:
        yield _mark(mark)


def _range(values: Floats, inside: Bools) -> str:
    loss = values[inside]
    finite = loss[np.isfinite(loss)]
    if not finite.size:
        said = "no value of the loss is finite"
    elif finite.min() == finite.max():
        said = f"loss {figure(float(finite.min()) + 0.0)} throughout"
    else:
        said = f"loss from {figure(float(finite.min()) + 0.0)} to {figure(float(finite.max()) + 0.0)}"  # no minus zero
    nodes = f"{' x '.join(map(str, reversed(values.shape)))} nodes" if inside.all() else f"{loss.size:,} nodes"
    missing, infinite = int(np.isnan(loss).sum()), int(np.isinf(loss).sum())
    more = [f"{missing} not a number"] * (missing > 0) + [f"{infinite} infinite"] * (infinite > 0)
    return f"{said} over {nodes}" + (f", {' and '.join(more)}" if more else "")


def _share(where: Bools, known: Bools) -> str:
    """A share of the nodes that have a value.

    >>> _share(np.array([True, False, False, True]), np.array([True, True, False, True]))
    '67 % of the nodes'
    """
    hit, of = int((where & known).sum()), int(known.sum())
    return f"{percent(hit / of)} of the nodes" if hit else "nowhere on the nodes"


def _mark(mark: Mark) -> str:
    label = one_line(mark.label)
    points = [f"({', '.join(figure(float(c), 3) for c in point)})" for point in mark.points]
    losses = [figure(float(each)) for each in (() if mark.loss is None else mark.loss)]
    if mark.kind is MarkKind.WITNESS and len(points) == 3:
        said = f"{label}: from {points[0]} over the midpoint {points[1]} to {points[2]}"
        if mark.loss is not None:
            chord = figure(float(mark.loss[0] + mark.loss[2]) / 2)
            said += f", loss {losses[0]}, {losses[1]}, {losses[2]}; the chord is at {chord} in the middle"
    elif mark.kind is MarkKind.PATH and len(points) > 1:
        said = f"{label}: a path of {count(len(points), 'point')} from {points[0]} to {points[-1]}"
        said += f", true loss from {losses[0]} to {losses[-1]}" if losses else ""
    else:
        said = f"{label}: {', '.join(points)}" + (f", loss {', '.join(losses)}" if losses else "")
    if mark.distance is not None and np.isfinite(mark.distance).any():
        said += f", at most {figure(float(np.nanmax(mark.distance)), 3)} off the plane"
    return said


def scale_ends(scale: Scale) -> str:
    """The scale in words.

    >>> scale_ends(Scale("loss (nats)", 0.01, 8.0, log=True))
    'loss (nats), 0.01 to 8, logarithmic'
    """
    ending = ", logarithmic" if scale.log else ""
    return f"{one_line(scale.name)}, {figure(scale.low)} to {figure(scale.high)}{ending}"


def beyond(surfaces: Sequence[Surface], scale: Scale) -> str:
    """What is said where values lie outside of the scale; empty where none does."""
    with np.errstate(invalid="ignore"):
        under = any((surface.loss < scale.low).any() for surface in surfaces)
        over = any((surface.loss > scale.high).any() for surface in surfaces)
    ends = [f"below {figure(scale.low)}"] * under + [f"above {figure(scale.high)}"] * over
    return f"Values {' and '.join(ends)} have the colour of that end." if ends else ""


def meanings(surfaces: Sequence[Surface], *, simplex: bool = False) -> list[tuple[str, str]]:
    """Which patterns are there (`"h"`, `"d"`, `"m"`), and what they mean."""
    found: list[tuple[str, str]] = []
    hatched = [surface for surface in surfaces if surface.negative is not None and surface.negative.any()]
    if hatched:
        ways = sorted({surface.curvature_by.value for surface in hatched if surface.curvature_by is not None})
        found.append(("h", NEGATIVE + (f", by {' or '.join(ways)}" if ways else "")))
    if any(surface.plateau is not None and surface.plateau.any() for surface in surfaces):
        found.append(("d", f"{PLATEAU}: high loss, vanished gradient"))
    if any((np.isnan(surface.loss) & within(surface, simplex=simplex)).any() for surface in surfaces):
        found.append(("m", MISSING))
    return found


def curve_notes(surfaces: Sequence[Surface]) -> list[str]:
    """What the looks of curves mean, as far as there are such."""
    notes = {
        "A broad line: negative curvature.": any(s.negative is not None and s.negative.any() for s in surfaces),
        "Thick dots on a line: a plateau.": any(s.plateau is not None and s.plateau.any() for s in surfaces),
        "A shaded band: 95 % of sub-sampling.": any(s.band is not None for s in surfaces),
        "A gap: not a finite number.": any(not np.isfinite(s.loss).all() for s in surfaces),
    }
    return [note for note, holds in notes.items() if holds]


def by_end(given: Sequence[Panel]) -> list[int]:
    """Indices of curves in the order in which they end, the highest first."""
    finite = [panel.surface.loss[np.isfinite(panel.surface.loss)] for panel in given]
    return sorted(range(len(given)), key=lambda k: -float(finite[k][-1]) if finite[k].size else math.inf)


def _maps(picture: Picture, shades: str) -> list[str]:
    """The surfaces as letters, side by side; the y axis points up."""
    drawn = [panel for panel in picture.panels if panel.surface.y is not None]
    lines: list[str] = []
    for start in range(0, len(drawn), _BESIDE):
        row = drawn[start : start + _BESIDE]
        names = [wrap(heading(panel), _COLUMNS) for panel in row]
        deepest = max(map(len, names))
        blocks = [
            [
                *(name.ljust(_COLUMNS) for name in [*given, *[""] * (deepest - len(given))]),
                *_letters(panel, picture, shades),
            ]
            for panel, given in zip(row, names, strict=True)
        ]
        lines += ["", *("  ".join(parts).rstrip() for parts in zip(*blocks, strict=True))]
    if drawn:
        lines += wrap(f"{shades} {scale_ends(picture.scale)}; ? is not a number", _WIDTH)
    return lines


def _letters(panel: Panel, picture: Picture, shades: str) -> list[str]:
    levels, inside = level(picture.scale, panel.surface.loss), within(panel.surface, simplex=on_simplex(picture))
    rows, columns = (
        np.linspace(0, n - 1, k).round().astype(int) for n, k in zip(levels.shape, (_ROWS, _COLUMNS), strict=True)
    )
    chosen = np.ix_(rows[::-1], columns)
    return [
        "".join(_letter(float(v), bool(here), shades) for v, here in zip(values, belongs, strict=True))
        for values, belongs in zip(levels[chosen], inside[chosen], strict=True)
    ]


def _letter(value: float, inside: bool, shades: str) -> str:
    if math.isnan(value):
        return "?" if inside else " "
    return shades[min(int(value * len(shades)), len(shades) - 1)]


def _wrapped(sentences: list[str], indent: str) -> list[str]:
    return [
        line
        for sentence in sentences
        for line in wrap(sentence, _WIDTH, initial_indent=indent, subsequent_indent=indent * 2)
    ]
