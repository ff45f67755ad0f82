"""`confirm` never refutes what is convex: random convex programs, affine ones, extreme points, broken programs."""

from __future__ import annotations

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.geometry.interval import POSITIVE
from lossaudit.geometry.program import Builder
from lossaudit.geometry.refute import confirm, refute

VARIABLES = 3

extreme = st.one_of(
    st.floats(-10, 10),
    st.floats(-1e-6, 1e-6),
    st.sampled_from([0.0, 1.0, -1.0, 20.0, 1e-300, -1e-300, 1e3, -1e3, 1e8, -1e8, 2.0**53, -(2.0**60)]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
points = st.tuples(*[extreme] * VARIABLES)
coefficients = st.one_of(
    st.fractions(-8, 8, max_denominator=7).map(lambda q: fmpq(q.numerator, q.denominator)),
    st.sampled_from([fmpq(10**9), fmpq(-1, 10**12), fmpq(0), fmpq(1)]),
)
weights = coefficients.map(abs)


@st.composite
def affine(draw, b):
    return b.linear([(draw(coefficients), b.variable(i)) for i in range(VARIABLES)], draw(coefficients))


@st.composite
def convex(draw, b, depth=2):
    """A convex function of the variables, by the textbook rules alone; no rule of the engine is used."""
    kind = draw(st.sampled_from(list(RULES if depth else LEAVES)))
    return (RULES if depth else LEAVES)[kind](draw, b, depth)


LEAVES = {
    "affine": lambda draw, b, _: draw(affine(b)),
    "square": lambda draw, b, _: b.power(draw(affine(b)), 2),
    "fourth power": lambda draw, b, _: b.power(draw(affine(b)), 4),
    "absolute": lambda draw, b, _: b.absolute(draw(affine(b))),
    "hinge": lambda draw, b, _: b.maximum([draw(affine(b)), b.constant(0)]),
    "softplus": lambda draw, b, _: b.add("softplus", (draw(affine(b)),)),
    "logsumexp": lambda draw, b, _: b.logsumexp([draw(affine(b)) for _ in range(3)]),
    "-log sigmoid": lambda draw, b, _: b.scale(-1, b.log(b.add("sigmoid", (draw(affine(b)),)))),
    "norm": lambda draw, b, _: b.power(
        b.linear([(1, b.power(draw(affine(b)), 2)), (1, b.power(draw(affine(b)), 2))], 1), fmpq(1, 2)
    ),
    "cases": lambda draw, b, _: _huber(b, draw(affine(b))),
    "hand-written cross-entropy": lambda draw, b, _: _cross_entropy(b, [draw(affine(b)) for _ in range(3)]),
}
RULES = {
    **LEAVES,
    "sum": lambda draw, b, d: b.linear([(draw(weights), draw(convex(b, d - 1))) for _ in range(2)], draw(coefficients)),
    "maximum": lambda draw, b, d: b.maximum([draw(convex(b, d - 1)) for _ in range(2)]),
    "exp": lambda draw, b, d: b.exp(draw(convex(b, d - 1))),
    "softplus of convex": lambda draw, b, d: b.add("softplus", (draw(convex(b, d - 1)),)),
    "square of nonnegative": lambda draw, b, d: b.power(b.maximum([draw(convex(b, d - 1)), b.constant(0)]), 2),
    "logsumexp of convex": lambda draw, b, d: b.logsumexp([draw(convex(b, d - 1)) for _ in range(2)]),
}


def _huber(b, x):
    size = b.absolute(x)
    return b.select(b.step(b.scale(1, size, -1)), b.scale(1, size, -fmpq(1, 2)), b.scale(fmpq(1, 2), b.power(x, 2)))


def _cross_entropy(b, z):
    exps = [b.exp(x) for x in z]
    return b.scale(-1, b.log(b.divide(exps[0], b.linear((1, e) for e in exps))))


@st.composite
def convex_programs(draw):
    b = Builder()
    return b.build(draw(convex(b)), VARIABLES)


@st.composite
def affine_programs(draw):
    b = Builder()
    terms = [draw(affine(b)) for _ in range(3)]
    # Affine, though not spelled so: max(x, y) + min(x, y), log(exp(x)), x^2 - (x - 1)^2 and the like.
    spelled = [
        b.linear(((1, b.maximum(terms[:2])), (1, b.minimum(terms[:2])))),
        b.linear(((1, b.power(terms[0], 2)), (-1, b.power(b.scale(1, terms[0], -1), 2)))),
        b.linear(((1, b.add("softplus", (terms[0],))), (-1, b.add("softplus", (b.scale(-1, terms[0]),))))),
        b.log(b.exp(terms[2])),
    ]
    return b.build(b.linear([(draw(coefficients), x) for x in (*terms, *spelled)]), VARIABLES)


@settings(max_examples=300, deadline=None)
@given(convex_programs(), points, points)
def test_no_pair_of_points_refutes_a_convex_function(program, a, b):
    assert confirm(program, a, b) is None


@settings(max_examples=150, deadline=None)
@given(convex_programs(), points, st.integers(-60, 60), st.tuples(*[st.integers(-4, 4)] * VARIABLES))
def test_no_thin_or_wide_segment_refutes_a_convex_function(program, centre, scale, direction):
    step = fmpq(2) ** scale
    at = [fmpq(*x.as_integer_ratio()) for x in centre]
    a = [x - step * d for x, d in zip(at, direction, strict=True)]
    b = [x + step * d for x, d in zip(at, direction, strict=True)]
    assert confirm(program, a, b) is None


@settings(max_examples=150, deadline=None)
@given(affine_programs(), points, points)
def test_no_affine_function_is_refuted_however_it_is_spelled(program, a, b):
    assert confirm(program, a, b) is None


@settings(max_examples=25, deadline=None)
@given(convex_programs())
def test_the_search_refutes_no_convex_function(program):
    assert refute(program) is None


@settings(max_examples=15, deadline=None)
@given(affine_programs())
def test_the_search_refutes_no_affine_function(program):
    assert refute(program) is None


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(convex_programs(), points, points)
def test_no_pair_of_points_refutes_a_convex_function_at_length(program, a, b):
    assert confirm(program, a, b) is None


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(convex_programs())
def test_the_deep_search_refutes_no_convex_function(program):
    assert refute(program, deep=True) is None


@settings(max_examples=100, deadline=None)
@given(points, points)
def test_a_confirmed_gap_is_a_lower_bound(a, b):
    # For -x.x the gap is |a - b|^2 / 4 exactly.
    builder = Builder()
    program = builder.build(
        builder.linear((-1, builder.power(builder.variable(i), 2)) for i in range(VARIABLES)), VARIABLES
    )
    exact = [fmpq(*x.as_integer_ratio()) - fmpq(*y.as_integer_ratio()) for x, y in zip(a, b, strict=True)]
    true = sum((d * d for d in exact), fmpq(0)) / 4
    found = confirm(program, a, b)
    if true == 0:
        assert found is None
    elif found is not None:
        assert 0 < found.gap <= true


@pytest.mark.parametrize(
    "write",
    [
        lambda b, x: b.log(x),  # concave, but not defined at the left point
        lambda b, x: b.power(x, fmpq(1, 2)),
        lambda b, x: b.linear(((0, b.log(x)), (-1, b.power(x, 2)))),  # a term that cancels still restricts the domain
        lambda b, x: b.multiply(b.log(x), b.constant(0)),
        lambda b, x: b.exp(b.scale(-1, b.log(b.scale(0, x)))),
        lambda b, x: b.plus(b.power(x, 3), b.opaque("unknown", (x,))),
        lambda b, x: b.add("max", (b.power(x, 3), b.infinity(1))),
    ],
)
def test_where_the_function_has_no_value_nothing_is_refuted(write):
    b = Builder()
    program = b.build(write(b, b.variable(0)), 1)
    assert confirm(program, [-4], [2]) is None
    assert confirm(program, [-4], [8]) is None
    assert confirm(program, [-4], [4]) is None


def test_points_of_the_wrong_size_or_outside_the_domain_refute_nothing():
    b = Builder()
    program = b.build(b.scale(-1, b.power(b.variable(0), 2)), 1, domain=POSITIVE)
    assert confirm(program, [1], [2]) is not None
    assert confirm(program, [0], [2]) is None
    assert confirm(program, [1, 1], [2, 2]) is None
    assert confirm(program, [], []) is None
    assert confirm(program, [1], [1]) is None


def test_values_that_overflow_everything_refute_nothing_by_accident():
    b = Builder()
    x = b.variable(0)
    tower = b.build(b.exp(b.exp(b.exp(x))), 1)
    assert confirm(tower, [-2], [1000]) is None
    assert confirm(tower, [-1e300], [1e300]) is None
    assert refute(tower) is None


@pytest.mark.parametrize("op", ["exp", "softplus"])
def test_derivatives_that_overflow_refute_nothing(op):
    b = Builder()
    steep = b.linear([(10**9, b.variable(i)) for i in range(VARIABLES)], 10**9)
    assert refute(b.build(b.add(op, (steep,)), VARIABLES), deep=True) is None


@settings(max_examples=60, deadline=None)
@given(extreme, extreme)
def test_steps_jump_exactly_where_they_jump(a, b):
    # The convex indicator-like hinge written by cases: x > 0 ? x : 0, and with >=.
    for closed in (False, True):
        builder = Builder()
        x = builder.variable(0)
        relu = builder.build(builder.select(builder.step(x, closed=closed), x, builder.constant(0)), 1)
        assert confirm(relu, [a], [b]) is None
