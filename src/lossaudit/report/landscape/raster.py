"""A surface as pixels, one for each node, and regions of it as outlines."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lossaudit.landscape.picture import Bools, Coordinate, Floats
from lossaudit.report.landscape.colours import MAP

_Kind = TypeVar("_Kind", bound=np.generic)

_MOST = 128  # pixels along an axis: a static picture has no more to show
_SHADES = 127  # of the map; entry 0 of the palette is transparent


def edges(values: Floats) -> tuple[float, float]:
    """Where the pixels of the first and the last node end: half a step beyond them.

    >>> edges(np.array([0.0, 1.0, 2.0])), edges(np.array([3.0]))
    ((-0.5, 2.5), (2.5, 3.5))
    """
    if len(values) == 1:
        return float(values[0]) - 0.5, float(values[0]) + 0.5
    return float(values[0] - (values[1] - values[0]) / 2), float(values[-1] + (values[-1] - values[-2]) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Which node each pixel shows: the nearest one. Evenly spaced nodes that are not too many have one pixel each."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    @classmethod
    def of(cls, x: Coordinate, y: Coordinate) -> Pixels:
        return cls(_nearest(y.values), _nearest(x.values))

    def of_array(self, array: NDArray[_Kind]) -> NDArray[_Kind]:
        """An array over the nodes as pixels, the highest y first."""
        return array[np.ix_(self.rows[::-1], self.columns)]


def _nearest(values: Floats) -> NDArray[np.intp]:
    steps = np.diff(values)
    if len(values) <= _MOST and (len(values) < 3 or np.ptp(steps) <= 1e-6 * steps.max()):
        return np.arange(len(values))
    low, high = edges(values)
    centres = low + (np.arange(_MOST) + 0.5) * (high - low) / _MOST
    return np.searchsorted((values[1:] + values[:-1]) / 2, centres)


def data_uri(levels: Floats) -> str:
    """Levels between 0 and 1 as a PNG in the colours of the map, in an address; NaN is transparent.

    Args:
        levels: (rows, columns), the uppermost row first.
    """
    shade = np.nan_to_num(np.round(levels * (_SHADES - 1)) + 1).astype(np.uint8)
    lines = b"".join(b"\x00" + row.tobytes() for row in shade)
    palette = bytes(c for k in range(_SHADES) for c in MAP[round(k * (len(MAP) - 1) / (_SHADES - 1))])
    header = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", b"\xff\xff\xff" + palette),
        (b"tRNS", b"\x00"),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def outline(where: Bools) -> list[list[tuple[int, int]]]:
    """The border of a region as closed loops of corners `(column, row)`; the region lies to their right.

    >>> outline(np.array([[True, True]]))
    [[(0, 0), (2, 0), (2, 1), (0, 1)]]
    """
    padded = np.pad(where, 1)
    inside = padded[1:-1, 1:-1]
    onward: dict[tuple[int, int], list[tuple[int, int]]] = {}
    sides = (
        (inside & ~padded[:-2, 1:-1], (0, 0), (1, 0)),  # above
        (inside & ~padded[1:-1, 2:], (1, 0), (1, 1)),  # to the right
        (inside & ~padded[2:, 1:-1], (1, 1), (0, 1)),  # below
        (inside & ~padded[1:-1, :-2], (0, 1), (0, 0)),  # to the left
    )
    for border, (fx, fy), (tx, ty) in sides:
        for row, column in zip(*map(np.ndarray.tolist, np.nonzero(border)), strict=True):
            onward.setdefault((column + fx, row + fy), []).append((column + tx, row + ty))
    loops: list[list[tuple[int, int]]] = []
    while onward:
        loops.append(_loop(onward))
    return loops


def _loop(onward: dict[tuple[int, int], list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Take one closed loop out of the steps, and of it the corners alone."""
    start = point = next(iter(onward))
    points: list[tuple[int, int]] = []
    while True:
        points.append(point)
        following = onward[point].pop()
        if not onward[point]:
            del onward[point]
        point = following
        if point == start:
            break
    before = [points[-1], *points[:-1]]
    after = [*points[1:], points[0]]
    return [
        p
        for q, p, r in zip(before, points, after, strict=True)
        if (p[0] - q[0], p[1] - q[1]) != (r[0] - p[0], r[1] - p[1])
    ]
