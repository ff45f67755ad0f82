"""Losses that have to be evaluated node by node: some nodes of a large grid are computed, the others interpolated.

What was computed is marked, and some further nodes are computed to tell how far off the interpolation is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Coordinate, Curvature, Floats, Surface

_PLANE = 33  # nodes along an axis that are computed
_LINE = 401
_HELD_OUT = 12


def worth(x: Coordinate, y: Coordinate | None) -> bool:
    """Whether a grid is so large that it is not computed node by node."""
    return len(x.values) > 2 * _LINE if y is None else len(x.values) * len(y.values) > 2 * _PLANE**2


def spread(size: int, count: int) -> NDArray[np.intp]:
    """At most so many indices from first to last, about evenly.

    >>> spread(9, 3).tolist(), spread(2, 5).tolist()
    ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, size - 1, min(size, count)).round().astype(np.intp))


def surrounding(values: Floats, chosen: tuple[NDArray[np.intp], ...], sizes: tuple[int, ...]) -> Floats:
    """To all nodes, the largest value at the chosen ones around: corners of the cell, and of the cells beside it."""
    spreading = values
    for axis in range(values.ndim):
        edge = [(1, 1) if k == axis else (0, 0) for k in range(values.ndim)]
        wide = np.moveaxis(np.pad(spreading, edge, mode="edge"), axis, 0)
        near = np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:])
        some, size = chosen[values.ndim - 1 - axis], sizes[values.ndim - 1 - axis]
        below = np.clip(np.searchsorted(some, np.arange(size), side="right") - 1, 0, len(some) - 1)
        above = np.minimum(below + 1, len(some) - 1)
        spreading = np.moveaxis(np.maximum(near[below], near[above]), 0, axis)
    return spreading


def interpolated(
    evaluate: Callable[[Coordinate, Coordinate | None], Surface],
    values: Callable[[tuple[Floats, ...]], Floats],
    x: Coordinate,
    y: Coordinate | None,
) -> Surface:
    """A surface over all nodes.

    Args:
        evaluate: A surface over some of them.
        values: The loss at the nodes of some axes.
        x: All nodes along the first axis.
        y: All nodes along the second.
    """
    axes = (x,) if y is None else (x, y)
    chosen = tuple(spread(len(axis.values), _LINE if y is None else _PLANE) for axis in axes)
    coarse = evaluate(_part(x, chosen[0]), None if y is None else _part(y, chosen[1]))
    loss = _smooth(coarse, x, y)
    held = tuple(_between(some) for some in chosen)
    true = values(tuple(axis.values[some] for axis, some in zip(axes, held, strict=True)))
    residual = _residual(loss[np.ix_(*reversed(held))], true, coarse.loss)
    there = np.ix_(*reversed(chosen))
    computed = np.zeros(loss.shape, dtype=bool)
    computed[there], loss[there] = True, coarse.loss
    slope, curvature, arrows = (
        None if array is None else _filled(array, coarse, x, y, there)
        for array in (coarse.slope, coarse.curvature, coarse.arrows)
    )
    bound = np.broadcast_to(np.asarray(coarse.rounding, dtype=np.float64), coarse.loss.shape)
    rounding = _unclaimed(coarse, bound, curvature, chosen, loss.shape)
    rounding[there] = bound
    note = (
        f"The loss can only be evaluated point by point: {int(computed.sum()):,} of {computed.size:,} nodes are "
        f"computed, the others interpolated; at {true.size} held-out nodes this is off by at most "
        f"{100 * residual:.2g} % of the range."
    )
    return replace(
        coarse,
        x=x,
        y=y,
        loss=loss,
        slope=slope,
        curvature=curvature,
        rounding=rounding,
        arrows=arrows,
        computed=computed,
        residual=residual,
        notes=(*coarse.notes, note),
    )


def _residual(met: Floats, true: Floats, known: Floats) -> float:
    """The largest error, as a share of the range of what is known; infinite where a finite value is not met."""
    finite = np.isfinite(true)
    if not finite.any():
        return 0.0
    both = np.concatenate([known[np.isfinite(known)], true[finite]])
    off = np.nan_to_num(np.abs(met[finite] - true[finite]), nan=np.inf).max()
    span = np.ptp(both)
    return float(off / span) if span else float(off)


def _filled(values: Floats, coarse: Surface, x: Coordinate, y: Coordinate | None, there: tuple[Any, ...]) -> Floats:
    filled = _linear(values, coarse, x, y)
    filled[there] = values
    return filled


def _part(axis: Coordinate, chosen: NDArray[np.intp]) -> Coordinate:
    return replace(axis, values=axis.values[chosen])


def _between(chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """Some indices in the middle between neighbours."""
    middles = (chosen[:-1] + chosen[1:]) // 2
    return middles[spread(len(middles), _HELD_OUT)]


def _smooth(coarse: Surface, x: Coordinate, y: Coordinate | None) -> Floats:
    """A cubic spline where there are no kinks and all values are finite; else linear, which does not overshoot."""
    try:
        from scipy.interpolate import CubicSpline, RectBivariateSpline
    except ImportError as missing:
        raise UsageError(
            "a loss that is evaluated point by point needs SciPy: pip install 'lossaudit[plots]'"
        ) from missing
    if coarse.curvature_by is not Curvature.DERIVATIVES or not np.isfinite(coarse.loss).all():
        return _linear(coarse.loss, coarse, x, y)
    if y is None or coarse.y is None:
        return CubicSpline(coarse.x.values, coarse.loss)(x.values)
    return RectBivariateSpline(coarse.y.values, coarse.x.values, coarse.loss)(y.values, x.values)


def _linear(values: Floats, coarse: Surface, x: Coordinate, y: Coordinate | None) -> Floats:
    from scipy.interpolate import RegularGridInterpolator

    if y is None or coarse.y is None:
        return RegularGridInterpolator((coarse.x.values,), values)(x.values)
    up, across = np.meshgrid(y.values, x.values, indexing="ij")
    return RegularGridInterpolator((coarse.y.values, coarse.x.values), values)(np.stack([up, across], -1))


def _unclaimed(
    coarse: Surface,
    bound: Floats,
    curvature: Floats | None,
    chosen: tuple[NDArray[np.intp], ...],
    shape: tuple[int, ...],
) -> Floats:
    """The rounding at all nodes, raised so that between computed nodes that are not all negative no sign is claimed."""
    sizes = tuple(reversed(shape))
    rounding = surrounding(bound, chosen, sizes)
    if coarse.negative is None or curvature is None:
        return rounding
    doubtful = surrounding((~coarse.negative).astype(np.float64), chosen, sizes) > 0
    return np.where(doubtful, np.fmax(rounding, np.abs(curvature)), rounding)
