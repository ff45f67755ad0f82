"""Where things stand on a map: points in its square, isolines, and labels that do not cover each other."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from textwrap import shorten

import numpy as np

from lossaudit.landscape.picture import Bools, Floats, Mark, MarkKind, Picture, Scale, Surface
from lossaudit.report.chart import linear, logarithmic
from lossaudit.report.landscape.colours import MARKS, level
from lossaudit.report.landscape.raster import edges
from lossaudit.report.wording import figure, one_line

SIZE = 256
"""Pixels of a map's side."""
_FINEST = 100  # nodes along an axis that isolines follow
_ARROWS = 12  # along an axis
_LABEL = 34  # letters in a mark's label
_NAME = 26  # and in the short name of an axis
_LETTER = 6.8  # pixels, of a label's text of 11 px on average


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Where the points of a surface stand in its square of `SIZE` pixels.

    Over a simplex, the probabilities of three classes, coordinates are distances from uniform probabilities: along the
    side from the first class to the second, and towards the third. The area is a triangle with sides of `SIZE`.

    Attributes:
        x, y: Ends, half a step beyond the outermost nodes.
        simplex: Whether it is one.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    simplex: bool = False

    @classmethod
    def of(cls, surface: Surface, *, simplex: bool) -> Area:
        assert surface.y is not None
        return cls(edges(surface.x.values), edges(surface.y.values), simplex)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels from the upper left.

        >>> Area((-2.0, 2.0), (-2.0, 2.0)).at(0.0, 1.0)
        (128.0, 64.0)
        """
        if self.simplex:  # its sides are as long as from (1, 0, 0) to (0, 1, 0)
            floor = SIZE * (1 + math.sqrt(0.75)) / 2
            return SIZE * (0.5 + x / math.sqrt(2)), floor - SIZE * (y + 1 / math.sqrt(6)) / math.sqrt(2)
        across, up = (x - self.x[0]) / (self.x[1] - self.x[0]), (self.y[1] - y) / (self.y[1] - self.y[0])
        return SIZE * across, SIZE * up

    def corner(self, column: float, row: float) -> tuple[float, float]:
        """Pixels of a place in the grid of nodes, given as shares of its width and of its height from the top."""
        return self.at(self.x[0] + column * (self.x[1] - self.x[0]), self.y[1] - row * (self.y[1] - self.y[0]))

    @property
    def matrix(self) -> tuple[float, float, float, float, float, float]:
        """How a square of `SIZE` pixels is moved onto the area, as SVG writes it."""
        (x, y), (right, right_y), (below, below_y) = self.corner(0, 0), self.corner(1, 0), self.corner(0, 1)
        return (
            (right - x) / SIZE,
            (right_y - y) / SIZE,
            (below - x) / SIZE,
            (below_y - y) / SIZE,
            x,
            y,
        )

    @property
    def triangle(self) -> tuple[tuple[float, float], ...]:
        """The corners of a simplex, where the first, the second and the third class have probability 1."""
        return tuple(self.at(x, y) for x, y in _CORNERS)


_CORNERS = (
    (-1 / math.sqrt(2), -1 / math.sqrt(6)),
    (1 / math.sqrt(2), -1 / math.sqrt(6)),
    (0.0, 2 / math.sqrt(6)),
)


def on_simplex(picture: Picture) -> bool:
    """Whether the coordinates of its surfaces are probabilities."""
    return picture.settings.get("kind") == "simplex"


def within(surface: Surface, *, simplex: bool) -> Bools:
    """Which nodes belong to the slice: all of them, but for those beside a simplex."""
    if not simplex or surface.y is None:
        return np.full(surface.loss.shape, True)
    x, y = np.meshgrid(surface.x.values, surface.y.values)
    least = [1 / 3 + x * across + y * up for across, up in _CORNERS]  # the three probabilities
    return np.min(least, axis=0) > -1e-9


def scale_ticks(scale: Scale) -> list[tuple[float, str]]:
    """Values on the scale with their names."""
    axis = logarithmic("", (scale.low, scale.high)) if scale.log else linear("", scale.low, scale.high, most=6)
    hair = 1e-9 * abs(scale.high - scale.low)  # a scale from 1e-20 to 1 has a tick at 0
    inside = [(value, label) for value, label in axis.ticks if scale.low - hair <= value <= scale.high + hair]
    return inside or [(scale.low, figure(scale.low))]


def axis_ticks(values: Floats) -> list[tuple[float, str]]:
    """Values on an axis with their names."""
    low, high = float(values[0]), float(values[-1])
    if low == high:
        return [(low, figure(low))]
    return [(value, label) for value, label in linear("", low, high).ticks if low <= value <= high]


def isolines(surface: Surface, area: Area, scale: Scale) -> list[tuple[str, list[Floats]]]:
    """Lines of equal loss at the ticks of the scale above its low end: a label, and pieces (points, 2) in pixels.

    They are lines through the nodes by linear interpolation, and there are none beside a node without a finite value.
    Empty where contourpy, which comes with matplotlib, is missing.
    """
    try:
        import contourpy
    except ImportError:
        return []
    if (grid := thinned(surface, area)) is None:
        return []
    lines = contourpy.contour_generator(*grid)
    levels = [tick for tick in scale_ticks(scale) if level(scale, tick[0]) > 0]
    return [(label, [np.asarray(piece) for piece in lines.lines(value)]) for value, label in levels]


def thinned(surface: Surface, area: Area) -> tuple[Floats, Floats, np.ma.MaskedArray] | None:
    """What contours are drawn through, at most a hundred nodes along an axis: x and y in pixels, and the finite loss.

    None where there are too few nodes for contours.
    """
    rows, columns = (np.arange(0, n, math.ceil(n / _FINEST)) for n in surface.loss.shape)
    if surface.y is None or len(rows) < 2 or len(columns) < 2:
        return None
    places = [[area.at(float(x), float(y)) for x in surface.x.values[columns]] for y in surface.y.values[rows]]
    xs, ys = np.moveaxis(np.array(places), -1, 0)
    return xs, ys, np.ma.masked_invalid(surface.loss[np.ix_(rows, columns)])


def corner_names(surface: Surface) -> tuple[str, str, str]:
    """The classes at the left, the right and the upper corner of a simplex, as the names of its axes have them."""
    assert surface.y is not None
    left, _, right = one_line(surface.x.name).removeprefix("from ").partition(" to ")
    return left, right, one_line(surface.y.name).removeprefix("towards ")


def short(name: str) -> str:
    """What stands before the explanation in the name of an axis.

    >>> short("z1, logit of the true class (nats)"), short("fc.weight[0, 2]")
    ('z1', 'fc.weight[0, 2]')
    """
    return shorten(re.split(r",(?![^\[(]*[\])])", one_line(name))[0], _NAME, placeholder="…")


def joined(picture: Picture) -> Picture:
    """The picture with one mark and one label where a minimum is the centre."""
    return replace(
        picture,
        panels=tuple(replace(panel, frames=tuple(map(_joined, panel.frames))) for panel in picture.panels),
    )


def _joined(surface: Surface) -> Surface:
    centres = [mark for mark in surface.marks if mark.kind is MarkKind.CENTRE and len(mark.points) == 1]
    minima = [mark for mark in surface.marks if mark.kind is MarkKind.MINIMUM]
    if not centres or not minima:
        return surface
    axes = [axis.values for axis in (surface.x, surface.y) if axis is not None]
    near = 1e-6 * np.array([np.ptp(values) for values in axes])
    place, marks = centres[0].points[0], list[Mark]()
    met = [mark.label for mark in minima if (np.abs(mark.points - place) <= near).all(1).any()]
    for mark in surface.marks:
        if mark is centres[0] and met:
            marks.append(replace(mark, label=f"{mark.label}, {met[0]}"))
        elif mark.kind is MarkKind.MINIMUM and met:
            kept = ~(np.abs(mark.points - place) <= near).all(1)
            loss = None if mark.loss is None else mark.loss[kept]
            distance = None if mark.distance is None else mark.distance[kept]
            if kept.any():
                marks.append(replace(mark, points=mark.points[kept], loss=loss, distance=distance))
        else:
            marks.append(mark)
    return replace(surface, marks=tuple(marks))


def longest_arrow(surfaces: Sequence[Surface]) -> float:
    """The norm that is drawn longest, the 95th percentile: one cliff must not shrink all others; 0 for no arrows."""
    sizes = [np.hypot(*np.moveaxis(each.arrows, -1, 0)).ravel() for each in surfaces if each.arrows is not None]
    every = np.concatenate(sizes) if sizes else np.array([])
    every = every[np.isfinite(every) & (every > 0)]
    return float(np.quantile(every, 0.95)) if every.size else 0.0


def arrows(surface: Surface, area: Area, steepest: float) -> list[tuple[float, float, float, float]]:
    """The gradient at some nodes, as start and end in pixels; its length grows with the root of its norm."""
    if surface.arrows is None or surface.y is None or steepest == 0:
        return []
    made: list[tuple[float, float, float, float]] = []
    for row, column in itertools.product(*map(_every, surface.loss.shape)):
        dx, dy = surface.arrows[row, column].tolist()
        norm = math.hypot(dx, dy)
        if not 0 < norm < math.inf:
            continue
        x, y = float(surface.x.values[column]), float(surface.y.values[row])
        start, ahead = area.at(x, y), area.at(x + dx / norm, y + dy / norm)
        ux, uy = ahead[0] - start[0], ahead[1] - start[1]
        reach = 0.45 * SIZE / _ARROWS * math.sqrt(min(norm / steepest, 1.0)) / math.hypot(ux, uy)
        made.append((start[0] - reach * ux, start[1] - reach * uy, start[0] + reach * ux, start[1] + reach * uy))
    return made


def _every(nodes: int) -> range:
    """Indices at equal steps, as far from one end as from the other.

    >>> list(_every(41)), list(_every(2))
    ([2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38], [0, 1])
    """
    step = max(1, round(nodes / _ARROWS))
    count = nodes // step
    start = (nodes - 1 - (count - 1) * step) // 2
    return range(start, start + count * step, step)


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark in pixels.

    Attributes:
        points: All of its points that are numbers.
        symbols: Those that are seen: x, y, and whether it is a small one.
        name: Its label, shortened.
    """

    kind: MarkKind
    points: list[tuple[float, float]]
    symbols: list[tuple[float, float, bool]]
    name: str

    def label(self, room: Room) -> Spot | None:
        """Where the label stands, if there is room."""
        if not self.symbols:
            return None
        x, y, _ = self.symbols[len(self.symbols) // 2 if self.kind is MarkKind.WITNESS else 0]
        return room.beside(self.name, x, y)


def place_mark(mark: Mark, area: Area, room: Room) -> Placed:
    """Where a mark stands; labels keep off it from then on."""
    given = ((float(x), float(y)) for x, y in mark.points)
    points = [area.at(x, y) for x, y in given if math.isfinite(x) and math.isfinite(y)]
    along = mark.kind is MarkKind.PATH
    symbols = [
        (x, y, along and 0 < k < len(points) - 1)
        for k, (x, y) in enumerate(points)
        if 0 <= x <= SIZE and 0 <= y <= SIZE
    ]
    room.take(points, joined=MARKS[mark.kind].joined)
    return Placed(mark.kind, points, symbols, shorten(one_line(mark.label), _LABEL, placeholder="…"))


def on_curve(mark: Mark, surface: Surface) -> list[tuple[float, float]]:
    """Points of a mark with their true loss, or else the curve's, as far as they are on the axis and have one."""
    at, axis = mark.points[:, 0], surface.x.values
    heights = mark.loss if mark.loss is not None else np.interp(at, axis, surface.loss)
    pairs = [(float(x), float(y)) for x, y in zip(at, heights, strict=True)]
    return [(x, y) for x, y in pairs if axis[0] <= x <= axis[-1] and math.isfinite(y)]


def spread(values: Floats, inside: Bools) -> Floats:
    """Values over a triangle, in each row repeated beyond its sides: a half of a pixel there belongs to its node."""
    if inside.all():
        return values
    wide = values.copy()
    for row, known in zip(wide, inside, strict=True):
        if known.any():
            first, last = np.flatnonzero(known)[[0, -1]]
            row[:first], row[last + 1 :] = row[first], row[last]
    return wide


@dataclass(frozen=True, slots=True)
class Spot:
    """A text and where it starts: its left end and its base line."""

    text: str
    left: float
    base: float


@dataclass(slots=True)
class Room:
    """The places of labels in an area, so that none covers another.

    Attributes:
        width, height: Of the area.
        taken: Boxes `(left, top, right, bottom)`.
    """

    width: float
    height: float
    taken: list[tuple[float, float, float, float]] = field(default_factory=list[tuple[float, float, float, float]])

    def take(self, points: Sequence[tuple[float, float]], *, joined: bool) -> None:
        """Keep labels off symbols, and off the line through them."""
        along = list(points)
        for (x, y), (u, v) in itertools.pairwise(points) if joined else ():
            steps = int(math.dist((x, y), (u, v)) / 8)
            along += [(x + (u - x) * k / steps, y + (v - y) * k / steps) for k in range(1, min(steps, 100))]
        self.taken += [(x - 5, y - 5, x + 5, y + 5) for x, y in along]

    def beside(self, text: str, x: float, y: float) -> Spot | None:
        """Where the text stands beside a point; None where there is no room."""
        width = _LETTER * len(text)
        right, left, middle = x + 8, x - 8 - width, x - width / 2
        offers = ((right, 4), (left, 4), (middle, -9), (middle, 18), (right, -8), (right, 16), (left, -8), (left, 16))
        return next((spot for at, down in offers if (spot := self._spot(text, at, y + down))), None)

    def on_longest(self, text: str, pieces: Sequence[Floats]) -> Spot | None:
        """Where the text stands on the longest piece of a line."""
        longest = max(pieces, key=len, default=None)
        return self.on_line(text, longest.tolist()) if longest is not None and len(longest) > 8 else None

    def on_line(self, text: str, points: Sequence[Sequence[float]]) -> Spot | None:
        """Where the text stands on a line, near its middle if there is room."""
        half, last = _LETTER * len(text) / 2, len(points) - 1
        offers = (points[last * k // 8] for k in (4, 3, 5, 2, 6, 1, 7))
        return next((spot for x, y in offers if (spot := self._spot(text, x - half, y + 4))), None)

    def _spot(self, text: str, left: float, base: float) -> Spot | None:
        box = (left, base - 11, left + _LETTER * len(text), base + 3)
        if box[0] < 1 or box[1] < 1 or box[2] > self.width - 1 or box[3] > self.height - 1:
            return None
        if any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in self.taken):
            return None
        self.taken.append(box)
        return Spot(text, left, base)
