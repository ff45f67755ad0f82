"""The margin lemma: thresholds known in closed form, and the iff against eigenvalues of Hessians in float64."""

import time
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from flint import fmpq, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lossaudit.geometry.evaluate import floats, gradient
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.ring import prove_by_margin, prove_by_ring
from lossaudit.geometry.ring.scalar import derivative, nonnegative, prove_nonnegative, value


class Softmax:
    """Logits, log-probabilities and probabilities of K classes, under construction."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.b = Builder()
        self.z = [self.b.variable(k) for k in range(classes)]
        total = self.b.logsumexp(self.z)
        self.log_p = [self.b.minus(z, total) for z in self.z]
        self.p = [self.b.exp(x) for x in self.log_p]

    def loss(self, terms: list, bias: int = 0) -> Program:
        return self.b.build(self.b.linear(terms, bias), self.classes)


def cross_entropy_plus(classes: int, extra) -> Program:
    """-log p_0 + extra(builder, p_0, log p_0), a list of terms."""
    s = Softmax(classes)
    return s.loss([(-1, s.log_p[0]), *extra(s.b, s.p[0], s.log_p[0])])


def poly1(eps, b, p, log_p):
    return [(-fmpq(eps), p)]


def square(c, b, p, log_p):
    return [(fmpq(c), b.power(b.scale(-1, p, 1), 2))]


def smallest_eigenvalue(program: Program, points: np.ndarray) -> np.ndarray:
    """Smallest eigenvalue of the Hessian at each column of `points`."""
    first, partials = gradient(program)
    rows = []
    for index in partials:
        second, entries = gradient(Program(first.instructions, index, program.variables))
        values = floats(second, points)
        rows.append([values[i] for i in entries])
    hessians = np.array(rows).transpose(2, 0, 1)
    return np.linalg.eigvalsh((hessians + hessians.transpose(0, 2, 1)) / 2)[:, 0]


def spread(classes: int, n: int = 400, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scale = rng.choice([0.3, 1, 3, 8], size=n)
    return rng.normal(size=(classes, n)) * scale


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize(
    ("extra", "convex"),
    [
        (lambda b, p, log_p: [], True),
        (partial(poly1, fmpq(1)), True),  # PolyLoss: convex iff |eps| <= 1
        (partial(poly1, fmpq(-1)), True),
        (partial(poly1, fmpq(101, 100)), False),
        (partial(poly1, fmpq(-101, 100)), False),
        (partial(poly1, fmpq(1) + fmpq(1, 10**30)), False),
        (partial(square, fmpq(1, 2)), True),  # convex iff 0 <= c <= 1/2, from h = 1 - 2c + 8cp - 6cp^2
        (partial(square, fmpq(51, 100)), False),
        (partial(square, fmpq(1, 2) + fmpq(1, 10**30)), False),
        (lambda b, p, log_p: [(1, b.power(log_p, 2))], True),  # increasing convex of convex
        (lambda b, p, log_p: [(1, b.power(p, -1))], True),  # log-convex
        (lambda b, p, log_p: [(fmpq(1, 5), b.exp(b.scale(fmpq(-1, 3), log_p)))], True),
    ],
)
def test_thresholds(classes, extra, convex):
    assert (prove_by_margin(cross_entropy_plus(classes, extra)) is not None) == convex


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_bounded_and_redescending_losses_are_not_proved(classes):
    s = Softmax(classes)
    y, p = s.log_p[0], s.p[0]
    wrong = s.b.scale(-1, p, 1)
    focal = s.loss([(-1, s.b.multiply(y, s.b.power(wrong, 2)))])
    focal_half = s.loss([(-1, s.b.multiply(y, s.b.power(wrong, fmpq(1, 2))))])
    gce = s.loss([(fmpq(-10, 7), s.b.exp(s.b.scale(fmpq(7, 10), y)))])
    mae = s.loss([(1, s.b.absolute(s.b.scale(1, p, -1))), *((1, s.b.absolute(x)) for x in s.p[1:])])
    brier = s.loss([(1, s.b.power(s.b.scale(1, x, -int(k == 0)), 2)) for k, x in enumerate(s.p)])
    unlikelihood = s.loss([(-1, s.b.log(wrong))])  # g is increasing: convex for two classes only
    for program in (focal, focal_half, gce, mae, brier):
        assert prove_by_margin(program) is None
        assert prove_by_ring(program) is None
        assert smallest_eigenvalue(program, spread(classes)).min() < -1e-6
    assert (prove_by_margin(unlikelihood) is not None) == (classes == 2)
    assert (smallest_eigenvalue(unlikelihood, spread(classes)).min() < -1e-2) == (classes > 2)


def test_the_spelling_does_not_matter():
    def programs():
        s = Softmax(3)
        yield s.loss([(-1, s.log_p[0]), (-1, s.p[0])], 1)
        yield s.loss([(-1, s.log_p[0]), (1, s.p[1]), (1, s.p[2])])  # sum of the others
        yield s.loss([(-1, s.log_p[0]), (1, s.b.absolute(s.b.scale(1, s.p[0], -1)))])
        b = Builder()
        z = [b.variable(k) for k in range(3)]
        exps = [b.exp(x) for x in z]
        p = b.divide(exps[0], b.linear([(1, e) for e in exps]))
        yield b.build(b.linear([(-1, b.log(p)), (-1, p)], 1), 3)
        top = b.maximum(z)  # the shift of stable softmaxes
        exps = [b.exp(b.minus(x, top)) for x in z]
        total = b.linear([(1, e) for e in exps])
        p = b.divide(exps[0], total)
        yield b.build(b.linear([(-1, b.minus(b.minus(z[0], top), b.log(total))), (-1, p)], 1), 3)

    for program in programs():
        certificate = prove_by_margin(program)
        assert certificate is not None
        assert certificate.data["program"]["output"] == program.output


@pytest.mark.parametrize("eps", [1, -1, fmpq(11, 10)])
def test_binary_spellings_of_poly1(eps):
    b = Builder()
    u = b.linear([(2, b.variable(0)), (-3, b.variable(1))], fmpq(1, 3))
    minus = b.scale(-1, u)
    sigmoid, softplus = b.add("sigmoid", (u,)), b.add("softplus", (minus,))
    written_out = b.power(b.scale(1, b.exp(minus), 1), -1)
    half_tanh = b.scale(fmpq(1, 2), b.add("tanh", (b.scale(fmpq(1, 2), u),)), fmpq(1, 2))
    for p in (sigmoid, written_out, half_tanh):
        for ce in (softplus, b.scale(-1, b.log(written_out)), b.scale(-1, b.log(sigmoid))):
            program = b.build(b.linear([(1, ce), (-eps, p)], eps), 2)
            assert (prove_by_margin(program) is not None) == (abs(eps) <= 1)


def test_affine_terms_and_several_logsumexps_are_harmless():
    s = Softmax(3)
    u = s.b.linear([(1, s.z[0]), (-1, s.z[2])])
    program = s.loss([(fmpq(-1, 3), x) for x in s.log_p] + [(7, s.z[1]), (2, s.b.add("softplus", (u,))), (-2, s.p[0])])
    assert prove_by_margin(program) is None  # 1 - p with weight 2 beside -log p with weight 1
    program = s.loss([(fmpq(-2, 3), x) for x in s.log_p] + [(7, s.z[1]), (2, s.b.add("softplus", (u,))), (-2, s.p[0])])
    assert prove_by_margin(program) is not None


def test_cross_entropy_with_many_classes_is_quick():
    s = Softmax(1000)
    program = s.loss([(-1, s.log_p[0])])
    start = time.perf_counter()
    assert prove_by_margin(program) is not None
    assert time.perf_counter() - start < 1


def test_what_is_not_of_this_form_is_left_alone():
    b = Builder()
    x, y = b.variable(0), b.variable(1)
    lse = b.logsumexp([x, y])
    for output in (
        b.power(x, 3),
        b.multiply(x, b.exp(b.minus(y, lse))),
        b.power(lse, 2),
        b.exp(lse),
        b.log(x),
        b.power(b.minus(x, lse), -1),
        b.power(b.minus(x, lse), fmpq(1, 2)),
        b.multiply(lse, b.add("softplus", (b.linear([(2, x), (1, y)]),))),
        b.linear([(0, b.log(x)), (1, lse)]),  # keeps the domain of the logarithm
        b.opaque("mystery", (lse,)),
        b.add("step", (lse,)),
        b.maximum([lse, x]),
    ):
        program = b.build(output, 2)
        assert prove_by_margin(program) is None
        assert prove_by_ring(program) is None


fractions = st.fractions(-2, 2, max_denominator=8).map(lambda f: fmpq(f.numerator, f.denominator))


@settings(max_examples=60, deadline=None)
@given(st.lists(fractions, min_size=1, max_size=4), fractions, fractions, st.sampled_from([2, 3, 6]))
def test_proved_is_convex_and_strictly_violated_is_not(powers, log_coefficient, mixed, classes):
    s = Softmax(classes)
    terms = [(c, s.b.power(s.p[0], k)) for k, c in enumerate(powers, 1)]
    terms += [(-abs(log_coefficient), s.log_p[0]), (mixed, s.b.multiply(s.p[0], s.log_p[0]))]
    program = s.loss(terms)
    certificate = prove_by_margin(program)
    lowest = smallest_eigenvalue(program, spread(classes))
    if certificate is not None:
        assert lowest.min() >= -1e-9
        return
    # g'' < 0 somewhere by closed form: then the Hessian is indefinite at some point with that p.
    p = np.linspace(0.002, 0.998, 499)
    h = sum(float(c) * k * p**k for k, c in enumerate(powers, 1)) - float(abs(log_coefficient))
    h = h + float(mixed) * p * (1 + np.log(p))
    slope = sum(float(c) * k * k * p ** (k - 1) for k, c in enumerate(powers, 1)) + float(mixed) * (2 + np.log(p))
    violation = (1 - p) * slope - h
    assume(violation.min() < -1e-3)
    at = p[violation.argmin()]
    margin = np.log(at / (1 - at))
    point = np.zeros((classes, 1))
    point[0] = margin + np.log(classes - 1)
    assert smallest_eigenvalue(program, point)[0] < 0


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=6))
def test_sturm_agrees_with_values(coefficients):
    poly = fmpq_poly(coefficients)
    least = min(poly(fmpq(k, 64)) for k in range(1, 64))
    if nonnegative(poly):
        assert least >= 0
    elif least > 0:  # negative in between: then its minimum is close to 0
        assert least < Fraction(1, 2)


@pytest.mark.parametrize(
    ("poly", "expected"),
    [
        (fmpq_poly([1, -4, 4]), True),  # (1-2p)^2
        (fmpq_poly([1, -4, 4]) * fmpq_poly([0, 1]) * fmpq_poly([1, -1]), True),
        (fmpq_poly([1, -4, 4]) - fmpq(1, 10**40), False),
        (fmpq_poly([0, -1, 1]), False),
        (fmpq_poly([-1, 2]), False),
        (fmpq_poly([1, -1]) ** 3, True),
        (fmpq_poly([-1, 1]) ** 3, False),
        (fmpq_poly([0]), True),
        (fmpq_poly([3]), True),
        (fmpq_poly([-3]), False),
    ],
)
def test_sturm(poly, expected):
    assert nonnegative(poly) is expected


def key(a, r, b, e):
    return fmpq(a), fmpq(r), b, e


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        ({key(0, 0, 1, 0): fmpq(-1), key(0, 0, 0, 0): fmpq(-1), key(1, 0, 0, 0): fmpq(1)}, True),  # -log p - (1-p)
        ({key(0, 0, 1, 0): fmpq(-1), key(0, 0, 0, 0): fmpq(-101, 100), key(1, 0, 0, 0): fmpq(101, 100)}, False),
        ({key(1, 0, 1, 0): fmpq(1), key(0, 0, 0, 0): fmpq(1), key(1, 0, 0, 0): fmpq(-1)}, True),  # p log p + 1 - p
        ({key(1, 0, 1, 0): fmpq(1), key(0, 0, 0, 0): fmpq(37, 100)}, True),  # min p log p = -1/e = -0.3679
        ({key(1, 0, 1, 0): fmpq(1), key(0, 0, 0, 0): fmpq(367, 1000)}, False),
        ({key(0, 0, 1, 0): fmpq(-1), key(0, 0, 0, 0): fmpq(-1, 1000)}, False),  # negative near p = 1
        ({key(0, 0, 1, 0): fmpq(1), key(0, 0, 2, 0): fmpq(1), key(0, 0, 0, 0): fmpq(26, 100)}, True),  # l^2 + l + 1/4+
        ({key(1, 0, 1, 0): fmpq(1), key(0, 1, 0, 1): fmpq(1), key(0, 0, 0, 0): fmpq(7, 10)}, True),  # entropy < 0.7
        ({key(1, 0, 1, 0): fmpq(1), key(0, 1, 0, 1): fmpq(1), key(0, 0, 0, 0): fmpq(69, 100)}, False),
    ],
)
def test_inequalities_with_logarithms(f, expected):
    assert (prove_nonnegative(f) is not None) is expected


def test_the_derivative_by_the_margin_against_differences():
    from flint import arb

    f = {key(1, 2, 1, 1): fmpq(3), key(fmpq(2), 0, 2, 0): fmpq(-1, 2)}
    p, step = 0.3, 1e-6
    up = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + step)))
    down = 1 / (1 + np.exp(-(np.log(p / (1 - p)) - step)))
    difference = (float(value(f, arb(up)).mid()) - float(value(f, arb(down)).mid())) / (2 * step)
    assert float(value(derivative(f), arb(p)).mid()) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize(("power", "limit"), [(1, -1), (2, 1), (3, -1)])
def test_powers_of_the_logarithm_keep_their_sign_at_one(power: int, limit: int) -> None:
    """(log p)^b (1 - p)^-b tends to (-1)^b as p tends to 1."""
    from lossaudit.geometry.ring.margin import nonpositive_at_one

    term = (fmpq(0), fmpq(-power), power, 0)
    assert nonpositive_at_one({term: fmpq(limit)}) is False
    assert nonpositive_at_one({term: fmpq(-limit)}) is True
