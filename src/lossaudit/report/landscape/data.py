"""A picture as compact data for the page: JSON, in which arrays are base64.

A value takes three bytes: the upper ones of its float32, rounded to nearest. That is a relative error of at most
2^-16, good for four digits at every size, and it keeps signs, zero, NaN and the infinite. What float32 cannot hold
becomes its smallest or its largest number, never zero and never infinite.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from math import isfinite, isqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lossaudit.landscape.picture import Bools, Coordinate, Floats, Mark, MarkKind, Panel, Picture, Surface
from lossaudit.report.landscape.places import joined
from lossaudit.report.markup import Markup
from lossaudit.report.wording import one_line

Json: TypeAlias = Mapping[str, object]

LARGEST = 81  # nodes along an axis
_NODES, _SMALLEST = 12_000, 25  # nodes of a whole picture, unless there are more frames than that allows
_ARROWS = 15  # along an axis: more cannot be told apart
_CURVE = 401


def text(picture: Picture) -> Markup:
    """The picture as JSON that can stand inside of a script element: nothing in it ends the element."""
    plain = json.dumps(_picture(picture), separators=(",", ":"), allow_nan=False)
    return Markup(plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def shown(picture: Picture) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Shape of the first surface that the page shows with fewer nodes than it has: (nodes, shown), or None."""
    limit = _limit(picture)
    for panel in picture.panels:
        rows, columns = _kept(panel.surface, limit)
        full, few = panel.surface.loss.shape, (len(rows), len(columns))
        if panel.surface.y is not None and full != few:
            return (full[0], full[1]), few
    return None


