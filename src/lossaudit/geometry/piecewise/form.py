"""Functions of one variable u in a normal form, so that equality can be seen.

A form is a sum of terms p(u) exp(E) b1^r1 ... log(a1)^k1 ..., with p a polynomial over the rationals, E, b and a forms
again, and r rational. Two forms that are written alike are equal wherever they have values; the reverse does not hold
always. Forms of equal functions usually are written alike, since exponents are added, logarithms and powers shed their
factors (log(2 + 2 exp(-u)) is log 2 - u + log(1 + exp(u))), and rational numbers under them are taken apart into
primes.

The caller sees to it that everything has a value: arguments of log and of broken powers are positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, TypeAlias

from flint import arb, ctx, fmpq, fmpq_poly

from lossaudit.geometry.program import Builder

_FACTORABLE = 1 << 64
"""Whole numbers up to this are taken apart into primes; larger ones only shed powers of two."""


_MOST_PRODUCTS = 512
"""Longer products are not multiplied out."""


class TooLarge(Exception):
    """A form grew beyond what is worth working out."""


class Atom(NamedTuple):
    """`base`: a form that stands under an exponent; `log`: the logarithm of a form."""

    op: str
    argument: Form


Factors: TypeAlias = frozenset[tuple[Atom, fmpq]]
Monomial: TypeAlias = "tuple[Form | None, Factors]"  # the exponent E, and atoms with their exponents

PLAIN: Monomial = (None, frozenset())


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A function of u. Immutable; `terms` holds no polynomial that is 0."""

    terms: Mapping[Monomial, fmpq_poly]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self.terms == other.terms

    def __hash__(self) -> int:
        # Cheap rather than sharp: exact rationals hash slowly.
        return hash(frozenset((monomial, p.degree(), int(p[p.degree()].p)) for monomial, p in self.terms.items()))

    @property
    def polynomial(self) -> fmpq_poly | None:
        """The form as a polynomial in u, None if it is none."""
        if not self.terms:
            return fmpq_poly()
        return self.terms.get(PLAIN) if len(self.terms) == 1 else None

    @property
    def rational(self) -> fmpq | None:
        """The form as a rational number, None if it is none."""
        p = self.polynomial
        return None if p is None or p.degree() > 0 else p[0]

    @property
    def is_constant(self) -> bool:
        return all(
            p.degree() <= 0 and (e is None or e.is_constant) and all(a.argument.is_constant for a, _ in factors)
            for (e, factors), p in self.terms.items()
        )

    def __add__(self, other: Form) -> Form:
        terms = dict(self.terms)
        for monomial, p in other.terms.items():
            _accumulate(terms, monomial, p)
        return Form(terms)

    def __neg__(self) -> Form:
        return Form({monomial: -p for monomial, p in self.terms.items()})

    def __sub__(self, other: Form) -> Form:
        return self + -other

    def scaled(self, factor: fmpq) -> Form:
        return Form({monomial: p * factor for monomial, p in self.terms.items()}) if factor != 0 else ZERO

    def __mul__(self, other: Form) -> Form:
        if len(self.terms) * len(other.terms) > _MOST_PRODUCTS:
            raise TooLarge
        total: dict[Monomial, fmpq_poly] = {}
        for (e, factors), p in self.terms.items():
            for (f, others), q in other.terms.items():
                if not factors and not others:
                    _accumulate(total, (_sum(e, f), factors), p * q)
                    continue
                merged = dict(factors)
                for atom, r in others:
                    merged[atom] = merged.get(atom, fmpq(0)) + r
                for monomial, part in _term(p * q, _sum(e, f), merged).terms.items():
                    _accumulate(total, monomial, part)
        return Form(total)


ZERO = Form({})


def number(value: fmpq | int) -> Form:
    return Form({PLAIN: fmpq_poly([value])}) if value != 0 else ZERO


ONE = number(1)
U = Form({PLAIN: fmpq_poly([0, 1])})


