"""Second derivatives of exact sums of one variable, and whether they are seen to be >= 0 on an interval."""

from __future__ import annotations

from collections.abc import Mapping

from flint import arb, ctx, fmpq, fmpq_poly

from lossaudit.recheck.algebra import Form, Ring, Sum, Symbol, accumulate, combined, multiplied, number_sum
from lossaudit.recheck.intervals import ONE, ZERO, Interval
from lossaudit.recheck.refusal import Refusal, demand
from lossaudit.recheck.scalar import nonnegative

_LARGEST_DEGREE = 60


def derivative(ring: Ring, x: Sum) -> Sum:
    """The derivative by the variable.

    Raises:
        Refusal: A symbol's is not known.
    """
    total: Sum = {}
    for (powers, form), c in x.items():
        for k, (s, r) in enumerate(powers):
            others = combined((*powers[:k], *powers[k + 1 :]), ((s, r - 1),))
            accumulate(total, multiplied({(others, form): c * r}, _of_symbol(ring, s)))
        for s, r in form:
            accumulate(total, multiplied({(powers, form): c * r}, _of_symbol(ring, s)))
    return total


def _of_symbol(ring: Ring, s: Symbol) -> Sum:
    if s[0] == "z":
        return number_sum(ONE)
    if s[0] in ("1", "log"):
        return {}
    demand(s[0] == "L", "a derivative is not known")
    total: Sum = {}  # sum_k p_k x_k'
    for member in ring.members[s[1]]:
        p: Sum = {((), combined(member, ((s, -ONE),))): ONE}
        for inner, r in member:
            accumulate(total, multiplied(p, _of_symbol(ring, inner)), r)
    return total


def is_nonnegative(ring: Ring, x: Sum, interval: Interval) -> bool:
    """Whether a sum of one variable is seen to be >= 0 on an open interval.

    It is multiplied by positive exponentials until none is left of a logsumexp below. What comes out is a polynomial
    in one exponential, or a sum of terms each >= 0.
    """
    groups: dict[Form, dict[fmpq, fmpq_poly]] = {}
    for (powers, form), c in _cleared(ring, x).items():
        exponents = dict(form)
        slope = exponents.pop(("z", 0), ZERO)
        degree = dict(powers).get(("z", 0), ZERO)
        rest = tuple((s, r) for s, r in powers if s != ("z", 0))
        demand(degree.q == 1 and 0 <= degree <= _LARGEST_DEGREE, "a power of the variable is broken")
        demand(not exponents, "an exponential is not of the variable")
        demand(all(s[0] == "L" and _is_positive_log(ring, s) for s, _ in rest), "a factor's sign is not known")
        polynomial = fmpq_poly([0] * int(degree.p) + [c])
        part = groups.setdefault(rest, {})
        part[slope] = part.get(slope, fmpq_poly([])) + polynomial
    return all(_is_nonnegative_group(part, interval) for part in groups.values())


def _is_positive_log(ring: Ring, s: Symbol) -> bool:
    """Whether a logsumexp is > 0: two arguments at least, one of them 0."""
    return () in ring.members[s[1]]


def _cleared(ring: Ring, x: Sum) -> Sum:
    """The sum times positive exponentials, without exp(-L)."""
    for family in reversed(range(len(ring.members))):
        symbol: Symbol = ("L", family)
        lowest = min((dict(form).get(symbol, ZERO) for _, form in x), default=ZERO)
        total: Sum = {}
        powers: list[Sum] = [number_sum(ONE)]
        opened: Sum = {((), member): fmpq(ring.members[family].count(member)) for member in ring.members[family]}
        for (outer, form), c in x.items():
            n = dict(form).get(symbol, ZERO) - lowest
            demand(n.q == 1 and n <= _LARGEST_DEGREE, "a power of a sum is broken")
            while len(powers) <= n:
                powers.append(multiplied(powers[-1], opened))
            bare = combined(form, ((symbol, ONE),), -(n + lowest))
            accumulate(total, multiplied({(outer, bare): c}, powers[int(n.p)]))
        x = total
    return x


def _is_nonnegative_group(part: Mapping[fmpq, fmpq_poly], interval: Interval) -> bool:
    """sum_a P_a(u) exp(a u): each P_a >= 0, or all of them numbers and the a multiples of one."""
    if all(nonnegative(p, interval.low, interval.high) for p in part.values()):
        return True
    if any(p.degree() > 0 for p in part.values()):
        return False
    lowest = min(part)
    unit = min((a - lowest for a in part if a != lowest), default=ONE)
    step = next((unit / k for k in range(1, 13) if all(((a - lowest) * k / unit).q == 1 for a in part)), None)
    if step is None or any((a - lowest) / step > _LARGEST_DEGREE for a in part):
        return False
    coefficients = [ZERO] * (int(((max(part) - lowest) / step).p) + 1)
    for a, p in part.items():
        coefficients[int(((a - lowest) / step).p)] += p[0]
    return nonnegative(fmpq_poly(coefficients), *_exponentials(step, interval))


def _exponentials(step: fmpq, interval: Interval) -> tuple[fmpq, fmpq | None]:
    """An interval around exp(step u), step > 0."""
    with ctx.workprec(128):
        low, high = (None if end is None else (arb(end) * arb(step)).exp() for end in interval[:2])
    ends = [None if x is None or not x.is_finite() else x for x in (low, high)]
    under = ZERO if ends[0] is None else _exact(ends[0].lower())
    return under, None if ends[1] is None else _exact(ends[1].upper())


def _exact(x: arb) -> fmpq:
    mantissa, exponent = x.man_exp()
    if abs(int(exponent)) > 1 << 12:
        raise Refusal("an exponential is too large")
    return fmpq(mantissa) * fmpq(2) ** int(exponent)
