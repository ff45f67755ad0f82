"""Where to look: base points and directions, at the scales at which losses bend."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from lossaudit.geometry.interval import Interval

Floats: TypeAlias = Any

_SEED = 0


def frames(domain: Interval, *, fine: bool) -> list[tuple[float, float]]:
    """Pairs (coordinate of the base point, distance between neighbours on a line), fitting into the domain."""
    scales = (0, -3, 4, -7, 7, -10, 10) if fine else (0, -3, 4)
    if domain.low is not None and domain.high is not None:
        width = float(domain.high - domain.low)
        unit = 2.0 ** np.floor(np.log2(width / 48)) if width > 0 else 1.0
        shares = (8, 2, 14, 0, 16) if fine else (8,)
        return [
            (_snapped(float(domain.low) + width * share / 16, unit), unit / 2.0**step)
            for share in shares
            for step in ((0, 3, 6) if fine else (0,))
        ]
    if domain.low is not None or domain.high is not None:
        end, sign = (float(domain.low), 1.0) if domain.low is not None else (float(domain.high or 0), -1.0)
        return [(end + sign * 2.0**k, 2.0 ** (k - step)) for k in scales for step in (3, 0)]
    return [(0.0, 2.0**k) for k in scales]


def axes(variables: int, limit: int) -> Floats:
    """Unit vectors, at most `limit` of them, as columns."""
    return np.eye(variables)[:, _spread(variables, limit)]


def pairs(variables: int, limit: int) -> Floats:
    """Differences and sums of two unit vectors, all ones, and all ones but one."""
    chosen = _spread(variables, max(2, int(np.sqrt(limit))))
    unit = np.eye(variables)
    columns = [unit[i] - unit[j] for i, j in combinations(chosen, 2)]
    columns += [unit[i] + unit[j] for i, j in combinations(chosen, 2)]
    columns += [np.ones(variables)] + [1 - unit[i] for i in chosen]
    columns = [c for c in columns if c.any()]
    return np.array(columns[: max(limit, 1)]).T


def scattered(variables: int, count: int, *, scale: float) -> tuple[Floats, Floats]:
    """Base points and directions drawn from a fixed stream, with few bits."""
    stream = np.random.default_rng([_SEED, variables, count])
    bases = np.round(stream.normal(size=(variables, count)) * 8) / 8
    directions = np.round(stream.normal(size=(variables, count)) * 4) / 4
    directions[:, ::2] *= stream.random((variables, directions[:, ::2].shape[1])) < max(0.25, 2 / variables)
    directions[stream.integers(variables, size=count), np.arange(count)] += 1
    return bases * scale, directions


def corners(variables: int, limit: int) -> Floats:
    """One coordinate large and the others zero, or two of them tied."""
    chosen = _spread(variables, max(2, limit // 4))
    unit = 8 * np.eye(variables)
    columns = [sign * unit[i] for i in chosen for sign in (1, -1)]
    columns += [unit[i] + unit[j] for i, j in combinations(chosen, 2)]
    return np.array(columns[: max(limit, 1)]).T


def every(bases: Floats, directions: Floats) -> tuple[Floats, Floats]:
    """Each base point with each direction."""
    return np.repeat(bases, directions.shape[1], axis=1), np.tile(directions, bases.shape[1])


def _spread(variables: int, limit: int) -> Sequence[int]:
    """At most `limit` indices: the first ones, then spread evenly."""
    if variables <= limit:
        return range(variables)
    return sorted({round(i * (variables - 1) / (limit - 1)) for i in range(limit)}) if limit > 1 else [0]


def _snapped(x: float, unit: float) -> float:
    return float(np.round(x / unit) * unit)
