"""The Huber primitive: Huber 1964, rho(r) = r^2 / 2 up to |r| = k, then k |r| - k^2 / 2."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from lossaudit.geometry.evaluate import balls, floats, gradient
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Builder, Program

HUBER = PRIMITIVES["huber"]


def program(delta: fmpq, *, expanded: bool = False) -> Program:
    b = Builder()
    x = b.variable(0)
    out = HUBER.expansion(b, (x,), (delta,)) if expanded else b.add("huber", (x,), (delta,))
    return b.build(out, 1)


@given(st.floats(-1e6, 1e6), st.sampled_from([fmpq(1, 3), fmpq(1), fmpq(5, 2)]))
def test_value_expansion_and_balls_agree(x: float, delta: fmpq) -> None:
    k = float(delta)
    wanted = x * x / 2 if abs(x) <= k else k * abs(x) - k * k / 2
    for expanded in (False, True):
        p = program(delta, expanded=expanded)
        assert floats(p, np.array([[x]]))[p.output][0] == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        assert float(balls(p, [arb(x)])[p.output].mid()) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@given(st.floats(-50, 50), st.floats(0, 20), st.floats(-1, 1))
def test_a_ball_holds_the_values_of_all_its_members(middle: float, radius: float, where: float) -> None:
    box = HUBER.ball([arb(middle, radius)], (fmpq(5, 2),))
    member = arb(middle) + arb(radius) * arb(where)
    assert box.overlaps(HUBER.ball([member], (fmpq(5, 2),)))
    assert box >= 0 or box.overlaps(arb(0))


@given(st.floats(-10, 10))
def test_the_slope_is_the_residual_cut_off(x: float) -> None:
    p, (slope,) = gradient(program(fmpq(1)))
    assert floats(p, np.array([[x]]))[slope][0] == pytest.approx(min(max(x, -1), 1))


def test_kinks_are_where_the_pieces_meet() -> None:
    assert HUBER.kinks((fmpq(3, 2),)) == (fmpq(-3, 2), fmpq(3, 2))
