"""Every loss that is not convex is refuted, and each witness holds in mpmath too, from the loss's own formula."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from flint import fmpq
from mpmath import mp

from lossaudit.errors import UsageError
from lossaudit.geometry.interval import POSITIVE, UNIT, Interval, rational
from lossaudit.geometry.program import Builder
from lossaudit.geometry.refute import certificate, confirm, refute

TINY = fmpq(1, 10**11)


def program(variables, write, **more):
    b = Builder()
    return b.build(write(b, [b.variable(i) for i in range(variables)]), variables, **more)


def softmax(b, z):
    total = b.logsumexp(z)
    return [b.exp(b.minus(x, total)) for x in z], [b.minus(x, total) for x in z]


def of_true_class(phi):
    """A loss of p = softmax(z)[0], written phi(builder, p, log p)."""

    def write(b, z):
        p, log_p = softmax(b, z)
        return phi(b, p[0], log_p[0])

    return write


def softmax_sum(term):
    """sum_k term(builder, p_k, log p_k, k = 0)."""

    def write(b, z):
        p, log_p = softmax(b, z)
        return b.linear((1, term(b, p[k], log_p[k], k == 0)) for k in range(len(z)))

    return write


def p_of(z):
    top = max(z)
    e = [mpmath.exp(x - top) for x in z]
    return [x / sum(e) for x in e]


def focal(gamma):
    return of_true_class(lambda b, p, lp: b.scale(-1, b.multiply(b.power(b.scale(-1, p, 1), gamma), lp)))


def focal_value(gamma):
    return lambda z: -((1 - p_of(z)[0]) ** (mpmath.mpf(int(gamma.p)) / int(gamma.q))) * mpmath.log(p_of(z)[0])


def poly1(e):
    return of_true_class(lambda b, p, lp: b.linear(((-1, lp), (-e, p)), e))


def poly1_value(e):
    return lambda z: -mpmath.log(p_of(z)[0]) + mpmath.mpf(int(e.p)) / int(e.q) * (1 - p_of(z)[0])


def ce_plus(c):
    return of_true_class(lambda b, p, lp: b.linear(((-1, lp), (c, b.power(b.scale(-1, p, 1), 2)))))


def ce_plus_value(c):
    return lambda z: -mpmath.log(p_of(z)[0]) + mpmath.mpf(int(c.p)) / int(c.q) * (1 - p_of(z)[0]) ** 2


def mse(b, z):
    return softmax_sum(lambda b, p, lp, true: b.power(b.scale(1, p, -1 if true else 0), 2))(b, z)


def mse_value(z):
    return sum((q - (k == 0)) ** 2 for k, q in enumerate(p_of(z)))


def of_one(phi):
    return lambda b, z: phi(b, z[0])


def sig(x):
    return 1 / (1 + mpmath.exp(-x))


def sigmoid(b, x):
    return b.add("sigmoid", (x,))


def dice(b, z):
    p = [sigmoid(b, x) for x in z]
    return b.scale(-2, b.divide(b.plus(p[0], p[1]), b.linear(((1, q) for q in p), 2)), 1)


def cosine(b, z):
    square = b.linear((1, b.power(x, 2)) for x in z)
    return b.scale(-1, b.divide(z[0], b.power(b.scale(1, square, fmpq(1, 100)), fmpq(1, 2))), 1)


def triplet(b, z):
    """max(|a - p|^2 - |a - n|^2 + 1, 0) in the negative n = (z0, z1), with a = 0 and p = 0."""
    return b.maximum([b.linear(((-1, b.power(x, 2)) for x in z), 1), b.constant(0)])


def tukey(b, x):
    inside = b.linear(((-1, b.power(b.scale(-1, b.power(x, 2), 1), 3)),), 1)
    return b.select(b.step(b.scale(-1, b.absolute(x), 1)), inside, b.constant(1))


def permuted_network(b, w):
    """Cross-entropy of v0 tanh(u0 x) + v1 tanh(u1 x) at x = 1, y = 1, in w = (u0, u1, v0, v1)."""
    hidden = [b.multiply(w[2 + i], b.add("tanh", (w[i],))) for i in (0, 1)]
    return b.add("softplus", (b.linear((-1, h) for h in hidden),))


E8, E7 = fmpq(1, 10**8), fmpq(1, 10**7)
LOSSES = {
    "MSE of softmax, K = 2": (2, mse, mse_value),
    "MSE of softmax, K = 3": (3, mse, mse_value),
    "MSE of softmax, K = 10": (10, mse, mse_value),
    **{f"focal, gamma = {g}": (10, focal(g), focal_value(g)) for g in (fmpq(1, 2), fmpq(1), fmpq(2), fmpq(3), fmpq(5))},
    "GCE, q = 1/2": (
        5,
        of_true_class(lambda b, p, lp: b.scale(-2, b.power(p, fmpq(1, 2)), 2)),
        lambda z: 2 - 2 * mpmath.sqrt(p_of(z)[0]),
    ),
    "MAE of softmax": (3, of_true_class(lambda b, p, lp: b.scale(-2, p, 2)), lambda z: 2 - 2 * p_of(z)[0]),
    "entropy": (
        3,
        softmax_sum(lambda b, p, lp, true: b.scale(-1, b.multiply(p, lp))),
        lambda z: -sum(q * mpmath.log(q) for q in p_of(z)),
    ),
    "reverse KL to (1/2, 1/4, 1/4)": (
        3,
        softmax_sum(lambda b, p, lp, true: b.multiply(p, b.scale(1, lp, 1 if true else 2))),
        lambda z: sum(q * (mpmath.log(q) + (2 if k else 1)) for k, q in enumerate(p_of(z))),
    ),
    **{
        f"Poly-1, eps = {e}": (10, poly1(e), poly1_value(e))
        for e in (fmpq(2), fmpq(101, 100), -fmpq(101, 100), fmpq(10001, 10000))
    },
    **{f"CE + c (1-p)^2, c = {c}": (3, ce_plus(c), ce_plus_value(c)) for c in (fmpq(51, 100), fmpq(501, 1000))},
    "-log(p + 1e-8)": (
        10,
        of_true_class(lambda b, p, lp: b.scale(-1, b.log(b.scale(1, p, E8)))),
        lambda z: -mpmath.log(p_of(z)[0] + mpmath.mpf(10) ** -8),
    ),
    "-log(max(p, 1e-7))": (
        10,
        of_true_class(lambda b, p, lp: b.scale(-1, b.log(b.maximum([p, b.constant(E7)])))),
        lambda z: -mpmath.log(max(p_of(z)[0], mpmath.mpf(10) ** -7)),
    ),
    "squared error of sigmoid": (
        1,
        of_one(lambda b, x: b.power(b.scale(1, sigmoid(b, x), -1), 2)),
        lambda z: (1 - sig(z[0])) ** 2,
    ),
    "ramp": (
        1,
        of_one(lambda b, x: b.maximum([b.minimum([b.scale(-1, x, 1), b.constant(1)]), b.constant(0)])),
        lambda z: max(min(1 - z[0], 1), 0),
    ),
    "savage": (1, of_one(lambda b, x: b.power(sigmoid(b, b.scale(-2, x)), 2)), lambda z: sig(-2 * z[0]) ** 2),
    "tangent": (
        1,
        of_one(lambda b, x: b.power(b.scale(2, b.add("atan", (x,)), -1), 2)),
        lambda z: (2 * mpmath.atan(z[0]) - 1) ** 2,
    ),
    "Tukey": (1, of_one(tukey), lambda z: 1 - (1 - z[0] ** 2) ** 3 if abs(z[0]) < 1 else mpmath.mpf(1)),
    "Welsch": (
        1,
        of_one(lambda b, x: b.scale(-1, b.exp(b.scale(-1, b.power(x, 2))), 1)),
        lambda z: 1 - mpmath.exp(-(z[0] ** 2)),
    ),
    "Cauchy": (1, of_one(lambda b, x: b.log(b.scale(1, b.power(x, 2), 1))), lambda z: mpmath.log(1 + z[0] ** 2)),
    "Geman-McClure": (
        1,
        of_one(lambda b, x: b.divide(b.power(x, 2), b.scale(1, b.power(x, 2), 1))),
        lambda z: z[0] ** 2 / (1 + z[0] ** 2),
    ),
    "Dice, target (1, 1, 0)": (3, dice, lambda z: 1 - 2 * (sig(z[0]) + sig(z[1])) / (sum(map(sig, z)) + 2)),
    "cosine": (3, cosine, lambda z: 1 - z[0] / mpmath.sqrt(sum(x * x for x in z) + mpmath.mpf(1) / 100)),
    "triplet in the embedding": (2, triplet, lambda z: max(1 - z[0] ** 2 - z[1] ** 2, 0)),
    "InfoNCE in the embeddings": (
        4,
        lambda b, z: b.add("softplus", (b.minus(b.multiply(z[0], z[2]), b.multiply(z[0], z[1])),)),
        lambda z: mpmath.log1p(mpmath.exp(z[0] * z[2] - z[0] * z[1])),
    ),
    "x^2 - 1e-11 y^2": (
        2,
        lambda b, z: b.linear(((1, b.power(z[0], 2)), (-TINY, b.power(z[1], 2)))),
        lambda z: z[0] ** 2 - z[1] ** 2 / mpmath.mpf(10) ** 11,
    ),
    "-1e-11 x^2": (
        1,
        of_one(lambda b, x: b.scale(-TINY, b.power(x, 2))),
        lambda z: -(z[0] ** 2) / mpmath.mpf(10) ** 11,
    ),
    "1e-11 times a focal loss": (
        3,
        lambda b, z: b.scale(TINY, focal(fmpq(2))(b, z)),
        lambda z: focal_value(fmpq(2))(z) / mpmath.mpf(10) ** 11,
    ),
    "x^4 - 1e-12 x^2": (
        1,
        of_one(lambda b, x: b.linear(((1, b.power(x, 4)), (-TINY / 10, b.power(x, 2))))),
        lambda z: z[0] ** 4 - z[0] ** 2 / mpmath.mpf(10) ** 12,
    ),
    "x^2 - 1e-6 |x - 1/3| + 1000": (
        1,
        of_one(
            lambda b, x: b.linear(((1, b.power(x, 2)), (-fmpq(1, 10**6), b.absolute(b.scale(1, x, -fmpq(1, 3))))), 1000)
        ),
        lambda z: z[0] ** 2 - abs(z[0] - mpmath.mpf(1) / 3) / 10**6 + 1000,
    ),
    "softplus that turns linear at 20": (
        1,
        of_one(lambda b, x: b.select(b.step(b.scale(1, x, -20)), x, b.add("softplus", (x,)))),
        lambda z: z[0] if z[0] > 20 else mpmath.log1p(mpmath.exp(z[0])),
    ),
    "w1 w2": (2, lambda b, z: b.multiply(*z), lambda z: z[0] * z[1]),
    "(1 - w1 w2)^2 / 2": (
        2,
        lambda b, z: b.scale(fmpq(1, 2), b.power(b.scale(-1, b.multiply(*z), 1), 2)),
        lambda z: (1 - z[0] * z[1]) ** 2 / 2,
    ),
    "1-1-1 network in w1": (
        1,
        of_one(lambda b, w: b.power(b.scale(2, sigmoid(b, w), -1), 2)),
        lambda z: (2 * sig(z[0]) - 1) ** 2,
    ),
    "cube": (1, of_one(lambda b, x: b.power(x, 3)), lambda z: z[0] ** 3),
    "Gaussian NLL in (mean, log variance)": (
        2,
        lambda b, z: b.linear(((1, z[1]), (1, b.multiply(b.power(z[0], 2), b.exp(b.scale(-1, z[1])))))),
        lambda z: z[1] + z[0] ** 2 * mpmath.exp(-z[1]),
    ),
    "learnable temperature": (
        3,
        lambda b, z: b.add("softplus", (b.multiply(b.minus(z[0], z[1]), z[2]),)),
        lambda z: mpmath.log1p(mpmath.exp((z[0] - z[1]) * z[2])),
    ),
    "two hidden units, in their weights": (
        4,
        permuted_network,
        lambda w: mpmath.log1p(mpmath.exp(-w[2] * mpmath.tanh(w[0]) - w[3] * mpmath.tanh(w[1]))),
    ),
}

CONVEX = {
    "cross-entropy": (10, of_true_class(lambda b, p, lp: b.scale(-1, lp))),
    "cross-entropy through log(softmax)": (10, of_true_class(lambda b, p, lp: b.scale(-1, b.log(p)))),
    "Poly-1, eps = 1": (10, poly1(fmpq(1))),
    "Poly-1, eps = -1": (10, poly1(fmpq(-1))),
    "CE + (1-p)^2 / 2": (3, ce_plus(fmpq(1, 2))),
    "logistic": (1, of_one(lambda b, x: b.add("softplus", (x,)))),
    "hinge": (1, of_one(lambda b, x: b.maximum([b.scale(-1, x, 1), b.constant(0)]))),
    "stable softplus": (
        1,
        of_one(
            lambda b, x: b.plus(b.maximum([x, b.constant(0)]), b.log(b.scale(1, b.exp(b.scale(-1, b.absolute(x))), 1)))
        ),
    ),
    "affine": (2, lambda b, z: b.linear(((fmpq(1, 3), z[0]), (fmpq(-2, 7), z[1])), fmpq(1, 5))),
    "-log sigmoid as -log(1/(1+exp(-x)))": (
        1,
        of_one(lambda b, x: b.scale(-1, b.log(b.power(b.scale(1, b.exp(b.scale(-1, x)), 1), -1)))),
    ),
    "fourth power far from the origin": (1, of_one(lambda b, x: b.power(b.scale(1, x, -1000), 4))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_not_convex_is_refuted_and_the_witness_holds_in_mpmath(name):
    variables, write, value = LOSSES[name]
    found = refute(program(variables, write))
    assert found is not None
    with mp.workdps(400):
        a, m, b = ([mpmath.mpf(int(x.p)) / int(x.q) for x in point] for point in (found.a, found.midpoint, found.b))
        at = [value(point) for point in (a, m, b)]
        gap = mpmath.mpf(int(found.gap.p)) / int(found.gap.q)
        true_gap = at[1] - (at[0] + at[2]) / 2
        assert 0 < gap <= true_gap
        assert gap > true_gap * (1 - mpmath.mpf(2) ** -40)  # not far below either
    assert found.values == pytest.approx([float(x) for x in at], rel=1e-12)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", CONVEX)
def test_what_is_convex_is_not_refuted(name, deep):
    variables, write = CONVEX[name]
    if deep:
        variables = min(variables, 4)
    assert refute(program(variables, write), deep=deep) is None


def test_the_deep_search_finds_what_floats_cannot_see():
    # Poly-1 with eps = 1 + 1e-9 bends down by about 1e-18 where p < 5e-10.
    assert refute(program(3, poly1(1 + fmpq(1, 10**9))), deep=True) is not None
    shifted = program(
        1,
        of_one(
            lambda b, x: b.linear(
                (
                    (1, b.power(b.scale(1, x, -fmpq(1, 3)), 4)),
                    (-TINY / 10, b.power(b.scale(1, x, -fmpq(1, 3)), 2)),
                )
            )
        ),
    )
    assert refute(shifted, deep=True) is not None  # not convex only for |x - 1/3| < 4.1e-7


def test_a_thousand_classes():
    for true in (0, 500):

        def write(b, z, true=true):
            p, log_p = softmax(b, z)
            return b.scale(-1, b.multiply(b.power(b.scale(-1, p[true], 1), 2), log_p[true]))

        assert refute(program(1000, write)) is not None


def test_witnesses_are_short_and_float64_shows_them():
    found = refute(program(3, mse))
    assert all(x.q == 1 and abs(x) <= 16 for x in (*found.a, *found.b))
    assert found.values[1] - (found.values[0] + found.values[2]) / 2 > 0.1


def test_the_search_is_deterministic():
    assert refute(program(3, mse)) == refute(program(3, mse))
    state = np.random.get_state()[1].tolist()
    refute(program(2, mse))
    assert np.random.get_state()[1].tolist() == state


def test_the_domain_is_respected():
    # -log(x) + 1/x etc. are convex on x > 0; x^3 is convex there as well, and not on all numbers.
    cube = of_one(lambda b, x: b.power(x, 3))
    assert refute(program(1, cube, domain=POSITIVE), deep=True) is None
    assert refute(program(1, cube)) is not None
    assert confirm(program(1, cube, domain=POSITIVE), [-2], [1]) is None
    assert confirm(program(1, cube, domain=UNIT), [0], [1]) is None  # the ends are excluded
    # x log x - 3 x^2 / 4 has second derivative 1/x - 3/2: negative for x > 2/3 only.
    bent = of_one(lambda b, x: b.linear(((1, b.add("xlogx", (x,))), (-fmpq(3, 4), b.power(x, 2)))))
    found = refute(program(1, bent, domain=UNIT))
    assert found is not None
    assert all(0 < x < 1 for x in (*found.a, *found.b))
    half = Interval(fmpq(0), fmpq(2, 3), True, False)
    assert refute(program(1, bent, domain=half), deep=True) is None
    # log(1 + log x) needs x > 1/e; sin is convex on [pi, 2 pi], and not a little to the left.
    sine = of_one(lambda b, x: b.add("sin", (x,)))
    assert refute(program(1, sine, domain=Interval(fmpq(22, 7), fmpq(628, 100), False, False)), deep=True) is None
    assert refute(program(1, sine, domain=Interval(fmpq(3), fmpq(6), False, False))) is not None
    narrow = Interval(fmpq(1000), fmpq(1000) + fmpq(1, 10**6), False, False)
    assert refute(program(1, of_one(lambda b, x: b.scale(-1, b.power(x, 2))), domain=narrow)) is not None


def test_a_network_compared_with_its_twin():
    # Two hidden units exchanged: equal losses, and a higher one in the middle.
    start = [3.0, -3.0, 2.0, -2.0]
    twin = [-3.0, 3.0, -2.0, 2.0]
    found = refute(program(4, permuted_network), pairs=[(start, twin)])
    assert [float(x) for x in found.a] == start
    assert [float(x) for x in found.b] == twin
    assert found.values[0] == found.values[2] == pytest.approx(math.log1p(math.exp(-4 * math.tanh(3))), rel=1e-14)
    assert found.values[1] == pytest.approx(math.log(2), rel=1e-14)


def test_starts_lead_to_what_is_far_away():
    # Convex but for a dent of width 1 at 12345.
    def dented(b, z):
        dent = b.exp(b.scale(-100, b.power(b.scale(1, z[0], -12345), 2)))
        return b.plus(b.absolute(z[0]), b.scale(-1, dent))

    assert refute(program(1, dented), starts=[[12345.0]]) is not None


def test_a_program_seen_through_an_affine_map_is_not_refuted():
    # Its variables may not take all values together, so a violation here need not be one there.
    assert refute(program(1, of_one(lambda b, x: b.power(x, 3)), through_affine=True), deep=True) is None
    assert confirm(program(1, of_one(lambda b, x: b.power(x, 3)), through_affine=True), [-2], [0]) is None


def test_what_is_not_understood_is_not_refuted():
    hidden = program(1, of_one(lambda b, x: b.plus(b.power(x, 3), b.opaque("something", (x,)))))
    assert refute(hidden, deep=True) is None
    masked = program(1, of_one(lambda b, x: b.multiply(b.add("infinity", (), (fmpq(1),)), x)))
    assert refute(masked) is None


def test_the_branch_that_is_not_taken_need_not_have_a_value():
    # -log(x) for x >= 1, and the concave 2 - 2 sqrt(2 - x)... for x < 1 only: here simply min(x, 1) through a log.
    def write(b, z):
        return b.select(b.step(z[0]), b.scale(-1, b.exp(b.log(z[0]))), b.constant(0))

    found = refute(program(1, write))  # -max(x, 0)
    assert found is not None


def test_a_certificate_is_plain_data():
    cube = program(1, of_one(lambda b, x: b.power(x, 3)))
    found = confirm(cube, [-2], [0])
    evidence = certificate(cube, found)
    assert evidence.rule == "witness"
    assert {k: evidence.data[k] for k in ("a", "b", "gap")} == {"a": ["-2"], "b": ["0"], "gap": "3"}
    assert evidence.data["program"]["variables"] == 1
    assert any("-8" in step for step in evidence.steps)


def test_points_are_exact_binary_fractions():
    cube = program(1, of_one(lambda b, x: b.power(x, 3)))
    assert confirm(cube, [fmpq(-1, 3)], [0]) is None
    found = confirm(cube, [-0.1], [0])
    assert found.a == (fmpq(*(-0.1).as_integer_ratio()),)


@pytest.mark.parametrize("least", [-1e-2, -1e-6, -1e-9])
def test_negative_curvature_in_no_special_direction(least):
    # x'Qx with eigenvalues (least, 1, ..., 1) in a random basis, which is orthogonal to 1e-16.
    n = 6
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]

    def write(b, z):
        u = [b.linear((rational(float(basis[i, j])), z[i]) for i in range(n)) for j in range(n)]
        return b.linear((rational(1.0 if j else least), b.power(u[j], 2)) for j in range(n))

    found = refute(program(n, write))
    assert found is not None
    along = basis[:, 0] @ [float(x - y) for x, y in zip(found.a, found.b, strict=True)]
    assert along**2 * least + sum(float(x - y) ** 2 for x, y in zip(found.a, found.b, strict=True)) - along**2 < 0


def test_a_network_in_its_weights():
    # Squared error of sum_i v_i relu(u_i x + c_i) at four points.
    h = 8

    def write(b, w):
        terms = []
        for x, y in ((-1, 0), (0, 1), (1, 0), (2, 1)):
            hidden = [b.maximum([b.linear(((x, w[i]), (1, w[h + i]))), b.constant(0)]) for i in range(h)]
            terms.append((1, b.power(b.linear(((1, b.multiply(w[2 * h + i], hidden[i])) for i in range(h)), -y), 2)))
        return b.linear(terms)

    assert refute(program(3 * h, write)) is not None


def test_numbers_that_floats_cannot_hold_are_not_searched():
    big = fmpq(10) ** 400
    assert refute(program(1, of_one(lambda b, x: b.scale(-big, b.power(x, 2))))) is None
    assert confirm(program(1, of_one(lambda b, x: b.scale(-big, b.power(x, 2)))), [-1], [1]) is not None
    assert refute(program(1, of_one(lambda b, x: b.power(x, 3)), domain=Interval(big))) is None


def test_a_point_of_the_wrong_size_is_said_in_one_line():
    with pytest.raises(UsageError, match="1 coordinate"):
        refute(program(1, of_one(lambda b, x: b.power(x, 2))), starts=[[1.0, 2.0]])


def test_starts_need_not_be_finite():
    assert refute(program(1, of_one(lambda b, x: b.power(x, 2))), starts=[[math.nan], [math.inf]], deep=True) is None


def test_functions_of_nothing_are_not_refuted():
    assert refute(program(1, lambda b, z: b.constant(3)), deep=True) is None
    assert refute(program(0, lambda b, z: b.constant(3))) is None
    one_point = Interval(fmpq(1), fmpq(1), False, False)
    assert refute(program(1, of_one(lambda b, x: b.power(x, 3)), domain=one_point), deep=True) is None
