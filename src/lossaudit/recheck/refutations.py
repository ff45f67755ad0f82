"""Rules `witness` and `bounded`: a program is not convex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import arb, ctx, fmpq

from lossaudit.recheck.facts import check_claims
from lossaudit.recheck.intervals import REALS
from lossaudit.recheck.programs import Program, balls, number, sequence
from lossaudit.recheck.refusal import Refusal, demand

BITS = (128, 256, 512, 1024, 2048)


def points(program: Program, *data: Any) -> list[list[fmpq]]:
    """Exact binary points of the domain.

    Raises:
        Refusal: One is not.
    """
    found = [[number(x) for x in sequence(item, program.variables)] for item in data]
    for x in (x for point in found for x in point):
        demand(int(x.q) & (int(x.q) - 1) == 0, "a point is not a binary fraction")
        demand(program.domain.contains(x), "a point lies outside the domain")
    return found


def gap(program: Program, a: Sequence[fmpq], b: Sequence[fmpq], least: fmpq) -> bool:
    """Whether f((a + b) / 2) - (f(a) + f(b)) / 2 is > 0, and not under the least gap that is claimed."""
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    for bits in BITS:
        with ctx.workprec(bits):
            left, centre, right = (_value(program, point, bits) for point in (a, middle, b))
            found = centre - (left + right) / 2
            if found > 0 and found >= arb(least):
                return True
    return False


def _value(program: Program, point: Sequence[fmpq], bits: int) -> arb:
    with ctx.workprec(bits):
        return balls(program, [arb(x) for x in point], bits)[program.output]


def witness(data: Any, program: Program) -> frozenset[str]:
    """The midpoint of a and b lies above the chord.

    Raises:
        Refusal: It does not.
    """
    a, b = points(program, data["a"], data["b"])
    least = number(data["gap"])
    demand(least >= 0, "the gap is not positive")
    demand(gap(program, a, b, least), "the midpoint does not lie above the chord by the gap that is claimed")
    return frozenset()


def bounded(data: Any, program: Program) -> frozenset[str]:
    """Bounded above on all of R^n, with two different values.

    Raises:
        Refusal: It is not.
    """
    claims, axioms = check_claims(program, data["claims"])
    shown = claims[program.output]
    demand(program.domain == REALS, "only on all of R^n may a bounded function not be convex")
    demand(shown.defined and shown.range.high is not None, "the value is not claimed to be bounded above")
    a, b = points(program, *sequence(data["points"], 2))
    for bits in BITS:
        first, second = _value(program, a, bits), _value(program, b, bits)
        if first < second or second < first:
            return axioms
    raise Refusal("the two values are not shown to differ")
