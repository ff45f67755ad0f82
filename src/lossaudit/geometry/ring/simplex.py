"""Proofs that a polynomial in probabilities and surprisals is >= 0 on the simplex.

Variables: p_1..p_K with p_k > 0 and sum p = 1, then m_k = -log p_k > 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from flint import arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

Exponents: TypeAlias = tuple[int, ...]

DEGREES = (0, 1, 2, 4)
"""By how much degrees are raised, in turn."""
_MOST_TERMS = 4000


@dataclass(frozen=True, slots=True)
class Simplex:
    """The polynomial ring Q[p_1..p_K, m_1..m_K].

    Attributes:
        classes: K.
    """

    classes: int
    ring: fmpq_mpoly_ctx = field(init=False)

    def __post_init__(self) -> None:
        names = tuple(f"{name}{k}" for name in "pm" for k in range(self.classes))
        object.__setattr__(self, "ring", fmpq_mpoly_ctx.get(names, "degrevlex"))

    @property
    def p(self) -> tuple[fmpq_mpoly, ...]:
        return self.ring.gens()[: self.classes]

    @property
    def m(self) -> tuple[fmpq_mpoly, ...]:
        return self.ring.gens()[self.classes :]

    def polynomial(self, terms: Mapping[Exponents, fmpq]) -> fmpq_mpoly:
        return self.ring.from_dict(dict(terms))

    def gradient(self, f: fmpq_mpoly) -> list[fmpq_mpoly]:
        """Derivatives by x_j, where p = softmax(x): dp_i = p_i (d_ij - p_j), dm_i = p_j - d_ij.

        So df/dx_j = A_j - p_j sum_i A_i with A_j = p_j df/dp_j - df/dm_j.
        """
        k = self.classes
        own = [p * f.derivative(i) - f.derivative(k + i) for i, p in enumerate(self.p)]
        total = sum(own, self.ring.constant(0))
        return [a - p * total for a, p in zip(own, self.p, strict=True)]


LOWER = "m >= 1 - p"
UPPER_ONE = "p m <= 1 - p"
UPPER_UNIFORM = "p m <= (c - 1) p + 1/K"
RELAXATIONS = ("", LOWER, UPPER_ONE, UPPER_UNIFORM)
"""Bounds for surprisals: m = (1 - p) + s with s >= 0; -p log p <= -(1 + log t) p + t at t = 1 and t = 1/K.

c is the least multiple of 1/1024 that is >= log K.
"""


def prove_nonnegative(space: Simplex, f: fmpq_mpoly) -> dict[str, str | int] | None:
    """Proves f >= 0 on the simplex: `{"relaxation", "degree"}`, or None.

    Common powers of the p_k are divided out. The relaxation replaces surprisals: LOWER all of them, by 1 - p_k + s_k
    (the s_k take their place); an UPPER bound one factor p_k m_k in each term with a negative coefficient that has it
    (the least such k). Then each product of surprisals has for coefficient a polynomial in p; brought to one degree
    (its own plus `degree`) with powers of the sum of all p_k, it has no negative coefficient.
    """
    if f == 0:
        return {"relaxation": "", "degree": 0}
    f = _without_monomial(space, f)
    for name in RELAXATIONS:
        relaxed = relax(space, f, name)
        if name and relaxed == f:
            continue
        for degree in DEGREES:
            if _nonnegative(space, relaxed, degree):
                return {"relaxation": name, "degree": degree}
    return None


def _without_monomial(space: Simplex, f: fmpq_mpoly) -> fmpq_mpoly:
    terms = {tuple(map(int, e)): c for e, c in f.to_dict().items()}
    least = [min(e[k] for e in terms) if k < space.classes else 0 for k in range(2 * space.classes)]
    return space.polynomial({tuple(a - b for a, b in zip(e, least, strict=True)): c for e, c in terms.items()})


def relax(space: Simplex, f: fmpq_mpoly, name: str) -> fmpq_mpoly:
    """F, or a polynomial that is nowhere above it on the simplex."""
    k = space.classes
    if not name:
        return f
    if name == LOWER:
        return f.compose(*space.p, *(1 - p + m for p, m in zip(space.p, space.m, strict=True)), ctx=space.ring)
    total = space.ring.constant(0)
    for exponents, c in f.to_dict().items():
        e = list(map(int, exponents))
        found = next((i for i in range(k) if e[i] and e[k + i]), None) if c < 0 else None
        if found is None:
            total += space.polynomial({tuple(e): c})
            continue
        e[found] -= 1
        e[k + found] -= 1
        p = space.p[found]
        bound = 1 - p if name == UPPER_ONE else (_log_bound(k) - 1) * p + fmpq(1, k)
        total += space.polynomial({tuple(e): c}) * bound
    return total


def _log_bound(classes: int) -> fmpq:
    """The least multiple of 1/1024 that is >= log K."""
    return fmpq(int((arb(classes).log() * 1024).ceil().unique_fmpz() or 0), 1024)


def _nonnegative(space: Simplex, f: fmpq_mpoly, degree: int) -> bool:
    return all(_polya(space, part, degree) for part in _by_surprisal(space, f))


def _by_surprisal(space: Simplex, f: fmpq_mpoly) -> Iterator[dict[Exponents, fmpq]]:
    """The polynomials in p that stand before each product of surprisals."""
    k = space.classes
    parts: dict[Exponents, dict[Exponents, fmpq]] = {}
    for exponents, c in f.to_dict().items():
        e = tuple(map(int, exponents))
        parts.setdefault(e[k:], {})[e[:k]] = c
    yield from parts.values()


def _polya(space: Simplex, part: Mapping[Exponents, fmpq], degree: int) -> bool:
    if all(c > 0 for c in part.values()):
        return True
    zeros = (0,) * space.classes
    used = [i for i in range(space.classes) if any(e[i] for e in part)]
    total = sum(space.p, space.ring.constant(0))
    if len(used) < space.classes - 1:  # the classes that do not occur count as one: their sum
        spare = next(i for i in range(space.classes) if i not in used)
        total = sum((space.p[i] for i in used), space.p[spare])
    goal = max(sum(e) for e in part) + degree
    count = 1
    for step in range(goal):
        count = count * (len(used) + step) // (step + 1)
    if count > _MOST_TERMS:
        return False
    by_degree: dict[int, dict[Exponents, fmpq]] = {}
    for e, c in part.items():
        by_degree.setdefault(sum(e), {})[e + zeros] = c
    raised = space.ring.constant(0)
    for d in range(goal + 1):
        raised = raised * total + (space.polynomial(by_degree[d]) if d in by_degree else 0)
    return all(c > 0 for c in raised.coeffs())
