"""Functions of all probabilities: proofs against eigenvalues of Hessians in float64, and closed forms."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.geometry.evaluate import floats, gradient
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.ring import prove_by_ring
from lossaudit.geometry.ring.simplex import RELAXATIONS, Simplex, prove_nonnegative, relax


def softmax(classes: int) -> tuple[Builder, list[int], list[int], list[int]]:
    b = Builder()
    z = [b.variable(k) for k in range(classes)]
    total = b.logsumexp(z)
    log_p = [b.minus(x, total) for x in z]
    return b, z, log_p, [b.exp(x) for x in log_p]


def hessians(program: Program, points: np.ndarray) -> np.ndarray:
    first, partials = gradient(program)
    rows = []
    for index in partials:
        second, entries = gradient(Program(first.instructions, index, program.variables))
        values = floats(second, points)
        rows.append([np.broadcast_to(values[i], points.shape[1:]) for i in entries])
    return np.array(rows).transpose(2, 0, 1)


def spread(classes: int, n: int = 400, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(classes, n)) * rng.choice([0.3, 1, 3, 8], size=n)


def lowest(program: Program) -> float:
    return float(np.linalg.eigvalsh(hessians(program, spread(program.variables)))[:, 0].min())


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("c", [fmpq(1, 10), fmpq(-1, 10)])
def test_cross_entropy_with_a_small_penalty_on_squared_probabilities(classes, c):
    b, _, log_p, p = softmax(classes)
    program = b.build(b.linear([(-1, log_p[0]), *((c, b.power(x, 2)) for x in p)]), classes)
    assert prove_by_ring(program) is not None
    assert lowest(program) >= -1e-9


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_confidence_penalty_is_not_convex_and_its_opposite_is(classes):
    """Losses.md: CE - beta H is non-convex for every beta > 0; CE + beta H with a small beta is convex."""
    b, _, log_p, p = softmax(classes)
    for beta, convex in ((fmpq(-1, 10), False), (fmpq(1, 10), True)):
        entropy = [(-beta, b.multiply(x, y)) for x, y in zip(p, log_p, strict=True)]
        program = b.build(b.linear([(-1, log_p[0]), *entropy]), classes)
        assert (prove_by_ring(program) is not None) == convex
        if convex:
            assert lowest(program) >= -1e-9


def test_distillation_and_smoothing_with_a_polynomial_term():
    b, _, log_p, p = softmax(4)
    target = [fmpq(1, 2), fmpq(1, 4), fmpq(1, 8), fmpq(1, 8)]
    terms = [(-y, x) for y, x in zip(target, log_p, strict=True)]
    for eps, convex in ((1, True), (-1, True), (-3, False)):
        program = b.build(b.linear([*terms, *((-eps * y, x) for y, x in zip(target, p, strict=True))]), 4)
        assert (prove_by_ring(program) is not None) == convex
        assert (lowest(program) >= -1e-9) == convex


def test_a_quadratic_form_beside_the_probabilities():
    b, z, log_p, p = softmax(3)
    square = [(1, b.power(x, 2)) for x in z]
    cross = [(c, b.multiply(z[0], z[1])) for c in (2, 3)]
    for term, convex in ((cross[0], True), (cross[1], False)):  # z0^2 + z1^2 + c z0 z1 >= 0 iff |c| <= 2
        program = b.build(b.linear([(-1, log_p[0]), (-1, p[0]), *square, term]), 3)
        assert (prove_by_ring(program) is not None) == convex


def test_squares_of_logarithms_are_told_from_squares_of_logits():
    b, z, log_p, _ = softmax(3)
    squares = [(1, b.power(x, 2)) for x in log_p]
    program = b.build(b.linear([*squares, (1, b.power(z[0], 2))]), 3)
    certificate = prove_by_ring(program)
    assert certificate is not None
    assert certificate.data["quadratic"] == [[0, 0, "1"]]
    program = b.build(b.linear([*squares, (-1, b.power(z[0], 2))]), 3)
    assert prove_by_ring(program) is None


fractions = st.fractions(-1, 1, max_denominator=6).map(lambda f: fmpq(f.numerator, f.denominator))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proved_means_convex(data):
    """Random elements of the ring, most of them near cross-entropy."""
    classes = data.draw(st.sampled_from([2, 3, 4]))
    b, z, log_p, p = softmax(classes)
    scale = data.draw(st.sampled_from([fmpq(1), fmpq(1, 4), fmpq(1, 16)]))
    terms = [(-1, log_p[0])]
    for _ in range(data.draw(st.integers(1, 4))):
        factors = [data.draw(st.sampled_from([*p, *log_p, *p])) for _ in range(data.draw(st.integers(1, 3)))]
        product = factors[0]
        for factor in factors[1:]:
            product = b.multiply(product, factor)
        terms.append((scale * data.draw(fractions), product))
    if data.draw(st.booleans()):
        terms.append((data.draw(fractions), b.power(data.draw(st.sampled_from(z)), 2)))
    program = b.build(b.linear(terms), classes)
    if prove_by_ring(program) is not None:
        found = hessians(program, spread(classes, 200))
        size = np.maximum(1, np.abs(found).max(axis=(1, 2)))
        assert (np.linalg.eigvalsh(found)[:, 0] / size).min() >= -1e-9


@given(st.lists(st.tuples(st.integers(-4, 4), st.tuples(*[st.integers(0, 2)] * 6)), min_size=1, max_size=4), st.data())
def test_polynomials_proved_nonnegative_are(terms, data):
    space = Simplex(3)
    f = sum((space.polynomial({e: fmpq(c)}) for c, e in terms), space.ring.constant(0))
    logits = np.array(data.draw(st.lists(st.floats(-6, 6), min_size=3, max_size=3)))
    p = np.exp(logits - np.logaddexp.reduce(logits))
    point = np.concatenate([p, -np.log(p)])

    def at(g, values):
        return sum(float(c) * np.prod(values ** np.array(list(map(int, e)))) for e, c in g.to_dict().items())

    if prove_nonnegative(space, f) is not None:
        assert at(f, point) >= -1e-9
    for name in RELAXATIONS:
        slack = np.concatenate([p, -np.log(p) - (1 - p)]) if name == RELAXATIONS[1] else point
        assert at(relax(space, f, name), slack) <= at(f, point) + 1e-9 * (1 + abs(at(f, point)))
