"""Sums of products of powers and one exponential: the exact algebra in which losses on probabilities are written.

A term is `coefficient * prod_s s^(r_s) * exp(F)` with symbols s, rational exponents r_s and an affine form F. A
probability is one term without powers, `p_k = exp(x_k - L)`, and its logarithm is the form `x_k - L`; so products,
powers, logarithms and written-out quotients of probabilities need no rules of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from flint import fmpq

Symbol: TypeAlias = tuple[str, int, int]
"""What a term is made of: kind and numbers.

- `("1", 0, 0)`: the number one, the place of a form's bias;
- `("z", j, 0)`: variable j of the program;
- `("L", f, 0)`: logsumexp of family f;
- `("c", f, k)`: 1 - p_k of family f (positive, below 1), for powers that do not expand;
- `("n", f, k)`: log(1 - p_k) of family f;
- `("log", p, q)`: the constant log(p/q);
- `("a", i, 0)`: the value of instruction i, a real number of which nothing is used.
"""

Form: TypeAlias = tuple[tuple[Symbol, fmpq], ...]
"""A linear combination of symbols, sorted, without zeros; with `+` read as a product, also a list of exponents."""

Term: TypeAlias = tuple[Form, Form]
"""Exponents of the symbols, and the form under the exponential."""

Sum: TypeAlias = dict[Term, fmpq]
"""Coefficient of each term; no zeros."""

UNIT: Symbol = ("1", 0, 0)
ONE: Term = ((), ())
LIMIT = 5000
"""Largest number of terms that is followed."""


class NotInRing(Exception):
    """The program is not of the form that this room understands; nothing is said of it."""


def combined(x: Form, y: Form, scale: fmpq | int = 1) -> Form:
    """X + scale * y."""
    if not y or scale == 0:
        return x
    total = dict(x)
    for symbol, coefficient in y:
        total[symbol] = total.get(symbol, fmpq(0)) + scale * coefficient
    return tuple(sorted((s, c) for s, c in total.items() if c != 0))


def scaled(x: Form, scale: fmpq | int) -> Form:
    return tuple((s, scale * c) for s, c in x) if scale != 0 else ()


def constant(value: fmpq | int) -> Sum:
    return {ONE: fmpq(value)} if value != 0 else {}


def symbol(s: Symbol) -> Sum:
    return {(((s, fmpq(1)),), ()): fmpq(1)}


def accumulate(total: Sum, x: Sum, scale: fmpq | int = 1) -> None:
    """Adds scale * x to `total`, in place."""
    if scale == 0:
        return
    for term, coefficient in x.items():
        value = total.get(term, fmpq(0)) + scale * coefficient
        if value == 0:
            del total[term]
        else:
            total[term] = value
    if len(total) > LIMIT:
        raise NotInRing("too many terms")


def product(x: Sum, y: Sum) -> Sum:
    """The product, term by term."""
    if len(x) * len(y) > 4 * LIMIT:
        raise NotInRing("too many terms")
    total: Sum = {}
    for (powers, form), a in x.items():
        for (more, shift), b in y.items():
            term = (combined(powers, more), combined(form, shift))
            value = total.get(term, fmpq(0)) + a * b
            if value == 0:
                total.pop(term, None)
            else:
                total[term] = value
    return total


def from_form(form: Form) -> Sum:
    """The form as a sum of terms of degree one."""
    return {(() if s == UNIT else ((s, fmpq(1)),), ()): c for s, c in form}


def as_form(x: Mapping[Term, fmpq]) -> Form | None:
    """The sum as a form, if every term has degree one at most and no exponential."""
    entries: list[tuple[Symbol, fmpq]] = []
    for (powers, exponent), coefficient in x.items():
        if exponent or len(powers) > 1 or (powers and powers[0][1] != 1):
            return None
        entries.append((powers[0][0] if powers else UNIT, coefficient))
    return tuple(sorted(entries))