def _accumulate(terms: dict[Monomial, fmpq_poly], monomial: Monomial, p: fmpq_poly) -> None:
    total = terms[monomial] + p if monomial in terms else p
    if total.degree() >= 0:
        terms[monomial] = total
    else:
        terms.pop(monomial, None)


def _sum(e: Form | None, f: Form | None) -> Form | None:
    if e is None or f is None:
        return f if e is None else e
    total = e + f
    return total if total.terms else None


def _term(p: fmpq_poly, exponent: Form | None, factors: Mapping[Atom, fmpq]) -> Form:
    """One product as a form: whole powers multiplied out, polynomials divided by their own negative powers."""
    kept: dict[Atom, fmpq] = {}
    expanded = ONE
    for atom, r in factors.items():
        if r == 0:
            continue
        base = atom.argument.polynomial if atom.op == "base" else None
        if base is not None and base.degree() <= 0:  # a number
            whole = r.floor()
            p, r = p * base[0] ** int(whole), r - whole
        elif atom.op == "base" and r >= 1:
            whole = r.floor()
            expanded, r = expanded * _whole_power(atom.argument, int(whole)), r - whole
        elif base is not None and r < 0 and p.degree() >= base.degree():
            quotient, rest = divmod(p, base)
            above = _term(quotient, exponent, {**factors, atom: r + 1})
            return above + _term(rest, exponent, factors) if rest.degree() >= 0 else above
        if r != 0:
            kept[atom] = r
    form = Form({(exponent, frozenset(kept.items())): p}) if p.degree() >= 0 else ZERO
    return form if expanded is ONE else form * expanded


def times_atom(form: Form, atom: Atom, r: fmpq) -> Form:
    """The form times atom^r, cancelled against the powers of this atom that it holds."""
    total = ZERO
    for (exponent, factors), p in form.terms.items():
        merged = dict(factors)
        merged[atom] = merged.get(atom, fmpq(0)) + r
        total += _term(p, exponent, merged)
    return total


def _whole_power(form: Form, n: int) -> Form:
    p = form.polynomial
    if p is not None:
        power = p**n
        return Form({PLAIN: power}) if power.degree() >= 0 else ZERO
    return reduce(lambda product, _: product * form, range(n), ONE)


def exp(form: Form) -> Form:
    """Exp of a form; a multiple of a logarithm in the exponent becomes a power."""
    exponent, powers = ZERO, ONE
    for monomial, p in form.terms.items():
        atom = _lone_log(monomial)
        if atom is not None and p.degree() == 0 and abs(p[0]) * len(atom.argument.terms) <= _LARGEST_POWER:
            powers = powers * power(atom.argument, p[0])
        else:
            exponent = exponent + Form({monomial: p})
    if not exponent.terms:
        return powers
    return powers * Form({(exponent, frozenset()): fmpq_poly([1])})


_LARGEST_POWER = 64


def _lone_log(monomial: Monomial) -> Atom | None:
    exponent, factors = monomial
    if exponent is None and len(factors) == 1:
        ((atom, r),) = factors
        return atom if atom.op == "log" and r == 1 else None
    return None


def log(form: Form) -> Form:
    """The logarithm of a positive form."""
    value = form.rational
    if value is not None:
        return sum((_log_prime(b).scaled(k) for b, k in _primes(value)), ZERO)
    if len(form.terms) == 1:
        (((exponent, factors), p),) = form.terms.items()
        if p.degree() == 0 and all(a.op == "base" and is_surely_positive(a.argument) for a, _ in factors):
            total = log(number(p[0])) + (exponent or ZERO)
            return sum((log(a.argument).scaled(r) for a, r in factors), total)
    c, exponent, rest = _primitive(form)
    if c < 0:
        c, rest = -c, -rest
    if c == 1 and not exponent.terms:
        return Form({(None, frozenset({(Atom("log", rest), fmpq(1))})): fmpq_poly([1])})
    return log(number(c)) + exponent + log(rest)


