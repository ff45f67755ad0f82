"""Laws of the piecewise route: it decides piecewise quadratics, and nothing that it proves is contradicted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import arb, ctx, fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.geometry.evaluate import balls
from lossaudit.geometry.piecewise import non_convex_joint, prove_by_pieces
from lossaudit.geometry.piecewise.form import ONE, ZERO, Form, U, at, ball, derivative, exp, log, number, power
from lossaudit.geometry.piecewise.polynomial import is_nonnegative, roots_inside, strict_sign
from lossaudit.geometry.piecewise.sign import Split, sign
from lossaudit.geometry.program import Builder, Program

fractions = st.fractions(min_value=-5, max_value=5, max_denominator=12)
small = st.sampled_from([Fraction(0), Fraction(0), Fraction(1), Fraction(1, 10**11), Fraction(-1, 10**11), Fraction(2)])
mostly_rising = st.sampled_from([Fraction(0), Fraction(0), Fraction(1), Fraction(3, 7), Fraction(1, 10**9)])


def exact(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


@dataclass(frozen=True)
class Quadratics:
    """On each piece a (u - s)^2 + b (u - s) + c, with s the piece's left end (0 for the first)."""

    breakpoints: tuple[Fraction, ...]
    coefficients: tuple[tuple[Fraction, Fraction, Fraction], ...]

    def start(self, k: int) -> Fraction:
        return self.breakpoints[k - 1] if k else (self.breakpoints[0] if self.breakpoints else Fraction(0))

    def is_convex(self) -> bool:
        """Second differences inside, value and slope at the joints, all in exact fractions."""
        if any(a < 0 for a, _, _ in self.coefficients):
            return False
        for k, point in enumerate(self.breakpoints):
            (a, b, c), (_, slope, value) = self.coefficients[k], self.coefficients[k + 1]
            d = point - self.start(k)
            if a * d * d + b * d + c != value or 2 * a * d + b > slope:
                return False
        return True


@st.composite
def quadratics(draw: st.DrawFn) -> Quadratics:
    """Convex more often than not, and if not, by a little."""
    points = tuple(sorted(draw(st.sets(fractions, max_size=4))))
    b, c = draw(fractions), draw(fractions)
    rows = [(draw(st.sampled_from([Fraction(0), Fraction(1), Fraction(2, 3)])), b, c)]
    for k, point in enumerate(points):
        start = points[k - 1] if k else points[0]
        a, b, c = rows[-1]
        d = point - start
        jump = draw(mostly_rising)
        rows.append(
            (
                draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(4)])),
                2 * a * d + b + jump,
                a * d * d + b * d + c,
            )
        )
    if draw(st.booleans()):
        k = draw(st.integers(0, len(rows) - 1))
        a, b, c = rows[k]
        da, db, dc = draw(small), draw(small), draw(small)
        rows[k] = (a + da, b + db, c + dc)
    return Quadratics(points, tuple(rows))


def as_select(f: Quadratics, strict: list[bool]) -> Program:
    """Nested where, from right to left; conditions are <= or <."""
    builder = Builder()
    u = builder.variable(0)

    def piece(k: int) -> int:
        a, b, c = map(exact, f.coefficients[k])
        v = builder.scale(1, u, -exact(f.start(k)))
        return builder.linear([(a, builder.power(v, 2)), (b, v)], c)

    total = piece(len(f.breakpoints))
    for k in reversed(range(len(f.breakpoints))):
        left = builder.step(builder.scale(-1, u, exact(f.breakpoints[k])), closed=not strict[k])
        total = builder.select(left, piece(k), total)
    return builder.build(total, 1)


@given(f=quadratics(), strict=st.lists(st.booleans(), min_size=4, max_size=4))
@settings(max_examples=300, deadline=None)
def test_piecewise_quadratics_are_proved_exactly_when_they_are_convex(f: Quadratics, strict: list[bool]) -> None:
    program = as_select(f, strict)
    has_cases = any(i.op == "select" for i in program.instructions)
    assert (prove_by_pieces(program) is not None) == (f.is_convex() and has_cases)


