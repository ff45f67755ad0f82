"""The search for a counterexample, in stages from cheap to dear; the first that balls confirm ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from lossaudit.errors import UsageError
from lossaudit.geometry.program import Program
from lossaudit.geometry.refute import directions as where
from lossaudit.geometry.refute.counterexample import Counterexample, confirm
from lossaudit.geometry.refute.curvature import bends
from lossaudit.geometry.refute.kinks import crossings, normals, switches
from lossaudit.geometry.refute.segments import Candidate, best, chords, fan, scan

Floats: TypeAlias = Any
Stage: TypeAlias = Callable[[], Iterable[Candidate]]

_BUDGET, _DEEP_BUDGET = 2_000_000, 4_000_000  # operations of one scan
_LARGE, _LARGEST = 10_000, 100_000  # operations of a program on which only a few lines, or only given pairs, are tried
_SEEN, _UNSEEN = 8, 4  # candidates of one stage that are tried in balls
_SCALES = range(-44, 10)  # powers of two
_THIN = (-1, -3, -5, -8, -12, -16, -20, -24, -28)  # the same, where each costs an evaluation in balls
_QUICK, _DEEP = 6_000, 60_000  # operations times variables up to which Hessians are looked at
_HESSIANS = 8_000_000  # operations that go into them
_HUGE = fmpq(1 << 1000)
_SHORT = (0, 2, 4, 8, 12, 16, 24, 32, 40)  # binary places of a witness, tried in this order
_IN_BALLS = 40_000  # operations at each of three points, in search of what floats cannot see: about 0.2 s


def refute(
    program: Program,
    *,
    deep: bool = False,
    starts: Sequence[Sequence[float]] = (),
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
) -> Counterexample | None:
    """Searches for two points that prove the program's function not to be convex.

    The search is deterministic.

    Args:
        program: The function.
        deep: Whether to search on, for up to about a second, when the first tens of milliseconds show nothing.
        starts: Points of interest, such as the parameters of a network.
        pairs: Pairs of points to compare with their midpoint, such as two equal networks whose units are numbered
            differently.

    Returns:
        A confirmed counterexample, or None, which means nothing.

    Raises:
        UsageError: A given point has not one coordinate for each variable.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> product = b.build(b.multiply(b.variable(0), b.variable(1)), 2)
    >>> found = refute(product)
    >>> found.a, found.b, found.gap
    ((-1, 1), (1, -1), 1)
    """
    n = program.variables
    if any(len(point) != n for point in chain(starts, *pairs)):
        raise UsageError(f"a point of this function needs {n} coordinates")
    if program.through_affine or not n or not _fits_floats(program):
        return None
    with np.errstate(all="ignore"):  # what overflows is no candidate
        found = _search(program, np.array(starts, dtype=float).reshape(len(starts), n).T, pairs, deep=deep)
    return None if found is None else _shortened(program, found)


def _shortened(program: Program, found: Counterexample) -> Counterexample:
    """The same with as few bits as still show it, so that it reads well and floats hold the midpoint exactly."""
    for bits in _SHORT:
        a, b = ([_rounded_to(x, bits) for x in point] for point in (found.a, found.b))
        if tuple(a) == found.a and tuple(b) == found.b:
            return found
        shorter = confirm(program, a, b)
        if shorter is not None:
            return shorter
    return found


def _rounded_to(x: fmpq, bits: int) -> fmpq:
    """The nearest fraction with 2^bits below."""
    return fmpq((x * (1 << bits) + fmpq(1, 2)).floor(), 1 << bits)


def _search(program: Program, own: Floats, pairs: Sequence[tuple[Any, Any]], *, deep: bool) -> Counterexample | None:
    hidden: list[Candidate] = []
    for stage in _stages(program, own, pairs, deep=deep):
        pool = list(stage())
        found = _first_confirmed(program, best((c for c in pool if c.visible), _SEEN))
        if found is not None:
            return found
        hidden += best((c for c in pool if not c.visible), _UNSEEN)
    found = _first_confirmed(program, best(hidden, 4 * _UNSEEN if deep else _UNSEEN))
    return found or (_first_confirmed(program, _in_balls(program, own)) if deep else None)


def _stages(program: Program, own: Floats, given: Sequence[tuple[Any, Any]], *, deep: bool) -> Iterator[Stage]:
    if given:
        ends = np.array(given, dtype=float)
        yield lambda: chords(program, ends[:, 0].T, ends[:, 1].T)
    size = _size(program)
    if size > _LARGEST:
        return
    lines = max(3, min(128, _BUDGET // (49 * size)))
    straight = _directions(program, lines)
    if size > _LARGE:
        base, unit = where.frames(program.domain, fine=False)[0]
        yield lambda: _straight(program, own, straight, base, unit)
        yield lambda: _scattered(program, lines, base, unit)
        return
    for base, unit in where.frames(program.domain, fine=program.variables == 1):
        yield lambda base=base, unit=unit: _straight(program, own, straight, base, unit)
    yield lambda: _kinks(program, own, straight[:, : lines // 4])
    yield lambda: _around(program, own, straight[:, : lines // 2])
    yield lambda: _corners(program, lines)
    for base, unit in where.frames(program.domain, fine=deep):
        yield lambda base=base, unit=unit: _scattered(program, lines, base, unit)
    if deep or size * program.variables <= _QUICK:
        yield lambda: _bends(program, own, rounds=30 if deep else 3)
    if deep and program.variables > 1:
        more = _directions(program, max(4, min(512, _DEEP_BUDGET // (49 * size))))
        for base, unit in where.frames(program.domain, fine=True):
            yield lambda base=base, unit=unit: _straight(program, own, more, base, unit)


def _straight(program: Program, own: Floats, directions: Floats, base: float, unit: float) -> list[Candidate]:
    """Along the axes and along two coordinates at once."""
    return scan(program, *where.every(_bases(program, own, base), directions), unit=unit)


def _around(program: Program, own: Floats, directions: Floats) -> list[Candidate]:
    """Around the origin (or what the domain has instead) at all scales."""
    bases = np.concatenate([_bases(program, own, b) for b in _levels(program)], axis=1)
    return fan(program, *where.every(bases, directions), _SCALES)


def _corners(program: Program, lines: int) -> list[Candidate]:
    """From confidently wrong corners."""
    if program.domain.low is not None or program.domain.high is not None:
        return []
    n, chosen = program.variables, where.representatives(program, max(1, int(np.sqrt(lines / 3))))
    return scan(program, *where.every(where.corners(n, chosen), where.axes(n, chosen)), reach=16)


def _scattered(program: Program, lines: int, base: float, unit: float) -> list[Candidate]:
    """In all directions from points all around."""
    bases, directions = where.scattered(program.variables, max(3, lines // 2), scale=8 * unit)
    return scan(program, bases + base, directions, unit=unit / 2, reach=16)


def _kinks(program: Program, own: Floats, directions: Floats) -> list[Candidate]:
    """Around points on kinks and jumps."""
    places = _on_kinks(program, own, directions)
    return fan(program, *places, _SCALES) if places[0].shape[1] else []


def _bends(program: Program, own: Floats, *, rounds: int) -> list[Candidate]:
    """Along eigenvectors of negative curvature, rounded to few bits."""
    centres, directions = _bent(program, own, rounds)
    if not centres.shape[1]:
        return []
    return fan(program, *_rounded(centres, directions), _SCALES)


def _in_balls(program: Program, own: Floats) -> Iterator[Candidate]:
    """Segments that float64 cannot judge: thin ones on kinks and where curvature seems negative, and on the axes."""
    size = _size(program)
    if size > _IN_BALLS:
        return iter(())
    axes = where.axes(program.variables, where.representatives(program, 8))
    if program.domain.low is None and program.domain.high is None:
        far = [base * axes for base in (0.0, -16.0, 16.0, -32.0, 32.0, -64.0, 64.0)]
    else:
        far = [np.full(axes.shape, base) for base in _levels(program)]
    places = [
        _on_kinks(program, own, _directions(program, 64)),
        _rounded(*_bent(program, own, rounds=12)),
        (np.concatenate(far, axis=1), np.tile(axes, (1, len(far)))),
    ]
    kinds = (
        (
            Candidate(False, 0.0, centre - 2.0**k * direction, centre + 2.0**k * direction)
            for centre, direction in zip(centres.T, directions.T, strict=True)
            for k in (4, 3, 1, *_THIN)
        )
        for centres, directions in places
    )
    segments = (c for c in chain.from_iterable(zip_longest(*kinds)) if c is not None)
    return islice(segments, max(8, _IN_BALLS // size))


def _first_confirmed(program: Program, candidates: Iterable[Candidate]) -> Counterexample | None:
    confirmed = (confirm(program, c.a.tolist(), c.b.tolist()) for c in candidates if np.isfinite([c.a, c.b]).all())
    return next((found for found in confirmed if found is not None), None)


def _on_kinks(program: Program, own: Floats, directions: Floats) -> tuple[Floats, Floats]:
    """Points on kinks, a little before and a little behind, and directions across."""
    n = program.variables
    extended, kinks = switches(program)
    if not kinks:
        return np.empty((n, 0)), np.empty((n, 0))
    directions = np.concatenate([normals(extended, kinks), directions], axis=1)
    bases = np.concatenate([_bases(program, own, base) for base in _levels(program)], axis=1)
    centres, across = crossings(extended, kinks, *where.every(bases, directions))
    return np.concatenate([centres + shift * across for shift in (0, -(2.0**-30), 2.0**-30)], axis=1), np.tile(
        across, (1, 3)
    )


def _bent(program: Program, own: Floats, rounds: int) -> tuple[Floats, Floats]:
    """Where the function bends down most, and in which direction; nothing if it would cost too much."""
    n = program.variables
    if _size(program) * n > _DEEP:
        return np.empty((n, 0)), np.empty((n, 0))
    starts = [_bases(program, own, base) for base in _levels(program)]
    if program.domain.low is None and program.domain.high is None:
        starts.append(where.corners(n, where.representatives(program, 8)))
    for base, unit in where.frames(program.domain, fine=rounds > 9 or n == 1):
        starts.append(base + where.scattered(n, 24, scale=4 * unit)[0])
    each = 2 * n * (_size(program) + n * n // 10)
    points = np.concatenate(starts, axis=1)[:, : max(2, _HESSIANS // (2 * each))]
    return bends(program, points, rounds=min(rounds, _HESSIANS // (100 * each)))


def _rounded(centres: Floats, directions: Floats) -> tuple[Floats, Floats]:
    """Each place with few bits, and with more."""
    kinds = [(0, 0), (2, 1), (5, 3), (12, 6), (24, 12), (40, 24)]
    return (
        np.concatenate([np.round(centres * 2.0**bits) / 2.0**bits for bits, _ in kinds], axis=1),
        np.concatenate([np.round(directions * 2.0**bits) / 2.0**bits for _, bits in kinds], axis=1),
    )


def _directions(program: Program, lines: int) -> Floats:
    """Axes first, then pairs of coordinates."""
    n = program.variables
    single = where.axes(n, where.representatives(program, max(2, lines // 3)))
    double = where.pairs(n, where.representatives(program, max(2, int(np.sqrt(lines)))))
    return np.concatenate([single, double], axis=1)[:, : max(2, lines)]


def _bases(program: Program, own: Floats, base: float) -> Floats:
    return np.concatenate([np.full((program.variables, 1), base), own], axis=1)


def _levels(program: Program) -> list[float]:
    """The distinct base coordinates of the domain."""
    return sorted({base for base, _ in where.frames(program.domain, fine=False)})


def _size(program: Program) -> int:
    """How many operations on numbers the program comes down to."""
    return max(program.variables, sum(max(1, len(args)) for _, args, _ in program.instructions))


def _fits_floats(program: Program) -> bool:
    """Whether floats can hold every constant; without that there is no search."""
    ends = [end for end in (program.domain.low, program.domain.high) if end is not None]
    return all(abs(c) < _HUGE for c in chain(ends, *(constants for _, _, constants in program.instructions)))
