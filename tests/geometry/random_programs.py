"""Random programs over all primitives, and an attack on whatever is derived of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from flint import arb, ctx, fmpq

from lossaudit.geometry.evaluate import balls
from lossaudit.geometry.facts import Facts
from lossaudit.geometry.interval import POSITIVE, REALS, Interval, rational
from lossaudit.geometry.primitives.primitive import Curvature
from lossaudit.geometry.program import Builder, Program

BITS = 400
TINY = fmpq(1, 1 << 60)
DOMAINS = (
    REALS,
    REALS,
    POSITIVE,
    Interval(None, fmpq(0), True, False),
    Interval(fmpq(0), fmpq(1), False, False),
    Interval(fmpq(0), fmpq(1)),
    Interval(fmpq(1), fmpq(5), False, False),
    Interval(fmpq(-1), fmpq(1), False, True),
)
COEFFICIENTS = [fmpq(p, q) for p, q in [(1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (0, 1)]] + [
    rational(1e-11),
    rational(-1e-11),
]
BIASES = [fmpq(0)] * 4 + [fmpq(1), fmpq(-1), fmpq(1, 2), fmpq(2)]
EXPONENTS = [
    fmpq(p, q) for p, q in [(2, 1), (2, 1), (-1, 1), (-1, 1), (1, 2), (3, 1), (-2, 1), (4, 1), (-1, 2), (3, 2)]
]
UNARY = ["exp", "log", "softplus", "sigmoid", "tanh", "abs", "erf", "xlogx", "atan", "sin", "cos", "lgamma", "step"]
WEIGHTS = [6, 5, 3, 4, 1, 3, 2, 1, 1, 1, 1, 1, 1]


def random_program(seed: int, size: int = 9) -> Program:
    """A program with related parts: quotients of sums, differences from their maxima, complements, squares."""
    rng = random.Random(seed)
    b = Builder()
    n = rng.randrange(1, 4)
    pool = [b.variable(i) for i in range(n)]

    def pick() -> int:
        return rng.choice(pool[-4:] if rng.random() < 0.6 else pool)

    for _ in range(rng.randrange(2, size)):
        kind = rng.choices(range(16), [6, 8, 3, 3, 2, 2, 3, 3, 2, 2, 2, 1, 2, 2, 2, 2])[0]
        x, y = pick(), pick()
        if kind == 0:
            args = [pick() for _ in range(rng.randrange(1, 4))]
            made = b.linear([(rng.choice(COEFFICIENTS), a) for a in args], rng.choice(BIASES))
        elif kind == 1:
            made = b.add(rng.choices(UNARY, WEIGHTS)[0], (x,))
        elif kind == 2:
            made = b.multiply(x, y)
        elif kind == 3:
            made = b.power(x, rng.choice(EXPONENTS))
        elif kind == 4:
            made = b.maximum([x, y, *([b.constant(0)] if rng.random() < 0.5 else [])])
        elif kind == 5:
            made = b.logsumexp([x, y, *([b.constant(0)] if rng.random() < 0.3 else [])])
        elif kind == 6:  # a part of a sum
            scale = rng.choice([fmpq(1), fmpq(1), fmpq(2), fmpq(1, 2)])
            made = b.divide(x, b.linear([(scale, x), (1, y)], rng.choice([fmpq(0), fmpq(1), fmpq(-1)])))
        elif kind == 7:  # a difference from what is above it
            above = rng.choice([b.logsumexp([x, y]), b.maximum([x, y]), b.add("softplus", (x,)), b.absolute(x)])
            made = b.linear([(rng.choice([1, 2, -1]), x), (rng.choice([-1, -2, 1]), above)])
        elif kind == 8:  # a complement
            made = b.scale(-1, x, 1)
        elif kind == 9:  # a sum of squares and products
            made = b.linear(
                [
                    (rng.choice(COEFFICIENTS), b.power(x, 2)),
                    (rng.choice(COEFFICIENTS), b.multiply(x, y)),
                    (rng.choice(COEFFICIENTS), b.power(y, 2)),
                ]
            )
        elif kind == 10:  # beside log(1 + exp(-|x|))
            even = b.add("softplus", (b.scale(rng.choice([-1, -2]), b.absolute(x)),))
            kink = rng.choice([b.absolute(x), b.maximum([x, b.constant(0)]), b.maximum([x, y])])
            made = b.linear([(rng.choice(COEFFICIENTS), kink), (rng.choice(COEFFICIENTS), even)])
        elif kind == 11:
            made = b.select(b.step(x), y, pick())
        elif kind == 12:  # between two values of one function
            op, width = rng.choice(["sigmoid", "tanh", "erf", "atan"]), rng.choice([fmpq(1), fmpq(1, 4), fmpq(-1)])
            upper = b.scale(1, x, width) if rng.random() < 0.7 else b.linear([(1, x), (width, y)])
            made = b.minus(b.add(op, (upper,)), b.add(op, (x,)))
        elif kind == 13:  # against its mirror image
            mirror = b.scale(rng.choice([-1, -1, -2]), x)
            parts = [b.add("softplus", (x,)), b.logsumexp([mirror, b.constant(0)]), b.maximum([mirror, b.constant(0)])]
            made = b.linear([(rng.choice(COEFFICIENTS), part) for part in parts])
        elif kind == 14:  # beside a largest value that holds it
            held = b.maximum([b.linear([(rng.choice([1, -1]), x), (rng.choice([1, -1]), y)]), b.constant(1)])
            made = b.linear([(rng.choice([1, -1, 2]), x), (rng.choice([1, 1, -1]), held)])
        else:  # entropies
            ratio = rng.choice([x, b.divide(x, y)])
            made = b.multiply(x, b.log(ratio))
        pool.append(made)
    return b.build(pool[-1], n, domain=rng.choice(DOMAINS))


def members(domain: Interval, rng: random.Random) -> fmpq:
    scale = rng.choice([fmpq(1, 1024), fmpq(1), fmpq(1), fmpq(4), fmpq(30)])
    unit = fmpq(rng.randrange(1, 1 << 10), 1 << 10)
    if domain.low is not None and domain.high is not None:
        return domain.low + (domain.high - domain.low) * unit
    if domain.low is not None:
        return domain.low + scale * unit
    if domain.high is not None:
        return domain.high - scale * unit
    return scale * (2 * unit - 1)


def contradictions(program: Program, facts: Sequence[Facts], seed: int, points: int = 6) -> Iterator[str]:
    """Facts that are false, proved so in balls at exact points."""
    rng = random.Random(seed)
    with ctx.workprec(BITS):
        xs = [[members(program.domain, rng) for _ in range(program.variables)] for _ in range(points)]
        for i in range(1, points, 2):  # some chords along one axis, some between ties
            keep = rng.randrange(program.variables)
            xs[i] = [v if j == keep else w for j, (v, w) in enumerate(zip(xs[i], xs[i - 1], strict=True))]
        if rng.random() < 0.3:
            xs[0] = [xs[0][0]] * program.variables
        at = [balls(program, [arb(v) for v in x], BITS) for x in xs]
        chords = [(i, j) for i in range(points) for j in range(i)]
        middles = {
            (i, j): balls(program, [arb((v + w) / 2) for v, w in zip(xs[i], xs[j], strict=True)], BITS)
            for i, j in chords
        }
        for index, fact in enumerate(facts):
            if not fact.defined:
                continue
            values = [v[index] for v in at]
            inputs = [[v[a] for a in program.instructions[index].args] for v in at]
            if any(
                not value.is_finite() and all(abs(x) < 10**6 and (abs(x) > TINY or x.is_exact()) for x in given)
                for value, given in zip(values, inputs, strict=True)
            ):
                yield f"no value: instruction {index}, {program.instructions[index].op}"
            where = f"instruction {index}, {program.instructions[index].op} ({fact})"
            for value in values:
                if not value.is_finite():
                    continue
                low, high = fact.range.low, fact.range.high
                if low is not None and (value < arb(low) or (fact.range.low_open and value <= arb(low))):
                    yield f"{value} too low: {where}"
                if high is not None and (value > arb(high) or (fact.range.high_open and value >= arb(high))):
                    yield f"{value} too high: {where}"
            for i, j in chords:
                ends_middle = values[i], values[j], middles[i, j][index]
                yield from _bent(fact.curvature, *ends_middle, where)
                if fact.log:
                    yield from _bent(fact.log, *(v.log() for v in ends_middle), f"log of {where}")
                if fact.complement:
                    yield from _bent(fact.complement, *((1 - v).log() for v in ends_middle), f"log(1 - f) of {where}")


def _bent(curvature: Curvature, x: arb, y: arb, middle: arb, where: str) -> Iterator[str]:
    gap = middle - (x + y) / 2
    if curvature & Curvature.CONVEX and gap > 0:
        yield f"not convex: {where}"
    if curvature & Curvature.CONCAVE and gap < 0:
        yield f"not concave: {where}"
    if curvature == Curvature.CONSTANT and (x < y or y < x):
        yield f"not constant: {where}"
