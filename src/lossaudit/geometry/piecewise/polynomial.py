"""Signs of polynomials with rational coefficients on open intervals, decided exactly.

An interval is a pair of ends, None where there is no limit; the ends themselves are never members.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

from flint import fmpq, fmpq_poly

End: TypeAlias = fmpq | None


def sample(low: End, high: End) -> fmpq:
    """A member of the open interval.

    >>> sample(fmpq(1), None)
    2
    """
    if low is None:
        return fmpq(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


def roots_inside(p: fmpq_poly, low: End, high: End) -> int:
    """How many distinct real roots a polynomial that is not 0 has in the open interval (Sturm's theorem).

    >>> roots_inside(fmpq_poly([0, -2, 0, 1]), fmpq(0), fmpq(2))  # u^3 - 2u on (0, 2): the square root of 2
    1
    """
    degree = p.degree()
    if degree <= 0:
        return 0
    if degree == 1:
        return int(_inside(-p[0] / p[1], low, high))
    for end in (low, high):
        if end is not None:
            factor = fmpq_poly([-end, 1])
            while p(end) == 0:
                p //= factor
    if p.degree() <= 0:
        return 0
    chain = [p, p.derivative()]
    while chain[-1].degree() > 0:
        remainder = -(chain[-2] % chain[-1])
        if remainder.degree() < 0:
            break
        chain.append(remainder)
    return _changes(chain, low, -1) - _changes(chain, high, 1)


def _inside(x: fmpq, low: End, high: End) -> bool:
    return (low is None or x > low) and (high is None or x < high)


def _changes(chain: list[fmpq_poly], end: End, side: int) -> int:
    """Sign changes along the chain at an end, or towards infinity on that side."""
    if end is None:
        values = [q[q.degree()] * (side if q.degree() % 2 else 1) for q in chain]
    else:
        values = [q(end) for q in chain]
    signs = [value > 0 for value in values if value != 0]
    return sum(a != b for a, b in pairwise(signs))


def rational_roots(p: fmpq_poly, low: End, high: End) -> tuple[fmpq, ...]:
    """The distinct rational roots in the open interval, in increasing order."""
    found = (root for root, _ in p.roots())
    return tuple(sorted(root for root in found if _inside(root, low, high)))


def strict_sign(p: fmpq_poly, low: End, high: End) -> int | None:
    """1, -1 or 0 (identically) if the sign is the same on the whole open interval; None if there is a root inside.

    >>> strict_sign(fmpq_poly([0, 0, 1]), fmpq(0), None), strict_sign(fmpq_poly([0, 0, 1]), None, None)
    (1, None)
    """
    if p.degree() < 0:
        return 0
    if roots_inside(p, low, high):
        return None
    return 1 if p(sample(low, high)) > 0 else -1


def is_nonnegative(p: fmpq_poly, low: End, high: End) -> bool:
    """Whether p >= 0 on the whole interval: no root of odd order inside, and positive somewhere.

    >>> is_nonnegative(fmpq_poly([1, -2, 1]), None, None)  # (u - 1)^2
    True
    """
    if p.degree() <= 0:
        return p[0] >= 0
    odd = fmpq_poly([1])
    for factor, order in p.factor_squarefree()[1]:
        if order % 2:
            odd *= factor
    if roots_inside(odd, low, high):
        return False
    a, b = low, sample(low, high)
    while p(b) == 0:  # finitely many roots: halving leaves them behind
        b = sample(a, b)
    return p(b) > 0
