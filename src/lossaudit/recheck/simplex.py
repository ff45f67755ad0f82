"""Polynomials in probabilities p_k and surprisals m_k = -log p_k that are >= 0 on the simplex, and Hessians of such.

With p = softmax(x): dp_i/dx_j = p_i (d_ij - p_j) and dm_i/dx_j = p_j - d_ij. A function of p does not change when all
x move alike, so the rows of its Hessian H add up to 0 and v'Hv = sum_{i<j} -H_ij (v_i - v_j)^2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossaudit.recheck.intervals import ONE, ZERO
from lossaudit.recheck.programs import number, sequence, whole
from lossaudit.recheck.refusal import demand

Exponents: TypeAlias = tuple[int, ...]
Monomial: TypeAlias = tuple[Exponents, Exponents]  # of p, and of m (in terms that are read: of log p)
Polynomial: TypeAlias = dict[Monomial, fmpq]

_LARGEST_EXPONENT = 12
_MOST_CLASSES = 32
_MOST_TERMS = 20_000


def read_terms(data: Any, classes: int) -> Polynomial:
    """A polynomial in p and log p out of rows ["c", [[k, q], ...], [[k, b], ...]].

    Raises:
        Refusal: It is not one.
    """
    demand(classes <= _MOST_CLASSES, "there are too many classes")
    total: Polynomial = {}
    for row in sequence(data):
        c, powers, logs = sequence(row, 3)
        _add(total, (_exponents(powers, classes), _exponents(logs, classes)), number(c))
    return total


def _exponents(data: Any, classes: int) -> Exponents:
    found = [0] * classes
    for row in sequence(data):
        k, n = sequence(row, 2)
        found[whole(k, classes)] += whole(n, _LARGEST_EXPONENT)
    return tuple(found)


def _add(total: Polynomial, key: Monomial, c: fmpq) -> None:
    value = total.get(key, ZERO) + c
    if value == 0:
        total.pop(key, None)
    else:
        total[key] = value
    demand(len(total) <= _MOST_TERMS, "a polynomial has too many terms")


def check_laplacian(terms: Polynomial, classes: int, weights: Any) -> None:
    """Check that -H_ij >= 0 on the simplex for all i < j, by the relaxation and degree that are named.

    Raises:
        Refusal: One is not seen to be.
    """
    f = {(ps, ms): c * (-1) ** sum(ms) for (ps, ms), c in terms.items()}
    left = {(i, j) for i in range(classes) for j in range(i + 1, classes)}
    first: dict[int, Polynomial] = {}
    for row in sequence(weights):
        i, j = whole(row[0], classes), whole(row[1], classes)
        _, _, relaxation, degree = sequence(row, 4)
        if i not in first:
            first[i] = derivative(f, i)
        weight = {key: -c for key, c in derivative(first[i], j).items()}
        demand(_nonnegative(weight, classes, relaxation, whole(degree, 9)), "a weight is not seen to be >= 0")
        left.discard((i, j))
    demand(not left, "a weight is missing")


def derivative(f: Polynomial, j: int) -> Polynomial:
    """The derivative by x_j: A_j - p_j sum_i A_i with A_i = p_i df/dp_i - df/dm_i."""
    total: Polynomial = {}
    for (ps, ms), c in f.items():
        own = [(ps, ms, c * ps[j])] if ps[j] else []
        if ms[j]:
            own.append((ps, _changed(ms, j, -1), -c * ms[j]))
        for powers, logs, v in own:
            _add(total, (powers, logs), v)
        moved = _changed(ps, j, 1)
        _add(total, (moved, ms), -c * sum(ps))
        for i, n in enumerate(ms):
            if n:
                _add(total, (moved, _changed(ms, i, -1)), c * n)
    return total


def _changed(exponents: Exponents, k: int, by: int) -> Exponents:
    return (*exponents[:k], exponents[k] + by, *exponents[k + 1 :])


def _nonnegative(f: Polynomial, classes: int, relaxation: Any, degree: int) -> bool:
    """Whether f, made smaller so, has no negative coefficient once its degrees are raised by sum_k p_k = 1."""
    if not f:
        return True
    least = [min(ps[k] for ps, _ in f) for k in range(classes)]  # common factors p_k are positive
    f = {(tuple(n - low for n, low in zip(ps, least, strict=True)), ms): c for (ps, ms), c in f.items()}
    parts: dict[Exponents, dict[Exponents, fmpq]] = {}
    for (ps, ms), c in _relaxed(f, classes, relaxation).items():
        parts.setdefault(ms, {})[ps] = c
    return all(_raised_is_nonnegative(part, classes, degree) for part in parts.values())


def _relaxed(f: Polynomial, classes: int, name: Any) -> Polynomial:
    """A polynomial that is nowhere above f on the simplex.

    `m >= 1 - p` puts m = 1 - p + s with s >= 0 (in the place of m). The others replace one factor p m in each negative
    term by what is never below it: 1 - p, or (c - 1) p + 1/K with c >= log K.
    """
    total: Polynomial = {}
    if name == "":
        return f
    if name == "m >= 1 - p":
        for (ps, ms), c in f.items():
            for powers, logs, v in _with_lower_bound(ps, ms):
                _add(total, (powers, logs), c * v)
        return total
    demand(name in ("p m <= 1 - p", "p m <= (c - 1) p + 1/K"), "there is no such relaxation")
    a, b = (-ONE, ONE) if name == "p m <= 1 - p" else (_over_log(classes) - 1, fmpq(1, classes))
    for (ps, ms), c in f.items():
        k = next((k for k in range(classes) if ps[k] and ms[k]), None) if c < 0 else None
        if k is None:
            _add(total, (ps, ms), c)
        else:
            fewer = _changed(ms, k, -1)
            _add(total, (ps, fewer), c * a)
            _add(total, (_changed(ps, k, -1), fewer), c * b)
    return total


def _with_lower_bound(ps: Exponents, ms: Exponents) -> Iterator[tuple[Exponents, Exponents, int]]:
    """p^ps m^ms with m = 1 - p + s."""
    k = next((k for k, n in enumerate(ms) if n), None)
    if k is None:
        yield ps, ms, 1
        return
    for powers, logs, v in _with_lower_bound(ps, _changed(ms, k, -1)):
        yield powers, logs, v
        yield _changed(powers, k, 1), logs, -v
        yield powers, _changed(logs, k, 1), v


def _over_log(classes: int) -> fmpq:
    """The least multiple of 1/1024 that is seen to be >= log K."""
    n = int(1024 * log(classes)) - 1
    while not arb(n) >= 1024 * arb(classes).log():
        n += 1
    return fmpq(n, 1024)


def _raised_is_nonnegative(part: Mapping[Exponents, fmpq], classes: int, degree: int) -> bool:
    """Whether all coefficients are >= 0 after each term is multiplied up to one degree by powers of sum_k p_k.

    Classes that do not occur count as one: their sum.
    """
    if all(c >= 0 for c in part.values()):
        return True
    used = [k for k in range(classes) if any(ps[k] for ps in part)]
    size = len(used) + (len(used) < classes)
    by_degree: dict[int, dict[Exponents, fmpq]] = {}
    for ps, c in part.items():
        by_degree.setdefault(sum(ps), {})[*(ps[k] for k in used), *(0,) * (size - len(used))] = c
    raised: dict[Exponents, fmpq] = {}
    for d in range(max(by_degree) + degree + 1):
        grown: dict[Exponents, fmpq] = dict(by_degree.get(d, {}))
        for ps, c in raised.items():
            for k in range(size):
                key = _changed(ps, k, 1)
                grown[key] = grown.get(key, ZERO) + c
        raised = grown
        demand(len(raised) <= _MOST_TERMS, "a polynomial has too many terms")
    return all(c >= 0 for c in raised.values())
