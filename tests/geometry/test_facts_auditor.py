"""An auditor attacks every declared fact of every primitive in ball arithmetic, and notices any single false one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from flint import arb, ctx, fmpq

from lossaudit.geometry.evaluate import balls
from lossaudit.geometry.interval import Interval, rational
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.primitives.primitive import Curvature, Primitive
from lossaudit.geometry.program import Builder

BITS = 300
TINY = fmpq(1, 1 << 40)
ENDS = sorted(
    fmpq(*pair)
    for pair in [
        (-1000, 1),
        (-314160, 100000),
        (-2, 1),
        (-157080, 100000),
        (-1, 1),
        (-1, 2),
        (-1, 10**11),
        (0, 1),
        (1, 10**11),
        (36787, 100000),  # 1/e is between this and the next
        (36788, 100000),
        (1, 2),
        (1, 1),
        (146163, 100000),  # lgamma is least between this and the next
        (146164, 100000),
        (157079, 100000),  # pi/2 is between this and the next
        (157080, 100000),
        (2, 1),
        (314159, 100000),  # pi is between this and the next
        (314160, 100000),
        (7, 1),
        (1000, 1),
    ]
)
CONSTANTS = {
    "power": [
        (fmpq(p, q),)
        for p, q in [(-3, 1), (-2, 1), (-1, 1), (-1, 2), (0, 1), (1, 3), (1, 2), (1, 1), (3, 2), (2, 1), (3, 1), (4, 1)]
    ]
    + [(rational(0.1),), (rational(-0.1),), (rational(2.7),)],
    "huber": [(fmpq(1),), (fmpq(1, 2),)],
}
LINEAR = [
    (fmpq(2), fmpq(-3), fmpq(1)),
    (fmpq(0), fmpq(1), fmpq(0)),
    (fmpq(0), fmpq(0), fmpq(5)),
    (rational(1e-11), fmpq(-1, 7), fmpq(0)),
]
ARITY = {"linear": 2, "multiply": 2, "max": 3, "logsumexp": 3, "select": 3}

Box = list[Interval]
Point = tuple[fmpq, ...]


def choices(name: str) -> Sequence[tuple[fmpq, ...]]:
    return LINEAR if name == "linear" else CONSTANTS.get(name, [()])


def intervals(rng: random.Random) -> Iterator[Interval]:
    """Intervals with ends of all kinds: between neighbours, around kinks, infinite, single points."""
    yield Interval()
    for low, high in pairwise(ENDS):
        yield Interval(low, high, rng.random() < 0.5, rng.random() < 0.5)
    for end in ENDS:
        yield Interval(end, None, rng.random() < 0.5)
        yield Interval(None, end, True, rng.random() < 0.5)
        yield Interval(end, end, False, False)
    zero = fmpq(0)
    for open_ in (True, False):
        yield Interval(zero, None, open_)
        yield Interval(None, zero, True, open_)
        yield Interval(zero, fmpq(1), open_, open_)
    for _ in range(25):
        low, high = sorted(rng.sample(ENDS, 2))
        yield Interval(low, high, rng.random() < 0.5, rng.random() < 0.5)


def boxes(name: str, rng: random.Random) -> Iterator[Box]:
    arity = ARITY.get(name, 1)
    pool = list(intervals(rng))
    if name == "select":  # its condition is 0 or 1
        conditions = [Interval(fmpq(a), fmpq(b), False, False) for a, b in [(0, 1), (0, 0), (1, 1)]]
        for _ in range(60):
            yield [rng.choice(conditions), rng.choice(pool), rng.choice(pool)]
    elif arity == 1:
        for x in pool:
            yield [x]
    else:
        yield [Interval()] * arity
        for _ in range(45):
            yield [rng.choice(pool) for _ in range(arity)]


def members(x: Interval, rng: random.Random) -> list[fmpq]:
    """Members near and at the ends, at the usual kinks, far out, and random ones."""
    low = x.low if x.low is not None else (fmpq(-1000) if x.high is None else x.high - 1000)
    high = x.high if x.high is not None else (fmpq(1000) if x.low is None else x.low + 1000)
    width = high - low
    found = [low, low + width * TINY, high - width * TINY, high, low + width / 2]
    found += [low + width * fmpq(rng.randrange(1, 1 << 20), 1 << 20) for _ in range(4)]
    found += [fmpq(0), TINY, -TINY, *rng.sample(ENDS, 4)]
    if x.low is None:
        found += [high - 1, high - 20]
    if x.high is None:
        found += [low + 1, low + 20]
    return [v for v in found if x.contains(v)]


def points(name: str, box: Box, rng: random.Random) -> list[Point]:
    if name == "select":
        conditions = [v for v in (fmpq(0), fmpq(1)) if box[0].contains(v)]
        columns = [conditions, members(box[1], rng), members(box[2], rng)]
    else:
        columns = [members(x, rng) for x in box]
    if len(columns) == 1:
        return [(v,) for v in columns[0]]
    found = [tuple(rng.choice(column) for column in columns) for _ in range(30)]
    common = [v for v in columns[0] if all(v in column for column in columns)]
    return found + [(v,) * len(columns) for v in common[:3]]  # exact ties


class Attack:
    """What is wrong with one primitive: a generator of violations, each proved in balls."""

    def __init__(self, primitive: Primitive) -> None:
        self.primitive = primitive

    def value(self, point: Point, constants: tuple[fmpq, ...]) -> arb:
        return self.primitive.ball([arb(x) for x in point], constants)

    def violations(self) -> Iterator[str]:
        rng = random.Random(0)
        name = self.primitive.name
        for constants in choices(name):
            for box in boxes(name, rng):
                inside = points(name, box, rng)
                with ctx.workprec(BITS):
                    yield from self.on_box(box, constants, inside, rng)
            with ctx.workprec(2 * BITS):
                yield from self.kinks(constants)

    def on_box(self, box: Box, constants: tuple[fmpq, ...], inside: list[Point], rng: random.Random) -> Iterator[str]:
        finite = [self.value(x, constants).is_finite() for x in inside]
        if not self.primitive.defined(box, constants):
            if all(finite):
                yield f"called undefined on {box}, and is not"
            return
        if not all(finite):
            yield f"called defined on {box}, and is not"
            return
        yield from self.range(box, constants, inside)
        yield from self.monotone(box, constants, inside, rng)
        yield from self.curvature(box, constants, inside, rng)

    def range(self, box: Box, constants: tuple[fmpq, ...], inside: list[Point]) -> Iterator[str]:
        claimed = self.primitive.range(box, constants)
        for x in inside:
            value = self.value(x, constants)
            low, high = claimed.low, claimed.high
            if low is not None and (value < arb(low) or (claimed.low_open and value <= arb(low))):
                yield f"{value} at {x} is below {claimed}"
            if high is not None and (value > arb(high) or (claimed.high_open and value >= arb(high))):
                yield f"{value} at {x} is above {claimed}"

    def monotone(self, box: Box, constants: tuple[fmpq, ...], inside: list[Point], rng: random.Random) -> Iterator[str]:
        for place, direction in enumerate(self.primitive.monotone(box, constants)):
            if direction:
                for x, y in self.pairs(inside, rng):
                    moved = (*x[:place], y[place], *x[place + 1 :])
                    change = (self.value(moved, constants) - self.value(x, constants)) * direction
                    if (moved[place] > x[place] and change < 0) or (moved[place] < x[place] and change > 0):
                        yield f"argument {place} goes the other way between {x} and {moved}"

    def curvature(
        self, box: Box, constants: tuple[fmpq, ...], inside: list[Point], rng: random.Random
    ) -> Iterator[str]:
        claimed = self.primitive.curvature(box, constants)
        if not claimed:
            return
        for x, y in self.pairs(inside, rng):
            middle = tuple((u + v) / 2 for u, v in zip(x, y, strict=True))
            ends = self.value(x, constants), self.value(y, constants)
            gap = self.value(middle, constants) - (ends[0] + ends[1]) / 2
            if (claimed & Curvature.CONVEX and gap > 0) or (claimed & Curvature.CONCAVE and gap < 0):
                yield f"not {claimed!r} between {x} and {y} in {box}"
            if claimed == Curvature.CONSTANT and (ends[0] < ends[1] or ends[1] < ends[0]):
                yield f"not constant between {x} and {y} in {box}"

    @staticmethod
    def pairs(inside: list[Point], rng: random.Random) -> Iterator[tuple[Point, Point]]:
        shuffled = rng.sample(inside, len(inside))
        yield from pairwise(shuffled)
        yield from pairwise(sorted(inside))

    def kinks(self, constants: tuple[fmpq, ...]) -> Iterator[str]:
        """The second difference over h^2 tends to the same from both sides exactly where there is no kink."""
        if ARITY.get(self.primitive.name, 1) > 1:
            return
        declared = self.primitive.kinks(constants)
        h = TINY * TINY
        for x in [*ENDS, *declared, *constants, *(-c for c in constants)]:
            around = [self.value((x + k * h,), constants) for k in range(-3, 4)]
            if not all(v.is_finite() for v in around):
                continue
            left = (around[0] - 2 * around[1] + around[2]) / arb(h * h)
            right = (around[4] - 2 * around[5] + around[6]) / arb(h * h)
            centre = (around[2] - 2 * around[3] + around[4]) / arb(h * h)
            jump = (abs(left - right) + abs(left - centre)) / (1 + abs(left) + abs(right))
            smooth = jump < arb(1) / 8
            if x in declared and smooth:
                yield f"there is no kink at {x}"
            if x not in declared and jump > arb(1) / 8:
                yield f"there is a kink at {x}"


def first_violation(primitive: Primitive) -> str | None:
    return next(Attack(primitive).violations(), None)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_no_declared_fact_is_false(name: str) -> None:
    assert first_violation(PRIMITIVES[name]) is None


def other_ends(fact: Callable[..., Interval], which: str) -> Callable[..., Interval]:
    """The range with one end moved inside."""

    def moved(ranges: Sequence[Interval], constants: Sequence[fmpq]) -> Interval:
        x = fact(ranges, constants)
        step = fmpq(1, 4) if x.low is None or x.high is None else (x.high - x.low) / 4
        if which == "low":
            anchor = x.low if x.low is not None else (x.high - 1 if x.high is not None else fmpq(-1, 2))
            return replace(x, low=anchor + step, low_open=False)
        anchor = x.high if x.high is not None else (x.low + 1 if x.low is not None else fmpq(1, 2))
        return replace(x, high=anchor - step, high_open=False)

    return moved


def opened(fact: Callable[..., Interval]) -> Callable[..., Interval]:
    def without_ends(ranges: Sequence[Interval], constants: Sequence[fmpq]) -> Interval:
        return replace(fact(ranges, constants), low_open=True, high_open=True)

    return without_ends


def mutations(p: Primitive) -> Iterator[tuple[str, Primitive]]:
    """The primitive with one declared fact turned round."""
    swap = {Curvature.CONVEX: Curvature.CONCAVE, Curvature.CONCAVE: Curvature.CONVEX}
    empty = {Curvature.UNKNOWN: Curvature.CONVEX}
    if p.expansion is None:
        if p.name not in ("linear", "select", "step", "step_closed", "multiply"):
            yield "curvature turned", replace(p, curvature=lambda r, c: swap.get(p.curvature(r, c), p.curvature(r, c)))
        if p.name not in ("linear", "exp", "log", "max", "abs", "xlogx", "lgamma"):
            yield (
                "curvature invented",
                replace(p, curvature=lambda r, c: empty.get(p.curvature(r, c), p.curvature(r, c))),
            )
        if p.name in ("abs", "linear", "select"):
            yield "called constant", replace(p, curvature=lambda r, c: p.curvature(r, c) and Curvature.CONSTANT)
        if p.name == "abs":
            yield "always affine", replace(p, curvature=lambda r, c: Curvature.AFFINE)
    yield "monotone turned", replace(p, monotone=lambda r, c: tuple(-d for d in p.monotone(r, c)))
    if p.name not in ("linear", "exp", "log", "max", "erf", "atan", "step", "step_closed") and p.expansion is None:
        yield "monotone invented", replace(p, monotone=lambda r, c: tuple(d or 1 for d in p.monotone(r, c)))
    yield "low end", replace(p, range=other_ends(p.range, "low"))
    yield "high end", replace(p, range=other_ends(p.range, "high"))
    if p.name not in ("sin", "cos", "softplus", "logsumexp"):  # rational ends that are reached
        yield "ends opened", replace(p, range=opened(p.range))
    yield "defined turned", replace(p, defined=lambda r, c: not p.defined(r, c))
    if p.name in ("log", "power", "xlogx", "lgamma"):
        yield "defined everywhere", replace(p, defined=lambda r, c: True)
    if p.kinks(choices(p.name)[0]):
        yield "kinks forgotten", replace(p, kinks=lambda c: ())
    elif ARITY.get(p.name, 1) == 1:
        yield "kink invented", replace(p, kinks=lambda c: (fmpq(1),))


@pytest.mark.parametrize(
    ("what", "mutant"), [pytest.param(w, m, id=f"{p.name}: {w}") for p in PRIMITIVES.values() for w, m in mutations(p)]
)
def test_a_single_false_fact_is_noticed(what: str, mutant: Primitive) -> None:
    assert first_violation(mutant) is not None


@pytest.mark.parametrize("name", [p.name for p in PRIMITIVES.values() if p.expansion is not None])
def test_an_expansion_is_the_function_itself(name: str) -> None:
    primitive = PRIMITIVES[name]
    rng = random.Random(1)
    for constants in choices(name):
        for _ in range(40):
            point = [fmpq(rng.randrange(-4000, 4000), 100) for _ in range(ARITY.get(name, 1))]
            builder = Builder()
            variables = [builder.variable(i) for i in range(len(point))]
            output = primitive.expansion(builder, variables, constants)
            program = builder.build(output, len(point))
            with ctx.workprec(BITS):
                exact = [arb(x) for x in point]
                expanded = balls(program, exact, BITS)[program.output]
                difference = primitive.ball(exact, constants) - expanded
                assert difference.contains(0)
                assert difference.rad() < arb(2) ** -200


def test_composites_declare_no_curvature() -> None:
    """Theirs is proved from the expansion, so that nothing about cross-entropy is merely declared."""
    for primitive in PRIMITIVES.values():
        if primitive.expansion is not None:
            box = [Interval(fmpq(0), fmpq(1))] * ARITY.get(primitive.name, 1)
            assert primitive.curvature(box, choices(primitive.name)[0]) == Curvature.UNKNOWN


def test_every_primitive_says_why() -> None:
    assert all(primitive.source for primitive in PRIMITIVES.values())
