"""The properties of programs, against closed forms; and the traps that the algebra must not fall into."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.card import Ground
from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.properties import polyhedral
from lossaudit.geometry.properties.algebra import Algebra
from lossaudit.geometry.properties.boundedness import bounded, infimum
from lossaudit.geometry.properties.calibration import calibrated
from lossaudit.geometry.properties.elicitation import elicits
from lossaudit.geometry.properties.family import Family, Slopes, Task, combined
from lossaudit.geometry.properties.invariance import degree, scale_invariant, shift_invariant
from lossaudit.geometry.properties.lipschitz import lipschitz
from lossaudit.geometry.properties.propriety import proper
from lossaudit.geometry.properties.response import confident, mistaken, tail
from lossaudit.geometry.properties.strictness import strictly_convex
from lossaudit.geometry.properties.symmetry import symmetric


def classes(k: int, loss) -> Family:
    """A family of `loss(builder, logarithms of probabilities, y)`."""
    programs = []
    for y in range(k):
        b = Builder()
        z = [b.variable(i) for i in range(k)]
        total = b.logsumexp(z)
        programs.append(b.build(loss(b, [b.minus(x, total) for x in z], y), k))
    return Family(tuple(programs), tuple(range(k)), Task.CLASSES)


def margin(loss) -> Family:
    """A family of `loss(builder, margin)`."""
    programs = []
    for sign in (-1, 1):
        b = Builder()
        programs.append(b.build(loss(b, b.scale(sign, b.variable(0))), 1))
    return Family(tuple(programs), (-1.0, 1.0), Task.BINARY)


def one(make, n: int = 1) -> Program:
    b = Builder()
    return b.build(make(b, [b.variable(i) for i in range(n)]), n)


# Algebra


def test_algebra_knows_that_probabilities_add_up():
    family = classes(4, lambda b, logs, y: b.exp(logs[y]))
    algebra = Algebra(4)
    assert algebra.constant(algebra.sum([algebra.element(p) for p in family.programs])) == 1


def test_algebra_does_not_take_roots_of_squares_of_unknown_sign():
    """sqrt((log p)^2) is -log p, not log p."""
    root = classes(2, lambda b, logs, y: b.power(b.power(logs[y], 2), fmpq(1, 2)))
    algebra = Algebra(2)
    own, log = algebra.element(root.programs[0]), algebra.logits()[0]
    assert algebra.constant(algebra.sum([own, log], [1, -1])) is None


def test_algebra_does_not_split_logarithms_of_products_of_negatives():
    """log(log p_0 log p_1) is not log(log p_0) + log(log p_1)."""
    both = classes(2, lambda b, logs, y: b.log(b.multiply(logs[0], logs[1])))
    algebra = Algebra(2)
    own = algebra.element(both.programs[0])
    each = [algebra.element(p) for p in classes(2, lambda b, logs, y: b.log(logs[y])).programs]
    assert algebra.constant(algebra.sum([own, *each], [1, -1, -1])) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=4),
    st.integers(2, 4),
)
def test_what_algebra_calls_constant_is_constant(terms, k):
    """Sums of c p_0^a p_1^b (log p_0)^e, and their complements, at random logits."""

    def loss(b, logs, y):
        parts = [(1, b.exp(logs[i])) for i in range(k)]
        for c, a, d, e in terms:
            x = b.multiply(b.power(b.exp(logs[0]), a), b.power(b.exp(logs[1]), d))
            parts.append((c, b.multiply(x, logs[0]) if e else x))
            parts.append((-c if y else c, x))
        return b.linear(parts)

    algebra = Algebra(k)
    for program in classes(k, loss).programs[:2]:
        found = algebra.constant(algebra.element(program))
        points = np.random.default_rng(0).standard_normal((k, 5))
        values = floats(program, points)[program.output]
        if found is not None:
            assert np.allclose(values, float(found.p) / float(found.q), atol=1e-9)
        else:
            assert np.ptp(values) > 1e-12


# Invariance


def test_a_loss_of_raw_scores_moves_with_a_shift():
    family = classes(3, lambda b, logs, y: b.variable(y))
    assert shift_invariant(family).ground is Ground.REFUTED
    assert shift_invariant(classes(3, lambda b, logs, y: logs[y])).ground is Ground.PROVED


def test_cosine_does_not_change_with_scale():
    cosine = one(lambda b, z: b.divide(z[0], b.power(b.plus(b.power(z[0], 2), b.power(z[1], 2)), fmpq(1, 2))), 2)
    assert degree(cosine) == 0
    assert scale_invariant(Family((cosine,), (0.0,), Task.CLASSES, complete=False)).value.startswith("yes")
    assert degree(one(lambda b, z: b.scale(1, z[0], 1))) is None


# Symmetry


def test_symmetry_is_not_proved_on_the_simplex_alone():
    """exp(z_y) adds up to 1 where z is a log-probability, and to no constant elsewhere."""
    programs = tuple(one(lambda b, z, y=y: b.exp(z[y]), 3) for y in range(3))
    assert symmetric(Family(programs, (0, 1, 2), Task.CLASSES)).ground is Ground.REFUTED


def test_normalised_losses_are_symmetric():
    family = classes(3, lambda b, logs, y: b.divide(logs[y], b.linear((1, x) for x in logs)))
    assert symmetric(family).value == "yes, sum 1"


# Slopes at kinks


def test_a_tie_has_no_slope():
    largest = one(lambda b, z: b.maximum(z), 3)
    slopes = Slopes(largest)
    assert not any(x.is_finite() for x in slopes.at([arb(0)] * 3))
    assert [x == v for x, v in zip(slopes.at([arb(0), arb(1), arb(0)]), (0, 1, 0), strict=True)] == [True] * 3


# Tails


@pytest.mark.parametrize(
    ("make", "shown", "ground"),
    [
        (lambda b, z: b.add("softplus", (z[0],)), "constant 1", Ground.PROVED),
        (lambda b, z: b.power(z[0], 2), "grows like 2 t", Ground.PROVED),
        (lambda b, z: b.maximum((z[0], b.constant(0))), "constant 1", Ground.PROVED),
        (lambda b, z: b.add("atan", (z[0],)), "decays like 1 t^-2", Ground.MEASURED),
        (lambda b, z: b.exp(b.scale(-1, b.power(z[0], 2))), "decays faster than exponentially", Ground.MEASURED),
    ],
)
def test_tails(make, shown, ground):
    entry = tail(one(make), (1,))
    assert entry.value == shown
    assert entry.ground is ground


# Constants


@pytest.mark.parametrize("power", [1, 2, 3])
def test_one_probability_has_one_constant_for_all_class_numbers(power):
    """Of (1 - p)^n: h = -n p (1-p)^(n-1), so the slope is sqrt(2) n p (1-p)^n, largest at p = 1/(n+1)."""
    truth = math.sqrt(2) * power / (power + 1) * (power / (power + 1)) ** power
    family = classes(5, lambda b, logs, y: b.power(b.scale(-1, b.exp(logs[y]), 1), power))
    low, high = lipschitz(family)[0].bounds
    assert low <= truth * (1 + 1e-9)
    assert high >= truth * (1 - 1e-9)
    assert high - low < 1e-5


# Proper


def test_a_proper_loss_with_the_wrong_link_is_not():
    """The Brier score of a sigmoid of twice the score elicits half the log-odds."""
    square = lambda b, m: b.power(b.add("sigmoid", (b.scale(-1, m),)), 2)  # noqa: E731
    double = lambda b, m: square(b, b.scale(2, m))  # noqa: E731
    assert proper(margin(square)).value == "strictly"
    assert proper(margin(double)).ground is Ground.REFUTED


def test_a_constant_is_proper_but_not_strictly():
    family = classes(3, lambda b, logs, y: b.exp(b.scale(0, logs[y])))
    entry = proper(family, convex=True)
    assert (entry.value, entry.ground) == ("yes", Ground.PROVED)


@pytest.mark.parametrize(("weight", "is_proper"), [(0, True), (fmpq(1, 100), False)])
def test_a_hundredth_is_seen(weight, is_proper):
    """-log p + w (1 - p) is proper for w = 0 alone."""
    family = classes(3, lambda b, logs, y: b.linear([(-1, logs[y]), (-weight, b.exp(logs[y]))], weight))
    assert proper(family, convex=True).ground is (Ground.PROVED if is_proper else Ground.REFUTED)


# Calibrated


@pytest.mark.parametrize(
    ("loss", "value", "ground"),
    [
        (lambda b, m: b.maximum((b.constant(0), b.scale(-1, m, 1))), "yes", Ground.PROVED),  # hinge
        (lambda b, m: b.maximum((b.constant(0), b.scale(-1, m))), "no", Ground.REFUTED),  # perceptron
        (lambda b, m: b.exp(b.scale(-1, m)), "yes", Ground.PROVED),
        (lambda b, m: b.power(b.plus(m, b.constant(1)), 2), "no", Ground.REFUTED),  # rises at 0
    ],
)
def test_margin_losses(loss, value, ground):
    family = margin(loss)
    entry = calibrated(family, family, convex=True, proper=proper(family, convex=True))
    assert (entry.value, entry.ground) == (value, ground)


def test_an_upper_envelope_is_least_where_weights_say_so():
    """max(x, -x) + max(0, y) is least at 0, not at 1; x itself is nowhere least."""
    v = one(lambda b, z: b.plus(b.absolute(z[0]), b.maximum((z[1], b.constant(0)))), 2)
    assert polyhedral.maxima(v) is None  # |x| is not spelled as a maximum
    w = one(lambda b, z: b.plus(b.maximum((z[0], b.scale(-1, z[0]))), b.maximum((z[1], b.constant(0)))), 2)
    terms = polyhedral.maxima(w)
    assert polyhedral.is_least(terms, [fmpq(0), fmpq(-1)])
    assert not polyhedral.is_least(terms, [fmpq(1), fmpq(-1)])
    assert not polyhedral.is_least(polyhedral.maxima(one(lambda b, z: z[0])), [fmpq(0)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=4), st.tuples(*[st.integers(-2, 2)] * 2))
def test_what_is_least_is_nowhere_undercut(forms, point):
    terms = [(fmpq(1), [((fmpq(a), fmpq(b)), fmpq(c)), ((fmpq(0), fmpq(0)), fmpq(0))]) for a, b, c in forms]
    at = [fmpq(x) for x in point]
    if polyhedral.is_least(terms, at):
        here = polyhedral.value(terms, at)
        grid = itertools.product(range(-3, 4), repeat=2)
        assert all(polyhedral.value(terms, [fmpq(x), fmpq(y)]) >= here for x, y in grid)


# Strictness and infima


def test_strictness():
    soft = margin(lambda b, m: b.add("softplus", (b.scale(-1, m),)))
    hinge = margin(lambda b, m: b.maximum((b.constant(0), b.scale(-1, m, 1))))
    assert strictly_convex(soft, convex=True).ground is Ground.PROVED
    assert strictly_convex(hinge, convex=True).ground is Ground.REFUTED


def test_infima():
    soft = margin(lambda b, m: b.add("softplus", (b.scale(-1, m),)))
    assert infimum(soft, convex=True).value == "0, not attained"
    hinge = margin(lambda b, m: b.maximum((b.constant(0), b.scale(-1, m, 1))))
    assert infimum(hinge, convex=True).value == "0, attained"
    assert infimum(margin(lambda b, m: b.exp(m)), convex=True).value.startswith("0")


def test_what_cancels_along_all_variables_together_is_not_bounded_for_that():
    """x (x - y) is 0 on the diagonal."""
    family = Family((one(lambda b, z: b.multiply(z[0], b.minus(*z)), 2),), (0.0,), Task.REAL, complete=False)
    assert bounded(family).value.startswith("no")


def test_combined_adds_up():
    f, g = one(lambda b, z: b.power(z[0], 2)), one(lambda b, z: b.exp(z[0]))
    total = combined([f, g], [2, fmpq(1, 2)], 1)
    value = floats(total, np.array([[3.0]]))[total.output][0]
    assert value == pytest.approx(2 * 9 + math.exp(3) / 2 + 1)


# What two labels that weigh differently do


def weighted(weight):
    """Softplus terms of a positive and a negative label, the positive one times a weight."""
    programs = []
    for sign, times in ((1, 1), (-1, weight)):
        b = Builder()
        programs.append(b.build(b.scale(times, b.add("softplus", (b.scale(sign, b.variable(0)),))), 1))
    return Family(tuple(programs), (0, 1), Task.BINARY)


def test_the_two_labels_answer_for_themselves():
    """w softplus(-z) has the slope -w far out, softplus(z) the slope 1."""
    assert confident(weighted(3)).value == "constant 3"
    assert mistaken(weighted(3)).value == "constant 1"


def test_a_weight_adds_its_logarithm_to_the_log_odds():
    assert elicits(weighted(3)).value == f"log-odds of q, {math.log(3):+.4g}"
    assert elicits(weighted(1)).value == "log-odds of q"


def test_a_weight_moves_the_threshold():
    """The minimiser is positive wherever 3 q > 1 - q, also for q in (1/4, 1/2)."""
    unknown = proper(weighted(3), convex=True)
    assert calibrated(weighted(3), weighted(3), convex=True, proper=unknown).value == "it seems not"


def test_nearly_proportional_to_the_log_odds_is_not_proportional():
    """Of the focal loss with gamma = 2 the minimiser is 0.3736 times the log-odds at q = 0.6, 0.3731 times at 0.9."""

    def focal(b, m):
        missing = b.add("sigmoid", (b.scale(-1, m),))
        return b.multiply(b.power(missing, 2), b.add("softplus", (b.scale(-1, m),)))

    assert elicits(margin(focal)).value == "another score, increasing in q"
    assert elicits(margin(lambda b, m: b.exp(b.scale(-1, m)))).value == "0.5 times the log-odds of q"


def test_a_plateau_of_best_scores():
    """A step is least for every score of the right sign, a ramp for every one beyond 1, the hinge at 1 alone."""
    many = "the mode: many scores of its sign are best"
    hinge = lambda b, m: b.maximum((b.constant(0), b.scale(-1, m, 1)))  # noqa: E731
    ramp = lambda b, m: b.scale(-1, b.maximum((b.constant(-1), b.scale(-1, hinge(b, m)))))  # noqa: E731
    assert elicits(margin(lambda b, m: b.step(b.scale(-1, m)))).value == many
    assert elicits(margin(ramp)).value == many
    assert elicits(margin(hinge)).value == "the mode, sign(q - 1/2)"


@pytest.mark.parametrize(
    ("loss", "constant"),
    [
        ("mse", "2"),  # (z - y)^2
        ("sigmoid_loss", "0.0962251"),  # s (1 - s) (1 - 2 s), largest 1 / (6 sqrt(3))
        ("poisson_nll", "infinite"),  # e^z
        ("mae", "unknown"),  # it has no derivative at 0
    ],
)
def test_the_smoothness_of_a_function_of_one_number(loss: str, constant: str) -> None:
    from lossaudit import card

    assert card(loss).entries["smoothness"].value == constant
