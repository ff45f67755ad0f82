"""How a loss's gradient ends: exactly, along a ray of logits.

Along z = t d with t -> infinity, let eps = exp(-t). A family's largest argument wins with all the others smaller by
factors eps^delta, so `L = t s + log(1 + D)`, D = sum eps^delta_k, and every term is a series in eps with powers of t.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.program import Program
from lossaudit.geometry.ring.derivatives import partial
from lossaudit.geometry.ring.elements import Family, recognise
from lossaudit.geometry.ring.forms import UNIT, Form, NotInRing, Sum

Coefficients: TypeAlias = dict[tuple[fmpq, int], fmpq]
"""Coefficient of eps^a t^b; no zeros."""

_ZERO, _ONE = fmpq(0), fmpq(1)
_WINDOW = fmpq(4)
"""How far a series is followed beyond its first exponent."""
_EXACT = fmpq(10**9)


@dataclass(frozen=True, slots=True)
class Limit:
    """|gradient| ~ sqrt(square) t^power exp(-rate t) as t -> infinity, exactly (0 everywhere if square is 0).

    Attributes:
        square: Square of the constant factor.
        rate: Above 0 it decays exponentially, below 0 it grows so.
        power: Of t.
    """

    square: fmpq
    rate: fmpq
    power: int

    @property
    def constant(self) -> float:
        """The constant factor, rounded."""
        return math.sqrt(int(self.square.p) / int(self.square.q))

    @property
    def kind(self) -> str:
        """`"zero"`, `"constant"`, `"grows"` or `"decays"`."""
        if self.square == 0:
            return "zero"
        if self.rate == 0 and self.power == 0:
            return "constant"
        return "grows" if self.rate < 0 or (self.rate == 0 and self.power > 0) else "decays"

    def __str__(self) -> str:
        if self.kind == "zero":
            return "0"
        power = "" if not self.power else f" t^{self.power}"
        decay = "" if self.rate == 0 else f" exp({-self.rate} t)"
        return f"{self.constant:.6g}{power}{decay}"


def gradient_limit(program: Program, direction: Sequence[int]) -> Limit | None:
    """The gradient's norm along z = t d as t -> infinity.

    Args:
        program: A loss.
        direction: d, one whole number a variable. Confidently wrong: 1 at a wrong class, 0 elsewhere.

    Returns:
        None if the program is not of this form, or two arguments of a family tie for the largest.
    """
    try:
        value, families = recognise(program)
        ray = _Ray(families, direction)
        return _norm([ray.along(partial(value, families, j)) for j in range(program.variables)])
    except NotInRing:
        return None


def along_ray(
    x: Sum, families: Sequence[Family], direction: Sequence[int]
) -> tuple[Mapping[tuple[fmpq, int], fmpq], fmpq | None]:
    """A sum of terms along z = t d: coefficients of eps^a t^b, and the exponent of eps from which they are not known.

    Raises:
        NotInRing: It has no such series, or two arguments of a family tie for the largest.
    """
    series = _Ray(families, direction).along(x)
    return series.terms, None if series.order == _EXACT else series.order


def gradient_square_at_zero(program: Program) -> fmpq | None:
    """|gradient|^2 at z = 0, where every family without biases is uniform; None where it is not rational."""
    try:
        value, families = recognise(program)
        sizes = [len(f.arguments) for f in families]
        if any(s == UNIT for f in families for form in f.arguments for s, _ in form):
            return None
        partials = [_at_zero(partial(value, families, j), sizes) for j in range(program.variables)]
    except NotInRing:
        return None
    return sum((x**2 for x in partials), _ZERO)


def _at_zero(x: Sum, sizes: Sequence[int]) -> fmpq:
    total = _ZERO
    for (powers, exponent), coefficient in x.items():
        if any(s[0] == "z" for s, _ in powers):
            continue
        bases = [(fmpq(sizes[s[1]]), r) for s, r in exponent if s[0] == "L"]
        bases += [(1 - fmpq(1, sizes[s[1]]), r) for s, r in powers if s[0] == "c"]
        known = all(s[0] in "zL" for s, _ in exponent) and all(s[0] == "c" for s, _ in powers)
        if not known or any(r.q != 1 for _, r in bases):
            raise NotInRing("an irrational value")
        for base, r in bases:
            coefficient *= base ** int(r.p)
        total += coefficient
    return total


@dataclass(frozen=True, slots=True)
class _Series:
    """A series in eps with powers of t: all its terms with exponents of eps below `order`, the others not known."""

    terms: Mapping[tuple[fmpq, int], fmpq]
    order: fmpq = _EXACT

    @property
    def first(self) -> fmpq:
        """An exponent of eps below which there is nothing."""
        return min((a for a, _ in self.terms), default=self.order)

    def __add__(self, other: _Series) -> _Series:
        order = min(self.order, other.order)
        total: Coefficients = {}
        for terms in (self.terms, other.terms):
            for key, c in terms.items():
                total[key] = total.get(key, _ZERO) + c
        return _Series({key: c for key, c in total.items() if c != 0 and key[0] < order}, order)

    def __mul__(self, other: _Series) -> _Series:
        known = min(self.first + other.order, other.first + self.order)
        order = min(known, self.first + other.first + _WINDOW) if known < _EXACT / 2 else _EXACT
        total: Coefficients = {}
        for (a, b), c in self.terms.items():
            for (d, e), f in other.terms.items():
                if a + d < order:
                    total[a + d, b + e] = total.get((a + d, b + e), _ZERO) + c * f
        return _Series({key: c for key, c in total.items() if c != 0}, order)

    def scaled(self, c: fmpq | int) -> _Series:
        return _Series({key: c * x for key, x in self.terms.items()} if c != 0 else {}, self.order)

    def shifted(self, a: fmpq) -> _Series:
        """Times eps^a."""
        terms = {(key[0] + a, key[1]): c for key, c in self.terms.items()}
        return _Series(terms, self.order if self.order == _EXACT else self.order + a)


def _norm(series: Sequence[_Series]) -> Limit | None:
    """The norm's lead, if it is certain that nothing unknown comes before it."""
    leads = [min(x.terms, key=lambda key: (key[0], -key[1])) for x in series if x.terms]
    if not leads:
        return Limit(_ZERO, _ZERO, 0) if all(x.order == _EXACT for x in series) else None
    rate, power = min(leads, key=lambda key: (key[0], -key[1]))
    if any(x.order <= rate for x in series):
        return None
    square = sum((x.terms.get((rate, power), _ZERO) ** 2 for x in series), _ZERO)
    return Limit(square, rate, power)


