"""Takes an element apart: an affine part, a quadratic part, and one function of (p, log p) for each family.

The part of family F is a sum of `c prod_k p_k^(q_k) prod_k l_k^(b_k)`, with powers of 1 - p_k and log(1 - p_k).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.program import Program
from lossaudit.geometry.ring.elements import Family, recognise, symbols
from lossaudit.geometry.ring.forms import (
    UNIT,
    Form,
    NotInRing,
    Sum,
    Symbol,
    Term,
    accumulate,
    combined,
    from_form,
    product,
)

_ZERO = fmpq(0)

Exponents: TypeAlias = tuple[tuple[int, fmpq], ...]
"""Class and exponent, sorted by class, without zeros."""

Key: TypeAlias = tuple[Exponents, Exponents, Exponents, Exponents]
"""Exponents of p_k, of log p_k, of 1 - p_k and of log(1 - p_k)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A function of one family's probabilities and their logarithms: the coefficient of each product."""

    family: Family
    terms: Mapping[Key, fmpq]


@dataclass(frozen=True, slots=True)
class Parts:
    """A program's value: affine + quadratic + the sum of the families' parts.

    Attributes:
        quadratic: Coefficient of z_i z_j for i <= j.
    """

    quadratic: Mapping[tuple[int, int], fmpq]
    families: tuple[Part, ...]


def parts(program: Program) -> Parts:
    """Takes the program's value apart.

    Raises:
        NotInRing: It is not a sum of functions of one family each.
    """
    value, families = recognise(program)
    by_family: dict[int, Sum] = {}
    quadratic: dict[tuple[int, int], fmpq] = {}
    for term, coefficient in value.items():
        used = symbols(term)
        owners = {s[1] for s in used if s[0] in ("L", "c", "n")}
        if len(owners) > 1 or any(s[0] in ("a", "log") for s in used - {s for s, _ in term[0]}):
            raise NotInRing("a product over two families")
        if owners:
            by_family.setdefault(owners.pop(), {})[term] = coefficient
        else:
            _collect(quadratic, term, coefficient)
    found = []
    for f, x in by_family.items():
        rewriting = Rewriting(families[f])
        rewriting.claim_squares(x, quadratic)
        found.append(Part(families[f], rewriting.part(x)))
    return Parts({pair: c for pair, c in quadratic.items() if c != 0}, tuple(found))


def _collect(quadratic: dict[tuple[int, int], fmpq], term: Term, coefficient: fmpq) -> None:
    """Files a polynomial term without probabilities: constants and affine terms need no place."""
    powers, exponent = term
    variables = [(s, r) for s, r in powers if s[0] != "log"]
    if exponent or any(s[0] != "z" for s, _ in variables):
        raise NotInRing("a term that is not of probabilities")
    degree = sum((r for _, r in variables), _ZERO)
    if degree > 2 or (variables and len(variables) < len(powers)):
        raise NotInRing("a polynomial of degree above two")
    if degree == 2:
        indices = [s[1] for s, r in variables for _ in range(int(r.p))]
        quadratic[indices[0], indices[1]] = coefficient


