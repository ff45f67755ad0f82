"""A slice through the parameters of a network: an origin and one or two directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

from lossaudit.landscape.picture import Mark, Setting

Direction: TypeAlias = tuple[Tensor, ...]
"""One tensor for each parameter of the probe, in its order; zeros where a parameter stays."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Parameters `origin + a * directions[0] + b * directions[1]`; a line where there is one direction.

    Attributes:
        origin: The trained parameters, copied.
        axes: Name of each coordinate with its unit (`"along the largest eigenvector"`).
        reach: Default half-width for each coordinate.
        offset: Coordinates of the slice's middle: 0, or the present value where a coordinate is a parameter itself.
        marks: A path that goes with the plane.
        notes: How the directions were made, in sentences: seed, normalisation, eigenvalue, variance explained.
        settings: The same for machines.
    """

    origin: Direction
    directions: tuple[Direction, ...]
    axes: tuple[str, ...]
    reach: tuple[float, ...]
    offset: tuple[float, ...] = (0.0, 0.0)
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
