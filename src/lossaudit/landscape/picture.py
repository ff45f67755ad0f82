"""What a landscape is, as data: arrays, and what has to be said of them.

The engines make `Surface`s, `drawing` makes a `Picture` of them, and `report` shows it. NaN and infinite values stay
as they are: they are part of the landscape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Setting: TypeAlias = str | int | float | bool | None


class Curvature(StrEnum):
    """How a curvature was obtained, as the caption says it."""

    DERIVATIVES = "automatic differentiation"
    DIFFERENCES = "second differences"


class MarkKind(StrEnum):
    CENTRE = "centre"  # the point that the slice goes through: the trained parameters
    MINIMUM = "minimum"
    WITNESS = "witness"  # two ends and their midpoint, which lies above the chord
    PATH = "path"  # a training trajectory, in order


@dataclass(frozen=True, slots=True, eq=False)
class Coordinate:
    """One axis of a slice.

    Attributes:
        name: With its unit, as it stands at the axis (`"z1, logit of class 1 (nats)"`).
        values: (n,), increasing.
    """

    name: str
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Points that are shown on a surface.

    Attributes:
        points: (P, 1) or (P, 2), in the coordinates of the surface.
        loss: (P,) the true loss at each point, where it is known; beside a surface it may differ from the surface's.
        distance: (P,) Euclidean distance of the true point from the plane, where there is one.
    """

    kind: MarkKind
    label: str
    points: Floats
    loss: Floats | None = None
    distance: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A loss over a plane, or over a line where `y` is None. Arrays are (len(y), len(x)), or (len(x),) over a line.

    Attributes:
        name: What is drawn ("mean squared error on softmax").
        loss: Values at the nodes.
        slope: Euclidean norm of the gradient with respect to all variables (all logits of the sample, all parameters
            of the block), not only those of the plane; what exactly, `notes` says.
        curvature: Smallest eigenvalue of the Hessian with respect to the coordinates of the slice.
        curvature_by: How it was obtained.
        rounding: A bound of what rounding may have done to `curvature`: a smaller one has no sign.
        plateau: Where the gradient has vanished while the loss is high, as `notes` defines it.
        arrows: (..., 2) the gradient within the plane.
        band: Half the width of a 95 % band, where the loss is an estimate from a sub-sample.
        computed: False where a value was interpolated.
        residual: Largest held-out interpolation error, as a share of the range of the loss.
        marks: Points on it.
        value: Of the slider, where the surface is one of several frames.
        notes: Sentences that belong to this surface alone.
    """

    name: str
    x: Coordinate
    y: Coordinate | None
    loss: Floats
    slope: Floats | None = None
    curvature: Floats | None = None
    curvature_by: Curvature | None = None
    rounding: Floats | float = 0.0
    plateau: Bools | None = None
    arrows: Floats | None = None
    band: Floats | None = None
    computed: Bools | None = None
    residual: float | None = None
    marks: tuple[Mark, ...] = ()
    value: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def negative(self) -> Bools | None:
        """Where the curvature is negative beyond what rounding can do; False where it is not a number."""
        return None if self.curvature is None else self.curvature < -np.asarray(self.rounding)


@dataclass(frozen=True, slots=True)
class Slider:
    """A hyper-parameter that moves through the frames of a panel.

    Attributes:
        name: Such as `"focal gamma"`.
        start: Index of the frame that is shown first.
    """

    name: str
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One loss: a surface, or several along a slider."""

    frames: tuple[Surface, ...]
    slider: Slider | None = None

    @property
    def surface(self) -> Surface:
        """The one that is shown first."""
        return self.frames[0 if self.slider is None else self.slider.start]


@dataclass(frozen=True, slots=True)
class Scale:
    """The colour scale that all panels share, and the vertical axis of curves.

    Attributes:
        name: What is shown, with its unit (`"loss (nats)"`, `"loss / loss at uniform logits"`).
        low, high: Ends; what lies beyond is drawn in the end's colour.
        log: Whether it is logarithmic; `low` is then above 0.
    """

    name: str
    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Panels side by side, on one scale.

    Attributes:
        title: Says what is seen, in one sentence.
        caption: How it was made and how to read it, in sentences: what is held fixed, the data, the mode, the seed,
            which curvature, what the overlays mean.
        directions: Arrays by name that span the slice, where it is not spanned by coordinates.
        settings: All that is needed to draw it again.
    """

    title: str
    caption: tuple[str, ...]
    panels: tuple[Panel, ...]
    scale: Scale
    directions: Mapping[str, NDArray[np.generic]] = field(default_factory=dict[str, NDArray[np.generic]])
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