def _composed(x: _Series, coefficients: Iterator[fmpq]) -> _Series:
    """sum_n c_n x^n for an exact x whose exponents are above 0, up to the window beyond its first."""
    order = x.first + _WINDOW
    if not x.terms:
        return _Series({(_ZERO, 0): next(coefficients)})
    total: Coefficients = {}
    power: Coefficients = {(_ZERO, 0): _ONE}
    for coefficient in coefficients:
        for key, c in power.items():
            total[key] = total.get(key, _ZERO) + coefficient * c
        grown: Coefficients = {}
        for (a, b), c in power.items():
            for (d, e), f in x.terms.items():
                if a + d < order:
                    grown[a + d, b + e] = grown.get((a + d, b + e), _ZERO) + c * f
        power = grown
        if not power:
            break
    return _Series({key: c for key, c in total.items() if c != 0}, order)


def _binomials(exponent: fmpq) -> Iterator[fmpq]:
    value = _ONE
    for n in count(1):
        yield value
        value = value * (exponent - n + 1) / n


def _power(x: _Series, exponent: fmpq) -> _Series:
    """(1 + x)^exponent."""
    return _composed(x, _binomials(exponent))


def _log(x: _Series) -> _Series:
    """log(1 + x)."""
    return _composed(x, chain((_ZERO,), (fmpq((-1) ** (n + 1), n) for n in count(1))))


