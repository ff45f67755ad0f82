"""Coarse to fine: few nodes are computed, a spline predicts the others, and held-out nodes say how well it does.

The grid is cut into cells. In each cell random nodes are held out: they are computed, and compared with what the spline
through the coarse nodes says there. Where that is wrong by more than the tolerance, in the cell and in those around it,
the nodes of the next level are computed, and the smaller cells are tested in their turn. Where something is not
finite, all is computed.

What is narrower than a cell and meets no held-out node is not seen: the residual speaks of the nodes that were held
out, and the largest error of all others may be larger. The nodes are drawn with a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Bools, Floats

COARSE = 11
NODES_PER_TEST = 24

Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """A grid of which not all was computed.

    Attributes:
        loss: (y, x).
        computed: False where it was predicted.
        residual: The largest error at a held-out node of a predicted region, as a share of the range; 0 where all
            was computed.
    """

    loss: Floats
    computed: Bools
    residual: float


def coarse_to_fine(
    x: Floats, y: Floats, compute: Callable[[Bools], Floats], *, tolerance: float, seed: int = 0
) -> Refined:
    """Values on a grid, computed where they cannot be predicted.

    Args:
        x: Increasing.
        y: Increasing.
        compute: Called with a mask of nodes (y, x); returns the grid with the values there, and with all that it was
            asked for before.
        tolerance: As a share of the range of the values.
        seed: Of the held-out nodes.

    Raises:
        UsageError: The tolerance is not above 0, or SciPy is missing.
    """
    if not tolerance > 0:
        raise UsageError(f"the tolerance is a share of the loss's range, above 0; {tolerance} was given")
    shape = (len(y), len(x))
    if min(shape) <= COARSE:
        return Refined(compute(np.ones(shape, bool)), np.ones(shape, bool), 0.0)
    chance = np.random.default_rng(seed)
    ladder = list(zip(*_ladders(shape), strict=True))
    asked = np.zeros(shape, bool)
    asked[np.ix_(*ladder[0])] = True
    values = compute(asked)
    filled = values.copy()
    active = np.ones((len(ladder[0][0]) - 1, len(ladder[0][1]) - 1), bool)
    worst = 0.0
    for (rows, columns), finer in zip(ladder, [*ladder[1:], None], strict=True):
        if finer is None or not active.any():
            break
        cells = _cells(rows, columns)
        on_grid = np.zeros(shape, bool)
        on_grid[np.ix_(rows, columns)] = True
        predicted = _predict(x, y, rows, columns, filled)
        for cell in cells[active]:
            asked[_held_out(cell, on_grid, chance)] = True
        values = compute(asked)
        errors = np.where(asked & ~on_grid, _errors(values, predicted), 0.0)
        known = values[asked & np.isfinite(values)]
        allowed = tolerance * _range(known) + 4 * np.finfo(float).eps * np.max(abs(known), initial=0.0)
        wild = _over_cells(asked & ~np.isfinite(values), cells, active)
        largest = _over_cells(errors, cells, active)
        failed = active & _with_neighbours((largest > allowed) | (wild > 0))
        for cell in cells[active & ~failed]:
            inside = _inside(cell)
            filled[inside] = predicted[inside]
        worst = max(worst, float(np.max(largest[active & ~failed], initial=0.0)))
        on_finer = np.zeros(shape, bool)
        on_finer[np.ix_(*finer)] = True
        for place in np.argwhere(failed):
            inside = _inside(cells[tuple(place)])
            asked[inside] |= True if wild[tuple(place)] > 0 else on_finer[inside]
        values = compute(asked)
        filled = np.where(asked, values, filled)
        active = _split(failed, (rows, columns), finer)
    known = values[asked & np.isfinite(values)]
    return Refined(filled, asked, worst / _range(known) if worst and _range(known) else 0.0)


def _range(values: Floats) -> float:
    return float(np.ptp(values)) if values.size else 0.0


def _ladders(shape: tuple[int, int]) -> tuple[list[Ints], list[Ints]]:
    """Indices of the nodes of each level, for both axes: about 11 at first, all at last."""
    rows, columns = _ladder(shape[0]), _ladder(shape[1])
    levels = max(len(rows), len(columns))
    return rows + rows[-1:] * (levels - len(rows)), columns + columns[-1:] * (levels - len(columns))


def _ladder(count: int) -> list[Ints]:
    levels = [np.unique(np.linspace(0, count - 1, COARSE).round().astype(np.intp))]
    while len(levels[-1]) < count:
        level = levels[-1]
        levels.append(np.unique(np.concatenate([level, (level[:-1] + level[1:]) // 2])))
    return levels


def _cells(rows: Ints, columns: Ints) -> Ints:
    """(rows - 1, columns - 1, 4) first and last row, first and last column of each cell."""
    top, left = np.meshgrid(rows[:-1], columns[:-1], indexing="ij")
    bottom, right = np.meshgrid(rows[1:], columns[1:], indexing="ij")
    return np.stack([top, bottom, left, right], axis=-1)


def _inside(cell: Ints) -> tuple[slice, slice]:
    return slice(int(cell[0]), int(cell[1]) + 1), slice(int(cell[2]), int(cell[3]) + 1)


def _held_out(cell: Ints, on_grid: Bools, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """Random nodes of a cell that the spline does not go through."""
    places = np.argwhere(~on_grid[_inside(cell)]) + cell[[0, 2]]
    chosen = chance.permutation(len(places))[: -(-len(places) // NODES_PER_TEST)]
    return places[chosen, 0], places[chosen, 1]


def _errors(values: Floats, predicted: Floats) -> Floats:
    """Infinite where a value is not finite."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(values), abs(values - predicted), np.inf)


def _over_cells(values: Floats | Bools, cells: Ints, active: Bools) -> Floats:
    """The largest value in each active cell, its edges included."""
    largest = np.zeros(active.shape)
    for place in np.argwhere(active):
        largest[tuple(place)] = np.max(values[_inside(cells[tuple(place)])])
    return largest


def _with_neighbours(cells: Bools) -> Bools:
    padded = np.pad(cells, 1)
    down, across = cells.shape
    return np.logical_or.reduce([padded[i : i + down, j : j + across] for i in range(3) for j in range(3)])


def _split(cells: Bools, coarse: tuple[Ints, Ints], fine: tuple[Ints, Ints]) -> Bools:
    """The same cells on the next level, where each is several."""
    down, across = (np.searchsorted(c, f[:-1], side="right") - 1 for c, f in zip(coarse, fine, strict=True))
    return cells[np.ix_(down, across)]


def _predict(x: Floats, y: Floats, rows: Ints, columns: Ints, filled: Floats) -> Floats:
    """The bicubic spline through the nodes of a level, at all nodes."""
    try:
        from scipy.interpolate import RectBivariateSpline
        from scipy.ndimage import distance_transform_edt
    except ImportError as error:
        raise UsageError("coarse to fine needs SciPy: pip install 'lossaudit[plots]'") from error
    values = filled[np.ix_(rows, columns)]
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(filled.shape)
    if not finite.all():  # the nearest finite value: cells at such nodes are computed in full, whatever it says
        nearest = np.asarray(distance_transform_edt(~finite, return_distances=False, return_indices=True))
        values = values[nearest[0], nearest[1]]
    return RectBivariateSpline(y[rows], x[columns], values, s=0)(y, x)