def _log_prime(p: fmpq) -> Form:
    return Form({(None, frozenset({(Atom("log", number(p)), fmpq(1))})): fmpq_poly([1])})


def power(form: Form, r: fmpq) -> Form:
    """form^r: the form is positive, or r is whole and the form is not 0, or r is a natural number."""
    if r.q == 1 and r >= 0:
        return _whole_power(form, int(r.p))
    value = form.rational
    if value is not None:
        if value == 0:
            return ZERO
        if r.q == 1:
            return number(value ** int(r.p))
        return _term(fmpq_poly([1]), None, {Atom("base", number(b)): k * r for b, k in _primes(value)})
    if len(form.terms) == 1:
        (((exponent, factors), p),) = form.terms.items()
        if p.degree() == 0 and all(a.op == "base" and is_surely_positive(a.argument) for a, _ in factors):
            scale = power(number(p[0]), r) * exp((exponent or ZERO).scaled(r))
            return scale * _term(fmpq_poly([1]), None, {a: k * r for a, k in factors})
    c, exponent, rest = _primitive(form)
    if c < 0 and r.q != 1:
        c, rest = -c, -rest
    atom = _term(fmpq_poly([1]), None, {Atom("base", rest): r})
    return power(number(c), r) * exp(exponent.scaled(r)) * atom


def _primes(value: fmpq) -> list[tuple[fmpq, fmpq]]:
    """Bases and exponents of a positive rational number: primes, as far as they are cheap to find."""
    found: list[tuple[fmpq, fmpq]] = []
    for whole, sign in ((value.p, 1), (value.q, -1)):
        twos = 0
        while whole % 2 == 0:
            whole, twos = whole // 2, twos + 1
        if twos:
            found.append((fmpq(2), fmpq(sign * twos)))
        factors = whole.factor() if whole <= _FACTORABLE else [(whole, 1)]
        found += [(fmpq(b), fmpq(sign * int(k))) for b, k in factors if b != 1]
    return found


def _primitive(form: Form) -> tuple[fmpq, Form, Form]:
    """(c, E, rest), form = c exp(E) rest: the term of least exponent becomes 1, a polynomial gets leading term 1."""
    p = form.polynomial
    if p is not None:
        c = p[p.degree()]
        return c, ZERO, form.scaled(1 / c)
    exponents: list[tuple[tuple[fmpq, ...], Form, fmpq]] = []
    for (e, factors), q in form.terms.items():
        order = fmpq_poly() if e is None else e.polynomial
        if factors or order is None or q.degree() > 0:
            return fmpq(1), ZERO, form
        exponents.append((tuple(order.coeffs()), e or ZERO, q[0]))
    degree = max(len(order) for order, _, _ in exponents)
    _, least, c = min(exponents, key=lambda t: [fmpq(0)] * (degree - len(t[0])) + [*reversed(t[0])])
    rest = form.scaled(1 / c)
    if least.terms:
        rest = rest * Form({(-least, frozenset()): fmpq_poly([1])})
    return c, least, rest


def is_surely_positive(form: Form) -> bool:
    """Whether the form is a sum of positive numbers times exponentials and powers of such sums."""
    return bool(form.terms) and all(
        p.degree() == 0 and p[0] > 0 and all(a.op == "base" and is_surely_positive(a.argument) for a, _ in factors)
        for (_, factors), p in form.terms.items()
    )


def derivative(form: Form) -> Form:
    """By u, where every atom is smooth."""
    total = ZERO
    for (exponent, factors), p in form.terms.items():
        total += _single(p.derivative(), exponent, dict(factors))
        if exponent is not None:
            total += _single(p, exponent, dict(factors)) * derivative(exponent)
        for atom, r in factors:
            inner = derivative(atom.argument)
            if inner.terms:
                lowered = _single(p * r, exponent, {**dict(factors), atom: r - 1})
                total += lowered * (inner if atom.op == "base" else inner * power(atom.argument, fmpq(-1)))
    return total