class Rewriting:
    """From variables and L to log p_k, for one family."""

    def __init__(self, family: Family) -> None:
        self.family = family
        seen: dict[Symbol, int] = {}
        for form in family.arguments:
            for s, _ in form:
                if s != UNIT:
                    seen[s] = seen.get(s, 0) + 1
        # A symbol that occurs in one argument alone tells how much of it there is.
        self.pivots = [next(((s, c) for s, c in x if seen.get(s) == 1), None) for x in family.arguments]
        self.without = [k for k, pivot in enumerate(self.pivots) if pivot is None]
        self.log_total = family.log_total[0][0]

    def logs(self, form: Form) -> tuple[Exponents, fmpq]:
        """The form as sum_k r_k log p_k + constant: the r_k, and the constant."""
        entries = dict(form)
        total = -entries.get(self.log_total, _ZERO)
        if total != 0:
            single = combined(tuple((s, c / total) for s, c in form if s != UNIT), self.family.log_total)
            bias = entries.get(UNIT, _ZERO)
            for candidate in (combined(single, ((UNIT, bias / total),)), single):
                k = self.family.classes.get(candidate)
                if k is not None:
                    return ((k, total),), bias - total * dict(candidate).get(UNIT, _ZERO)
        if len(self.without) > 1:
            raise NotInRing("arguments of a logsumexp that are not independent")
        shares = {k: entries.get(p[0], _ZERO) / p[1] for k, p in enumerate(self.pivots) if p is not None}
        rest = total - sum(shares.values(), _ZERO)
        if self.without:
            shares[self.without[0]] = rest
        left = form
        for k, r in shares.items():
            left = combined(left, self.family.log_probability(k), -r) if r != 0 else left
        if any(s != UNIT for s, _ in left):
            raise NotInRing("not a function of the probabilities")
        return tuple(sorted((k, r) for k, r in shares.items() if r != 0)), dict(left).get(UNIT, _ZERO)

    def claim_squares(self, x: Sum, quadratic: dict[tuple[int, int], fmpq]) -> None:
        """Moves from `quadratic` into x the squares of arguments that its squared logarithms need.

        sum_k c_k (x_k - L)^2 holds L^2 and -2 L x_k, which tell the c_k, and x_k^2, which looks like anyone's.
        """
        mixed: dict[Symbol, fmpq] = {}
        for (powers, exponent), coefficient in x.items():
            degrees = dict(powers)
            if exponent or sum(degrees.values(), _ZERO) != 2 or self.log_total not in degrees:
                continue
            other = next((s for s in degrees if s != self.log_total), None)
            if other is not None and other[0] != "z":
                continue
            mixed[other or self.log_total] = -coefficient if other is None else -coefficient / 2
        if not mixed:
            return
        shares, _ = self.logs(tuple(sorted(mixed.items())))
        for k, c in shares:
            own = from_form(self.family.arguments[k])
            for term, coefficient in product(own, own).items():
                indices = sorted(s[1] for s, r in term[0] for _ in range(int(r.p)))
                if len(indices) == 2:
                    accumulate(x, {term: c * coefficient})
                    pair = (indices[0], indices[1])
                    quadratic[pair] = quadratic.get(pair, _ZERO) - c * coefficient

    def part(self, x: Sum, *, up_to_affine: bool = True) -> dict[Key, fmpq]:
        """The sum in terms of p_k and log p_k, up to an affine function unless that is asked for too."""
        grouped: dict[tuple[Exponents, Exponents, Exponents], Sum] = {}
        for (powers, exponent), coefficient in x.items():
            ps, constant = self.logs(exponent) if exponent else ((), _ZERO)
            if constant != 0:
                raise NotInRing("an irrational factor")
            cs = tuple((s[2], r) for s, r in powers if s[0] == "c")
            ns = tuple((s[2], r) for s, r in powers if s[0] == "n")
            rest = tuple((s, r) for s, r in powers if s[0] not in ("c", "n"))
            accumulate(grouped.setdefault((ps, cs, ns), {}), {(rest, ()): coefficient})
        terms: dict[Key, fmpq] = {}
        for (ps, cs, ns), polynomial in grouped.items():
            free = up_to_affine and not (ps or cs or ns)
            for ls, coefficient in self._polynomial(polynomial, free):
                key = (ps, ls, cs, ns)
                value = terms.get(key, _ZERO) + coefficient
                if value == 0:
                    terms.pop(key, None)
                else:
                    terms[key] = value
        return terms

    def _polynomial(self, x: Sum, free: bool) -> Iterator[tuple[Exponents, fmpq]]:
        """A polynomial in variables and L as one in the log p_k; where it stands free, affine terms are left out."""
        degrees = {sum((r for _, r in powers), _ZERO) for powers, _ in x}
        if max(degrees) == 0:
            yield (), next(iter(x.values()))
            return
        if degrees <= {_ZERO, fmpq(1)}:
            yield from self._affine(x, free)
            return
        for powers, coefficient in self._substituted(x).items():
            if free and len(powers) == 1 and powers[0][0][0] != "l" and powers[0][1] == 1:
                if powers[0][0] == self.log_total:  # b L = -b log p_k + affine
                    yield ((0, fmpq(1)),), -coefficient
            elif any(s[0] != "l" for s, _ in powers):
                raise NotInRing("not a function of the probabilities")
            else:
                yield tuple(sorted((s[1], r) for s, r in powers)), coefficient

    def _affine(self, x: Sum, free: bool) -> Iterator[tuple[Exponents, fmpq]]:
        form = tuple(sorted((powers[0][0] if powers else UNIT, c) for (powers, _), c in x.items()))
        if free:  # sum_j a_j z_j + b L = -b log p_k + affine, for every k
            yield ((0, fmpq(1)),), -dict(form)[self.log_total]
            return
        shares, constant = self.logs(form)
        for k, r in shares:
            yield ((k, fmpq(1)),), r
        if constant != 0:
            yield (), constant

    def _substituted(self, x: Sum) -> dict[Form, fmpq]:
        """The polynomial after z_j = (log p_k + L - bias) / a for each argument x_k = a z_j + bias."""
        total: dict[Symbol, Sum] = {}
        log_total: Sum = {(((self.log_total, fmpq(1)),), ()): fmpq(1)}
        unit: Sum = {((), ()): fmpq(1)}
        for k, argument in enumerate(self.family.arguments):
            variables = [(s, c) for s, c in argument if s != UNIT]
            bias = dict(argument).get(UNIT, _ZERO)
            own: Sum = {(((("l", k, 0), fmpq(1)),), ()): fmpq(1)}
            if not variables and self.log_total not in total:
                log_total = {}
                accumulate(log_total, unit, bias)
                accumulate(log_total, own, -1)
                total[self.log_total] = log_total
        for k, argument in enumerate(self.family.arguments):
            variables = [(s, c) for s, c in argument if s != UNIT]
            if len(variables) == 1 and variables[0][0] not in total:
                ((s, a),) = variables
                bias = dict(argument).get(UNIT, _ZERO)
                value: Sum = {(((("l", k, 0), fmpq(1)),), ()): 1 / a}
                accumulate(value, log_total, 1 / a)
                accumulate(value, unit, -bias / a)
                total[s] = value
        result: Sum = {}
        for (powers, _), coefficient in x.items():
            factor: Sum = {((), ()): coefficient}
            for s, r in powers:
                step = total.get(s, {(((s, fmpq(1)),), ()): fmpq(1)})
                if r.q != 1 or r < 0 or r > 8:
                    raise NotInRing("a high power of a logit")
                for _ in range(int(r.p)):
                    factor = product(factor, step)
            accumulate(result, factor)
        return {powers: c for (powers, _), c in result.items()}
