"""Values of programs without the engine's arithmetic, and the search that tries to contradict a proof.

NumPy guides the search; only mpmath, with as many digits as it takes, may say that a claim is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
import numpy as np
from mpmath import mpf

from lossaudit.geometry.program import Program

Point = tuple[float, ...]
HUGE = mpf(10) ** 6
"""Exponentials and sines of larger numbers are left out: their values need too many digits."""


MOST_DIGITS = 20_000
MOST_FOR_A_GUESS = 300
"""A guess of the search is dropped when so many digits show no violation: most are rounding on a straight line."""


class Undefined(Exception):
    """The program has no value at this point."""


class TooLarge(Exception):
    """A number on the way is too large to go on; says nothing."""


# Values in float64, over many points at once.


def _power(x: Any, r: Any) -> Any:
    return np.power(x, float(r.p) / float(r.q))


def _huber(x: Any, delta: float) -> Any:
    return np.where(np.abs(x) <= delta, x * x / 2, delta * (np.abs(x) - delta / 2))


_erf = np.frompyfunc(math.erf, 1, 1)
_lgamma = np.frompyfunc(lambda x: math.lgamma(x) if 0 < x < 1e300 else math.nan, 1, 1)

FLOATS: Mapping[str, Callable[..., Any]] = {
    "multiply": lambda c, x, y: x * y,
    "power": lambda c, x: _power(x, c[0]),
    "exp": lambda c, x: np.exp(x),
    "log": lambda c, x: np.log(x),
    "logsumexp": lambda c, *xs: np.logaddexp.reduce(np.stack(np.broadcast_arrays(*xs))),
    "softplus": lambda c, x: np.logaddexp(0, x),
    "sigmoid": lambda c, x: np.where(
        x > 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))
    ),
    "tanh": lambda c, x: np.tanh(x),
    "xlogx": lambda c, x: np.where(x == 0, 0, x * np.log(x)),
    "abs": lambda c, x: np.abs(x),
    "huber": lambda c, x: _huber(x, int(c[0].p) / int(c[0].q)),
    "max": lambda c, *xs: np.maximum.reduce(np.stack(np.broadcast_arrays(*xs))),
    "step": lambda c, x: np.where(np.isnan(x), np.nan, x > 0),
    "step_closed": lambda c, x: np.where(np.isnan(x), np.nan, x >= 0),
    "select": lambda c, k, x, y: np.where(k != 0, x, y),
    "sin": lambda c, x: np.sin(x),
    "cos": lambda c, x: np.cos(x),
    "atan": lambda c, x: np.arctan(x),
    "erf": lambda c, x: _erf(x).astype(float),
    "lgamma": lambda c, x: _lgamma(x).astype(float),
}


def in_floats(program: Program, points: Any) -> Any:
    """Values at points of shape (variables, n); nan where there is none."""
    held: list[Any] = []
    with np.errstate(all="ignore"):
        for op, args, c in program.instructions:
            xs = [held[a] for a in args]
            if op == "variable":
                held.append(points[int(c[0].p)])
            elif op == "constant":
                held.append(np.full(points.shape[1], int(c[0].p) / int(c[0].q)))
            elif op == "linear":
                total = np.full(points.shape[1], int(c[-1].p) / int(c[-1].q))
                for k, x in zip(c, xs, strict=False):
                    total = total + int(k.p) / int(k.q) * x
                held.append(total)
            elif op in FLOATS:
                held.append(np.asarray(FLOATS[op](c, *xs), dtype=float))
            else:
                held.append(np.full(points.shape[1], np.nan))
    return held[program.output]


# Values with many digits, one point at a time.


def _tame(x: mpf) -> mpf:
    if abs(x) > HUGE:
        raise TooLarge
    return x


def _positive(x: mpf) -> mpf:
    if not x > 0:
        raise Undefined
    return x


def _number(x: Any) -> mpf:
    return mpf(int(x.p)) / int(x.q)


def _mp_power(x: mpf, r: Any) -> mpf:
    p, q = int(r.p), int(r.q)
    if q == 1:
        if p < 0 and x == 0:
            raise Undefined
        return x**p
    if x < 0 or (x == 0 and p < 0):
        raise Undefined
    return mpf(0) if x == 0 else mpmath.exp(_tame(mpmath.log(x) * p / q))


def logsumexp(*xs: mpf) -> mpf:
    """log(sum exp(x)), accurate where it is near 0 as well."""
    *rest, top = sorted(xs)
    return top + mpmath.log1p(sum((mpmath.exp(max(x - top, -HUGE)) for x in rest), mpf(0)))


def _mp_sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(_tame(-x)))


DIGITS: Mapping[str, Callable[..., mpf]] = {
    "multiply": lambda c, x, y: x * y,
    "power": lambda c, x: _mp_power(x, c[0]),
    "exp": lambda c, x: mpmath.exp(_tame(x)),
    "log": lambda c, x: mpmath.log(_positive(x)),
    "logsumexp": lambda c, *xs: logsumexp(*xs),
    "softplus": lambda c, x: logsumexp(mpf(0), x),
    "sigmoid": lambda c, x: _mp_sigmoid(x),
    "tanh": lambda c, x: mpmath.tanh(_tame(x)),
    "xlogx": lambda c, x: mpf(0) if x == 0 else x * mpmath.log(_positive(x)),
    "abs": lambda c, x: abs(x),
    "max": lambda c, *xs: max(xs),
    "huber": lambda c, x: x * x / 2 if abs(x) <= _number(c[0]) else _number(c[0]) * (abs(x) - _number(c[0]) / 2),
    "step": lambda c, x: mpf(x > 0),
    "step_closed": lambda c, x: mpf(x >= 0),
    "sin": lambda c, x: mpmath.sin(_tame(x)),
    "cos": lambda c, x: mpmath.cos(_tame(x)),
    "atan": lambda c, x: mpmath.atan(x),
    "erf": lambda c, x: mpmath.erf(_tame(x)),
    "lgamma": lambda c, x: mpmath.loggamma(_tame(_positive(x))),
}


def in_digits(program: Program, point: Sequence[Fraction], digits: int) -> list[mpf | None]:
    """Values of all instructions; None for one without a value (it may stand in a branch that is not taken).

    Raises:
        Undefined: The program as a whole has no value here.
        TooLarge: A number on the way is out of reach.
    """
    held: list[mpf | None] = []
    large: set[int] = set()
    with mpmath.workdps(digits):
        for index, (op, args, c) in enumerate(program.instructions):
            xs = [held[a] for a in args]
            try:
                held.append(_digits_of(op, c, xs, point))
            except Undefined:
                held.append(None)
            except TooLarge:
                held.append(None)
                large.add(index)
            if op == "select":
                taken = args[0], args[1] if xs[0] else args[2]
                if large & set(taken):
                    large.add(index)
            elif large & set(args):
                large.add(index)
    if held[program.output] is None:
        raise TooLarge if program.output in large else Undefined
    return held


def _digits_of(op: str, c: Any, xs: Sequence[mpf | None], point: Sequence[Fraction]) -> mpf:
    if op == "variable":
        x = point[int(c[0].p)]
        return mpf(x.numerator) / x.denominator
    if op == "constant":
        return mpf(int(c[0].p)) / int(c[0].q)
    if op == "select":
        taken = None if xs[0] is None else xs[1] if xs[0] != 0 else xs[2]
        if taken is None:
            raise Undefined
        return taken
    if any(x is None for x in xs):
        raise Undefined
    if op == "linear":
        return sum(
            (mpf(int(k.p)) / int(k.q) * x for k, x in zip(c, xs, strict=False)), mpf(int(c[-1].p)) / int(c[-1].q)
        )
    if op not in DIGITS:
        raise Undefined
    return DIGITS[op](c, *xs)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where a claim fails: two points with the middle above the chord, or a point without a value."""

    why: str
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...] = ()
    gap: str = ""