def _single(p: fmpq_poly, exponent: Form | None, factors: Mapping[Atom, fmpq]) -> Form:
    return _term(p, exponent, factors) if p.degree() >= 0 else ZERO


def at(form: Form, u: fmpq) -> Form | None:
    """The limit of the form towards u, as a constant form; None where that is not evident."""
    total = ZERO
    for (exponent, factors), p in form.terms.items():
        term = number(p(u))
        if exponent is not None:
            inner = at(exponent, u)
            if inner is None:
                return None
            term = term * exp(inner)
        for atom, r in factors:
            inner = at(atom.argument, u)
            part = None if inner is None else _atom_at(atom, inner, r)
            if part is None:
                vanishing_log = inner == ZERO and atom.op == "log" and p(u) == 0
                if len(factors) > 1 or not vanishing_log or atom.argument.polynomial is None:
                    return None
                part = ZERO  # (u - a) log(b (u - a)) -> 0
            term = term * part
        total += term
    return total


def _atom_at(atom: Atom, inner: Form, r: fmpq) -> Form | None:
    if inner == ZERO:
        return ZERO if atom.op == "base" and r > 0 else None
    sure = constant_sign(inner)
    if atom.op == "base":
        return power(inner, r) if sure > 0 or (sure < 0 and r.q == 1) else None
    return _whole_power(log(inner), int(r.p)) if sure > 0 else None


def is_regular(form: Form, u: fmpq) -> bool:
    """Whether every atom of the form is analytic at u."""
    for exponent, factors in form.terms:
        if exponent is not None and not is_regular(exponent, u):
            return False
        for atom, _ in factors:
            inner = at(atom.argument, u)
            if inner is None or not is_regular(atom.argument, u) or constant_sign(inner) == 0:
                return False
    return True


def ball(form: Form, u: arb) -> arb:
    """An enclosure of the form's value, at the working precision."""
    total = arb(0)
    for (exponent, factors), p in form.terms.items():
        term = sum((arb(c) * u**k for k, c in enumerate(p.coeffs())), arb(0))
        if exponent is not None:
            term *= ball(exponent, u).exp()
        for atom, r in factors:
            inner = ball(atom.argument, u)
            if atom.op == "log":
                term *= inner.log() ** int(r.p)
            else:
                term *= inner ** int(r.p) if r.q == 1 else (inner.log() * arb(r)).exp()
        total += term
    return total


def constant_sign(form: Form) -> int:
    """1 or -1 if a constant form is certainly positive or negative, 0 if that is not known."""
    value = form.rational
    if value is not None:
        return int(value > 0) - int(value < 0)
    for bits in (64, 256, 1024):
        with ctx.workprec(bits):
            enclosure = ball(form, arb(0))
            if enclosure > 0:
                return 1
            if enclosure < 0:
                return -1
    return 0


def write(form: Form, builder: Builder, u: int) -> int:
    """The form as an instruction of a program, with `u` the instruction of the variable."""
    terms: list[tuple[fmpq, int]] = []
    bias = fmpq(0)
    for (exponent, factors), p in form.terms.items():
        product = None if exponent is None else builder.exp(write(exponent, builder, u))
        for atom, r in sorted(factors, key=lambda f: (f[0].op, f[1])):
            argument = write(atom.argument, builder, u)
            factor = builder.power(builder.log(argument) if atom.op == "log" else argument, r)
            product = factor if product is None else builder.multiply(product, factor)
        for k, c in enumerate(p.coeffs()):
            if c == 0:
                continue
            if k:
                power_of_u = builder.power(u, k)
                terms.append((c, power_of_u if product is None else builder.multiply(power_of_u, product)))
            elif product is None:
                bias += c
            else:
                terms.append((c, product))
    return builder.linear(terms, bias)
