"""Exact minima of expected losses that are sums of maxima of affine functions.

f(z) = sum_i w_i max_j a_ij(z) with w_i > 0 lies above sum_i w_i sum_j t_ij a_ij(z) for all weights t >= 0 that add up
to 1 for each i. If such weights, on the terms that are largest at z', make this a constant, it is f(z') and f is least
at z'. The weights are looked for exactly, at the corners of their polytope.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import TypeAlias

from flint import fmpq, fmpq_mat

from lossaudit.geometry.program import Program

ZERO, ONE = fmpq(0), fmpq(1)
Affine: TypeAlias = tuple[tuple[fmpq, ...], fmpq]
"""Coefficient of each variable, and the bias."""
Term: TypeAlias = tuple[fmpq, list[Affine]]
_MOST_TIES = 6


def maxima(program: Program) -> list[Term] | None:
    """The program as a sum of w max(affine, ...), w > 0; None if it is not one."""
    n = program.variables
    op, args, constants = program.instructions[program.output]
    given = list(zip(constants, args, strict=False)) if op == "linear" else [(ONE, program.output)]
    terms: list[Term] = [(ONE, [((ZERO,) * n, constants[-1])])] if op == "linear" else []
    for weight, index in given:
        inner = _inside(program, index)
        if inner is None or (weight < 0 and len(inner) > 1):
            return None
        if weight < 0:
            inner, weight = [(tuple(-x for x in a), -b) for a, b in inner], -weight
        terms.append((weight, inner))
    return terms


def _inside(program: Program, index: int) -> list[Affine] | None:
    """The affine functions whose largest the instruction is."""
    op, args, constants = program.instructions[index]
    n = program.variables
    if op == "variable":
        return [(tuple(ONE if i == int(constants[0].p) else ZERO for i in range(n)), ZERO)]
    if op == "constant":
        return [((ZERO,) * n, constants[0])]
    inner = [_inside(program, a) for a in args]
    if any(x is None for x in inner):
        return None
    known = [x for x in inner if x is not None]
    if op == "max":
        return [form for forms in known for form in forms]
    if op != "linear":
        return None
    live = [(c, x) for c, x in zip(constants, known, strict=False) if c != 0]
    wide = [(c, x) for c, x in live if len(x) > 1]
    if len(wide) > 1 or any(c < 0 for c, _ in wide):
        return None
    total: Affine = ((ZERO,) * n, constants[-1])
    for c, x in live:
        if len(x) == 1:
            total = _plus(total, x[0], c)
    return [_plus(total, form, wide[0][0]) for form in wide[0][1]] if wide else [total]


def _plus(x: Affine, y: Affine, c: fmpq) -> Affine:
    return tuple(a + c * b for a, b in zip(x[0], y[0], strict=True)), x[1] + c * y[1]


def value(terms: Sequence[Term], z: Sequence[fmpq]) -> fmpq:
    """The sum, exactly."""
    return sum((w * max(_at(form, z) for form in forms) for w, forms in terms), ZERO)


def _at(form: Affine, z: Sequence[fmpq]) -> fmpq:
    return sum((a * x for a, x in zip(form[0], z, strict=True)), form[1])


def is_least(terms: Sequence[Term], z: Sequence[fmpq]) -> bool:
    """Whether weights are found that prove the sum to be least at z."""
    n = len(z)
    fixed: Affine = ((ZERO,) * n, ZERO)
    ties: list[tuple[Affine, list[Affine]]] = []  # one of several, and what another one would add
    for w, forms in terms:
        largest = max(_at(form, z) for form in forms)
        active = list(dict.fromkeys(form for form in forms if _at(form, z) == largest))
        fixed = _plus(fixed, active[0], w)
        scaled = [_plus(((ZERO,) * n, ZERO), _plus(form, active[0], -ONE), w) for form in active[1:]]
        if scaled:
            ties.append((active[0], scaled))
    moves = [(number, form[0]) for number, (_, forms) in enumerate(ties) for form in forms]
    if len(moves) > _MOST_TIES:
        return False
    return any(_weights_hold(moves, weights) for weights in _solutions(moves, fixed[0]))


def _weights_hold(moves: Sequence[tuple[int, tuple[fmpq, ...]]], weights: Sequence[fmpq]) -> bool:
    """Whether they are >= 0 and add up to 1 at most within each maximum."""
    sums: dict[int, fmpq] = {}
    for (group, _), t in zip(moves, weights, strict=True):
        if t < 0:
            return False
        sums[group] = sums.get(group, ZERO) + t
    return all(total <= 1 for total in sums.values())


def _solutions(moves: Sequence[tuple[int, tuple[fmpq, ...]]], goal: Sequence[fmpq]) -> Iterator[list[fmpq]]:
    """Weights t with goal + sum t move = 0: some free, the others 0 or 1."""
    n, m = len(goal), len(moves)
    for size in range(min(n, m) + 1):
        for free in combinations(range(m), size):
            rest = [i for i in range(m) if i not in free]
            for corner in product((ZERO, ONE), repeat=len(rest)):
                at = dict(zip(rest, corner, strict=True))
                right = [-g - sum((t * moves[i][1][v] for i, t in at.items()), ZERO) for v, g in enumerate(goal)]
                found = _solved([[moves[i][1][v] for i in free] for v in range(n)], right)
                if found is not None:
                    at.update(zip(free, found, strict=True))
                    yield [at[i] for i in range(m)]


def _solved(rows: list[list[fmpq]], right: Sequence[fmpq]) -> list[fmpq] | None:
    """The one solution of a system, if it has exactly one."""
    size = len(rows[0])
    if size == 0:
        return [] if all(x == 0 for x in right) else None
    reduced, rank = fmpq_mat([[*row, x] for row, x in zip(rows, right, strict=True)]).rref()
    if rank != size or any(reduced[i, i] != 1 for i in range(size)):
        return None
    return [reduced[i, size] for i in range(size)]
