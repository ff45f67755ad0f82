"""A loss over all distributions on three classes: a triangle whose corners are the classes.

A point of the triangle is p = uniform + x e1 + y e2 with e1 = (-1, 1, 0) / sqrt 2 and e2 = (-1, -1, 2) / sqrt 6, so
distances in the picture are those between distributions. Nodes outside of the triangle are NaN.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lossaudit.landscape import slices
from lossaudit.landscape.derivatives import Function
from lossaudit.landscape.picture import Coordinate, Floats, Surface

CENTRE: Floats = np.full(3, 1 / 3)
DIRECTIONS: Floats = np.array([[-1.0, 1.0, 0.0], [-1.0, -1.0, 2.0]]) / np.sqrt([[2.0], [6.0]])
CORNERS: Floats = DIRECTIONS.copy().T
"""(3, 2) coordinates of the classes."""

_EDGE = 1e-12


def coordinates(size: int, labels: tuple[str, str, str] = ("0", "1", "2")) -> tuple[Coordinate, Coordinate]:
    """The axes of the triangle: an odd number of nodes along x, so that uniform probabilities lie on the middle column.

    >>> x, y = coordinates(5)
    >>> float(x.values[2]), bool(np.isclose(y.values, 0).any())
    (0.0, True)
    """
    size = max(size + (size + 1) % 2, 5)
    reach = np.sqrt(0.5)
    middle = (size - 1) // 2
    x = np.arange(-middle, middle + 1) * (reach / middle)
    rows = 3 * max(1, round(size * np.sqrt(3) / 6))  # a third of them below uniform, so that it is a node
    y = np.arange(-(rows // 3), rows - rows // 3 + 1) * (3 / np.sqrt(6) / rows)
    return (
        Coordinate(f"from class {labels[0]} to class {labels[1]}", x),
        Coordinate(f"towards class {labels[2]}", y),
    )


def probabilities(x: Coordinate, y: Coordinate) -> Floats:
    """(len(y), len(x), 3) of the nodes; NaN outside of the triangle.

    >>> x, y = coordinates(5)
    >>> p = probabilities(x, y)
    >>> p[0, 0].round(12).tolist(), p[-1, 2].round(12).tolist(), bool(np.isnan(p[-1, 0]).all())
    ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], True)
    """
    across, up = np.meshgrid(x.values, y.values)
    p = CENTRE + across[..., None] * DIRECTIONS[0] + up[..., None] * DIRECTIONS[1]
    p[(p < -_EDGE).any(-1)] = np.nan
    return np.clip(p, 0.0, 1.0)


def surface(
    function: Function,
    size: int,
    *,
    name: str,
    logits: bool = False,
    labels: tuple[str, str, str] = ("0", "1", "2"),
) -> Surface:
    """A loss over the probabilities of three classes.

    The curvature is that in p, along the triangle. The slope is the length of the gradient along the triangle or, for
    a function of logits, of the gradient with respect to these, which is what training sees.

    Args:
        function: Of three probabilities (3,), or of three logits.
        size: Nodes along the base of the triangle.
        name: What is drawn.
        logits: Whether it takes logits; it then gets log p.
        labels: Names of the classes.

    >>> drawn = surface(lambda p: (p**2).sum(), 21, name="sum of squares")
    >>> float(np.nanmin(drawn.loss).round(12)), float(np.nanmin(drawn.curvature).round(12))
    (0.333333333333, 2.0)
    """
    x, y = coordinates(size, labels)
    outside = np.isnan(probabilities(x, y)[..., 0])

    def of_p(p: Tensor) -> Tensor:
        p = p - torch.where(p.abs() <= _EDGE, p.detach(), 0.0)  # an edge is met up to rounding only
        p = torch.where((p < 0).any(), torch.nan, p)
        return function(p.log() if logits else p)

    drawn = slices.surface(of_p, CENTRE, DIRECTIONS, x, y, name=name)
    assert drawn.arrows is not None
    slope = _in_logits(function, x, y) if logits else np.linalg.norm(drawn.arrows, axis=-1)
    what = "with respect to the logits" if logits else "along the triangle of probabilities"
    parts = {key: _cut(getattr(drawn, key), outside) for key in ("loss", "curvature", "arrows")}
    return replace(
        drawn,
        loss=parts["loss"],
        curvature=parts["curvature"],
        arrows=parts["arrows"],
        slope=_cut(slope, outside),
        notes=(f"The gradient is that {what}.", *drawn.notes[1:]),
    )


def _in_logits(function: Function, x: Coordinate, y: Coordinate) -> Floats:
    """The length of the gradient at the logits log p."""
    from lossaudit.landscape.derivatives import examined

    with np.errstate(divide="ignore"):
        z = np.log(probabilities(x, y))
    made = examined(function, np.zeros(3), np.eye(3), np.log(CENTRE)[None])
    gradient = made.at(torch.from_numpy(z.reshape(-1, 3)), 1).gradient
    assert gradient is not None
    return gradient.norm(dim=1).numpy().reshape(z.shape[:2])


def _cut(values: Floats, outside: np.ndarray) -> Floats:
    values = values.copy()
    values[outside] = np.nan
    return values
