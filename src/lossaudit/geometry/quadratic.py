"""The degree-2 part of a sum: whether it is positive semidefinite, decided by exact elimination over the rationals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flint import fmpq

from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.known import CONCAVE, CONSTANT, CONVEX, NEGATED, Known

ZERO, ONE, TWO, FOUR = fmpq(0), fmpq(1), fmpq(2), fmpq(4)
_MOST_STEPS = 400_000  # of the elimination, about 0.2 s

Form = dict[int, fmpq]


def quadratic_part(known: Known, terms: Iterable[tuple[fmpq, int]], bias: fmpq) -> tuple[int, Interval] | None:
    """Curvature of sum_i c_i f_i + b whose terms of degree 2 are taken together, and its range if all else is affine.

    Returns:
        None if there are no products of affine functions, or nothing is proved.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> x, y = b.variable(0), b.variable(1)
    >>> f = b.linear([(1, b.power(x, 2)), (-2, b.multiply(x, y)), (1, b.power(y, 2))])
    >>> from lossaudit.geometry.composition import derive
    >>> derive(b.build(f, 2))[-1].curvature
    <Curvature.CONVEX: 1>
    """
    gathered = _Quadratic(bias)
    others = CONSTANT
    for c, index in terms:
        if c == ZERO:
            continue
        pair = factors(known, index)
        if pair is not None:
            gathered.add_product(c, known.form(pair[0]), known.form(pair[1]))
            continue
        curvature = known.curvature[index] if c.p > 0 else NEGATED[known.curvature[index]]
        others &= curvature
        if not others:
            return None
        if curvature & 3 == 3:
            gathered.add_affine(c, known.form(index))
        else:
            gathered.alone = False
    if not gathered.rows:
        return None
    for sign, curvature in ((ONE, CONVEX), (-ONE, CONCAVE)):
        if others & curvature:
            found = gathered.eliminated(sign)
            if found is not None:
                least = found[0]
                if least is None or not gathered.alone:
                    return curvature, REALS
                end = Interval(least, None, False) if sign > ZERO else Interval(None, -least, True, False)
                return curvature, end
    return None


def factors(known: Known, index: int) -> tuple[int, int] | None:
    """The two affine functions whose product the instruction is."""
    op, args, constants = known.instructions[index]
    if op == "multiply":
        x, y = args
    elif op == "power" and constants[0] == TWO:
        x = y = args[0]
    else:
        return None
    return (x, y) if known.affine(x) and known.affine(y) else None


def positive_semidefinite(matrix: Sequence[Sequence[fmpq]]) -> bool:
    """Whether a symmetric matrix has no negative eigenvalue, decided exactly; False if that takes too long.

    >>> positive_semidefinite([[fmpq(1), fmpq(1)], [fmpq(1), fmpq(1)]])
    True
    """
    form = _Quadratic(ZERO)
    form.rows = {i: {j: v for j, v in enumerate(row) if v} for i, row in enumerate(matrix)}
    return form.eliminated(ONE) is not None


class _Quadratic:
    """x'Qx + b'x + c over the instructions that its affine parts are made of.

    Attributes:
        rows: Q, symmetric, by row.
        slopes: b.
        alone: Whether nothing else is in the sum.
    """

    def __init__(self, bias: fmpq) -> None:
        self.rows: dict[int, Form] = {}
        self.slopes: Form = {}
        self.constant = bias
        self.alone = True

    def add_affine(self, c: fmpq, form: tuple[Form, fmpq]) -> None:
        terms, bias = form
        self.constant += c * bias
        for a, v in terms.items():
            self.slopes[a] = self.slopes.get(a, ZERO) + c * v

    def add_product(self, c: fmpq, left: tuple[Form, fmpq], right: tuple[Form, fmpq]) -> None:
        (f, p), (g, q) = left, right
        self.constant += c * p * q
        for a, v in f.items():
            self.slopes[a] = self.slopes.get(a, ZERO) + c * q * v
        for a, v in g.items():
            self.slopes[a] = self.slopes.get(a, ZERO) + c * p * v
        for a, v in f.items():
            for b, w in g.items():
                half = c * v * w / TWO
                self._add(a, b, half)
                self._add(b, a, half)

    def _add(self, a: int, b: int, value: fmpq) -> None:
        row = self.rows.setdefault(a, {})
        row[b] = row.get(b, ZERO) + value

    def eliminated(self, sign: fmpq) -> tuple[fmpq | None] | None:
        """The least value of sign (x'Qx + b'x + c) if sign Q is positive semidefinite (None within: no least value)."""
        rows = {a: {b: sign * v for b, v in row.items() if v != ZERO} for a, row in self.rows.items()}
        slopes = {a: sign * v for a, v in self.slopes.items() if v != ZERO}
        least = sign * self.constant
        bounded = all(a in rows for a in slopes)
        budget = _MOST_STEPS
        for a in sorted(rows, key=lambda a: len(rows[a])):
            row = rows.pop(a)
            pivot = row.pop(a, ZERO)
            slope = slopes.pop(a, ZERO)
            if pivot.p < 0 or (pivot == ZERO and row):
                return None
            if pivot == ZERO:
                bounded = bounded and slope == ZERO
                continue
            budget -= len(row) ** 2
            if budget < 0:
                return None
            least -= slope * slope / (FOUR * pivot)
            for b, v in row.items():
                if slope != ZERO:
                    slopes[b] = slopes.get(b, ZERO) - v * slope / pivot
                target = rows[b]
                target.pop(a)
                for other, w in row.items():
                    value = target.get(other, ZERO) - v * w / pivot
                    if value == ZERO:
                        target.pop(other, None)
                    else:
                        target[other] = value
        return (least if bounded else None,)
