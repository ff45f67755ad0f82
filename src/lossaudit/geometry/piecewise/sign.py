"""The sign of a form on an open interval, decided exactly: polynomials, and sums of exponentials, by their roots.

A form that is not a polynomial is first multiplied by positive factors until no negative power is left. Sums
c_0 + c_1 exp(w) + c_2 exp(2w) + ... are polynomials in t = exp(w).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm

from flint import arb, ctx, fmpq, fmpq_poly

from lossaudit.geometry.piecewise.form import ZERO, Form, Monomial, constant_sign, exp, number, times_atom
from lossaudit.geometry.piecewise.polynomial import (
    End,
    is_nonnegative,
    rational_roots,
    roots_inside,
    strict_sign,
)


@dataclass(frozen=True, slots=True)
class Split:
    """Points inside an interval where a sign changes: nothing can be said before it is split there."""

    points: frozenset[fmpq]


def sign(form: Form, low: End, high: End) -> int | Split | None:
    """1, -1 or 0 where the form has this sign on the whole open interval, or where to split; None if not known."""
    p = form.polynomial
    if p is not None:
        return _polynomial_sign(p, low, high)
    if form.is_constant:
        return constant_sign(form) or (0 if _numerator(form, low, high) == ZERO else None)
    numerator = _numerator(form, low, high)
    if numerator is None:
        return None
    p = numerator.polynomial
    if p is not None:
        return _polynomial_sign(p, low, high)
    exponential = _in_exponentials(numerator, low, high)
    if exponential is not None:
        return exponential.sign()
    return _sign_of_logarithm(numerator, low, high) or _common_sign(numerator, low, high)


def is_never_negative(form: Form, low: End, high: End) -> bool:
    """Whether the form is >= 0 on the whole open interval; False says nothing."""
    numerator = _numerator(form, low, high)
    if numerator is None:
        return False
    p = numerator.polynomial
    if p is not None:
        return is_nonnegative(p, low, high)
    exponential = _in_exponentials(numerator, low, high)
    if exponential is not None:
        return is_nonnegative(exponential.polynomial, exponential.low, exponential.high)
    return all(
        (s := _monomial_sign(monomial, low, high)) is not None and is_nonnegative(q * s, low, high)
        for monomial, q in numerator.terms.items()
    )


def _polynomial_sign(p: fmpq_poly, low: End, high: End) -> int | Split | None:
    found = strict_sign(p, low, high)
    if found is not None:
        return found
    roots = rational_roots(p, low, high)
    return Split(frozenset(roots)) if len(roots) == roots_inside(p, low, high) else None


def _numerator(form: Form, low: End, high: End) -> Form | None:
    """The form times positive factors that clear negative and broken powers, and a common exponential."""
    atoms = {atom for _, factors in form.terms for atom, _ in factors}
    for atom in atoms:
        if atom.op != "base" or atom.argument.rational is not None:
            continue
        least = min((dict(factors).get(atom, fmpq(0)) for _, factors in form.terms), default=fmpq(0))
        if least == 0:
            continue
        s = sign(atom.argument, low, high)
        if not isinstance(s, int) or s == 0 or (s < 0 and least.q != 1):
            return None
        form = times_atom(form, atom, -least).scaled(fmpq(s ** int(abs(least.p))))
    exponents = [e for e, _ in form.terms if e is not None]
    if exponents and len(exponents) == len(form.terms):
        form = form * exp(-exponents[0])
    return form


@dataclass(frozen=True, slots=True)
class _Exponential:
    """The polynomial P(t) at t = exp(w) times a positive factor; t stays within (low, high)."""

    polynomial: fmpq_poly
    exponent: fmpq_poly
    ends: tuple[End, End]
    low: End
    high: End

    def sign(self) -> int | Split | None:
        found = strict_sign(self.polynomial, self.low, self.high)
        if found is None and self.polynomial(fmpq(1)) == 0 and roots_inside(self.polynomial, self.low, self.high) == 1:
            points = rational_roots(self.exponent, *self.ends)  # t = 1 where w = 0
            return Split(frozenset(points)) if len(points) == roots_inside(self.exponent, *self.ends) else None
        return found


def _in_exponentials(form: Form, low: End, high: End) -> _Exponential | None:
    """The form as a polynomial in one exponential, if it is one."""
    unit: fmpq_poly | None = None
    ratios: list[tuple[fmpq, fmpq]] = []
    for (exponent, factors), p in form.terms.items():
        e = fmpq_poly() if exponent is None else exponent.polynomial
        if factors or p.degree() > 0 or e is None:
            return None
        unit = e if unit is None and e.degree() > 0 else unit
        ratios.append((fmpq(0) if e.degree() < 0 else e[e.degree()], p[0]))
        if e.degree() >= 0 and (unit is None or e * unit[unit.degree()] != unit * e[e.degree()]):
            return None
    if unit is None:
        return None
    step = _common_divisor([r for r, _ in ratios])
    w = unit * (step / unit[unit.degree()])
    least = min(r for r, _ in ratios)
    coefficients = {int(((r - least) / step).p): c for r, c in ratios}
    if max(coefficients) > _DEGREE:
        return None
    p = fmpq_poly([coefficients.get(k, fmpq(0)) for k in range(max(coefficients) + 1)])
    bounds = (fmpq(0), None) if w.degree() > 1 else _exponential_range(w, low, high)
    return _Exponential(p, w, (low, high), *bounds)


_DEGREE = 60


def _common_divisor(ratios: list[fmpq]) -> fmpq:
    """The largest number of which all ratios are whole multiples."""
    denominator = lcm(*(int(r.q) for r in ratios))
    return fmpq(gcd(*(int((r * denominator).p) for r in ratios)), denominator)


def _exponential_range(w: fmpq_poly, low: End, high: End) -> tuple[End, End]:
    """Rational bounds of exp(w) on the open interval, w of degree 1; exact at w = 0."""
    left, right = (low, high) if w[1] > 0 else (high, low)
    with ctx.workprec(64):
        below = fmpq(0) if left is None else _exponential_bound(w(left), -1)
        above = None if right is None else _exponential_bound(w(right), 1)
    return below, above


def _exponential_bound(x: fmpq, side: int) -> fmpq:
    if x == 0:
        return fmpq(1)
    value = arb(x).exp()
    return (value.upper() if side > 0 else value.lower()).mid().fmpq()


def _sign_of_logarithm(form: Form, low: End, high: End) -> int | Split | None:
    """The sign of k log(a), which is that of k (a - 1)."""
    if len(form.terms) != 1:
        return None
    (((exponent, factors), p),) = form.terms.items()
    if exponent is not None or len(factors) != 1 or p.degree() > 0:
        return None
    ((atom, r),) = factors
    if atom.op != "log" or r != 1:
        return None
    above = sign(atom.argument - number(1), low, high)
    return above * (1 if p[0] > 0 else -1) if isinstance(above, int) else above


def _common_sign(form: Form, low: End, high: End) -> int | None:
    """The sign that all terms share."""
    signs: set[int] = set()
    for monomial, p in form.terms.items():
        s, q = _monomial_sign(monomial, low, high), strict_sign(p, low, high)
        if s is None or q is None:
            return None
        signs.add(s * q)
    return signs.pop() if len(signs) == 1 else None


def _monomial_sign(monomial: Monomial, low: End, high: End) -> int | None:
    total = 1
    for atom, r in monomial[1]:
        s = sign(atom.argument if atom.op == "base" else atom.argument - number(1), low, high)
        if not isinstance(s, int) or s == 0 or (s < 0 and r.q != 1):
            return None
        total *= -1 if s < 0 and r.p % 2 else 1
    return total