class _Ray:
    """Series of terms along z = t d."""

    def __init__(self, families: Sequence[Family], direction: Sequence[int]) -> None:
        self.direction = direction
        self.families = families
        self.slopes: list[list[fmpq]] = []
        self.tops: list[int] = []
        self._powers: dict[tuple[int, fmpq], _Series] = {}
        for family in families:
            if any(s == UNIT for form in family.arguments for s, _ in form):
                raise NotInRing("a bias inside an exponential")
            slopes = [self._slope(form) for form in family.arguments]
            top = max(slopes)
            if slopes.count(top) > 1:
                raise NotInRing("two arguments tie for the largest")
            self.slopes.append(slopes)
            self.tops.append(slopes.index(top))

    def _slope(self, form: Form) -> fmpq:
        return sum((c * self.direction[s[1]] for s, c in form if s[0] == "z"), _ZERO)

    def _gaps(self, f: int, without: int = -1) -> _Series:
        """D of family f; without one class, if that is asked for."""
        top = self.tops[f]
        total: Coefficients = {}
        for k, slope in enumerate(self.slopes[f]):
            if k not in (top, without):
                key = (self.slopes[f][top] - slope, 0)
                total[key] = total.get(key, _ZERO) + 1
        return _Series(total)

    def _total_power(self, f: int, exponent: fmpq) -> _Series:
        """(1 + D)^exponent of family f."""
        if (f, exponent) not in self._powers:
            self._powers[f, exponent] = _power(self._gaps(f), exponent)
        return self._powers[f, exponent]

    def along(self, x: Sum) -> _Series:
        total = _Series({})
        for (powers, exponent), c in x.items():
            total = total + self._term(powers, exponent, c)
        return total

    def _term(self, powers: Form, exponent: Form, coefficient: fmpq) -> _Series:
        result = _Series({(_ZERO, 0): coefficient})
        rate = _ZERO
        for s, c in exponent:
            if s[0] == "z":
                rate += c * self.direction[s[1]]
            elif s[0] == "L":
                rate += c * self.slopes[s[1]][self.tops[s[1]]]
                result = result * self._total_power(s[1], c)
            else:
                raise NotInRing("an irrational factor")
        for s, r in powers:
            result = result * self._symbol(s[0], s[1], s[2], r)
        return result.shifted(-rate)

    def _symbol(self, kind: str, index: int, k: int, r: fmpq) -> _Series:
        if kind == "c":
            return self._complement(index, k, r)
        if kind == "z":
            base = _Series({(_ZERO, 1): fmpq(self.direction[index])} if self.direction[index] else {})
        elif kind == "L":
            slope = self.slopes[index][self.tops[index]]
            base = _log(self._gaps(index)) + _Series({(_ZERO, 1): slope} if slope != 0 else {})
        elif kind == "n":
            base = self._log_complement(index, k)
        else:
            raise NotInRing("an irrational factor")
        if r.q != 1 or r < 0:
            raise NotInRing("a power of something that is not positive")
        result = _Series({(_ZERO, 0): _ONE})
        for _ in range(int(r.p)):
            result = result * base
        return result

    def _others(self, index: int, k: int) -> tuple[fmpq, fmpq, _Series]:
        """(n, delta, R) with sum_{j != k} exp(x_j - s t) = n eps^delta (1 + R)."""
        if k != self.tops[index]:
            return _ONE, _ZERO, self._gaps(index, without=k)
        gaps = self._gaps(index)
        delta, n = gaps.first, gaps.terms[gaps.first, 0]
        rest = {(a - delta, b): c / n for (a, b), c in gaps.terms.items() if a != delta}
        return n, delta, _Series(rest)

    def _complement(self, index: int, k: int, r: fmpq) -> _Series:
        n, delta, rest = self._others(index, k)
        if n != 1 and r.q != 1:
            raise NotInRing("an irrational factor")
        factor = n ** int(r.p) if n != 1 else _ONE
        return (_power(rest, r) * self._total_power(index, -r)).scaled(factor).shifted(r * delta)

    def _log_complement(self, index: int, k: int) -> _Series:
        n, delta, rest = self._others(index, k)
        if n != 1:
            raise NotInRing("an irrational constant")
        drift = _Series({(_ZERO, 1): -delta} if delta != 0 else {})
        return _log(rest) + _log(self._gaps(index)).scaled(-1) + drift
