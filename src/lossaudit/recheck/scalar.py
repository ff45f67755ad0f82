"""Functions of one probability p, sums of c p^a (1-p)^r (log p)^b (log(1-p))^e, that are >= 0 on (0, 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import comb
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from flint import arb, ctx, fmpq, fmpq_poly

from lossaudit.recheck.intervals import ONE, ZERO
from lossaudit.recheck.programs import number, sequence, whole
from lossaudit.recheck.refusal import demand

_BITS = 128
_DEEPEST_CELL = 12  # halvings of a cell that the certificate names
_LARGEST_DEGREE = 400


class Key(NamedTuple):
    """Exponents of p, of 1 - p, of log p and of log(1 - p)."""

    p: fmpq
    q: fmpq
    log_p: int
    log_q: int


Scalar: TypeAlias = dict[Key, fmpq]


def read_scalar(data: Any) -> Scalar:
    """A function out of rows ["c", "a", "r", b, e].

    Raises:
        Refusal: It is not one.
    """
    total: Scalar = {}
    for row in sequence(data):
        c, a, r, b, e = sequence(row, 5)
        _add(total, Key(number(a), number(r), whole(b, 16), whole(e, 16)), number(c))
    return total


def _add(total: Scalar, key: Key, c: fmpq) -> None:
    value = total.get(key, ZERO) + c
    if value == 0:
        total.pop(key, None)
    else:
        total[key] = value


def slope(f: Mapping[Key, fmpq]) -> Scalar:
    """P (1 - p) f'(p), the derivative by m where p = sigmoid(m).

    >>> slope({Key(ZERO, ZERO, 1, 0): -ONE})  # of -log p it is -(1 - p)
    {Key(p=0, q=1, log_p=0, log_q=0): -1}
    """
    total: Scalar = {}
    for (a, r, b, e), c in f.items():
        _add(total, Key(a, r + 1, b, e), c * a)
        _add(total, Key(a + 1, r, b, e), -c * r)
        if b:
            _add(total, Key(a, r + 1, b - 1, e), c * b)
        if e:
            _add(total, Key(a + 1, r, b, e - 1), -c * e)
    return total


def limit_is_nonpositive(f: Mapping[Key, fmpq]) -> bool:
    """Whether the limit at p = 1 is seen to be <= 0, term by term: there log p is -(1 - p) to first order."""
    total = ZERO
    for (_, r, b, e), c in f.items():
        if r + b < 0 or (r + b == 0 and e):
            return False
        if r + b == 0:
            total += c * (-1) ** b
    return total <= 0


def check_nonnegative(f: Scalar, proof: Mapping[str, Any]) -> None:
    """Check that f >= 0 on (0, 1) by the argument that is named.

    Raises:
        Refusal: It is not seen to be.
    """
    name = proof["argument"]
    demand(isinstance(name, str) and name in _ARGUMENTS, "there is no such argument")
    _ARGUMENTS[name](f, proof)


def _by_signs(f: Scalar, _: Mapping[str, Any]) -> None:
    demand(all(c * (-1) ** (b + e) >= 0 for (_, _, b, e), c in f.items()), "a term has the wrong sign")


def _by_sturm(f: Scalar, _: Mapping[str, Any]) -> None:
    for (b, e), poly in _polynomials(_reduced(f)).items():
        demand(nonnegative(poly * (-1) ** (b + e), ZERO, ONE), "a polynomial is negative somewhere")


def _reduced(f: Scalar) -> Scalar:
    """The function divided by the lowest powers of p and 1 - p, which are positive."""
    a = min((key.p for key in f), default=ZERO)
    r = min((key.q for key in f), default=ZERO)
    return {Key(key.p - a, key.q - r, key.log_p, key.log_q): c for key, c in f.items()}


def _polynomials(f: Scalar) -> dict[tuple[int, int], fmpq_poly]:
    """The polynomials in p that stand before each product of logarithms."""
    found: dict[tuple[int, int], fmpq_poly] = {}
    for (a, r, b, e), c in f.items():
        found[b, e] = found.get((b, e), fmpq_poly([])) + _monomial(a, r) * c
    return found


def _monomial(a: fmpq, r: fmpq) -> fmpq_poly:
    demand(a.q == 1 and r.q == 1 and 0 <= a + r <= _LARGEST_DEGREE, "an exponent is not natural")
    return fmpq_poly([0] * int(a.p) + [1]) * fmpq_poly([1, -1]) ** int(r.p)


def nonnegative(poly: fmpq_poly, low: fmpq | None, high: fmpq | None) -> bool:
    """Whether a polynomial is >= 0 on an open interval, by Sturm's theorem on its factors of odd multiplicity.

    >>> nonnegative(fmpq_poly([1, -4, 4]), ZERO, ONE), nonnegative(fmpq_poly([fmpq(99, 100), -4, 4]), ZERO, ONE)
    (True, False)
    """
    if poly.degree() < 0:
        return True
    odd = fmpq_poly([1])
    _, factors = poly.numer().factor_squarefree()
    for factor, multiplicity in factors:
        if int(multiplicity) % 2:
            odd *= fmpq_poly(factor.coeffs())
    return count_roots(odd, low, high) == 0 and poly(_beside_roots(poly, low, high)) > 0


def _beside_roots(poly: fmpq_poly, low: fmpq | None, high: fmpq | None) -> fmpq:
    """A point of the interval that is no root."""
    if low is None or high is None:
        start = ZERO if low is None and high is None else low if low is not None else high
        step = -1 if low is None and high is not None else 1
        places = (start + step * k for k in range(1, poly.degree() + 3)) if start is not None else iter(())
    else:
        places = (low + (high - low) * fmpq(k, poly.degree() + 2) for k in range(1, poly.degree() + 2))
    return next(x for x in places if poly(x) != 0)


def count_roots(poly: fmpq_poly, low: fmpq | None, high: fmpq | None) -> int:
    """How many distinct real roots a polynomial has in an open interval (Sturm)."""
    for end in (low, high):
        while end is not None and poly.degree() > 0 and poly(end) == 0:
            poly = poly // fmpq_poly([-end, 1])
    if poly.degree() <= 0:
        return 0
    chain = [poly, poly.derivative()]
    while chain[-1].degree() > 0:
        rest = chain[-2] % chain[-1]
        if rest.degree() < 0:
            break
        chain.append(-rest)
    return _variations(chain, low, -1) - _variations(chain, high, 1)


def _variations(chain: Sequence[fmpq_poly], end: fmpq | None, side: int) -> int:
    """Changes of sign along the chain at an end, or at infinity on that side."""
    values = [f[f.degree()] * side ** f.degree() if end is None else f(end) for f in chain]
    signs = [value > 0 for value in values if value != 0]
    return sum(a != b for a, b in pairwise(signs))


# ---- Cells -------------------------------------------------------------------------------------------------------


def _by_cells(f: Scalar, proof: Mapping[str, Any]) -> None:
    f = _reduced(f)
    low, high = whole(proof["low"], 1000), whole(proof["high"], 1000)
    order = whole(proof["order"], 33)
    cuts = [number(x) for x in sequence(proof["cuts"])]
    demand(low >= 1 and high >= 1 and order >= 1, "a series has no terms")
    demand(len(cuts) >= 2 and all(a < b for a, b in pairwise(cuts)), "the cells are not in order")
    demand(cuts[0] <= fmpq(1, 2**low) and cuts[-1] >= 1 - fmpq(1, 2**high), "the cells leave a gap")
    demand(cuts[0] > 0 and cuts[-1] < 1, "a cell touches an end")
    mirrored = {Key(r, a, e, b): c for (a, r, b, e), c in f.items()}
    with ctx.workprec(_BITS):
        demand(_positive_near_zero(f, low, order), "it is not seen to be positive near 0")
        demand(_positive_near_zero(mirrored, high, order), "it is not seen to be positive near 1")
        derivative = slope(f)
        for a, b in pairwise(cuts):
            demand(_positive_between(f, derivative, a, b, _DEEPEST_CELL), "it is not seen to be positive on a cell")


def _positive_between(f: Scalar, derivative: Scalar, a: fmpq, b: fmpq, depth: int) -> bool:
    middle = (a + b) / 2
    cell, centre = arb(a).union(arb(b)), arb(middle)
    if _at(f, cell) > 0 or _at(f, centre) + _at(derivative, cell) / (cell * (1 - cell)) * (cell - centre) > 0:
        return True
    return depth > 0 and all(_positive_between(f, derivative, x, y, depth - 1) for x, y in ((a, middle), (middle, b)))


def _at(f: Scalar, p: arb) -> arb:
    """A ball around the values on a ball of p within (0, 1)."""
    logs = p.log(), (1 - p).log()
    total = arb(0)
    for (a, r, b, e), c in f.items():
        demand(a.q == 1 and r.q == 1 and a >= 0 and r >= 0, "an exponent is not natural")
        factor = arb(c)
        for base, n in ((p, int(a.p)), (1 - p, int(r.p)), (logs[0], b), (logs[1], e)):
            for _ in range(n):
                factor *= base
        total += factor
    return total


def _positive_near_zero(f: Scalar, depth: int, order: int) -> bool:
    """Whether f > 0 on (0, d], d = 2^-depth.

    There log(1 - p) = T(p) - rho p^(N+1) with T the first N terms of its series and rho between 1/(N + 1) and
    1/((N + 1)(1 - d)), so that f is a sum of terms c p^i m^b with balls c, m = -log p >= M = -log d. The term that is
    largest near 0 has the least i and then the largest b. Beside it another term is p^i' m^b' with i' > 0, or i' = 0
    and b' < 0, which rises with p up to d if b' <= i' M: it is largest at d.
    """
    terms = _near_zero(f, depth, order)
    if not terms:
        return False
    first = min(terms, key=lambda term: (term[0], -term[1]))
    least = depth * arb(2).log()
    against = arb(0)
    for (i, b), c in terms.items():
        more, less = i - first[0], b - first[1]
        if (i, b) == first or c >= 0:
            continue
        if less > 0 and not least * more >= less:
            return False
        size = least**less if less >= 0 else 1 / least**-less
        against += abs(c) * size * arb(2) ** (-depth * more)
    return bool(terms[first] > against)


def _near_zero(f: Scalar, depth: int, order: int) -> dict[tuple[int, int], arb]:
    series = fmpq_poly([0, *(fmpq(-1, k) for k in range(1, order + 1))])
    rest = fmpq_poly([0] * (order + 1) + [-1])
    exact: dict[tuple[int, int], fmpq_poly] = {}  # by the exponents of m and of rho
    for (a, r, b, e), c in f.items():
        start = _monomial(a, r) * (c * (-1) ** b)
        for s in range(e + 1):
            part = start * comb(e, s) * series ** (e - s) * rest**s
            exact[b, s] = exact.get((b, s), fmpq_poly([])) + part
    rho = (1 / arb(order + 1)).union(1 / ((order + 1) * (1 - arb(2) ** -depth)))
    terms: dict[tuple[int, int], arb] = {}
    for (b, s), poly in exact.items():
        for i, c in enumerate(poly.coeffs()):
            if c != 0:
                terms[i, b] = terms.get((i, b), arb(0)) + arb(c) * rho**s
    return terms


_ARGUMENTS: Mapping[str, Callable[[Scalar, Mapping[str, Any]], None]] = MappingProxyType(
    {"signs": _by_signs, "sturm": _by_sturm, "cells": _by_cells}
)
