"""Strict and strong convexity of a program that facts prove convex.

A convex function is a sum of convex parts. One part phi(a'x) with strictly convex phi makes the sum strictly convex
along every direction d with a'd != 0; logsumexp(a_1'x, ..., a_n'x) along every d for which the a_i'd are not all equal.
If only d = 0 escapes all parts, the sum is strictly convex; if only multiples of (1, ..., 1) do, it is so modulo the
shift of all variables by one number; if only multiples of one d do, whose entries do not sum to 0, it is so along every
direction whose entries do, which lead from one distribution to another. The quadratic part x'Qx gives the modulus:
f - (mu/2)|x|^2 is convex for mu = 2 lambda_min(Q).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq, fmpq_mat

from lossaudit.geometry.composition import propagate
from lossaudit.geometry.known import AFFINE, CONCAVE, CONVEX, Known
from lossaudit.geometry.program import Program
from lossaudit.geometry.quadratic import Form, factors, positive_semidefinite

ZERO, ONE, TWO = fmpq(0), fmpq(1), fmpq(2)
_MOST_VARIABLES = 128
_HALVINGS = 40  # of the search for a modulus that is no entry of a diagonal

_LARGEST = 32  # matrix for which that search is made

Matrix: TypeAlias = list[list[fmpq]]
_STRICT = frozenset({"exp", "softplus", "xlogx"})  # strictly convex functions of one argument


@dataclass(frozen=True, slots=True)
class Strength:
    """How strongly a function is proved convex.

    Attributes:
        strict: Strictly convex in all variables.
        strict_modulo_shift: Strictly convex along every direction but that of (1, ..., 1).
        strict_centred: Strictly convex along every direction whose entries sum to 0; nothing is said of the others.
        modulus: f - (modulus/2)|x|^2 is convex; 0 where nothing is proved.
        modulus_modulo_shift: The same for directions whose entries sum to 0.
    """

    strict: bool = False
    strict_modulo_shift: bool = False
    strict_centred: bool = False
    modulus: fmpq = ZERO
    modulus_modulo_shift: fmpq = ZERO


def strength(program: Program) -> Strength | None:
    """Strict and strong convexity of the program; None if facts do not prove it convex.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> w = [b.variable(0), b.variable(1)]
    >>> data = b.add("softplus", (b.linear([(3, w[0]), (-1, w[1])]),))
    >>> penalty = [(fmpq(1, 10), b.power(x, 2)) for x in w]
    >>> strength(b.build(b.linear([(1, data), *penalty]), 2)).modulus
    1/5
    """
    known = propagate(program)
    if not (known.defined[program.output] and known.curvature[program.output] & CONVEX):
        return None
    n = program.variables
    if not 0 < n <= _MOST_VARIABLES:
        return Strength()
    forms = [_over_variables(known, row, n) for row in _strict_rows(known, program.output, 1)]
    rows = [row for row in forms if row is not None]
    rank = _rank(rows)
    modulus, modulo_shift = _moduli(known, program)
    strict = rank == n or modulus.p > 0
    but_one = rank == n - 1 > 0  # all directions but those of one line
    modulo = strict or modulo_shift.p > 0 or (but_one and not any(sum(row, ZERO) for row in rows))
    centred = modulo or (but_one and _rank([*rows, [ONE] * n]) == n)
    return Strength(strict, modulo, centred, modulus, max(modulus, modulo_shift))


def _rank(rows: list[list[fmpq]]) -> int:
    return fmpq_mat(rows).rank() if rows else 0


def _over_variables(known: Known, form: Form, n: int) -> list[fmpq] | None:
    """The form's coefficients by variable; None if it holds anything else."""
    row = [ZERO] * n
    for a, c in form.items():
        op, _, constants = known.instructions[a]
        if op != "variable":
            return None
        row[int(constants[0].p)] += c
    return row


def _strict_rows(known: Known, index: int, sign: int) -> list[Form]:
    """Forms a: sign times the instruction is strictly convex along every d with a'd != 0 for one of them."""
    if not known.curvature[index] & (CONVEX if sign > 0 else CONCAVE):
        return []
    op, args, constants = known.instructions[index]
    if op in ("variable", "constant"):
        return []
    if op == "linear":
        return _strict_rows_of_sum(known, index, sign)
    if op == "log":
        return _log_rows(known, args[0], sign)
    if op == "logsumexp" and sign > 0:
        return _differences(known, args)
    inner = args[0]
    if len(args) != 1 or not known.affine(inner):
        return _strict_rows(known, inner, 1) if op in ("exp", "softplus") and sign > 0 else []
    strictly = (op in _STRICT and sign > 0) or (op == "power" and constants[0] not in (ZERO, ONE))
    return [known.form(inner)[0]] if strictly else []


