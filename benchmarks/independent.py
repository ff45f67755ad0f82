"""Values of programs without the engine's code, and the search that tries to contradict a proof.

NumPy guides the search; only balls (Arb), evaluated here, may say that a claim is wrong.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from flint import arb, ctx, fmpq

from lossaudit.geometry.program import Program

Point = tuple[float, ...]
BITS = (100, 400, 3000)
"""Working precisions, one after the other until a sign is certain."""


class Undefined(Exception):
    """There certainly is no value at this point."""


class Unclear(Exception):
    """A ball is too wide to tell; says nothing."""


# Values in float64, over many points at once.


def _float_power(x: Any, r: Any) -> Any:
    return np.power(x, float(r.p) / float(r.q))


def _float_huber(x: Any, delta: float) -> Any:
    return np.where(np.abs(x) <= delta, x * x / 2, delta * (np.abs(x) - delta / 2))


_erf = np.frompyfunc(math.erf, 1, 1)
_lgamma = np.frompyfunc(lambda x: math.lgamma(x) if 0 < x < 1e300 else math.nan, 1, 1)

FLOATS: Mapping[str, Callable[..., Any]] = {
    "multiply": lambda c, x, y: x * y,
    "power": lambda c, x: _float_power(x, c[0]),
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
    "huber": lambda c, x: _float_huber(x, int(c[0].p) / int(c[0].q)),
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


# Values in balls, one point at a time: certain, or nothing.


def number(x: Any) -> arb:
    """An exact fraction as a ball."""
    return arb(fmpq(int(x.p), int(x.q)))


def logsumexp(*xs: arb) -> arb:
    """log(sum exp(x)), accurate where it is near 0 as well."""
    top = max(xs, key=lambda x: float(x.mid()) if x.is_finite() else -math.inf)
    rest = list(xs)
    rest.remove(top)
    return top + sum(((x - top).exp() for x in rest), arb(0)).log1p()


def sigmoid(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def positive(x: arb) -> arb:
    """The same ball, if all of it is > 0.

    Raises:
        Undefined: None of it is.
        Unclear: Some of it.
    """
    if x > 0:
        return x
    raise Undefined if x <= 0 else Unclear


def chosen(x: arb, *, closed: bool) -> bool:
    """Whether x > 0 (x >= 0 if closed).

    Raises:
        Unclear: The ball does not tell.
    """
    if x > 0 or (closed and x >= 0):
        return True
    if x < 0 or (not closed and x <= 0):
        return False
    raise Unclear


def _power(x: arb, r: Any) -> arb:
    if r.q == 1 and (r > 0 or x > 0 or x < 0):
        return _repeated(x, abs(int(r.p))) if r > 0 else 1 / _repeated(x, abs(int(r.p)))
    if r == 0:
        return arb(1)
    if r.q == 1:
        raise Undefined if x == 0 else Unclear
    if x == 0 and r > 0:
        return arb(0)
    if x >= 0 and r == fmpq(1, 2):
        return x.sqrt()
    return (_log_of_base(x, r) * number(r)).exp()


def _log_of_base(x: arb, r: Any) -> arb:
    if x < 0 or (x == 0 and r < 0):
        raise Undefined
    if x > 0:
        return x.log()
    raise Unclear


def _repeated(x: arb, n: int) -> arb:
    result = arb(1)
    for _ in range(n):
        result = result * x
    return result


def _huber(x: arb, delta: arb) -> arb:
    inner = abs(x).min(delta)
    return inner * (abs(x) - inner / 2)


BALLS: Mapping[str, Callable[..., arb]] = {
    "multiply": lambda c, x, y: x * y,
    "power": lambda c, x: _power(x, c[0]),
    "exp": lambda c, x: x.exp(),
    "log": lambda c, x: positive(x).log(),
    "logsumexp": lambda c, *xs: logsumexp(*xs),
    "softplus": lambda c, x: logsumexp(arb(0), x),
    "sigmoid": lambda c, x: sigmoid(x),
    "tanh": lambda c, x: x.tanh(),
    "xlogx": lambda c, x: arb(0) if x == 0 else x * positive(x).log(),
    "abs": lambda c, x: abs(x),
    "huber": lambda c, x: _huber(x, number(c[0])),
    "max": lambda c, *xs: functools.reduce(arb.max, xs),
    "step": lambda c, x: arb(int(chosen(x, closed=False))),
    "step_closed": lambda c, x: arb(int(chosen(x, closed=True))),
    "sin": lambda c, x: x.sin(),
    "cos": lambda c, x: x.cos(),
    "atan": lambda c, x: x.atan(),
    "erf": lambda c, x: x.erf(),
    "lgamma": lambda c, x: positive(x).lgamma(),
}


def ball(program: Program, point: Sequence[Fraction], bits: int) -> arb:
    """An enclosure of the value.

    Raises:
        Undefined: The program certainly has no value here.
        Unclear: So many bits do not tell.
    """
    held = all_balls(program, point, bits)
    value = held[program.output]
    if isinstance(value, arb):
        return value
    raise value


def all_balls(program: Program, point: Sequence[Fraction], bits: int) -> list[arb | Undefined | Unclear]:
    """Each instruction's enclosure, or why there is none: a branch that is not taken need not have a value."""
    held: list[arb | Undefined | Unclear] = []
    with ctx.workprec(bits):
        for op, args, c in program.instructions:
            try:
                held.append(_ball_of(op, c, [held[a] for a in args], point))
            except (Undefined, Unclear) as silent:
                held.append(silent)
    return held


