"""Directions of negative curvature: Hessians at many points, and a search for the point where one bends down most.

Every derivative here is float64 and only guides; where the function has a kink it may be anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from lossaudit.geometry.evaluate import floats, gradient
from lossaudit.geometry.program import Program
from lossaudit.geometry.refute.segments import inside

Floats: TypeAlias = Any
Hessian: TypeAlias = Callable[[Floats], Floats]

_SYMBOLIC = 2_000  # operations of a program times variables, up to which second derivatives are taken exactly
_VARIABLES = 200
_ELEMENTS = 4_000_000
_STEP = 2.0**-13
_ELITE, _CHILDREN = 6, 8


def hessian(program: Program) -> Hessian | None:
    """A function from points (variables, n) to Hessians (n, variables, variables); None if it would cost too much."""
    n = program.variables
    if n > _VARIABLES:
        return None
    extended, partials = gradient(program)
    if sum(max(1, len(args)) for _, args, _ in program.instructions) * n > _SYMBOLIC:
        return _differences(extended, partials)
    rows: list[tuple[int, ...]] = []
    for partial in partials:
        extended, row = gradient(replace(extended, output=partial))
        rows.append(row)
    wanted = [index for row in rows for index in row]

    def symbolic(points: Floats) -> Floats:
        values = floats(extended, points)
        return np.moveaxis(np.stack([values[i] for i in wanted]).reshape(n, n, -1), 2, 0)

    return symbolic


def bends(program: Program, starts: Floats, *, rounds: int) -> tuple[Floats, Floats]:
    """Points where the function bends down most, and the directions in which it does.

    Args:
        program: The function; smooth where it matters.
        starts: Shape (variables, n): where to begin.
        rounds: How often the best points are varied, by less each time.

    Returns:
        Two arrays of shape (variables, few): points and unit vectors (in the maximum norm). Empty if no negative
        curvature was seen.
    """
    n = program.variables
    second = hessian(program)
    if second is None:
        return np.empty((n, 0)), np.empty((n, 0))
    stream = np.random.default_rng([1, n])
    points, least, most, vectors = _spectrum(second, _members(program, starts))
    for step in range(rounds):
        chosen = _elite(least, most)
        spread = 2.0 ** (1 - step) * np.maximum(1, np.abs(points[:, chosen]) / 2)
        children = np.repeat(points[:, chosen], _CHILDREN, axis=1)
        children = children + np.repeat(spread, _CHILDREN, axis=1) * stream.normal(size=children.shape)
        born = _spectrum(second, _members(program, children))
        points, vectors = (
            np.concatenate([points[:, chosen], born[0]], axis=1),
            np.concatenate([vectors[:, chosen], born[3]], axis=1),
        )
        least, most = np.concatenate([least[chosen], born[1]]), np.concatenate([most[chosen], born[2]])
    chosen = [i for i in _elite(least, most) if least[i] < 0]
    return points[:, chosen], vectors[:, chosen]


def _members(program: Program, points: Floats) -> Floats:
    """Those of the points that lie in the domain."""
    return points[:, np.isfinite(inside(program, points)).all(axis=0)]


def _differences(extended: Program, partials: tuple[int, ...]) -> Hessian:
    """Hessians from central differences of the gradient."""
    n = extended.variables

    def at(points: Floats) -> Floats:
        sizes = _STEP * np.maximum(1.0, np.abs(points))  # (n, count)
        moved = points[:, None, :] + np.eye(n)[:, :, None] * sizes[:, None, :]
        back = points[:, None, :] - np.eye(n)[:, :, None] * sizes[:, None, :]
        count = points.shape[1]
        both = np.concatenate([moved.reshape(n, -1), back.reshape(n, -1)], axis=1)
        values = floats(extended, both)
        slopes = np.stack([values[i] for i in partials]).reshape(n, 2, n, count)
        with np.errstate(all="ignore"):
            rows = (slopes[:, 0] - slopes[:, 1]) / (2 * sizes)
        return np.moveaxis((rows + rows.swapaxes(0, 1)) / 2, 2, 0)

    return at


def _spectrum(second: Hessian, points: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Where the Hessian is finite: points, least and largest eigenvalue in size, eigenvector of the least."""
    n = points.shape[0]
    size = max(1, _ELEMENTS // (n * n * 64))
    parts = [second(points[:, i : i + size]) for i in range(0, points.shape[1], size)]
    matrices = np.concatenate([np.empty((0, n, n)), *parts])
    finite = np.isfinite(matrices).all(axis=(1, 2))
    matrices, points = matrices[finite], points[:, finite]
    sizes = np.abs(matrices).max(axis=(1, 2), initial=0.0) + np.finfo(float).tiny
    values, vectors = np.linalg.eigh(matrices / sizes[:, None, None])
    lowest = vectors[:, :, 0].T
    longest = np.abs(lowest).max(axis=0, initial=np.finfo(float).tiny)
    return points, values[:, 0] * sizes, np.abs(values).max(axis=1, initial=0.0) * sizes, lowest / longest


def _elite(least: Floats, most: Floats) -> list[int]:
    """The points of least curvature: absolutely, and relative to the largest there."""
    relative = least / (most + 1e-9 * most.max(initial=0.0) + np.finfo(float).tiny)
    order = [np.argsort(key, kind="stable")[:_ELITE].tolist() for key in (relative, least)]
    return list(dict.fromkeys(order[0] + order[1]))