@given(f=quadratics(), strict=st.lists(st.booleans(), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_joint_that_is_reported_lies_below_the_graph(f: Quadratics, strict: list[bool]) -> None:
    ends = non_convex_joint(as_select(f, strict))
    assert ends is None or not f.is_convex()


@given(
    roots=st.lists(fractions, min_size=1, max_size=5),
    low=st.none() | fractions,
    width=st.none() | st.fractions(min_value=Fraction(1, 10), max_value=6, max_denominator=10),
)
def test_signs_of_polynomials_with_known_roots(
    roots: list[Fraction], low: Fraction | None, width: Fraction | None
) -> None:
    """prod (u - r_i) (u^2 + 1): its sign left of the roots to the right of a point is known."""
    high = None if low is None or width is None else low + width
    p = fmpq_poly([1, 0, 1])
    for root in roots:
        p *= fmpq_poly([-exact(root), 1])
    ends = (None if low is None else exact(low), None if high is None else exact(high))
    inside = {r for r in roots if (low is None or r > low) and (high is None or r < high)}
    assert roots_inside(p, *ends) == len(inside)
    right = sum(1 for r in roots if high is not None and r >= high)
    even = all(roots.count(r) % 2 == 0 for r in inside)
    assert is_nonnegative(p, *ends) == (even and right % 2 == 0)
    assert strict_sign(p, *ends) == (None if inside else (-1) ** right)


# Random forms against balls.


def _random_form(rng: random.Random, depth: int) -> Form:
    if depth == 0:
        return Form(U.terms) if rng.random() < 0.6 else number(fmpq(rng.randint(-4, 4), rng.randint(1, 3)))
    x = _random_form(rng, depth - 1)
    y = _random_form(rng, depth - 1)
    positive = exp(x) + number(fmpq(rng.randint(1, 3), 2))
    return rng.choice(
        [
            lambda: x + y.scaled(fmpq(-1, 2)),
            lambda: x * y,
            lambda: exp(x.scaled(fmpq(1, 2))),
            lambda: log(positive),
            lambda: power(positive, fmpq(rng.choice([-1, -2, 2]))),
            lambda: power(positive, fmpq(rng.choice([-3, -1, 1, 3]), 2)),
        ]
    )()


@pytest.mark.parametrize("seed", range(40))
def test_derivatives_of_forms_agree_with_difference_quotients(seed: int) -> None:
    rng = random.Random(seed)
    form = _random_form(rng, 3)
    u, h = arb(5) / 16, arb(2) ** -60
    with ctx.workprec(400):
        quotient = (ball(form, u + h) - ball(form, u - h)) / (2 * h)
        exactly = ball(derivative(form), u)
        scale = 1 + abs(exactly) + abs(ball(derivative(derivative(derivative(form))), u))
        assert not exactly.is_finite() or abs(quotient - exactly) < scale * arb(2) ** -80


@pytest.mark.parametrize("seed", range(40))
def test_a_form_at_a_rational_point_is_its_value(seed: int) -> None:
    rng = random.Random(seed)
    form = _random_form(rng, 3)
    value = at(form, fmpq(2, 3))
    assert value is not None
    assert value.is_constant
    assert ball(value, arb(0)).overlaps(ball(form, arb(fmpq(2, 3))))


def test_equal_functions_are_written_alike() -> None:
    """log(1 + e^-u) + u = log(1 + e^u), sigmoid(-u) = 1 - sigmoid(u), log 6 = log 2 + log 3, sqrt 8 = 2 sqrt 2."""
    assert log(ONE + exp(-U)) + U == log(ONE + exp(U))
    left = power(ONE + exp(U), fmpq(-1))
    right = ONE - power(ONE + exp(-U), fmpq(-1))
    assert sign(left - right, None, None) == 0
    assert log(number(6)) == log(number(2)) + log(number(3))
    assert power(number(8), fmpq(1, 2)) == power(number(2), fmpq(1, 2)).scaled(fmpq(2))
    assert exp(log(number(2)).scaled(fmpq(3))) == number(8)
    assert log(exp(U) + exp(U)) == U + log(number(2))


def test_conditions_that_are_not_polynomial() -> None:
    """sigmoid(u) > 1/2, e^u > 1, log u > 0 all change at a rational point; e^u > 2 does not."""
    half = power(ONE + exp(-U), fmpq(-1)) - number(fmpq(1, 2))
    assert sign(half, None, None) == Split(frozenset({fmpq(0)}))
    assert sign(exp(U.scaled(fmpq(3))) - ONE, None, None) == Split(frozenset({fmpq(0)}))
    assert sign(log(U), fmpq(0), None) == Split(frozenset({fmpq(1)}))
    assert sign(exp(U) - number(2), None, None) is None
    assert sign(exp(U) + number(2), None, None) == 1
    assert sign(ZERO, None, None) == 0


# Random programs: whatever is proved holds at random chords.


_MAKERS: list[Callable[[Builder, Callable[[], fmpq], int, int, int], int]] = [
    lambda b, c, x, y, z: b.linear([(c(), x), (c(), y)], c()),
    lambda b, c, x, y, z: b.absolute(x),
    lambda b, c, x, y, z: b.maximum([x, b.scale(c(), y, c())]),
    lambda b, c, x, y, z: b.minimum([x, b.constant(c())]),
    lambda b, c, x, y, z: b.select(b.step(b.scale(c(), x, c())), y, z),
    lambda b, c, x, y, z: b.select(b.step(b.scale(c(), x, c()), closed=True), y, z),
    lambda b, c, x, y, z: b.multiply(x, y),
    lambda b, c, x, y, z: b.power(x, 2),
    lambda b, c, x, y, z: b.power(x, 3),
    lambda b, c, x, y, z: b.power(x, fmpq(3, 2)),
    lambda b, c, x, y, z: b.power(x, -1),
    lambda b, c, x, y, z: b.exp(b.scale(fmpq(1, 2), x)),
    lambda b, c, x, y, z: b.add("softplus", (x,)),
    lambda b, c, x, y, z: b.add("sigmoid", (x,)),
    lambda b, c, x, y, z: b.log(b.scale(1, b.exp(x), 1)),
    lambda b, c, x, y, z: b.log(x),
    lambda b, c, x, y, z: b.add("xlogx", (b.absolute(x),)),
]


def _random_program(rng: random.Random) -> Program:
    b = Builder()
    values = [b.variable(0)]

    def constant() -> fmpq:
        return fmpq(rng.randint(-6, 6), rng.choice([1, 2, 3]))

    for _ in range(rng.randint(2, 6)):
        values.append(rng.choice(_MAKERS)(b, constant, *(rng.choice(values[-4:]) for _ in range(3))))
    return b.build(b.linear((constant(), v) for v in values[-3:]), 1)


def _contradicted(program: Program, rng: random.Random, tries: int) -> bool:
    points = [fmpq(rng.randint(-96, 96), rng.choice([12, 24, 96])) for _ in range(tries)]
    for a, b in pairwise(points):
        left, middle, right = (balls(program, [arb(x)], bits=200)[program.output] for x in (a, (a + b) / 2, b))
        if not (left.is_finite() and middle.is_finite() and right.is_finite()):
            return True  # proved convex means defined everywhere
        if middle - (left + right) / 2 > 0:
            return True
    return False


def _campaign(seeds: range) -> tuple[int, int]:
    proved = 0
    for seed in seeds:
        rng = random.Random(seed)
        program = _random_program(rng)
        if prove_by_pieces(program) is not None:
            proved += 1
            assert not _contradicted(program, rng, 30), (seed, program)
    return len(seeds), proved


def test_nothing_proved_is_contradicted() -> None:
    _, proved = _campaign(range(1500))
    assert proved > 30


@pytest.mark.slow
def test_nothing_proved_is_contradicted_at_length() -> None:
    _campaign(range(10_000, 110_000))
