"""Enclosures of the Lipschitz constants of a loss and of its gradient, by branch and bound on the simplex.

Gradient and Hessian in the variables are polynomials F in (p, log p), p in the closed simplex. On a small simplex with
corners v_i, F differs from the affine function through its corner values by at most R = (1 - 1/K)/4 diam^2 M, where M
bounds the second derivative of F in p (the norm of all second derivatives of all entries): for p = sum l_i v_i,
Taylor's formula gives the factor 1/2, and sum l_i |v_i - p|^2 = sum_{i<j} l_i l_j |v_i - v_j|^2 <= (1 - 1/K)/2 diam^2.
A norm is convex, so |F| <= max |F(v_i)| + R. Where M is not finite (logarithms at the border), balls for F itself are
taken.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import TypeAlias

from flint import arb, ctx, fmpq

from lossaudit.geometry.program import Program
from lossaudit.geometry.ring.derivatives import partial
from lossaudit.geometry.ring.elements import Family, recognise
from lossaudit.geometry.ring.forms import UNIT, NotInRing, Sum
from lossaudit.geometry.ring.parts import Key, Rewriting

_ZERO, _ONE = fmpq(0), fmpq(1)
_BITS = 80
_REFRESH = 4  # bisections after which second derivatives are bounded anew

Point: TypeAlias = tuple[fmpq, ...]
Entry: TypeAlias = dict[tuple[tuple[fmpq, int], ...], fmpq]
"""Coefficient of prod p_k^q (log p_k)^b, one (q, b) for each class."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A supremum between two proved bounds.

    Attributes:
        lower, upper: Rounded outward.
        at: Probabilities at which the lower bound is reached in the limit.
    """

    lower: float
    upper: float
    at: tuple[float, ...]

    @property
    def relative_width(self) -> float:
        return (self.upper - self.lower) / self.upper if self.upper else 0.0


@dataclass(frozen=True, slots=True)
class Constants:
    """Suprema over all values of the variables, for the loss as the program has it.

    Attributes:
        lipschitz: Of the gradient's Euclidean norm; None if not found, or not finite.
        smoothness: Of the Hessian's largest absolute eigenvalue; the same.
    """

    lipschitz: Enclosure | None
    smoothness: Enclosure | None


def constants(program: Program, *, width: float = 1e-6, cells: int = 2000) -> Constants | None:
    """Lipschitz constants of a loss of 2 or 3 probabilities and of its gradient, in its variables.

    Args:
        program: A loss.
        width: Relative width to stop at.
        cells: Number of cells to stop at; then the enclosure is as wide as it is.

    Returns:
        None if the program is not a function of one family of 2 or 3 probabilities, up to an affine function.
    """
    try:
        value, families = recognise(program)
        family = _only(families)
        first = [partial(value, families, j) for j in range(program.variables)]
        gradient = _entries(first, family)
        hessian = _hessian(first, families, family)
    except NotInRing:
        return None
    with ctx.workprec(_BITS):
        k = len(family.arguments)
        lipschitz = _Bounds(gradient, [1] * len(gradient), euclidean, k).supremum(width, cells)
        smoothness = None
        if hessian is not None:
            weights = [1 if i == j else 2 for i, j in _pairs(program.variables)]
            smoothness = _Bounds(hessian, weights, SPECTRAL[program.variables], k).supremum(width, cells)
    return Constants(lipschitz, smoothness)


def _only(families: Sequence[Family]) -> Family:
    if len(families) != 1 or not 2 <= len(families[0].arguments) <= 3:
        raise NotInRing("not one family of 2 or 3 probabilities")
    if len(Rewriting(families[0]).without) > 1:
        raise NotInRing("arguments that are not independent")
    return families[0]


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i, n)]


def _hessian(first: Sequence[Sum], families: Sequence[Family], family: Family) -> list[Entry] | None:
    """Entries on and above the diagonal, if the eigenvalues have a formula."""
    n = len(first)
    arguments = [tuple((s[0], c) for s, c in form if s != UNIT) for form in family.arguments]
    alike = len(set(arguments)) == 1 and len(arguments[0]) == 1 and len(arguments) == n
    if n > 3 or (n == 3 and not alike):
        return None
    return _entries([partial(first[i], families, j) for i, j in _pairs(n)], family)


def _entries(sums: Sequence[Sum], family: Family) -> list[Entry]:
    rewriting = Rewriting(family)
    return [_entry(rewriting.part(x, up_to_affine=False), len(family.arguments)) for x in sums]


def _entry(terms: Mapping[Key, fmpq], classes: int) -> Entry:
    entry: Entry = {}
    for (ps, ls, cs, ns), c in terms.items():
        if cs or ns or any(b.q != 1 or b < 0 for _, b in ls):
            raise NotInRing("not a polynomial in p and log p")
        p, logs = dict(ps), dict(ls)
        entry[tuple((p.get(k, _ZERO), int(logs.get(k, _ZERO).p)) for k in range(classes))] = c
    return entry


def _derivative(entry: Entry, k: int) -> Entry:
    """By p_k: d p^q l^b = q p^(q-1) l^b + b p^(q-1) l^(b-1)."""
    total: Entry = {}
    for key, c in entry.items():
        q, b = key[k]
        for factor, logs in ((q, b), (fmpq(b), b - 1)):
            if factor != 0:
                new = (*key[:k], (q - 1, logs), *key[k + 1 :])
                total[new] = total.get(new, _ZERO) + c * factor
    return {key: c for key, c in total.items() if c != 0}


def _power_log(low: fmpq, high: fmpq, q: fmpq, b: int) -> arb:
    """A ball for p^q (log p)^b on [low, high] in [0, 1]; at p = 0 its limit, not finite where there is none."""
    if q == 0 and b == 0:
        return arb(1)
    if low == 0 and q <= 0:
        return arb("nan")
    ends = [_at(p, q, b) for p in (low, high)]
    total = ends[0].union(ends[1])
    if b and q > 0 and low != high:  # monotone but for one turn, at log p = -b/q
        turn = -b / q
        before = low != 0 and arb(low).log() > turn
        after = high == 0 or arb(high).log() < turn
        if not before and not after:
            total = total.union(_whole(arb(turn), b) * arb(-b).exp())
    return total


def _at(p: fmpq, q: fmpq, b: int) -> arb:
    if p == 0:
        return arb(0)
    x = arb(p)
    power = _whole(x, int(q.p)) if q.q == 1 else (x.log() * q).exp()
    return power * _whole(x.log(), b)


def _whole(x: arb, n: int) -> arb:
    result = arb(1)
    for _ in range(abs(n)):
        result *= x
    return result if n >= 0 else 1 / result


def euclidean(values: Sequence[arb]) -> arb:
    return sum((x * x for x in values), arb(0)).nonnegative_part().sqrt()


def _spectral_2(values: Sequence[arb]) -> arb:
    a, b, d = values
    return (abs(a + d) + ((a - d) * (a - d) + 4 * b * b).nonnegative_part().sqrt()) / 2


def _spectral_3(values: Sequence[arb]) -> arb:
    """Row sums are 0: one eigenvalue is 0, the others have the trace for sum and |H|^2 for sum of squares."""
    a, b, c, d, e, f = values
    trace = a + d + f
    squares = a * a + d * d + f * f + 2 * (b * b + c * c + e * e)
    return (abs(trace) + (2 * squares - trace * trace).nonnegative_part().sqrt()) / 2


SPECTRAL: Mapping[int, Callable[[Sequence[arb]], arb]] = {1: euclidean, 2: _spectral_2, 3: _spectral_3}


class _Bounds:
    """Branch and bound for the largest norm of some entries over the closed simplex."""

    def __init__(
        self, entries: Sequence[Entry], weights: Sequence[int], norm: Callable[[Sequence[arb]], arb], classes: int
    ) -> None:
        self.entries = entries
        self.weights = weights
        self.norm = norm
        self.classes = classes
        self.second = [
            [(1 if a == b else 2, _derivative(_derivative(entry, a), b)) for a, b in _pairs(classes)]
            for entry in entries
        ]
        self._values: dict[Point, arb] = {}

    def supremum(self, width: float, cells: int) -> Enclosure | None:
        corners = tuple(tuple(_ONE if i == k else _ZERO for i in range(self.classes)) for k in range(self.classes))
        best, at = arb(0), corners[0]
        for corner in corners:
            found = self._value(corner)
            if not found.is_finite():
                return None
            if found > best:
                best, at = found, corner
        tie = count()
        start = self._bound(corners, None)
        heap = [(-_float_above(start[0]), next(tie), corners, start[1], 0)]
        for _ in range(cells):
            top, _, cell, curvature, depth = heap[0]
            if -top <= _float_below(best) * (1 + width):
                break
            heapq.heappop(heap)
            i, j = max(combinations(range(self.classes), 2), key=lambda pair: _square(cell[pair[0]], cell[pair[1]]))
            middle = tuple((x + y) / 2 for x, y in zip(cell[i], cell[j], strict=True))
            found = self._value(middle)
            if found.is_finite() and found.lower() > best.lower():
                best, at = found, middle
            for gone in (i, j):
                half = tuple(middle if k == gone else v for k, v in enumerate(cell))
                bound, own = self._bound(half, curvature if depth % _REFRESH else None)
                heapq.heappush(heap, (max(top, -_float_above(bound)), next(tie), half, own, depth + 1))
        upper = max(-heap[0][0], 0.0)
        if upper == float("inf"):
            return None
        return Enclosure(_float_below(best), upper, tuple(int(x.p) / int(x.q) for x in at))

    def _value(self, point: Point) -> arb:
        if point not in self._values:
            box = [(x, x) for x in point]
            self._values[point] = self.norm([_on_box(entry, box) for entry in self.entries])
        return self._values[point]

    def _bound(self, cell: Sequence[Point], curvature: arb | None) -> tuple[arb, arb]:
        """An upper bound of the norm on the cell, and of its second derivative."""
        box = [(min(v[k] for v in cell), max(v[k] for v in cell)) for k in range(self.classes)]
        if curvature is None:
            curvature = self._curvature(box)
        if not curvature.is_finite():
            sizes = [_on_box(e, box) * arb(w).sqrt() for e, w in zip(self.entries, self.weights, strict=True)]
            return euclidean(sizes), curvature
        diameter = max(_square(v, w) for v, w in combinations(cell, 2))
        corners = max((self._value(v).upper() for v in cell), key=_float_above)
        return corners + (1 - fmpq(1, self.classes)) / 4 * diameter * curvature, curvature

    def _curvature(self, box: Sequence[tuple[fmpq, fmpq]]) -> arb:
        total = arb(0)
        for weight, second in zip(self.weights, self.second, strict=True):
            for multiplicity, entry in second:
                size = abs(_on_box(entry, box))
                total += weight * multiplicity * size * size
        return total.nonnegative_part().sqrt().upper() if total.is_finite() else total


def _on_box(entry: Entry, box: Sequence[tuple[fmpq, fmpq]]) -> arb:
    total = arb(0)
    for key, c in entry.items():
        product = arb(c)
        for (low, high), (q, b) in zip(box, key, strict=True):
            if q != 0 or b:
                product *= _power_log(low, high, q, b)
        total += product
    return total


def _square(v: Point, w: Point) -> fmpq:
    return sum(((x - y) ** 2 for x, y in zip(v, w, strict=True)), _ZERO)


def _float_above(x: arb) -> float:
    """A float that is not below any member of the ball."""
    if not x.is_finite():
        return float("inf")
    near = float(x.upper())
    while not arb(near) >= x:
        near = near + abs(near) * 1e-15 + 5e-324
    return near


def _float_below(x: arb) -> float:
    return -_float_above(-x)