def exact(point: Iterable[float | str]) -> tuple[Fraction, ...]:
    return tuple(Fraction(x) for x in point)


Valued: TypeAlias = Callable[[Sequence[Fraction], int], tuple[mpf, mpf]]
"""A function's value at a point with so many digits, and the largest number that met on the way."""


def gap(
    value: Valued, a: Sequence[Fraction], b: Sequence[Fraction], most: int = MOST_DIGITS, least: int = 50
) -> mpf | None:
    """f(midpoint) - (f(a) + f(b)) / 2 with enough digits to tell its sign; None where no number of them tells.

    Raises:
        Undefined: There is no value at one of the three points.
        TooLarge: A number on the way is out of reach.
    """
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    digits = least
    while digits <= max(most, least):
        (left, size_left), (centre, size), (right, size_right) = (value(point, digits) for point in (a, middle, b))
        with mpmath.workdps(digits):
            found, largest = centre - (left + right) / 2, max(size_left, size, size_right, mpf(1))
            if abs(found) > largest * mpf(10) ** (20 - digits):
                return found
            digits = max(3 * digits, 80 + int(mpmath.log10(largest)))
    return None


def valued(program: Program) -> Valued:
    def value(point: Sequence[Fraction], digits: int) -> tuple[mpf, mpf]:
        held = in_digits(program, point, digits)
        result = held[program.output]
        assert result is not None
        return result, max(abs(v) for v in held if v is not None)

    return value


