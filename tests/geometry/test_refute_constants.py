"""The known thresholds of negative curvature, and the two valleys of one sigmoid neuron."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import fmpq

from lossaudit.geometry.interval import REALS, Interval, rational
from lossaudit.geometry.program import Builder
from lossaudit.geometry.refute import confirm, largest_box, local_minimum, two_minima


def margin(phi):
    """A loss of p = sigmoid(m), written phi(builder, p, 1 - p, log p)."""
    b = Builder()
    m = b.variable(0)
    opposite = b.scale(-1, m)
    p, q, log_p = b.add("sigmoid", (m,)), b.add("sigmoid", (opposite,)), b.scale(-1, b.add("softplus", (opposite,)))
    return b.build(phi(b, p, q, log_p), 1)


def focal(gamma):
    return margin(lambda b, p, q, lp: b.scale(-1, b.multiply(b.power(q, gamma), lp)))


# research/losses.md, certificate C2: margins at which the curvature changes its sign; negative to the left.
BRIER = (margin(lambda b, p, q, lp: b.power(q, 2)), -math.log(2))  # p < 1/3
GCE = (margin(lambda b, p, q, lp: b.scale(-1, b.power(p, fmpq(7, 10)), 1)), math.log(0.7))  # p < q / (1 + q)
POLY_2 = (margin(lambda b, p, q, lp: b.linear(((-1, lp), (2, q)))), -math.log(3))  # p < 1/4
FOCAL = [
    (focal(fmpq(gamma)), m) for gamma, m in ((fmpq(1, 2), -4.018), (1, -3.098), (2, -2.790), (3, -2.797), (5, -2.939))
]


@pytest.mark.parametrize(("program", "threshold"), [BRIER, GCE, POLY_2, *FOCAL])
def test_curvature_is_negative_exactly_to_the_left_of_the_threshold(program, threshold):
    slack = 1e-3  # the focal thresholds are known to three digits
    for a in np.linspace(-30, threshold - slack, 12)[:-1]:
        assert confirm(program, [float(a)], [threshold - slack]) is not None
    for b in np.linspace(threshold + slack, 30, 12)[1:]:
        assert confirm(program, [threshold + slack], [float(b)]) is None
    assert confirm(program, [threshold - 2 * slack], [threshold - slack]) is not None
    assert confirm(program, [threshold + slack], [threshold + 2 * slack]) is None


def test_the_thresholds_of_closed_forms_to_twelve_digits():
    for program, threshold in (BRIER, GCE, POLY_2):
        assert confirm(program, [threshold - 2e-12], [threshold - 1e-12]) is not None
        assert confirm(program, [threshold + 1e-12], [threshold + 2e-12]) is None


def neuron(loss):
    """One weight, no bias, x = (10, -0.1) and targets (0.9, 0.9)."""
    b = Builder()
    w = b.variable(0)
    return b.build(b.linear((1, loss(b, b.scale(rational(x), w))) for x in (10.0, -0.1)), 1)


TARGET = rational(0.9)
SQUARED = neuron(lambda b, z: b.power(b.scale(1, b.add("sigmoid", (z,)), -TARGET), 2))
CROSS_ENTROPY = neuron(lambda b, z: b.linear(((1, b.add("softplus", (z,))), (-TARGET, z))))


def test_a_sigmoid_neuron_has_two_minima_with_squared_error():
    # Auer, Herbster and Warmuth 1995; positions and values from research/losses.md, C7.
    left, right = two_minima(SQUARED, [-20.0, 0.0])
    for minimum, place, value in ((left, -21.97, 0.810), (right, 0.209, 0.164)):
        assert minimum.low < minimum.high
        assert float(minimum.high - minimum.low) < 1e-4
        assert float(minimum.low) == pytest.approx(place, abs=5e-3)
        assert minimum.value[0] <= minimum.value[1] < minimum.value[0] + 1e-6
        assert minimum.value[1] == pytest.approx(value, abs=5e-4)
    # -0.1 w = log 9 solves the second example exactly, the first one is saturated there.
    assert float(left.low) == pytest.approx(-10 * math.log(9), abs=1e-3)


def test_and_one_with_cross_entropy():
    assert two_minima(CROSS_ENTROPY, [-100.0, -20.0, 0.0, 20.0]) == ()
    found = [local_minimum(CROSS_ENTROPY, x) for x in (-100.0, -20.0, 0.0, 20.0)]
    assert all(m is not None for m in found)
    assert max(m.low for m in found) < min(m.high for m in found)  # the same one each time


def test_a_minimum_needs_a_valley():
    b = Builder()
    x = b.variable(0)
    for write in (x, b.exp(x), b.add("sigmoid", (x,)), b.power(x, 3), b.constant(1), b.add("softplus", (x,))):
        assert local_minimum(b.build(write, 1), 0.3) is None
    parabola = b.build(b.power(b.scale(1, x, -fmpq(1, 3)), 2), 1)
    found = local_minimum(parabola, 40.0)
    assert found.low < fmpq(1, 3) < found.high
    assert found.value[0] <= 0 <= found.value[1]


def test_a_jump_is_no_minimum():
    # x <= 0 ? -x : x - 1 falls on the left, jumps down and rises: its infimum is not attained near 0.
    b = Builder()
    x = b.variable(0)
    jump = b.select(b.step(x), b.scale(1, x, -1), b.scale(-1, x))
    assert local_minimum(b.build(jump, 1), 0.0) is None


def test_the_same_valley_is_not_counted_twice():
    b = Builder()
    parabola = b.build(b.power(b.variable(0), 2), 1)
    assert two_minima(parabola, [-3.0, 0.1, 2.0]) == ()


def test_the_largest_box_is_the_largest_that_was_proved():
    b = Builder()
    loss = b.build(b.log(b.scale(1, b.power(b.variable(0), 2), 1)), 1)  # Cauchy: convex for |x| <= 1
    asked = []

    def prove(program):
        asked.append(program.domain)
        return program.domain.high <= 1

    radius = largest_box(loss, prove, [fmpq(1, 4), 2, 8])
    assert fmpq(3, 4) < radius <= 1
    assert Interval(-radius, radius, False, False) in asked
    assert largest_box(loss, lambda p: False, [1, 2]) is None
    assert largest_box(loss, lambda p: True, [1, 2]) == 2
    assert largest_box(loss, lambda p: True, []) is None
    assert loss.domain == REALS
