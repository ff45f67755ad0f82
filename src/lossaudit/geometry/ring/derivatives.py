"""Derivatives of sums of terms: the ring is closed under them.

dL_f/dz_j = sum_k a_kj p_k for arguments x_k = sum_j a_kj z_j + bias, and p_k = exp(x_k - L_f).
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lossaudit.geometry.ring.elements import Family
from lossaudit.geometry.ring.forms import Form, NotInRing, Sum, Symbol, Term, accumulate, combined, product

_ONE, _ZERO = fmpq(1), fmpq(0)


def probability(family: Family, k: int) -> Sum:
    """p_k as a sum of one term."""
    return {((), family.log_probability(k)): _ONE}


def partial(x: Sum, families: Sequence[Family], variable: int) -> Sum:
    """Derivative by z_variable."""
    slopes: dict[Symbol, Sum] = {}
    total: Sum = {}
    for (powers, exponent), coefficient in x.items():
        for s, c in exponent:
            accumulate(total, product({(powers, exponent): coefficient * c}, _slope(s, families, variable, slopes)))
        for s, r in powers:
            lower: Term = (combined(powers, ((s, _ONE),), -1), exponent)
            accumulate(total, product({lower: coefficient * r}, _slope(s, families, variable, slopes)))
    return total


def _slope(s: Symbol, families: Sequence[Family], variable: int, known: dict[Symbol, Sum]) -> Sum:
    if s not in known:
        known[s] = _derivative(s, families, variable)
    return known[s]


def _derivative(s: Symbol, families: Sequence[Family], variable: int) -> Sum:
    kind, index, k = s
    if kind in ("1", "log"):
        return {}
    if kind == "z":
        return {((), ()): _ONE} if index == variable else {}
    if kind == "a":
        raise NotInRing("the derivative of something unknown")
    family = families[index]
    mean: Sum = {}
    for i, argument in enumerate(family.arguments):
        accumulate(mean, probability(family, i), _slope_of(argument, variable))
    if kind == "L":
        return mean
    # p_k' = p_k (x_k' - mean); then (1 - p_k)' = -p_k' and log(1 - p_k)' = -p_k' / (1 - p_k)
    own: Sum = {}
    accumulate(own, {((), ()): _ONE}, _slope_of(family.arguments[k], variable))
    accumulate(own, mean, -1)
    negative = product(probability(family, k), {term: -c for term, c in own.items()})
    return negative if kind == "c" else product(negative, {(((("c", index, k), -_ONE),), ()): _ONE})


def _slope_of(form: Form, variable: int) -> fmpq:
    return next((c for s, c in form if s == ("z", variable, 0)), _ZERO)
