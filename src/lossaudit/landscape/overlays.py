"""What is laid over a surface: where the gradient has vanished while the loss is high; a readable gradient field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Floats, Surface


def plateau(
    surface: Surface, reference: Surface | None, share: float = 0.01, *, at: Sequence[float] | None = None
) -> Surface:
    """The surface with its plateau marked, and a sentence that says what that is.

    With a reference, usually cross-entropy over the same slice: where the slope is under this share of the reference's
    at the same node, while the loss is at least what it is at the point `at`. Without one: where the slope is under
    this share of the loss's own at that point. A node at which one of the numbers is NaN is in no plateau.

    Args:
        surface: Has a slope.
        reference: Over the same nodes, or None.
        share: Below 1.
        at: Coordinates of the point that tells what a high loss is, such as uniform logits; None: the centre of the
            slice. It is taken to the nearest node.

    Raises:
        UsageError: The reference has other nodes, or one of the two has no slope, or the point lies outside.

    >>> from lossaudit.landscape.picture import Coordinate
    >>> z = np.linspace(-8, 8, 5)
    >>> p = 1 / (1 + np.exp(-z))
    >>> square = Surface("squared error", Coordinate("z", z), None, (p - 1) ** 2, slope=2 * (1 - p) ** 2 * p)
    >>> cross = Surface("cross-entropy", Coordinate("z", z), None, -np.log(p), slope=1 - p)
    >>> plateau(square, cross).plateau.tolist()
    [True, False, False, False, False]
    """
    if surface.slope is None or (reference is not None and reference.slope is None):
        raise UsageError("a plateau is told from the slope, which this surface does not have")
    axes = _axes(surface)
    if reference is not None and not _same(axes, _axes(reference)):
        raise UsageError(f"{surface.name} and {reference.name} are drawn over different nodes: they cannot be compared")
    node, where = _nearest(surface, at)
    middle = float(surface.loss[node])
    if not np.isfinite(middle):
        return _noted(surface, np.zeros(surface.loss.shape, dtype=bool), f"No plateau is told: no loss at {where}.")
    with np.errstate(invalid="ignore"):
        if reference is None or reference.slope is None:
            limit = share * surface.slope[node]
            whose = f"this loss's own at {where} ({surface.slope[node]:.3g})"
        else:
            limit = share * reference.slope
            whose = f"that of {reference.name} at the same node"
        found = (surface.slope < limit) & (surface.loss >= middle)
    return _noted(
        surface,
        found,
        f"Plateau: the gradient is under {100 * share:g} % of {whose}, "
        f"while the loss is at least what it is at {where} ({middle:.3g}).",
    )


def arrows(surface: Surface, across: int = 15) -> tuple[Floats, Floats]:
    """Some of the nodes, evenly chosen, and the direction in which the loss falls there.

    Returns:
        (P, 2) coordinates, and (P, 2) of the negative gradient within the plane, scaled so that the longest has
        length 1. Nodes without a finite gradient, or with none at all, are left out.

    Raises:
        UsageError: The surface has no gradient within a plane.
    """
    if surface.arrows is None or surface.y is None:
        raise UsageError(f"{surface.name} has no gradient field: it is not drawn over a plane")
    rows, columns = (_evenly(len(axis), across) for axis in (surface.y.values, surface.x.values))
    points = np.stack(np.meshgrid(surface.x.values[columns], surface.y.values[rows]), -1).reshape(-1, 2)
    falling = -surface.arrows[np.ix_(rows, columns)].reshape(-1, 2)
    length = np.hypot(falling[:, 0], falling[:, 1])
    shown = np.isfinite(length) & (length > 0)
    longest = length[shown].max(initial=0.0) or 1.0
    return points[shown], falling[shown] / longest


def _noted(surface: Surface, found: np.ndarray, note: str) -> Surface:
    return replace(surface, plateau=found, notes=(*surface.notes, note))


def _axes(surface: Surface) -> list[Floats]:
    return [axis.values for axis in (surface.x, surface.y) if axis is not None]


def _same(some: list[Floats], others: list[Floats]) -> bool:
    return len(some) == len(others) and all(map(np.array_equal, some, others))


def _nearest(surface: Surface, at: Sequence[float] | None) -> tuple[tuple[int, ...], str]:
    """The index of the node that is nearest to a point, and what to call it."""
    axes = _axes(surface)
    point = [0.0] * len(axes) if at is None else list(at)
    if len(point) != len(axes):
        raise UsageError(f"a point on {surface.name} has {len(axes)} coordinates; {len(point)} are given")
    for axis, value in zip(axes, point, strict=True):
        if not axis[0] <= value <= axis[-1]:
            raise UsageError(f"{value:g} lies outside of the picture, which goes from {axis[0]:g} to {axis[-1]:g}")
    indices = [int(np.abs(axis - value).argmin()) for axis, value in zip(axes, point, strict=True)]
    values = ", ".join(f"{axis[k] + 0.0:.3g}" for axis, k in zip(axes, indices, strict=True))
    return tuple(reversed(indices)), f"({values})" if len(axes) > 1 else values


def _evenly(size: int, count: int) -> np.ndarray:
    """So many indices at most, from the middle of the first stretch to that of the last."""
    count = min(size, count)
    return ((np.arange(count) + 0.5) * size / count).astype(np.intp)