def _strict_rows_of_sum(known: Known, index: int, sign: int) -> list[Form]:
    """Those of its terms; products of affine functions are left out where they are only convex together."""
    _, args, constants = known.instructions[index]
    terms = [(sign if c.p > 0 else -sign, a) for c, a in zip(constants, args, strict=False) if c]
    alone = [known.curvature[a] & (CONVEX if side > 0 else CONCAVE) for side, a in terms]
    if not all(alone):
        if known.rule[index] != "quadratic":
            return []
        terms = [(side, a) for side, a in terms if factors(known, a) is None]
    return [row for side, a in terms for row in _strict_rows(known, a, side)]


def _log_rows(known: Known, index: int, sign: int) -> list[Form]:
    """The same for sign times the log of the instruction."""
    if not known.log[index] & (CONVEX if sign > 0 else CONCAVE):
        return []
    op, args, constants = known.instructions[index]
    if op == "exp":
        return _strict_rows(known, args[0], sign)
    if op == "multiply":
        return [row for a in args for row in _log_rows(known, a, sign)]
    if op == "power":
        return _log_rows(known, args[0], sign if constants[0].p > 0 else -sign)
    if op == "sigmoid" and sign < 0 and known.affine(args[0]):
        return [known.form(args[0])[0]]
    if op == "variable":
        return [{index: ONE}] if sign < 0 else []
    if op == "linear" and sign > 0:
        exponents = [known.instructions[a].args[0] for a in args if known.instructions[a].op == "exp"]
        if len(exponents) < len(args) or constants[-1].p < 0 or not all(c.p > 0 for c in constants[:-1]):
            return []
        return _differences(known, exponents, anchored=constants[-1] != ZERO)
    if op == "linear" and sign < 0:  # a probability's complement, or an affine function
        return _log_rows_of_linear(known, index)
    return []


def _log_rows_of_linear(known: Known, index: int) -> list[Form]:
    _, args, constants = known.instructions[index]
    if known.affine(index):
        return [known.form(index)[0]]
    if len(args) == 1:
        op, inner, _ = known.instructions[args[0]]
        if op == "sigmoid" and constants == (-constants[-1], constants[-1]) and known.affine(inner[0]):
            return [known.form(inner[0])[0]]
    return []


def _differences(known: Known, args: Iterable[int], anchored: bool = False) -> list[Form]:
    """Differences of affine functions to the first, or to 0."""
    forms = [known.form(a)[0] for a in args]
    if not all(known.curvature[a] & AFFINE == AFFINE for a in args):
        return []
    first = {} if anchored else forms[0]
    return [_minus(form, first) for form in forms]


def _minus(x: Form, y: Form) -> Form:
    result = dict(x)
    for a, c in y.items():
        result[a] = result.get(a, ZERO) - c
    return result


def _moduli(known: Known, program: Program) -> tuple[fmpq, fmpq]:
    """Twice a lower bound of Q's least eigenvalue, on all of R^n and on the vectors whose entries sum to 0."""
    n = program.variables
    matrix = [[ZERO] * n for _ in range(n)]
    op, args, constants = known.instructions[program.output]
    terms = list(zip(constants, args, strict=False)) if op == "linear" else [(ONE, program.output)]
    for c, a in terms:
        pair = factors(known, a)
        if pair is None:
            if c and not known.curvature[a] & (CONVEX if c.p > 0 else CONCAVE):
                return ZERO, ZERO
            continue
        left, right = (_over_variables(known, known.form(f)[0], n) for f in pair)
        if left is None or right is None:
            if c.p < 0 or pair[0] != pair[1]:
                return ZERO, ZERO
            continue
        for i in range(n):
            for j in range(n):
                matrix[i][j] += c * (left[i] * right[j] + left[j] * right[i]) / TWO
    every = [[ONE if i == j else ZERO for j in range(n)] for i in range(n)]
    centred = [[v - fmpq(1, n) for v in row] for row in every]
    return TWO * _least(matrix, every), TWO * _least(matrix, centred) if n > 1 else ZERO


def _least(matrix: Matrix, unit: Matrix) -> fmpq:
    """The largest t >= 0 found for which matrix - t unit has no negative eigenvalue; exact for diagonal ones."""
    n = len(matrix)
    high = min(matrix[i][i] / unit[i][i] for i in range(n))
    if high.p <= 0 or n > _LARGEST or not _holds(matrix, unit, ZERO):
        return high if high.p > 0 and _diagonal(matrix) and _diagonal(unit) else ZERO
    low, t = ZERO, high
    for _ in range(_HALVINGS):
        if _holds(matrix, unit, t):
            low = t
            if t == high:
                break
        else:
            high = t
        t = (low + high) / TWO
    return low


def _holds(matrix: Matrix, unit: Matrix, t: fmpq) -> bool:
    rows = zip(matrix, unit, strict=True)
    return positive_semidefinite([[v - t * u for v, u in zip(row, ones, strict=True)] for row, ones in rows])


def _diagonal(matrix: Matrix) -> bool:
    return not any(v for i, row in enumerate(matrix) for j, v in enumerate(row) if i != j)
