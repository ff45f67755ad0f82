"""Constants and limits against closed forms: research losses.md, sections 0 (C2, C3, C9) and 4."""

import math

import pytest
from flint import fmpq

from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.ring import constants, gradient_limit, gradient_square_at_zero


def loss(name: str, classes: int) -> Program:
    """A loss for target 0."""
    b = Builder()
    z = [b.variable(k) for k in range(classes)]
    total = b.logsumexp(z)
    log_p = [b.minus(x, total) for x in z]
    p = [b.exp(x) for x in log_p]
    wrong = b.scale(-1, p[0], 1)
    tenth = fmpq(1, 10)
    made = {
        "ce": lambda: [(-1, log_p[0])],
        "brier": lambda: [(1, b.power(b.scale(1, x, -int(k == 0)), 2)) for k, x in enumerate(p)],
        "mae": lambda: [(1, b.absolute(b.scale(1, p[0], -1))), *((1, b.absolute(x)) for x in p[1:])],
        "smoothed": lambda: [(tenth - 1, log_p[0]), *((-tenth / classes, x) for x in log_p)],
        "focal": lambda: [(-1, b.multiply(log_p[0], b.power(wrong, 2)))],
        "gce": lambda: [(fmpq(-10, 7), b.exp(b.scale(fmpq(7, 10), log_p[0])))],
        "poly1": lambda: [(-1, log_p[0]), (-2, p[0])],
        "inverse": lambda: [(1, b.power(p[0], -1))],
        "squared_ce": lambda: [(1, b.power(log_p[0], 2))],
        "temperature": lambda: [
            (4, b.minus(b.logsumexp([b.scale(tenth * 5, x) for x in z]), b.scale(tenth * 5, z[0])))
        ],
    }[name]()
    return b.build(b.linear(made), classes)


CASES = [
    ("ce", math.sqrt(2), 0.5),
    ("brier", 16 * math.sqrt(2) / 27, None),
    ("mae", math.sqrt(2) / 2, 2 / (3 * math.sqrt(3))),  # sqrt2 |D phi| at 1/2; 4 sup |sigmoid''| = 4/(6 sqrt3)
    ("temperature", 2 * math.sqrt(2), 0.5),
    ("gce", math.sqrt(2) * (7 / 17) ** 0.7 * (10 / 17) * 1.0, None),  # sup sqrt2 p^q (1-p) at p = q/(1+q)
    ("poly1", math.sqrt(2) * 9 / 8, None),  # sup sqrt2 (1-p)(1+2p) at p = 1/4
]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("name", "lipschitz", "smoothness"), CASES)
def test_lipschitz_constants(name, lipschitz, smoothness, classes):
    found = constants(loss(name, classes))
    assert found is not None
    pairs = [(found.lipschitz, lipschitz), (found.smoothness, smoothness)]
    for enclosure, expected in pairs:
        assert enclosure is not None
        assert enclosure.relative_width <= 1e-6
        if expected is not None:
            assert enclosure.lower <= expected * (1 + 1e-15)
            assert enclosure.upper >= expected * (1 - 1e-15)


def test_smoothness_of_the_squared_error_on_two_classes_by_calculus():
    """K = 2: f = 2 (1-p)^2 and the eigenvalue is 2 |D^2 phi|, a cubic in p times p(1-p)."""
    found = constants(loss("brier", 2))
    assert found is not None
    assert found.smoothness is not None
    best = max(2 * abs(4 * p * (1 - p) ** 2 * (3 * p - 1)) for p in (k / 10**5 for k in range(10**5)))
    assert found.smoothness.lower <= best * (1 + 1e-8)
    assert found.smoothness.upper >= best
    assert best == pytest.approx(0.616, abs=5e-4)  # losses.md


def test_binary_losses():
    b = Builder()
    u = b.variable(0)
    bce = constants(b.build(b.add("softplus", (u,)), 1))
    squared = constants(b.build(b.power(b.scale(1, b.add("sigmoid", (u,)), -1), 2), 1))
    assert bce is not None
    assert bce.lipschitz is not None
    assert bce.smoothness is not None
    assert bce.lipschitz.lower <= 1 <= bce.lipschitz.upper
    assert bce.smoothness.lower <= 0.25 <= bce.smoothness.upper
    assert squared is not None
    assert squared.lipschitz is not None
    assert squared.lipschitz.lower <= 8 / 27 <= squared.lipschitz.upper  # losses.md: one-vs-all sigmoid MSE


def test_an_infinite_constant_is_not_given_a_number():
    found = constants(loss("inverse", 2))
    assert found is not None
    assert found.lipschitz is None
    b = Builder()
    assert constants(b.build(b.power(b.variable(0), 2), 1)) is None


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize(
    ("name", "kind", "rate", "power"),
    [
        ("ce", "constant", 0, 0),
        ("focal", "constant", 0, 0),
        ("poly1", "constant", 0, 0),
        ("smoothed", "constant", 0, 0),
        ("brier", "decays", 1, 0),
        ("mae", "decays", 1, 0),
        ("gce", "decays", fmpq(7, 10), 0),
        ("inverse", "grows", -1, 0),
        ("squared_ce", "grows", 0, 1),
    ],
)
def test_confidently_wrong(name, kind, rate, power, classes):
    limit = gradient_limit(loss(name, classes), [0, 1] + [0] * (classes - 2))
    assert limit is not None
    assert (limit.kind, limit.rate, limit.power) == (kind, rate, power)
    if name in ("ce", "focal", "poly1"):  # sqrt2 |h(0+)|
        assert limit.square == 2
    if name == "brier" and classes == 2:  # 4 sqrt2 e^-t
        assert limit.square == 32


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_confidently_right(classes):
    d = [1] + [0] * (classes - 1)
    ce, brier, smoothed = (gradient_limit(loss(name, classes), d) for name in ("ce", "brier", "smoothed"))
    assert ce is not None
    assert brier is not None
    assert smoothed is not None
    assert (ce.kind, ce.rate) == ("decays", 1)
    assert ce.square == (classes - 1) * classes  # (1-p, p_k...) ~ e^-t (K-1, 1, ..., 1)
    assert (brier.kind, brier.rate) == ("decays", 2)
    assert smoothed.kind == "constant"
    assert smoothed.square == fmpq(1, 100) * (1 - fmpq(1, classes))  # |(e_0 - 1/K)|/10 ...


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_factor_at_the_uniform_point(classes):
    """C9: |grad Brier| = (2/K) |grad CE|."""
    brier, ce = (gradient_square_at_zero(loss(name, classes)) for name in ("brier", "ce"))
    assert brier is not None
    assert ce == 1 - fmpq(1, classes)
    assert brier == fmpq(4, classes**2) * ce


def test_ties_are_left_open():
    assert gradient_limit(loss("ce", 3), [0, 1, 1]) is None
