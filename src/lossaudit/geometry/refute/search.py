"""The search for a counterexample, in stages from cheap to dear; the first that balls confirm ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from lossaudit.geometry.program import Program
from lossaudit.geometry.refute import directions as where
from lossaudit.geometry.refute.counterexample import Counterexample, confirm
from lossaudit.geometry.refute.segments import Candidate, best, chords, scan

Floats: TypeAlias = Any

_BUDGET = 4_000_000  # operations of one stage
_SEEN, _UNSEEN = 8, 3  # candidates of one stage that are tried in balls


def refute(
    program: Program,
    *,
    deep: bool = False,
    starts: Sequence[Sequence[float]] = (),
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
) -> Counterexample | None:
    """Searches for two points that prove the program's function not to be convex.

    Args:
        program: The function.
        deep: Whether to search on when the first tens of milliseconds show nothing.
        starts: Points of interest, such as the parameters of a network.
        pairs: Pairs of points to compare with their midpoint, such as two equal networks whose units are numbered
            differently.

    Returns:
        A confirmed counterexample, or None, which means nothing.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> product = b.build(b.multiply(b.variable(0), b.variable(1)), 2)
    >>> refute(product).gap > 0
    True
    """
    if program.through_affine or not program.variables:
        return None
    for stage in _stages(program, deep, starts, pairs):
        found = _first_confirmed(program, stage())
        if found is not None:
            return found
    return None


def _stages(
    program: Program, deep: bool, starts: Sequence[Sequence[float]], given: Sequence[tuple[Any, Any]]
) -> Iterator[Callable[[], Iterable[Candidate]]]:
    n = program.variables
    lines = max(4, min(128, _BUDGET // (49 * len(program.instructions))))
    own = np.array(starts, dtype=float).reshape(len(starts), n).T
    if given:
        ends = np.array(given, dtype=float)
        yield lambda: chords(program, ends[:, 0].T, ends[:, 1].T)
    yield lambda: _straight(program, lines, own, where.frames(program.domain, fine=n == 1))
    yield lambda: _oblique(program, lines)
    if deep:
        yield lambda: _straight(program, 2 * lines, own, where.frames(program.domain, fine=True))


def _straight(
    program: Program, lines: int, starts: Floats, frames: Sequence[tuple[float, float]]
) -> Iterator[Candidate]:
    """Along the axes and along two coordinates at once."""
    n = program.variables
    directions = np.concatenate([where.axes(n, max(2, lines // 3)), where.pairs(n, lines)], axis=1)[:, :lines]
    for base, unit in frames:
        bases = np.concatenate([np.full((n, 1), base), starts], axis=1)
        yield from scan(program, *where.every(bases, directions), unit=unit)


def _oblique(program: Program, lines: int) -> Iterator[Candidate]:
    """From confidently wrong corners, and in all directions."""
    n = program.variables
    if program.domain.low is None and program.domain.high is None:
        side = max(2, int(np.sqrt(lines)))
        yield from scan(program, *where.every(where.corners(n, side), where.axes(n, side)), reach=16)
    for base, unit in where.frames(program.domain, fine=False):
        bases, directions = where.scattered(n, max(4, lines // 2), scale=8 * unit)
        yield from scan(program, bases + base, directions, unit=unit / 2, reach=16)


def _first_confirmed(program: Program, candidates: Iterable[Candidate]) -> Counterexample | None:
    pool = list(candidates)
    for visible, count in ((True, _SEEN), (False, _UNSEEN)):
        for candidate in best((c for c in pool if c.visible == visible), count):
            found = confirm(program, candidate.a.tolist(), candidate.b.tolist())
            if found is not None:
                return found
    return None
