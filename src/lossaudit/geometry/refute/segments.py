"""Segments in float64, thousands at a time, ranked by how clearly the midpoint lies above the chord.

Functions differ by many orders of magnitude, so a gap counts relative to the three values it is made of, less a
little for every digit that the points need. All points are short binary fractions: the midpoints are exact.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lossaudit.geometry.program import Program
from lossaudit.geometry.refute.noise import noisy_values

Floats: TypeAlias = Any

SPANS = (1, 2, 3, 4, 6, 8, 12, 16)
_SURE = 32.0  # a gap this many times its rounding error is taken to be real
_PRICE = 0.6  # halvings of the score for one more digit
_DEAREST = 40.0
_FRACTIONS = ((0, 2), (1, 1), (2, 1), (3, 2), (6, 4), (12, 8), (24, 12))  # (bits behind the point, digits if more)
_KEEP = 6
_EPSILON = float(np.finfo(float).eps)


class Candidate(NamedTuple):
    """A segment that may violate convexity.

    Attributes:
        visible: Whether float64 shows the violation, far above its rounding errors.
        score: The larger the better, among candidates of the same visibility.
        a, b: The end points.
    """

    visible: bool
    score: float
    a: Floats
    b: Floats


def best(candidates: Iterable[Candidate], count: int = 8) -> list[Candidate]:
    """The most promising ones: those that float64 sees come first."""
    return heapq.nlargest(count, candidates, key=lambda c: (c.visible, c.score))


def scan(program: Program, bases: Floats, directions: Floats, *, unit: float = 1.0, reach: int = 24) -> list[Candidate]:
    """The best chords of equidistant points on lines.

    Args:
        program: The function.
        bases: Shape (variables, lines).
        directions: Shape (variables, lines).
        unit: Distance between neighbours, in units of the direction: a power of two.
        reach: How many points there are on either side of the base.
    """
    grid = unit * np.arange(-reach, reach + 1)
    values, errors = on_lines(program, bases, directions, grid)
    cost = price(bases) + price(directions)
    digits = np.array([_digits(t) for t in grid])
    found: list[Candidate] = []
    for span in (s for s in SPANS if s <= reach):
        left, centre, right = slice(None, -2 * span), slice(span, -span), slice(2 * span, None)
        total = cost[:, None] + (digits[left] + digits[centre] + digits[right])[None, :]
        ends = (values[:, left], values[:, centre], values[:, right])
        noise = errors[:, centre] + (errors[:, left] + errors[:, right]) / 2
        for visible, score, (line, start) in _rank(*ends, noise, total):
            at = (bases[:, line] + directions[:, line] * grid[start], bases[:, line])
            found.append(Candidate(visible, score, at[0], at[1] + directions[:, line] * grid[start + 2 * span]))
    return found


def fan(program: Program, centres: Floats, directions: Floats, exponents: Sequence[int]) -> list[Candidate]:
    """The best chords around given midpoints: c + 2^k d and c - 2^k d for each exponent k.

    Args:
        program: The function.
        centres: Shape (variables, n).
        directions: Shape (variables, n).
        exponents: The scales to try.
    """
    sizes = np.exp2(np.array(exponents, dtype=float))
    values, errors = on_lines(program, centres, directions, np.concatenate([-sizes[::-1], [0.0], sizes]))
    count = len(sizes)
    left, centre, right = values[:, :count][:, ::-1], values[:, count : count + 1], values[:, count + 1 :]
    noise = errors[:, count : count + 1] + (errors[:, :count][:, ::-1] + errors[:, count + 1 :]) / 2
    total = np.minimum(price(centres) + price(directions), _DEAREST / 2)[:, None] + np.abs(exponents)[None, :] / 3
    return [
        Candidate(
            visible, score, centres[:, i] - sizes[k] * directions[:, i], centres[:, i] + sizes[k] * directions[:, i]
        )
        for visible, score, (i, k) in _rank(left, centre, right, noise, total)
    ]


def chords(program: Program, a: Floats, b: Floats) -> list[Candidate]:
    """The segments between given points, themselves; both of shape (variables, n)."""
    count = a.shape[1]
    points = np.concatenate([a, (a + b) / 2, b], axis=1)
    values, errors = noisy_values(program, inside(program, points))
    left, centre, right = (values[i * count : (i + 1) * count, None] for i in range(3))
    noise = errors[count : 2 * count, None] + (errors[:count, None] + errors[2 * count :, None]) / 2
    total = (price(a) + price(b))[:, None]
    return [
        Candidate(visible, score, a[:, i], b[:, i])
        for visible, score, (i, _) in _rank(left, centre, right, noise, total)
    ]


def on_lines(
    program: Program, bases: Floats, directions: Floats, grid: Floats, at: Sequence[int] = ()
) -> tuple[Floats, Floats]:
    """Values and rounding errors at base + t direction: shape (lines, len(grid)), behind the instructions `at`."""
    points = bases[:, :, None] + directions[:, :, None] * grid
    lines = bases.shape[1]
    values, errors = noisy_values(program, inside(program, points.reshape(len(bases), -1)), at=at)
    shape = (*values.shape[:-1], lines, len(grid))
    return values.reshape(shape), errors.reshape(shape)


def price(points: Floats) -> Floats:
    """How many digits a person has to read, about, for each of the points (variables, n)."""
    size = np.abs(points)
    digits = (size > 0) + np.log10(np.maximum(size, 1))
    for bits, more in _FRACTIONS:
        digits += more * (np.floor(size * 2.0**bits) != size * 2.0**bits)
    return digits.sum(axis=0)


def inside(program: Program, points: Floats) -> Floats:
    """The points, with a nan for what lies outside the domain."""
    domain = program.domain
    outside = np.zeros(points.shape, dtype=bool)
    if domain.low is not None:
        low = float(domain.low)
        outside |= (points <= low) if domain.low_open else (points < low)
    if domain.high is not None:
        high = float(domain.high)
        outside |= (points >= high) if domain.high_open else (points > high)
    return np.where(outside, np.nan, points) if outside.any() else points


def _rank(
    left: Floats, centre: Floats, right: Floats, noise: Floats, cost: Floats
) -> list[tuple[bool, float, tuple[int, int]]]:
    """The best few of a table of chords: (visible, score, place in the table)."""
    with np.errstate(all="ignore"):
        gap = centre - left / 2 - right / 2
        relative = gap / (np.abs(centre) + np.abs(left) / 2 + np.abs(right) / 2)
        clear = gap / (noise * _EPSILON)
    positive = np.isfinite(relative) & (gap > 0)
    visible = positive & (clear > _SURE)
    simple = relative * np.exp2(-_PRICE * np.minimum(cost, _DEAREST))
    scores = ((visible, simple), (positive & ~visible, np.minimum(clear, _SURE)))
    found: list[tuple[bool, float, tuple[int, int]]] = []
    for seen, (mask, score) in zip((True, False), scores, strict=True):
        places = np.flatnonzero(mask)
        if not len(places):
            continue
        flat = np.broadcast_to(score, mask.shape).ravel()[places]
        top = places[np.argsort(-flat, kind="stable")[:_KEEP]]
        where = zip(*np.unravel_index(top, mask.shape), strict=True)
        ranked = np.broadcast_to(score, mask.shape).ravel()[top]
        found += [(seen, float(s), (int(i), int(j))) for s, (i, j) in zip(ranked, where, strict=True)]
    return found


def _digits(x: float) -> int:
    """How many characters it takes to write the number down, without its sign; none for zero."""
    return len(f"{abs(x):.17g}") if x else 0
