"""Two points whose midpoint lies strictly above the chord: the only thing here that may say "refuted".

Everything else in this room is a search that may be wrong; `confirm` decides, in ball arithmetic at exact points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import arb, ctx, fmpq

from lossaudit.geometry.evaluate import balls
from lossaudit.geometry.interval import rational
from lossaudit.geometry.program import Program, as_json
from lossaudit.verdict import Certificate

Number: TypeAlias = fmpq | float | int
Point: TypeAlias = tuple[fmpq, ...]

PRECISIONS = (100, 200, 400, 1000)
"""Bits of working precision, tried in this order."""

_GAP_BITS = 53


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A function at two points and at their midpoint, where it is not convex.

    Attributes:
        a, b: The two points; every coordinate is a binary fraction.
        gap: Proved lower bound of f((a + b) / 2) - (f(a) + f(b)) / 2, a binary fraction > 0.
        values: f(a), f((a + b) / 2), f(b), rounded for reading.
        bits: Working precision at which the gap was proved.
    """

    a: Point
    b: Point
    gap: fmpq
    values: tuple[float, float, float]
    bits: int

    @property
    def midpoint(self) -> Point:
        """(a + b) / 2, exactly."""
        return middle(self.a, self.b)


def middle(a: Point, b: Point) -> Point:
    """The exact midpoint of two points."""
    return tuple((x + y) / 2 for x, y in zip(a, b, strict=True))


def exact(point: Sequence[Number]) -> Point:
    """The exact value of every coordinate."""
    return tuple(x if isinstance(x, fmpq) else rational(x) for x in point)


def confirm(
    program: Program, a: Sequence[Number], b: Sequence[Number], *, precisions: Sequence[int] = PRECISIONS
) -> Counterexample | None:
    """Proves that the program's function is not convex, from two points, or says nothing.

    Both points must lie in the domain (the midpoint then does: it is an interval), and every instruction that the
    value depends on must be finite at all three. A program that is `through_affine` is never refuted: it may take
    values here that the user's function cannot reach.

    Args:
        program: The function.
        a: One coordinate for each variable; binary fractions (every float is one).
        b: As `a`.
        precisions: Bits of working precision to try.

    Returns:
        The counterexample, or None: nothing is known then.

    >>> from lossaudit.geometry.program import Builder
    >>> builder = Builder()
    >>> cube = builder.build(builder.power(builder.variable(0), 3), 1)
    >>> confirm(cube, [-2], [0]).gap  # (-1)^3 - ((-2)^3 + 0) / 2
    3
    """
    a, b = exact(a), exact(b)
    if program.through_affine or not len(a) == len(b) == program.variables:
        return None
    if not all(program.domain.contains(x) and _dyadic(x) for x in (*a, *b)):
        return None
    for bits in precisions:
        with ctx.workprec(bits):
            values = [enclosed(program, point, bits) for point in (a, middle(a, b), b)]
            left, centre, right = values
            difference = centre - (left + right) / 2
            if difference > 0:
                gap = _below(difference)
                values_read = (float(left), float(centre), float(right))
                return None if gap is None else Counterexample(a, b, gap, values_read, bits)
            if difference <= 0:  # more bits cannot change a sign that is certain
                return None
    return None


def certificate(program: Program, counterexample: Counterexample) -> Certificate:
    """The counterexample as evidence that anybody can replay."""
    a, b, gap = counterexample.a, counterexample.b, counterexample.gap
    at_a, at_middle, at_b = counterexample.values
    return Certificate(
        "witness",
        {"program": as_json(program), "a": [str(x) for x in a], "b": [str(x) for x in b], "gap": str(gap)},
        (
            f"f(a) = {at_a:.6g} and f(b) = {at_b:.6g}, so the chord has {(at_a + at_b) / 2:.6g} at the midpoint",
            f"f((a + b) / 2) = {at_middle:.6g}, above the chord by at least {_read(gap)}",
            f"confirmed in ball arithmetic of {counterexample.bits} bits at exact binary fractions",
        ),
    )


def enclosed(program: Program, point: Point, bits: int) -> arb:
    """The value in a ball; not a number where some instruction that it depends on has no finite value."""
    at = balls(program, [arb(x) for x in point], bits)
    needed = {program.output}
    for index in range(program.output, -1, -1):
        if index not in needed:
            continue
        if not at[index].is_finite():
            return arb("nan")
        op, args, _ = program.instructions[index]
        if op == "select" and at[args[0]] == 1:  # the branch that is not taken need not have a value
            args = args[:2]
        elif op == "select" and at[args[0]] == 0:
            args = (args[0], args[2])
        needed.update(args)
    return at[program.output]


def _dyadic(x: fmpq) -> bool:
    """Whether x is a binary fraction."""
    return int(x.q) & (int(x.q) - 1) == 0


def _below(ball: arb) -> fmpq | None:
    """A short binary fraction > 0 below every member of a positive ball."""
    mantissa, exponent = (int(part) for part in ball.lower().man_exp())
    drop = max(0, mantissa.bit_length() - _GAP_BITS)
    mantissa, exponent = mantissa >> drop, exponent + drop
    if mantissa <= 0 or exponent < -(1 << 16):  # too small to be written down
        return None
    if exponent > 900:  # a lower bound that a float can hold will do
        return fmpq(1 << 900)
    return fmpq(mantissa << exponent) if exponent >= 0 else fmpq(mantissa, 1 << -exponent)


def _read(x: fmpq) -> str:
    """A positive number rounded for reading, whatever its size."""
    return str(arb(x).str(6, radius=False))
