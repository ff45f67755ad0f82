"""Quick certificates from ranges alone: bounded, hence not convex; bounded slope, hence Lipschitz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flint import arb, ctx, fmpq

from lossaudit.geometry.composition import as_data, claims, derive, propagate
from lossaudit.geometry.evaluate import balls, gradient
from lossaudit.geometry.facts import Facts
from lossaudit.geometry.interval import REALS
from lossaudit.geometry.program import Program, as_json
from lossaudit.geometry.ranges import BITS, above, magnitude
from lossaudit.verdict import Certificate

_PRECISIONS = (100, 400)
_MOST_VARIABLES = 2000  # of a program whose values are looked at
_CASES = frozenset({"step", "step_closed", "select"})
ZERO = fmpq(0)


def refute_by_bound(program: Program) -> Certificate | None:
    """A proof that the program is not convex: bounded above on all of R^n, and not constant.

    A convex function that is bounded above on all of R^n is constant.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> p = b.add("sigmoid", (b.variable(0),))
    >>> refute_by_bound(b.build(b.power(b.scale(-1, p, 1), 2), 1)).rule   # (1 - sigmoid(z))^2
    'bounded'
    """
    if program.domain != REALS or program.through_affine or program.variables > _MOST_VARIABLES:
        return None
    known = propagate(program)
    high = known.ranges[program.output].high
    if not known.defined[program.output] or high is None:
        return None
    points = _different(program)
    if points is None:
        return None
    data = {
        "program": as_json(program),
        "claims": claims(known),
        "points": [[str(x) for x in point] for point in points],
    }
    steps = (
        f"the value is at most {_short(high)} on all of R^{program.variables}",
        "it takes two different values: it is not constant",
        "a convex function that is bounded above on all of R^n is constant: this one is not convex",
    )
    return Certificate("bounded", data, steps)


def _different(program: Program) -> tuple[list[fmpq], list[fmpq]] | None:
    """Two exact points at which the values are different, proved in balls."""
    points = list(_points(program.variables))
    for bits in _PRECISIONS:
        first = points[0]
        here = _value(program, first, bits)
        for point in points[1:]:
            there = _value(program, point, bits)
            if here < there or there < here:
                return first, point
    return None


def _points(n: int) -> Iterator[list[fmpq]]:
    """The origin, axes, and steps in all coordinates at once."""
    yield [ZERO] * n
    for size in (fmpq(2), fmpq(-2), fmpq(1, 2), fmpq(8)):
        yield [size if i == 0 else ZERO for i in range(n)]
        yield [size * (i % 3 - 1) for i in range(n)]
        yield [size * (1 if i % 2 else -2) for i in range(n)]


def _value(program: Program, point: Sequence[fmpq], bits: int) -> arb:
    with ctx.workprec(bits):
        at = [arb(x) for x in point]
    return balls(program, at, bits)[program.output]


def bounded(program: Program) -> Certificate | None:
    """A proof that the program's values lie between two numbers; None if none is found."""
    known = propagate(program)
    range = known.ranges[program.output]
    if not known.defined[program.output] or not range.bounded:
        return None
    data = {"program": as_json(program), "claims": claims(known), "range": as_data(range)}
    return Certificate("range", data, (f"the value is between {_short(range.low)} and {_short(range.high)}",))


def lipschitz(program: Program) -> fmpq | None:
    """A proved upper bound of the Euclidean norm of the gradient, from the ranges of the partial derivatives.

    Returns:
        None where no finite bound is proved, which means nothing. A function with cases may jump, and has none.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> lipschitz(b.build(b.add("softplus", (b.variable(0),)), 1))
    1
    """
    jumps = any(op in _CASES for op, _, _ in program.instructions)
    if jumps or not derive(program)[program.output].defined:
        return None
    slopes, partials = gradient(program)
    facts = derive(slopes)
    total = ZERO
    for index in partials:
        bound = _largest(facts[index])
        if bound is None:
            return None
        total += bound * bound
    with ctx.workprec(BITS):
        root = arb(total).sqrt()
        return above(root)


def _largest(facts: Facts) -> fmpq | None:
    return magnitude(facts.range).high if facts.defined else None


def _short(x: fmpq | None) -> str:
    """A number for people: exact if short."""
    if x is None:
        return "infinity"
    text = str(x)
    return text if len(text) <= 12 else f"{float(x):.6g}"
