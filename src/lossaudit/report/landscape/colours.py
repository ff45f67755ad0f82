"""Colours of landscapes: one map, looks of lines and overlays, in light and dark.

The map runs from deep blue (low) to pale yellow (high) along a curve in OKLab, in steps of equal perceived difference
and with rising lightness, so that it also reads in grey and under every colour vision deficiency. It is nowhere so dark
that dark ink on it would fall below a contrast of 3 : 1; overlays and marks therefore look the same on every page.
Nothing is told by colour alone: lines have dashes, overlays have patterns, marks have shapes.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lossaudit.landscape.picture import Floats, MarkKind, Scale

Rgb: TypeAlias = tuple[int, int, int]
_Lab: TypeAlias = tuple[float, float, float]

# Control points of a Bezier curve in OKLab: lightness, green to red, blue to yellow.
_CURVE: tuple[_Lab, ...] = (
    (0.500, 0.000, -0.170),
    (0.600, -0.055, -0.150),
    (0.700, -0.150, -0.015),
    (0.850, -0.110, 0.140),
    (0.975, -0.025, 0.080),
)


def oklab_to_rgb(lab: _Lab) -> Rgb:
    """The nearest sRGB colour (Ottosson 2020, A perceptual color space for image processing).

    >>> oklab_to_rgb((1.0, 0.0, 0.0)), oklab_to_rgb((0.0, 0.0, 0.0))
    ((255, 255, 255), (0, 0, 0))
    """
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _encoded(linear: float) -> int:
    """A channel of linear light in sRGB's own code."""
    linear = min(max(linear, 0.0), 1.0)
    return round(255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055))


def _on_curve(t: float) -> _Lab:
    points = list(_CURVE)
    while len(points) > 1:  # de Casteljau
        points = [_between(p, q, t) for p, q in itertools.pairwise(points)]
    return points[0]


def _between(p: _Lab, q: _Lab, t: float) -> _Lab:
    return (p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1]), p[2] + t * (q[2] - p[2]))


def _table(size: int) -> tuple[Rgb, ...]:
    """Colours at equal distances along the curve."""
    fine = [_on_curve(k / 1000) for k in range(1001)]
    lengths = np.cumsum([0.0, *(math.dist(p, q) for p, q in itertools.pairwise(fine))])
    wanted = np.linspace(0.0, float(lengths[-1]), size)
    parts = [np.interp(wanted, lengths, [point[k] for point in fine]) for k in range(3)]
    return tuple(oklab_to_rgb((float(p), float(q), float(r))) for p, q, r in zip(*parts, strict=True))


MAP: tuple[Rgb, ...] = _table(256)
"""From low to high."""


def code(rgb: Rgb) -> str:
    """As CSS and SVG write it.

    >>> code((0, 103, 165))
    '#0067a5'
    """
    return "#" + "".join(f"{channel:02x}" for channel in rgb)


def colours(size: int) -> tuple[str, ...]:
    """The map with fewer entries, ends included, as CSS colours."""
    return tuple(code(MAP[round(k * 255 / (size - 1))]) for k in range(size))


def level(scale: Scale, values: Floats | float) -> Floats:
    """Where values stand on the scale: 0 at its low end, 1 at its high end and beyond, NaN where they are NaN.

    >>> level(Scale("loss", 1e-2, 1.0, log=True), np.array([0.1, 0.0, np.inf])).tolist()
    [0.5, 0.0, 1.0]
    """
    held = np.clip(np.asarray(values, float), scale.low, scale.high)
    if not scale.low < scale.high:
        return held * 0 + 0.5
    if scale.log:
        return np.log(held / scale.low) / math.log(scale.high / scale.low)
    return (held / 2 - scale.low / 2) / (scale.high / 2 - scale.low / 2)  # halves: ends of any size


@dataclass(frozen=True, slots=True)
class LineLook:
    """One of several curves: a colour on light pages, one on dark pages, and a dash pattern in pixels."""

    light: str
    dark: str
    dash: tuple[float, ...] = ()


LINES: tuple[LineLook, ...] = (
    LineLook("#0067a5", "#6cc0f0"),
    LineLook("#b8480a", "#ff9d5c", (7, 4)),
    LineLook("#00704f", "#3fd0a0", (0.5, 4.5)),
    LineLook("#8b2fa0", "#d89cf0", (9, 3.5, 0.5, 3.5)),
    LineLook("#3d4248", "#e4e7ea", (14, 4)),
    LineLook("#a8123e", "#ff8fa8", (4, 3)),
    LineLook("#6b5b00", "#d8c34a", (9, 3, 0.5, 3, 0.5, 3)),
    LineLook("#1f3fbf", "#a8b8ff", (2, 5)),
)
"""Curves in their order; the ninth starts again."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a picture stands on: the page, its text, quieter text, lines of axes, and cells without a number."""

    paper: str
    ink: str
    soft: str
    grid: str
    missing: str
    missing_ink: str


LIGHT = Ground("#ffffff", "#1b1f24", "#57606a", "#d9dce1", "#d4d6da", "#63676d")
DARK = Ground("#15181c", "#e8eaed", "#a2a9b3", "#3a3f47", "#3f444b", "#b4b9c0")

INK = "#0a0c10"
"""Patterns and contour lines on the map."""
CASING = "#ffffff"
"""Around every mark, so that it stands out on any colour of the map."""


@dataclass(frozen=True, slots=True)
class MarkLook:
    """Points on a surface: a colour inside of a casing, and a shape.

    Attributes:
        shape: `"cross"`, `"diamond"`, `"square"` or `"dot"`.
        joined: Whether a line runs through the points, in their order.
    """

    colour: str
    shape: str
    joined: bool = False


MARKS: dict[MarkKind, MarkLook] = {
    MarkKind.CENTRE: MarkLook(INK, "cross"),
    MarkKind.MINIMUM: MarkLook("#5b1a78", "diamond"),
    MarkKind.WITNESS: MarkLook("#b3003b", "square", joined=True),
    MarkKind.PATH: MarkLook("#7a2e00", "dot", joined=True),
}

NEGATIVE = "negative curvature"
"""What hatching means."""
PLATEAU = "plateau"
"""What dots mean."""
MISSING = "not a number"
"""What crosses on grey mean."""