def _limit(picture: Picture) -> int:
    """How many nodes an axis may have, by how many surfaces there are."""
    planes = sum(surface.y is not None for panel in picture.panels for surface in panel.frames)
    side = isqrt(_NODES // max(planes, 1))
    return max(min(side - 1 + side % 2, LARGEST), _SMALLEST)  # odd: the middle node of an odd number is kept


def _picture(picture: Picture) -> Json:
    picture = joined(picture)
    limit = _limit(picture)
    scale = picture.scale
    return {
        "title": one_line(picture.title),
        "scale": {"name": one_line(scale.name), "low": scale.low, "high": scale.high, "log": scale.log},
        "panels": [_panel(panel, limit) for panel in picture.panels],
    }


def _panel(panel: Panel, limit: int) -> Json:
    slider = panel.slider
    return {
        "slider": None if slider is None else {"name": one_line(slider.name), "start": slider.start},
        "frames": [_surface(frame, limit) for frame in panel.frames],
    }


def _surface(surface: Surface, limit: int) -> Json:
    rows, columns = _kept(surface, limit)

    def part(values: Floats | None) -> str | None:
        return None if values is None else floats(_part(values, rows, columns, surface))

    def mask(values: Bools | None) -> str | None:
        return None if values is None else bits(_part(values, rows, columns, surface))

    curvature, rounding = surface.curvature, np.broadcast_to(surface.rounding, surface.loss.shape)
    return {
        "name": one_line(surface.name),
        "x": _coordinate(surface.x, columns),
        "y": None if surface.y is None else _coordinate(surface.y, rows),
        "loss": part(surface.loss),
        "slope": part(surface.slope),
        "curvature": part(curvature),
        "by": None if surface.curvature_by is None else surface.curvature_by.value,
        "negative": mask(surface.negative),
        "signless": None if curvature is None else mask(np.abs(curvature) <= rounding),
        "plateau": mask(surface.plateau),
        "computed": None if surface.computed is None or surface.computed.all() else mask(surface.computed),
        "band": part(surface.band),
        "arrows": _arrows(surface),
        "marks": [_mark(mark) for mark in surface.marks],
        "value": None if surface.value is None else _number(surface.value),
        "notes": [one_line(note) for note in surface.notes],
    }


def _kept(surface: Surface, limit: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns that the page has. Nodes are left out, never moved and never averaged."""
    if surface.y is None:
        return np.zeros(1, np.intp), _spread(len(surface.x.values), _CURVE)
    return _spread(len(surface.y.values), limit), _spread(len(surface.x.values), limit)


def _spread(count: int, limit: int) -> NDArray[np.intp]:
    return np.linspace(0, count - 1, min(count, limit)).round().astype(np.intp)


def _part(
    values: NDArray[np.generic], rows: NDArray[np.intp], columns: NDArray[np.intp], surface: Surface
) -> NDArray[np.generic]:
    return values[columns] if surface.y is None else values[np.ix_(rows, columns)]


def _coordinate(axis: Coordinate, kept: NDArray[np.intp]) -> Json:
    values = axis.values[kept]
    steps = np.linspace(values[0], values[-1], len(values))
    even = bool(np.abs(values - steps).max() <= 1e-9 * (values[-1] - values[0]))
    ends = [float(values[0]), float(values[-1])]
    return {"name": one_line(axis.name), "count": len(values), "values": ends if even else values.tolist()}


def _arrows(surface: Surface) -> Json | None:
    """The gradient at some nodes, by their place in the surface."""
    if surface.arrows is None or surface.y is None:
        return None
    rows, columns = (_inside(len(axis.values), _ARROWS) for axis in (surface.y, surface.x))
    chosen = surface.arrows[np.ix_(rows, columns)]
    return {
        "x": [_number(value) for value in surface.x.values[columns]],
        "y": [_number(value) for value in surface.y.values[rows]],
        "dx": floats(chosen[..., 0]),
        "dy": floats(chosen[..., 1]),
    }


def _inside(count: int, limit: int) -> NDArray[np.intp]:
    """Indices at equal steps that keep away from the ends, where an arrow would leave the picture."""
    step = -(-count // limit)
    steps = max((count - 3) // step, 0)
    return (count - 1 - steps * step) // 2 + step * np.arange(steps + 1, dtype=np.intp)


def _mark(mark: Mark) -> Json:
    order = _chord(mark.points) if mark.kind is MarkKind.WITNESS and len(mark.points) == 3 else range(len(mark.points))
    chosen = list(order)

    def part(values: Floats | None) -> list[float | str] | None:
        return None if values is None else [_number(float(values[i])) for i in chosen]

    return {
        "kind": mark.kind.value,
        "label": one_line(mark.label),
        "points": [[_number(float(value)) for value in mark.points[i]] for i in chosen],
        "loss": part(mark.loss),
        "distance": part(mark.distance),
    }


def _chord(points: Floats) -> tuple[int, int, int]:
    """End, midpoint, end: the midpoint is the one that is farthest from being an end."""
    away = [float(np.abs(2 * points[i] - points[j] - points[k]).sum()) for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1))]
    middle = int(np.argmin(away))
    first, last = (i for i in range(3) if i != middle)
    return first, middle, last


def _number(value: float) -> float | str:
    """Six digits; what JSON cannot say is said in words."""
    return float(f"{value:.6g}") if isfinite(value) else str(float(value))


def floats(values: NDArray[np.generic]) -> str:
    """Three bytes a value, as the module says.

    >>> floats(np.array([1.0, -np.inf, np.nan]))
    'P4AA/4AAf8AA'
    """
    exact = np.ascontiguousarray(values, np.float64).ravel()
    with np.errstate(over="ignore", under="ignore"):
        single = exact.astype(np.float32)
    codes = (single.view(np.uint32).astype(np.int64) & 0x7FFFFFFF) + 0x80 >> 8  # to nearest; without the sign
    codes = np.clip(codes, np.where(exact != 0, 1, 0), 0x7F7FFF)
    codes = np.where(np.isinf(exact), 0x7F8000, codes) | np.where(np.signbit(exact), 0x800000, 0)
    codes = np.where(np.isnan(exact), 0x7FC000, codes)
    return b64encode(codes.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()).decode()


def bits(values: NDArray[np.generic]) -> str:
    """One bit a value, the first one in the highest bit of the first byte.

    >>> bits(np.array([True, False, False, False, False, False, False, True]))
    'gQ=='
    """
    return b64encode(np.packbits(np.ascontiguousarray(values, np.bool_).ravel()).tobytes()).decode()
