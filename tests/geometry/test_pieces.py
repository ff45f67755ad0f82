"""The piecewise route: losses of one affine scalar, in the spellings people write, and their near misses.

The truth of each case is elementary: the second derivative between the joints, value and slope at them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import pytest
from flint import arb, fmpq

from lossaudit.geometry.evaluate import balls, floats
from lossaudit.geometry.interval import NONNEGATIVE, POSITIVE, REALS, Interval, rational
from lossaudit.geometry.piecewise import non_convex_joint, prove_by_pieces
from lossaudit.geometry.program import Builder, Instruction, Program
from lossaudit.recheck import recheck
from lossaudit.verdict import Certificate

Spelling: TypeAlias = Callable[[Builder, int], int]

HALF = fmpq(1, 2)
THREE = fmpq(3)


def program(spelling: Spelling, domain: Interval = REALS) -> Program:
    b = Builder()
    x = b.variable(0)
    return b.build(spelling(b, x), 1, domain=domain)


def proved(spelling: Spelling, domain: Interval = REALS) -> bool:
    return prove_by_pieces(program(spelling, domain)) is not None


def relu(b: Builder, x: int) -> int:
    return b.maximum([x, b.constant(0)])


def log1p_exp(b: Builder, x: int) -> int:
    return b.log(b.scale(1, b.exp(x), 1))


def clamp(b: Builder, x: int, low: fmpq, high: fmpq) -> int:
    return b.minimum([b.maximum([x, b.constant(low)]), b.constant(high)])


def at_most(b: Builder, x: int, bound: fmpq) -> int:
    return b.step(b.scale(-1, x, bound), closed=True)


def below(b: Builder, x: int, bound: fmpq) -> int:
    return b.step(b.scale(-1, x, bound))


def huber_where(delta: fmpq, offset: fmpq | None = None, closed: bool = True, target: fmpq = THREE) -> Spelling:
    """where(|r| <= d, r^2/2, d |r| - offset); convex iff the offset is d^2/2."""

    def spell(b: Builder, x: int) -> int:
        r = b.scale(1, x, -target)
        a = b.absolute(r)
        outer = b.scale(delta, a, -(delta * delta / 2 if offset is None else offset))
        inner = b.scale(HALF, b.power(r, 2))
        return b.select((at_most if closed else below)(b, a, delta), inner, outer)

    return spell


def huber_min(b: Builder, x: int) -> int:
    """m (|r| - m/2) with m = min(|r|, 1)."""
    a = b.absolute(b.scale(1, x, -2))
    m = b.minimum([a, b.constant(1)])
    return b.multiply(m, b.linear([(1, a), (-HALF, m)]))


def huber_clamp(b: Builder, x: int) -> int:
    """q^2/2 + (|r| - q) with q = clamp(|r|, max=1)."""
    a = b.absolute(b.scale(1, x, -2))
    q = b.minimum([a, b.constant(1)])
    return b.linear([(HALF, b.power(q, 2)), (1, a), (-1, q)])


def huber_masks(b: Builder, x: int) -> int:
    """Products with masks that are 0 or 1 instead of where."""
    a = b.absolute(b.scale(1, x, -2))
    small = at_most(b, a, fmpq(1))
    return b.plus(
        b.multiply(small, b.scale(HALF, b.power(a, 2))), b.multiply(b.scale(-1, small, 1), b.scale(1, a, -HALF))
    )


def smooth_l1(beta: fmpq) -> Spelling:
    def spell(b: Builder, x: int) -> int:
        a = b.absolute(b.scale(1, x, -1))
        return b.select(below(b, a, beta), b.scale(HALF / beta, b.power(a, 2)), b.scale(1, a, -beta / 2))

    return spell


def stable_softplus(b: Builder, x: int) -> int:
    return b.plus(relu(b, x), log1p_exp(b, b.scale(-1, b.absolute(x))))


def stable_logsigmoid(b: Builder, x: int) -> int:
    return b.minus(b.minimum([x, b.constant(0)]), log1p_exp(b, b.scale(-1, b.absolute(x))))


def stable_bce(y: fmpq) -> Spelling:
    """max(x, 0) - x y + log(1 + exp(-|x|))."""
    return lambda b, x: b.linear([(1, stable_softplus(b, x)), (-y, x)])


def stable_bce_pos_weight(y: fmpq, w: fmpq) -> Spelling:
    """(1 - y) x + l (log(1 + exp(-|x|)) + max(-x, 0)), l = 1 + (w - 1) y: convex iff l >= 0."""

    def spell(b: Builder, x: int) -> int:
        tail = b.plus(log1p_exp(b, b.scale(-1, b.absolute(x))), relu(b, b.scale(-1, x)))
        return b.linear([(1 - y, x), (1 + (w - 1) * y, tail)])

    return spell


def softplus_by_sign(b: Builder, x: int) -> int:
    return b.select(b.step(x), b.plus(x, log1p_exp(b, b.scale(-1, x))), log1p_exp(b, x))


def log_cosh(b: Builder, x: int) -> int:
    """|r| + softplus(-2|r|) - log 2."""
    a = b.absolute(b.scale(1, x, -HALF))
    return b.linear([(1, a), (1, b.add("softplus", (b.scale(-2, a),))), (-1, b.log(b.constant(2)))])


def sigmoid_nll_by_sign(b: Builder, x: int) -> int:
    """-log of the stable sigmoid where(x >= 0, 1/(1 + e^-x), e^x/(1 + e^x))."""
    up = b.power(b.scale(1, b.exp(b.scale(-1, x)), 1), -1)
    e = b.exp(x)
    down = b.divide(e, b.scale(1, e, 1))
    return b.scale(-1, b.log(b.select(b.step(x, closed=True), up, down)))


def squared_hinge(b: Builder, x: int) -> int:
    return b.power(relu(b, b.scale(-2, x, 1)), 2)


def smoothed_hinge(b: Builder, x: int) -> int:
    """0 for t >= 1, (1 - t)^2/2 on (0, 1), 1/2 - t for t <= 0 (Rennie and Srebro)."""
    quadratic = b.scale(HALF, b.power(b.scale(-1, x, 1), 2))
    return b.select(
        b.step(b.scale(1, x, -1), closed=True),
        b.constant(0),
        b.select(b.step(b.scale(-1, x), closed=True), b.scale(-1, x, HALF), quadratic),
    )


def modified_huber(b: Builder, x: int) -> int:
    """max(0, 1 - t)^2 for t >= -1, -4t below (Zhang)."""
    return b.select(b.step(b.scale(1, x, 1), closed=True), b.power(relu(b, b.scale(-1, x, 1)), 2), b.scale(-4, x))


def epsilon_insensitive(b: Builder, x: int) -> int:
    return relu(b, b.scale(1, b.absolute(b.scale(1, x, -1)), -fmpq(1, 10)))


def pinball(tau: fmpq) -> Spelling:
    def spell(b: Builder, x: int) -> int:
        r = b.scale(-1, x, 2)
        return b.maximum([b.scale(tau, r), b.scale(tau - 1, r)])

    return spell


def pinball_indicator(b: Builder, x: int) -> int:
    """(tau - 1[r < 0]) r."""
    r = b.scale(-1, x, 2)
    return b.multiply(b.scale(-1, b.step(b.scale(-1, r)), fmpq(1, 3)), r)


def expectile(tau: fmpq) -> Spelling:
    """|tau - 1[r < 0]| r^2."""

    def spell(b: Builder, x: int) -> int:
        r = b.scale(-1, x, 2)
        return b.multiply(b.absolute(b.scale(-1, b.step(b.scale(-1, r)), tau)), b.power(r, 2))

    return spell


def quantile_huber(b: Builder, x: int) -> int:
    """|tau - 1[r < 0]| huber(r) (Dabney et al.)."""
    r = b.scale(-1, x, 2)
    a = b.absolute(r)
    h = b.select(at_most(b, a, fmpq(1)), b.scale(HALF, b.power(r, 2)), b.scale(1, a, -HALF))
    return b.multiply(b.absolute(b.scale(-1, b.step(b.scale(-1, r)), fmpq(1, 4))), h)


def elu(alpha: fmpq) -> Spelling:
    """x for x > 0, alpha (e^x - 1) below: convex iff 0 <= alpha <= 1."""
    return lambda b, x: b.select(b.step(x), x, b.scale(alpha, b.exp(x), -alpha))


def cubic_relu(b: Builder, x: int) -> int:
    return b.power(relu(b, x), 3)


def abs_power(r: fmpq) -> Spelling:
    return lambda b, x: b.power(b.absolute(x), r)


def mape(b: Builder, x: int) -> int:
    return b.absolute(b.scale(-fmpq(1, 7), x, 1))


def exponential_then_linear(b: Builder, x: int) -> int:
    """e^x up to 0, its tangent beyond."""
    return b.select(b.step(x), b.scale(1, x, 1), b.exp(x))


def logistic_tangent(b: Builder, x: int) -> int:
    """softplus left of 0, its tangent log 2 + x/2 right of it: the C1 joint has a transcendental value."""
    return b.select(b.step(x), b.plus(b.scale(HALF, x), b.log(b.constant(2))), b.add("softplus", (x,)))


def exp_tangent_at_two(b: Builder, x: int) -> int:
    """e^x up to 2, e^2 (x - 1) beyond: value and slope at the joint are both e^2."""
    e2 = b.exp(b.constant(2))
    return b.select(at_most(b, x, fmpq(2)), b.exp(x), b.multiply(e2, b.scale(1, x, -1)))


def threshold_at_half(b: Builder, x: int) -> int:
    """where(sigmoid(x) > 1/2, x, 0) is relu."""
    return b.select(b.step(b.scale(1, b.add("sigmoid", (x,)), -HALF)), x, b.constant(0))


def square_threshold(b: Builder, x: int) -> int:
    """where(x^2 < 1, x^2, 2|x| - 1)."""
    square = b.power(x, 2)
    return b.select(below(b, square, fmpq(1)), square, b.scale(2, b.absolute(x), -1))


def nested_root(b: Builder, x: int) -> int:
    """sqrt(1 + x^2) + |x|."""
    return b.plus(b.power(b.scale(1, b.power(x, 2), 1), HALF), b.absolute(x))


def many_thresholds(b: Builder, x: int) -> int:
    return b.linear((1, relu(b, b.scale(1, x, -fmpq(k, 3)))) for k in range(20))


def weighted_huber(delta: fmpq, at: fmpq) -> Spelling:
    """|tau - 1{x < at}| huber(x) with tau = 1/3: the weight jumps where it stands beside 0, or elsewhere."""

    def spell(b: Builder, x: int) -> int:
        weight = b.absolute(b.linear([(-1, below(b, x, at))], fmpq(1, 3)))
        return b.multiply(weight, b.add("huber", (x,), (delta,)))

    return spell


def polynomial(*coefficients: fmpq | int) -> Spelling:
    """By falling powers."""

    def spell(b: Builder, x: int) -> int:
        powers = [b.power(x, k) if k else b.constant(1) for k in range(len(coefficients) - 1, -1, -1)]
        return b.linear(zip(coefficients, powers, strict=True))

    return spell


CONVEX: dict[str, Spelling] = {
    "quantile Huber of the primitive": weighted_huber(HALF, fmpq(0)),
    "quantile Huber, large delta": weighted_huber(THREE, fmpq(0)),
    "Huber minus a little of a smaller one": lambda b, x: b.minus(
        b.add("huber", (x,), (THREE,)), b.add("huber", (x,), (HALF,))
    ),
    "x^4 - 2x^3 + 2x^2": polynomial(1, -2, 2, 0, 0),
    "x^4 - 2x^3 + 3/2 x^2, its second derivative touches 0": polynomial(1, -2, fmpq(3, 2), 0, 0),
    "(x^2 + 1)(x^2 + 2)": lambda b, x: b.multiply(b.scale(1, b.power(x, 2), 1), b.scale(1, b.power(x, 2), 2)),
    "huber, where": huber_where(fmpq(1)),
    "huber, where, delta not dyadic": huber_where(fmpq(4, 3), target=rational(0.1)),
    "huber, strict where": huber_where(fmpq(3, 2), closed=False),
    "huber, min": huber_min,
    "huber, clamp": huber_clamp,
    "huber, masks": huber_masks,
    "smooth l1": smooth_l1(fmpq(1, 2)),
    "smooth l1, beta 0.1": smooth_l1(rational(0.1)),
    "stable softplus": stable_softplus,
    "softplus by sign": softplus_by_sign,
    "-stable logsigmoid": lambda b, x: b.scale(-1, stable_logsigmoid(b, x)),
    "stable bce": stable_bce(fmpq(1, 3)),
    "stable bce, pos_weight": stable_bce_pos_weight(fmpq(1), fmpq(5, 2)),
    "stable bce, weight exactly 0": stable_bce_pos_weight(fmpq(1), fmpq(0)),
    "-log of the stable sigmoid": sigmoid_nll_by_sign,
    "log cosh": log_cosh,
    "hinge": lambda b, x: relu(b, b.scale(-1, x, 1)),
    "squared hinge": squared_hinge,
    "smoothed hinge": smoothed_hinge,
    "modified huber": modified_huber,
    "epsilon-insensitive": epsilon_insensitive,
    "pinball": pinball(rational(0.9)),
    "pinball, indicator": pinball_indicator,
    "expectile": expectile(fmpq(1, 5)),
    "quantile huber": quantile_huber,
    "elu": elu(fmpq(1)),
    "elu, alpha below 1": elu(fmpq(1, 2)),
    "cubic relu": cubic_relu,
    "|x|^1.5": abs_power(fmpq(3, 2)),
    "|x|^3": abs_power(fmpq(3)),
    "mape": mape,
    "exp with a tangent": exponential_then_linear,
    "softplus with a tangent": logistic_tangent,
    "exp with a tangent at 2": exp_tangent_at_two,
    "relu by sigmoid(x) > 1/2": threshold_at_half,
    "where(x^2 < 1, ...)": square_threshold,
    "sqrt(1 + x^2) + |x|": nested_root,
    "sqrt(4 (x - 1)^2)": lambda b, x: b.power(b.scale(4, b.power(b.scale(1, x, -1), 2)), HALF),
    "20 thresholds": many_thresholds,
}

NOT_CONVEX: dict[str, Spelling] = {
    "quantile Huber whose weight jumps at 1": weighted_huber(HALF, fmpq(1)),
    "Huber minus a little more of a smaller one": lambda b, x: b.minus(
        b.add("huber", (x,), (THREE,)), b.scale(1 + rational(1e-9), b.add("huber", (x,), (HALF,)))
    ),
    "x^4 - 2x^3 + a little less than 3/2 x^2": polynomial(1, -2, fmpq(3, 2) - rational(1e-11), 0, 0),
    "(x^2 - 1)(x^2 - 2)": lambda b, x: b.multiply(b.scale(1, b.power(x, 2), -1), b.scale(1, b.power(x, 2), -2)),
    "huber that jumps up": huber_where(fmpq(1), HALF - fmpq(1, 10)),
    "huber that jumps by 1e-11": huber_where(fmpq(1), HALF - fmpq(1, 10**11)),
    "huber that jumps down by 1e-11": huber_where(fmpq(1), HALF + fmpq(1, 10**11)),
    "clamp": lambda b, x: clamp(b, x, fmpq(-1), fmpq(1)),
    "ramp": lambda b, x: clamp(b, b.scale(-1, x, 1), fmpq(0), fmpq(1)),
    "truncated square": lambda b, x: b.minimum([b.power(x, 2), b.constant(1)]),
    "-log of a clamped sigmoid": lambda b, x: b.scale(-1, b.log(b.maximum([b.add("sigmoid", (x,)), b.constant(HALF)]))),
    "where with a wrong slope": lambda b, x: b.select(b.step(x), x, b.scale(2, x)),
    "slope falls by 1e-11": lambda b, x: b.select(b.step(x), x, b.scale(1 + fmpq(1, 10**11), x)),
    "wrong value at one point": lambda b, x: b.plus(
        b.absolute(x),
        b.select(b.multiply(b.step(x, closed=True), b.step(b.scale(-1, x), closed=True)), b.constant(1), b.constant(0)),
    ),
    "too low at one point": lambda b, x: b.plus(
        b.absolute(x),
        b.select(
            b.multiply(b.step(x, closed=True), b.step(b.scale(-1, x), closed=True)), b.constant(-1), b.constant(0)
        ),
    ),
    "step": lambda b, x: b.step(x),
    "leaky relu with slope 2": lambda b, x: b.select(b.step(x), x, b.scale(2, x)),
    "elu with alpha 2": elu(fmpq(2)),
    "elu with alpha 1 + 1e-11": elu(1 + fmpq(1, 10**11)),
    "expectile with a negative weight": lambda b, x: b.multiply(b.scale(-1, b.step(x), fmpq(1, 3)), b.power(x, 2)),
    "softplus as coded, linear above 20": lambda b, x: b.select(b.step(b.scale(1, x, -20)), x, b.add("softplus", (x,))),
    "softplus with a tangent too low by 1e-11": lambda b, x: b.select(
        b.step(x), b.linear([(HALF, x), (1, b.log(b.constant(2)))], -fmpq(1, 10**11)), b.add("softplus", (x,))
    ),
    "bce with a negative weight": stable_bce_pos_weight(fmpq(1), fmpq(-1, 10**11)),
    "|x| - x^2 e-11": lambda b, x: b.linear([(1, b.absolute(x)), (-fmpq(1, 10**11), b.power(x, 2))]),
    "relu(x)^3 - relu(x)^2 e-12": lambda b, x: b.linear(
        [(1, b.power(relu(b, x), 3)), (-fmpq(1, 10**12), b.power(relu(b, x), 2))]
    ),
    "|x|^0.5": abs_power(HALF),
    "cube of |x| with sign": lambda b, x: b.multiply(x, b.power(b.absolute(x), 2)),
    "logsigmoid": stable_logsigmoid,
    "log of |x|, not defined at 0": lambda b, x: b.scale(-1, b.log(b.absolute(x))),
    "1/|x|, not defined at 0": lambda b, x: b.power(b.absolute(x), -1),
    "x/x |x|, not defined at 0": lambda b, x: b.multiply(b.multiply(x, b.power(x, -1)), b.absolute(x)),
    "-sqrt(x^2)": lambda b, x: b.plus(b.step(b.constant(1)), b.scale(-1, b.power(b.power(x, 2), HALF))),
    "opaque": lambda b, x: b.plus(b.absolute(x), b.opaque("something", (x,))),
    "condition on something opaque": lambda b, x: b.select(b.step(b.opaque("c", (x,))), x, b.absolute(x)),
}


@pytest.mark.parametrize("name", CONVEX)
def test_convex_spellings_are_proved(name: str) -> None:
    assert proved(CONVEX[name])


@pytest.mark.parametrize("name", NOT_CONVEX)
def test_near_misses_are_not_proved(name: str) -> None:
    assert not proved(NOT_CONVEX[name])


@pytest.mark.parametrize("name", [name for name in CONVEX if name != "stable bce, weight exactly 0"])
def test_minus_a_convex_loss_that_is_not_affine_is_not_proved(name: str) -> None:
    assert not proved(lambda b, x: b.scale(-1, CONVEX[name](b, x)))


@pytest.mark.parametrize("name", CONVEX)
@pytest.mark.parametrize("scale", [fmpq(1, 10**11), fmpq(10**11)])
def test_positive_scaling_does_not_change_the_answer(name: str, scale: fmpq) -> None:
    assert proved(lambda b, x: b.scale(scale, CONVEX[name](b, x)))
    assert proved(lambda b, x: CONVEX[name](b, b.scale(-scale, x, fmpq(1, 7))))


@pytest.mark.parametrize("name", CONVEX)
def test_pieces_agree_with_the_function(name: str) -> None:
    """What the certificate says of each piece is the function, at exact points inside it."""
    certificate = prove_by_pieces(program(CONVEX[name]))
    assert certificate is not None
    assert_replays(certificate)


def assert_replays(certificate: Certificate) -> None:
    for function in certificate.data["functions"]:
        whole = from_json(function["function"])
        for piece in function["pieces"]:
            expression = from_json(piece["expression"])
            for u in inner_points(*piece["interval"]):
                a, b = (balls(p, [arb(u)], bits=200)[p.output] for p in (whole, expression))
                assert a.overlaps(b)
                assert a.rad() < 1e-9


def inner_points(low: str | None, high: str | None) -> list[fmpq]:
    a = None if low is None else Fraction(low)
    b = None if high is None else Fraction(high)
    if a is None:
        a, b = (b - 5, b) if b is not None else (Fraction(-4), Fraction(5))
    elif b is None:
        b = a + 5
    assert b is not None
    return [fmpq(t.numerator, t.denominator) for t in (a + (b - a) * Fraction(k, 8) for k in (1, 3, 7))]


def from_json(data: dict[str, Any]) -> Program:
    def number(text: str) -> fmpq:
        f = Fraction(text)
        return fmpq(f.numerator, f.denominator)

    instructions = tuple(
        Instruction(op, tuple(args), tuple(number(c) for c in constants))
        for op, args, constants in data["instructions"]
    )
    return Program(instructions, data["output"], data["variables"])


@pytest.mark.parametrize(
    "name",
    [
        "huber that jumps up",
        "huber that jumps by 1e-11",
        "huber that jumps down by 1e-11",
        "clamp",
        "ramp",
        "truncated square",
        "-log of a clamped sigmoid",
        "where with a wrong slope",
        "slope falls by 1e-11",
        "wrong value at one point",
        "too low at one point",
        "step",
        "elu with alpha 2",
        "elu with alpha 1 + 1e-11",
        "softplus as coded, linear above 20",
        "softplus with a tangent too low by 1e-11",
    ],
)
def test_a_bad_joint_gives_a_chord_below_the_graph(name: str) -> None:
    p = program(NOT_CONVEX[name])
    ends = non_convex_joint(p)
    assert ends is not None
    (a,), (b,) = ends
    left, middle, right = (balls(p, [arb(x)], bits=300)[p.output] for x in (a, (a + b) / 2, b))
    assert middle - (left + right) / 2 > 0


@pytest.mark.parametrize("name", CONVEX)
def test_a_convex_loss_has_no_bad_joint(name: str) -> None:
    assert non_convex_joint(program(CONVEX[name])) is None


def test_nothing_piecewise_is_left_to_others_at_once() -> None:
    b = Builder()
    xs = [b.variable(i) for i in range(100)]
    p = b.build(b.minus(b.logsumexp(xs), xs[0]), 100)
    best = min(_seconds(lambda: prove_by_pieces(p)) for _ in range(5))
    assert prove_by_pieces(p) is None
    assert best < 1e-3


@pytest.mark.parametrize("name", ["huber, where", "stable bce", "smoothed hinge", "log cosh"])
def test_a_usual_loss_takes_a_few_milliseconds(name: str) -> None:
    p = program(CONVEX[name])
    assert min(_seconds(lambda: prove_by_pieces(p)) for _ in range(5)) < 10e-3


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def rows(spelling: Callable[[Builder, int, fmpq], int], targets: Sequence[fmpq]) -> Program:
    b = Builder()
    terms = [(fmpq(1, len(targets)), spelling(b, b.variable(i), y)) for i, y in enumerate(targets)]
    return b.build(b.linear(terms), len(targets))


def test_elements_that_differ_by_a_shift_share_one_proof() -> None:
    targets = [fmpq(k, 7) for k in range(40)]
    certificate = prove_by_pieces(rows(lambda b, x, y: huber_where(fmpq(1), target=y)(b, x), targets))
    assert certificate is not None
    assert len(certificate.data["groups"]) == 40
    assert len(certificate.data["functions"]) == 1


def test_stable_bce_over_many_targets_has_one_function() -> None:
    certificate = prove_by_pieces(rows(lambda b, x, y: stable_bce(y)(b, x), [fmpq(k, 9) for k in range(10)]))
    assert certificate is not None
    assert len(certificate.data["functions"]) == 1


def test_one_bad_element_spoils_the_sum() -> None:
    b = Builder()
    xs = [b.variable(i) for i in range(5)]
    terms = [huber_where(fmpq(1))(b, x) for x in xs[:4]] + [clamp(b, xs[4], fmpq(0), fmpq(1))]
    p = b.build(b.linear((1, t) for t in terms), 5)
    assert prove_by_pieces(p) is None
    assert non_convex_joint(p) is not None


def test_a_linear_model_is_grouped_by_its_scores() -> None:
    """sum_i softplus(-y_i (w . x_i)) in the stable spelling, dense rows."""
    rng = np.random.default_rng(0)
    data = rng.integers(-8, 9, size=(6, 4))
    b = Builder()
    w = [b.variable(j) for j in range(4)]
    scores = [b.linear((int(c), v) for c, v in zip(row, w, strict=True)) for row in data]
    certificate = prove_by_pieces(b.build(b.linear((1, stable_softplus(b, s)) for s in scores), 4))
    assert certificate is not None
    assert len(certificate.data["functions"]) == 1


def test_opposite_directions_belong_together() -> None:
    """max(z0 - z1, 0) - max(z1 - z0, 0) = z0 - z1 is affine, though its second term is concave."""
    b = Builder()
    x, y = b.variable(0), b.variable(1)
    up, down = relu(b, b.minus(x, y)), relu(b, b.minus(y, x))
    certificate = prove_by_pieces(b.build(b.minus(up, down), 2))
    assert certificate is not None
    assert len(certificate.data["groups"]) == 1


def test_two_directions_in_one_term_are_not_one_scalar() -> None:
    b = Builder()
    x, y = b.variable(0), b.variable(1)
    assert prove_by_pieces(b.build(b.multiply(relu(b, x), b.absolute(y)), 2)) is None


def test_what_is_not_a_function_of_one_scalar_is_left_to_the_facts() -> None:
    """huber(z0) + lse(z) - z1 is convex, huber(z0) - lse(z) is not."""
    for sign, convex in ((1, True), (-1, False)):
        b = Builder()
        z = [b.variable(i) for i in range(3)]
        total = b.linear([(1, huber_where(fmpq(1))(b, z[0])), (sign, b.logsumexp(z)), (-1, z[1])])
        assert (prove_by_pieces(b.build(total, 3)) is not None) == convex


def test_huge_powers_are_declined_quickly() -> None:
    """exp(k log(1 + e^|x|)) and towers of powers must not be multiplied out."""

    def tower(b: Builder, x: int) -> int:
        y = b.scale(1, b.exp(b.absolute(x)), 1)
        return b.power(b.power(b.power(y, 20), 20), 20)

    for spelling in (tower, lambda b, x: b.exp(b.scale(10**9, b.log(b.scale(1, b.exp(b.absolute(x)), 1))))):
        p = program(spelling)
        assert _seconds(lambda p=p: prove_by_pieces(p)) < 1.0


def test_a_quotient_that_cancels_is_proved_and_replayed() -> None:
    def one(b: Builder, x: int) -> int:
        top = b.maximum([x, b.constant(2)])
        return b.multiply(top, b.power(top, -1))

    proof = prove_by_pieces(program(one))
    assert proof is not None
    assert recheck({"rule": proof.rule, "data": proof.data, "steps": []})


def test_exponentials_that_fit_into_no_memory_are_compared() -> None:
    """max(exp(1e12 x), 2) + |x| on x >= 1 and on x <= -1: at the end exp(1e12 x) has 10^12 bits."""

    def steep(b: Builder, x: int) -> int:
        return b.plus(b.maximum([b.exp(b.scale(10**12, x)), b.constant(2)]), b.absolute(x))

    assert proved(steep, Interval(fmpq(1), None, True))
    assert proved(steep, Interval(None, fmpq(-1), True, True))


def test_a_domain_makes_the_untaken_side_irrelevant() -> None:
    """|x|^3 with its sign is x^3 on [0, inf): convex there only."""
    spelling = NOT_CONVEX["cube of |x| with sign"]
    assert proved(spelling, NONNEGATIVE)
    assert proved(NOT_CONVEX["log of |x|, not defined at 0"], POSITIVE)
    assert not proved(NOT_CONVEX["log of |x|, not defined at 0"], NONNEGATIVE)


def test_a_closed_end_of_the_domain_may_lie_above_its_limit_but_not_below() -> None:
    def with_end(value: int) -> Spelling:
        return lambda b, x: b.select(b.step(x), b.constant(0), b.constant(value))

    assert proved(with_end(1), NONNEGATIVE)
    assert not proved(with_end(-1), NONNEGATIVE)
    assert proved(with_end(-1), POSITIVE)


def test_entropy_guard_is_continuous_at_zero() -> None:
    """where(p > 0, p log p, 0) on [0, 1]: the limit at 0 is 0."""

    def spell(b: Builder, p: int) -> int:
        return b.select(b.step(p), b.multiply(p, b.log(p)), b.constant(0))

    unit = Interval(fmpq(0), fmpq(1), low_open=False, high_open=False)
    assert proved(spell, unit)
    assert not proved(lambda b, p: b.scale(-1, spell(b, p)), unit)
    assert not proved(spell)  # 0 for all p < 0, and the slope at 0 is -inf from the right


def test_floats_of_the_pieces_follow_the_definition() -> None:
    """The spellings mean what they say: against plain NumPy at random points."""
    x = np.random.default_rng(1).normal(size=200) * 4
    r = x - 3
    want = np.where(abs(r) <= 1, r**2 / 2, abs(r) - 0.5)
    p = program(huber_where(fmpq(1)))
    np.testing.assert_allclose(floats(p, x[None])[p.output], want, rtol=1e-12)
    p = program(stable_softplus)
    np.testing.assert_allclose(floats(p, x[None])[p.output], np.logaddexp(0, x), rtol=1e-9)
