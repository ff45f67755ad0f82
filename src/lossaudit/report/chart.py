"""Line charts as SVG.

Every line differs from its neighbours by colour and by dash pattern and carries its name at its end. Colours come
from `STYLE`, which a page includes once; it follows the reader's light or dark mode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from lossaudit.report.markup import EMPTY, Markup, join, tag

# Small enough that a phone of 360 px shows the text at 11 px, wide enough for two in a row on a desktop.
WIDTH, HEIGHT = 380, 240
LEFT, RIGHT, TOP, BOTTOM = 48, 100, 28, 42

_BUCKETS = 80  # stretches of a curve, three pixels wide each
_HUGE = 1e300  # beyond it, and below its inverse, floating point arithmetic gives out
_DECADES = 8  # what a log axis shows at most below its largest value
_LETTERS, _LETTER_HEIGHT = 12, 14  # of a line's name: letters in a row, and height of a row

LIGHT = "--k1:#0067a5;--k2:#b8480a;--k3:#00704f;--grid:#d9dce1;--zone:#b8480a"
DARK = "--k1:#6cc0f0;--k2:#ff9d5c;--k3:#3fd0a0;--grid:#3a3f47;--zone:#ff9d5c"
SHAPES = """
svg{display:block;width:100%;height:auto;color:inherit}
svg text{font:13px system-ui,sans-serif;fill:currentColor}
svg .grid{stroke:var(--grid);stroke-width:1}
svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
svg .k1{stroke:var(--k1)}
svg .k2{stroke:var(--k2);stroke-dasharray:7 4}
svg .k3{stroke:var(--k3);stroke-dasharray:.5 4.5}
svg circle{stroke-dasharray:none!important}
svg circle.k1{fill:var(--k1)} svg circle.k2{fill:var(--k2)} svg circle.k3{fill:var(--k3)}
svg text.k1,svg text.k2,svg text.k3{stroke:none}
svg text.k1{fill:var(--k1)} svg text.k2{fill:var(--k2)} svg text.k3{fill:var(--k3)}
svg .bar{fill:currentColor;opacity:.18} svg .zone{fill:var(--zone);opacity:.12}
svg .mark{stroke:currentColor;stroke-width:1;opacity:.7}
"""
STYLE = f"""
:root{{{LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}
@media print{{:root{{{LIGHT}}}}}{SHAPES}"""


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a picture in pixels, and the room around the axes. On the right stand the names of the lines."""

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM


FRAME = Frame()


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a chart. `look` is 1, 2 or 3: a colour and a dash pattern."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    look: int


@dataclass(frozen=True, slots=True)
class Axis:
    """A named axis from `low` to `high`, linear or logarithmic."""

    name: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def at(self, value: float) -> float:
        """Position of a value, 0 at `low` and 1 at `high`; values outside lie on the nearer end.

        >>> Axis("", 0, 10, ()).at(2.5), Axis("", 1e-2, 1, (), log=True).at(1e-1)
        (0.25, 0.5)
        """
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log10(value / self.low) / math.log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear(name: str, low: float, high: float, most: int = 5) -> Axis:
    """A linear axis that contains [low, high], with a few ticks at multiples of 1, 2 or 5 times a power of ten.

    >>> [label for _, label in linear("", 0, 4000).ticks]
    ['0', '1,000', '2,000', '3,000', '4,000']
    """
    low, high = max(low, -_HUGE), min(high, _HUGE)
    size = max(abs(low), abs(high))
    if high - low <= 1e-9 * size or size < 1 / _HUGE:  # a flat line: no tick could tell its values apart
        margin = size / 2 if size >= 1 / _HUGE else 0.5
        low, high = low - margin, high + margin
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    multiples = (_multiples(factor * power, low, high) for factor in (1, 2, 5, 10, 20))
    values = next(each for each in multiples if len(each) <= most)
    ticks = tuple((value, _number(value)) for value in values)
    return Axis(name, low, high, ticks)


def _multiples(step: float, low: float, high: float) -> list[float]:
    """All multiples of a step in [low, high], the ends included where they are multiples but for rounding."""
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def logarithmic(name: str, values: Sequence[float]) -> Axis:
    """A log axis over whole decades that shows the positive values, at most eight decades of them.

    >>> [label for _, label in logarithmic("", (0.0, 2e-5, 3.0)).ticks]
    ['10⁻⁵', '10⁻⁴', '10⁻³', '0.01', '0.1', '1', '10']
    """
    positive = [value for value in values if 0 < value < math.inf]
    largest = min(max(*positive, 1e9 / _HUGE), _HUGE) if positive else 1.0
    top = math.ceil(math.log10(largest) - 1e-9)
    bottom = max(math.floor(math.log10(min(positive, default=0.1)) + 1e-9), top - _DECADES)
    bottom = min(bottom, top - 1)
    stride = 1 if top - bottom <= 6 else 2
    exponents = range(top - (top - bottom) // stride * stride, top + 1, stride)
    return Axis(name, 10.0**bottom, 10.0**top, tuple((10.0**k, _power(k)) for k in exponents), log=True)


def chart(
    title: str,
    description: str,
    across: Axis,
    up: Axis,
    curves: Sequence[Curve],
    extra: Markup = EMPTY,
    frame: Frame = FRAME,
) -> Markup:
    """The picture: grid, axes, `extra` behind the lines, the lines, and their names at their ends."""
    parts = [_grid(across, up, frame), extra]
    parts += [_line(curve, across, up, frame) for curve in curves]
    parts.append(_labels(curves, up, frame))
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description),
        *parts,
        viewBox=f"0 0 {frame.width} {frame.height}",
        role="img",
    )


def x_pixel(across: Axis, value: float, frame: Frame = FRAME) -> float:
    """Where a value stands from the left."""
    return frame.left + (frame.width - frame.left - frame.right) * across.at(value)


def y_pixel(up: Axis, value: float, frame: Frame = FRAME) -> float:
    """Where a value stands from the top."""
    return frame.height - frame.bottom - (frame.height - frame.top - frame.bottom) * up.at(value)


def _grid(across: Axis, up: Axis, frame: Frame) -> Markup:
    left, right, floor = frame.left, frame.width - frame.right, frame.height - frame.bottom
    parts = [tag("text", up.name, x=2, y=13)]
    for value, label in up.ticks:
        y = _round(y_pixel(up, value, frame))
        parts.append(tag("line", class_="grid", x1=left, x2=right, y1=y, y2=y))
        parts.append(tag("text", label, x=left - 6, y=y + 4, text_anchor="end"))
    for value, label in across.ticks:
        x = _round(x_pixel(across, value, frame))
        parts.append(tag("line", class_="grid", x1=x, x2=x, y1=floor, y2=floor + 4))
        parts.append(tag("text", label, x=x, y=floor + 18, text_anchor="middle"))
    parts.append(tag("text", across.name, x=(left + right) / 2, y=frame.height - 6, text_anchor="middle"))
    return join(*parts)


def _line(curve: Curve, across: Axis, up: Axis, frame: Frame) -> Markup:
    """The curve as unbroken pieces; a piece of one point is a dot."""
    pieces: list[list[str]] = [[]]
    for i in thin(curve.y):
        if math.isfinite(curve.y[i]):
            pieces[-1].append(f"{x_pixel(across, curve.x[i], frame):.1f} {y_pixel(up, curve.y[i], frame):.1f}")
        elif pieces[-1]:
            pieces.append([])
    lines = "".join("M" + "L".join(piece) for piece in pieces if len(piece) > 1)
    dots = [piece[0].split() for piece in pieces if len(piece) == 1]
    return join(
        tag("path", class_=f"line k{curve.look}", d=lines) if lines else EMPTY,
        *(tag("circle", class_=f"k{curve.look}", cx=x, cy=y, r=3) for x, y in dots),
    )


def _labels(curves: Sequence[Curve], up: Axis, frame: Frame) -> Markup:
    """Names at the right, each at the height of its line's last point, moved apart where they would overlap."""
    ends: list[tuple[float, int, list[str]]] = []
    for curve in curves:
        last = next(filter(math.isfinite, reversed(curve.y)), None)
        if last is not None:
            ends.append((y_pixel(up, last, frame) + 4, curve.look, wrap(curve.label, _LETTERS)))
    ends.sort()
    parts: list[Markup] = []
    free: float = frame.top
    below = sum(len(rows) for _, _, rows in ends) * _LETTER_HEIGHT
    for wanted, look, rows in ends:
        y = max(free, min(wanted, frame.height - frame.bottom + _LETTER_HEIGHT - below))
        below -= len(rows) * _LETTER_HEIGHT
        for row in rows:
            parts.append(tag("text", row, class_=f"k{look}", x=frame.width - frame.right + 6, y=_round(y)))
            y += _LETTER_HEIGHT
        free = y
    return join(*parts)


def thin(values: Sequence[float], buckets: int = _BUCKETS) -> list[int]:
    """Indices that keep a curve's look: of each of `buckets` stretches the lowest, the highest and one gap.

    The first and the last index are always kept, and so is everything of a short curve.

    >>> thin([0.0, 1.0, 9.0, 1.0, 0.0, 1.0], buckets=2)
    [0, 2, 3, 4, 5]
    """
    n = len(values)
    if n <= 2 * buckets:
        return list(range(n))
    kept = {0, n - 1}
    for k in range(buckets):
        first = k * n // buckets
        stretch = values[first : (k + 1) * n // buckets]
        finite = list(filter(math.isfinite, stretch))
        if finite:
            kept.add(first + stretch.index(min(finite)))
            kept.add(first + stretch.index(max(finite)))
        if len(finite) < len(stretch):
            kept.add(first + next(i for i, value in enumerate(stretch) if not math.isfinite(value)))
    return sorted(kept)


def _round(value: float) -> float:
    return round(value, 1)


def _number(value: float) -> str:
    """A tick's label, short enough to stand beside four others.

    >>> [_number(value) for value in (0.0, 0.05, 4000.0, 150_000.0, 2e6)]
    ['0', '0.05', '4,000', '150k', '2M']
    """
    size = abs(value)
    if 1e6 <= size < 1e9:
        return f"{value / 1e6:g}M"
    if 1e4 <= size < 1e6:
        return f"{value / 1e3:g}k"
    return f"{value:,.0f}" if 1e3 <= size < 1e4 else f"{value:.3g}"


def _power(exponent: int) -> str:
    if -2 <= exponent <= 3:
        return f"{10**exponent:g}" if exponent >= 0 else f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
