"""Where to look: base points and directions, at the scales at which losses bend."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain, combinations, zip_longest
from typing import Any, TypeAlias

import numpy as np

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Program

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


def representatives(program: Program, limit: int) -> list[int]:
    """At most `limit` variables, those first that the program treats unlike the others: a true class among a thousand.

    Two variables are alike when the ways from them to the value are.
    """
    if program.variables <= limit:
        return list(range(program.variables))
    uses: list[list[Hashable]] = [[] for _ in program.instructions]
    groups: dict[int, list[int]] = {}
    for index in range(program.output, -1, -1):
        op, args, constants = program.instructions[index]
        way = hash(tuple(sorted(uses[index], key=hash)))
        if op == "variable":
            groups.setdefault(way, []).append(int(constants[0].p))
        own = (constants[-1],) if op == "linear" else constants
        for position, arg in enumerate(args):
            uses[arg].append((op, constants[position] if op == "linear" else None, *own, way))
    ordered = [_spread(group, limit) for group in sorted(groups.values(), key=len)]
    return [i for i in chain.from_iterable(zip_longest(*ordered)) if i is not None][:limit]


def axes(variables: int, chosen: Sequence[int]) -> Floats:
    """The unit vectors of the chosen variables, as columns."""
    columns = np.zeros((variables, len(chosen)))
    columns[list(chosen), range(len(chosen))] = 1
    return columns


def pairs(variables: int, chosen: Sequence[int]) -> Floats:
    """Differences and sums of two unit vectors, all ones, and all ones but one."""
    unit = axes(variables, chosen).T
    columns = [unit[i] - unit[j] for i, j in combinations(range(len(chosen)), 2)]
    columns += [unit[i] + unit[j] for i, j in combinations(range(len(chosen)), 2)]
    columns += [np.ones(variables), *(1 - unit)]
    return np.array([c for c in columns if c.any()]).T


def corners(variables: int, chosen: Sequence[int]) -> Floats:
    """One coordinate large and the others zero, or two of them tied."""
    unit = 8 * axes(variables, chosen)
    tied = pairs(variables, chosen[:4]) * 8
    return np.concatenate([unit, -unit, tied], axis=1)


def scattered(variables: int, count: int, *, scale: float) -> tuple[Floats, Floats]:
    """Base points and directions drawn from a fixed stream, with few bits."""
    stream = np.random.default_rng([_SEED, variables, count])
    bases = np.round(stream.normal(size=(variables, count)) * 8) / 8
    directions = np.round(stream.normal(size=(variables, count)) * 4) / 4
    directions[:, ::2] *= stream.random((variables, directions[:, ::2].shape[1])) < max(0.25, 2 / variables)
    directions[stream.integers(variables, size=count), np.arange(count)] += 1
    return bases * scale, directions


def every(bases: Floats, directions: Floats) -> tuple[Floats, Floats]:
    """Each base point with each direction."""
    return np.repeat(bases, directions.shape[1], axis=1), np.tile(directions, bases.shape[1])


def _spread(members: Sequence[int], limit: int) -> list[int]:
    """At most `limit` of them, evenly."""
    step = max(1, -(-len(members) // limit))
    return sorted(members)[::step]


def _snapped(x: float, unit: float) -> float:
    return float(np.round(x / unit) * unit)