def _ball_of(op: str, c: Any, given: Sequence[arb | Undefined | Unclear], point: Sequence[Fraction]) -> arb:
    if op == "variable":
        x = point[int(c[0].p)]
        return arb(fmpq(x.numerator, x.denominator))
    if op == "constant":
        return number(c[0])
    if op == "select" and isinstance(given[0], arb):
        given = [given[1] if given[0] == 1 else given[2]]
    xs: list[arb] = []
    for x in given:
        if not isinstance(x, arb):
            raise x
        xs.append(x)
    if op == "select":
        return xs[0]
    if op == "linear":
        result = sum((number(k) * x for k, x in zip(c, xs, strict=False)), number(c[-1]))
    elif op in BALLS:
        result = BALLS[op](c, *xs)
    else:
        raise Unclear
    if not result.is_finite():
        raise Unclear
    return result


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where a claim fails: two points with the middle above the chord, or a point without a value."""

    why: str
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...] = ()
    gap: str = ""


def exact(point: Iterable[float | str]) -> tuple[Fraction, ...]:
    return tuple(Fraction(x) for x in point)


Valued: TypeAlias = Callable[[Sequence[Fraction], int], arb]
"""An enclosure of a function's value at a point, with so many bits; may raise Undefined or Unclear."""


def above(value: Valued, a: Sequence[Fraction], b: Sequence[Fraction]) -> arb | None:
    """f(midpoint) - (f(a) + f(b)) / 2 where its sign is certain, otherwise None.

    Raises:
        Undefined: There certainly is no value at one of the three points.
    """
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    for bits in BITS:
        try:
            left, centre, right = (value(point, bits) for point in (a, middle, b))
        except Unclear:
            continue
        with ctx.workprec(bits):
            gap = centre - (left + right) / 2
        if gap > 0 or gap < 0:
            return gap
    return None


def valued(program: Program) -> Valued:
    return functools.partial(ball, program)


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


def _confirmed(program: Program, a: Point, b: Point) -> Contradiction | None:
    left, right = exact(a), exact(b)
    try:
        found = above(valued(program), left, right)
    except Undefined:
        return Contradiction("no value", left, right)
    if found is None or not found > 0:
        return None
    return Contradiction("the middle lies above the chord", left, right, found.str(5, radius=False))