def contradiction(program: Program, seed: int, lines: int = 120) -> Contradiction | None:
    """A point or chord that contradicts "convex and defined on the whole domain", or None."""
    random = np.random.default_rng(seed)
    starts, ends = _segments(program, random, lines)
    candidates = _worst_chords(program, starts, ends)
    candidates += _refined(program, random, candidates)
    for _, a, b in sorted(candidates, key=lambda c: -c[0])[:4]:
        found = _confirmed(program, a, b)
        if found is not None:
            return found
    return None


SCALES = (1e-6, 1e-3, 0.1, 1.0, 1.0, 4.0, 16.0, 100.0, 1000.0)
CUTS = 8


def _segments(program: Program, random: np.random.Generator, lines: int) -> tuple[Any, Any]:
    n = program.variables
    scale = random.choice(SCALES, size=(1, lines))
    base = random.normal(size=(n, lines)) * random.choice(SCALES, size=(1, lines)) * (random.random((n, lines)) < 0.6)
    base[:, : lines // 3] = 0
    step = random.normal(size=(n, lines)) * scale
    axis = random.random(lines) < 0.4
    keep = np.arange(n)[:, None] == random.integers(n, size=lines)[None, :]
    step = np.where(axis[None, :] & ~keep, 0.0, step)
    return _into(program, base - step), _into(program, base + step)


def _into(program: Program, points: Any) -> Any:
    """Points of the domain: folded into it where it is not all of R."""
    domain = program.domain
    low = None if domain.low is None else float(domain.low.p) / float(domain.low.q)
    high = None if domain.high is None else float(domain.high.p) / float(domain.high.q)
    if low is not None and high is not None:
        return low + (high - low) * (0.001 + 0.998 / (1 + np.exp(-np.clip(points, -30, 30))))
    if low is not None:
        return low + np.abs(points) + 1e-9
    return points if high is None else high - np.abs(points) - 1e-9


def _worst_chords(program: Program, starts: Any, ends: Any) -> list[tuple[float, Point, Point]]:
    """The worst chord of each segment, with its gap relative to the values; points without a value come first."""
    t = np.linspace(0, 1, CUTS + 1)[:, None]
    at = starts[:, None, :] * (1 - t) + ends[:, None, :] * t
    values = in_floats(program, at.reshape(len(at), -1)).reshape(CUTS + 1, -1)
    found: list[tuple[float, Point, Point]] = []
    for i in range(CUTS + 1):
        for j in range(i + 2, CUTS + 1, 2):
            left, middle, right = values[i], values[(i + j) // 2], values[j]
            with np.errstate(all="ignore"):
                size = np.maximum(np.maximum(abs(left), abs(right)), abs(middle)) + 1e-300
                gaps = (middle - (left + right) / 2) / size
            gaps = np.where(np.isnan(middle), np.inf, gaps)
            for k in np.argsort(-np.nan_to_num(gaps, nan=-1.0))[:2]:
                if gaps[k] > 1e-15:
                    found.append(
                        (float(min(gaps[k], 1e9)), tuple(map(float, at[:, i, k])), tuple(map(float, at[:, j, k])))
                    )
    return sorted(found, key=lambda c: -c[0])[:12]


def _refined(
    program: Program, random: np.random.Generator, candidates: Sequence[tuple[float, Point, Point]]
) -> list[tuple[float, Point, Point]]:
    """Chords around the best ones."""
    if not candidates:
        return []
    a = np.array([c[1] for c in candidates[:4]]).T.repeat(16, axis=1)
    b = np.array([c[2] for c in candidates[:4]]).T.repeat(16, axis=1)
    width = np.abs(b - a).max(axis=0, keepdims=True)
    a = a + random.normal(size=a.shape) * width * 0.3
    b = b + random.normal(size=b.shape) * width * 0.3
    if program.domain.low is not None or program.domain.high is not None:
        return []
    return _worst_chords(program, a, b)


def _digits_for_a_value(program: Program, point: Sequence[Fraction]) -> int | None:
    """With few digits the log of a small difference has no value; None where many do not help."""
    for digits in (50, 6_000):
        try:
            in_digits(program, point, digits)
        except Undefined:
            continue
        return digits
    return None


def _confirmed(program: Program, a: Point, b: Point) -> Contradiction | None:
    left, right = exact(a), exact(b)
    middle = tuple((x + y) / 2 for x, y in zip(left, right, strict=True))
    least = 0
    for point in (left, middle, right):
        try:
            digits = _digits_for_a_value(program, point)
        except TooLarge:
            return None
        if digits is None:
            return Contradiction("no value", point)
        least = max(least, digits)
    found = gap(valued(program), left, right, MOST_FOR_A_GUESS, least)
    if found is None or not found > 0:
        return None
    return Contradiction("the middle lies above the chord", left, right, mpmath.nstr(found, 5))
