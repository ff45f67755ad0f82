"""Functions of one probability p: sums of `c p^a (1-p)^r (log p)^b (log(1-p))^e`, and proofs that they are >= 0.

With q = 1 - p, l = log p, n = log q and D = p(1-p) d/dp (the derivative by the margin m, p = sigmoid(m)):

    D p^a = a p^a q,   D q^r = -r p q^r,   D l^b = b q l^(b-1),   D n^e = -e p n^(e-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from flint import arb, ctx, fmpq, fmpq_poly, fmpz_poly

Key: TypeAlias = tuple[fmpq, fmpq, int, int]
"""Exponents of p, of 1 - p, of log p and of log(1 - p); the first two rational, the others natural."""

Scalar: TypeAlias = dict[Key, fmpq]
"""Coefficient of each product; no zeros."""

_ZERO = fmpq(0)


def gathered(terms: Iterable[tuple[Key, fmpq]]) -> Scalar:
    total: Scalar = {}
    for key, coefficient in terms:
        value = total.get(key, _ZERO) + coefficient
        if value == 0:
            total.pop(key, None)
        else:
            total[key] = value
    return total


def derivative(f: Mapping[Key, fmpq]) -> Scalar:
    """D f.

    >>> cross_entropy = {(fmpq(0), fmpq(0), 1, 0): fmpq(-1)}  # -log p
    >>> derivative(cross_entropy)  # -(1-p)
    {(0, 1, 0, 0): -1}
    """
    terms: list[tuple[Key, fmpq]] = []
    for (a, r, b, e), c in f.items():
        terms.append(((a, r + 1, b, e), c * a))
        terms.append(((a + 1, r, b, e), -c * r))
        if b:
            terms.append(((a, r + 1, b - 1, e), c * b))
        if e:
            terms.append(((a + 1, r, b, e - 1), -c * e))
    return gathered(terms)


def swapped(f: Mapping[Key, fmpq]) -> Scalar:
    """The same function of 1 - p."""
    return {(r, a, e, b): c for (a, r, b, e), c in f.items()}


def reduced(f: Mapping[Key, fmpq]) -> Scalar:
    """F divided by common powers of p and of 1 - p, both positive: its sign does not change."""
    if not f:
        return {}
    low_p = min(key[0] for key in f)
    low_q = min(key[1] for key in f)
    return {(a - low_p, r - low_q, b, e): c for (a, r, b, e), c in f.items()}


def polynomials(f: Mapping[Key, fmpq]) -> dict[tuple[int, int], fmpq_poly] | None:
    """F as polynomials in p, one for each `l^b n^e`; None if some exponent is not natural."""
    parts: dict[tuple[int, int], fmpq_poly] = {}
    for (a, r, b, e), c in f.items():
        if a.q != 1 or r.q != 1 or a < 0 or r < 0:
            return None
        monomial = fmpq_poly([0] * int(a.p) + [1]) * c * fmpq_poly([1, -1]) ** int(r.p)
        parts[b, e] = parts.get((b, e), fmpq_poly()) + monomial
    return {key: poly for key, poly in parts.items() if not poly.is_zero()}


def _sturm_count(poly: fmpz_poly) -> int:
    """Number of roots in (0, 1) of a squarefree polynomial that is not 0 at 0 and 1."""
    chain = [fmpq_poly(poly.coeffs()), fmpq_poly(poly.derivative().coeffs())]
    while chain[-1].degree() > 0:
        chain.append(-(chain[-2] % chain[-1]))

    def variations(at: int) -> int:
        signs = [value > 0 for value in (f(fmpq(at)) for f in chain) if value != 0]
        return sum(x != y for x, y in pairwise(signs))

    return variations(0) - variations(1)


def nonnegative(poly: fmpq_poly) -> bool:
    """Whether the polynomial is >= 0 on (0, 1); exact, by Sturm's theorem.

    >>> nonnegative(fmpq_poly([1, -4, 4])), nonnegative(fmpq_poly([fmpq(99, 100), -4, 4]))
    (True, False)
    """
    if poly.is_zero():
        return True
    _, factors = poly.numer().factor_squarefree()
    odd = fmpz_poly([1])
    for factor, multiplicity in factors:
        if multiplicity % 2:
            odd *= factor
    for root in (fmpz_poly([0, 1]), fmpz_poly([-1, 1])):
        while odd(int(-root[0])) == 0:
            odd //= root
    if _sturm_count(odd):
        return False
    # No odd root inside: the sign is the same wherever it is not 0, and deg + 1 points cannot all be roots.
    points = (fmpq(k, poly.degree() + 2) for k in range(1, poly.degree() + 2))
    return next(value for value in map(poly, points) if value != 0) > 0


def prove_nonnegative(f: Mapping[Key, fmpq]) -> dict[str, Any] | None:
    """Proves f >= 0 on (0, 1); the argument as plain data, or None.

    - `{"argument": "sturm"}`: f divided by the lowest powers of p and of 1 - p that occur is a sum of
      `A_be(p) (log p)^b (log(1-p))^e` with polynomials A_be, and each `(-1)^(b+e) A_be` is >= 0 on (0, 1).
    - `{"argument": "signs"}`: the same without expanding: in each term `c (-1)^(b+e) >= 0`.
    - `{"argument": "cells", "low": i, "high": j, "order": n, "cuts": [...]}`: f > 0 on (0, 2^-i] and on [1 - 2^-j, 1)
      by `positive_near_zero` (of f, and of f with p and 1 - p exchanged), and on each cell between neighbouring cuts by
      `positive_on_cell`.
    """
    if all(c * (-1) ** (b + e) > 0 for (_, _, b, e), c in f.items()):
        return {"argument": "signs"}
    f = reduced(f)
    parts = polynomials(f)
    if parts is not None and all(nonnegative(poly * (-1) ** (b + e)) for (b, e), poly in parts.items()):
        return {"argument": "sturm"}
    if parts is None or set(parts) <= {(0, 0)}:
        return None
    return _cells(f, parts)


ORDER = 8
"""How many terms of the series of log(1 - p) are taken."""
_DEEPEST = 120
_MOST_CELLS = 3000
_BITS = 80


def positive_near_zero(f: Mapping[Key, fmpq], depth: int, order: int = ORDER) -> bool:
    """Whether f > 0 on (0, 2^-depth], for natural exponents; exact up to balls.

    With d = 2^-depth, `log(1-p) = -(p + p^2/2 + ... + p^N/N) - rho p^(N+1)`, 1/(N+1) <= rho <= 1/((N+1)(1-d)), and
    m = -log p >= M = -log d. In powers p^a m^b the lead is the least a and then the largest b. Every other term is,
    relative to the lead, p^alpha m^beta with alpha > 0, or alpha = 0 and beta < 0. It does not fall as p grows to d if
    beta <= 0 or M >= beta/alpha, so it is at most d^alpha M^beta. The lead's coefficient must exceed the sum of all
    negative ones so weighted.
    """
    with ctx.workprec(_BITS):
        expanded = _expanded(f, depth, order)
        if not expanded:
            return False
        lead = min(expanded, key=lambda key: (key[0], -key[1]))
        if not expanded[lead] > 0:
            return False
        least = depth * arb(2).log()
        total = arb(0)
        for (a, b), coefficient in expanded.items():
            alpha, beta = a - lead[0], b - lead[1]
            if (a, b) == lead or coefficient >= 0:
                continue
            if beta > 0 and not least * alpha >= beta:
                return False
            size = arb(2) ** (-depth * alpha) * (least**beta if beta >= 0 else 1 / least**-beta)
            total += abs(coefficient).upper() * size
        return bool(expanded[lead] > total)


def _expanded(f: Mapping[Key, fmpq], depth: int, order: int) -> dict[tuple[int, int], arb]:
    """F as a sum of p^a m^b with balls for coefficients; exact zeros are left out."""
    rho = (1 / arb(order + 1)).union(1 / (arb(order + 1) * (1 - arb(2) ** -depth)))
    series: dict[int, fmpq] = {k: fmpq(-1, k) for k in range(1, order + 1)}
    exact: dict[tuple[int, int, int], fmpq] = {}
    for (a, r, b, e), c in f.items():
        factor: dict[tuple[int, int], fmpq] = {(0, 0): c * (-1) ** b}
        steps = [{(0, 0): fmpq(1), (1, 0): fmpq(-1)}] * int(r.p)
        steps += [{**{(k, 0): s for k, s in series.items()}, (order + 1, 1): fmpq(-1)}] * e
        for step in steps:
            grown: dict[tuple[int, int], fmpq] = {}
            for (i, s), x in factor.items():
                for (j, t), y in step.items():
                    grown[i + j, s + t] = grown.get((i + j, s + t), _ZERO) + x * y
            factor = grown
        for (i, s), x in factor.items():
            key = (int(a.p) + i, b, s)
            exact[key] = exact.get(key, _ZERO) + x
    total: dict[tuple[int, int], arb] = {}
    for (a, b, s), x in exact.items():
        if x != 0:
            total[a, b] = total.get((a, b), arb(0)) + arb(x) * rho**s if s else total.get((a, b), arb(0)) + arb(x)
    return total


def value(f: Mapping[Key, fmpq], p: arb) -> arb:
    """An enclosure of f on a ball of p inside (0, 1); natural exponents of p and of 1 - p."""
    q = 1 - p
    log_p, log_q = p.log(), q.log()
    total = arb(0)
    for (a, r, b, e), c in f.items():
        total += c * _power(p, int(a.p)) * _power(q, int(r.p)) * _power(log_p, b) * _power(log_q, e)
    return total


def _power(x: arb, exponent: int) -> arb:
    result = arb(1)
    for _ in range(exponent):
        result *= x
    return result


def positive_on_cell(f: Mapping[Key, fmpq], low: fmpq, high: fmpq) -> bool:
    """Whether the enclosure of f on [low, high] is > 0: the plain one, or the one about the middle with the slope."""
    with ctx.workprec(_BITS):
        ends = arb(low).union(arb(high))
        if value(f, ends) > 0:
            return True
        middle = arb((low + high) / 2)
        slope = value(derivative(f), ends) / (ends * (1 - ends))
        return bool(value(f, middle) + slope * (ends - middle) > 0)


def _cells(f: Scalar, parts: Mapping[tuple[int, int], fmpq_poly]) -> dict[str, Any] | None:
    """Positivity by cells, after dividing out what vanishes at both ends."""
    depths: list[int] = []
    for end in (f, swapped(f)):
        depth = next((k for k in (2, 4, 8, 16, 32, 64, _DEEPEST) if positive_near_zero(end, k)), None)
        if depth is None:
            return None
        depths.append(depth)
    low, high = depths
    grid = [fmpq(1, 2**k) for k in range(low, 0, -1)] + [1 - fmpq(1, 2**k) for k in range(2, high + 1)]
    todo = list(pairwise(grid))[::-1]
    cuts, used = [grid[0]], 0
    while todo:
        a, b = todo.pop()
        used += 1
        if used > _MOST_CELLS:
            return None
        if positive_on_cell(f, a, b):
            cuts.append(b)
            continue
        middle = (a + b) / 2
        if b - a < fmpq(1, 2**40) or value(f, arb(middle)) < 0:
            return None
        todo += [(middle, b), (a, middle)]
    return {"argument": "cells", "low": low, "high": high, "order": ORDER, "cuts": [str(c) for c in cuts]}
