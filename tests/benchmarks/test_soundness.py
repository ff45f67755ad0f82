"""A small soundness campaign, and that its attacker can tell right from wrong."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from benchmarks.random_programs import Maker
from flint import arb, fmpq

from benchmarks import independent, random_losses
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Builder, Program


def test_no_verdict_of_a_small_campaign_is_wrong() -> None:
    from benchmarks.soundness import campaign

    assert campaign(200, known=False).wrong == []


@pytest.mark.slow
def test_no_verdict_of_a_campaign_is_wrong() -> None:
    from benchmarks.soundness import campaign

    assert campaign(5000, seed=7).wrong == []


def test_the_random_programs_use_every_primitive() -> None:
    maker = Maker(0)
    seen = {instruction.op for _ in range(3000) for instruction in maker.program().instructions}
    assert set(PRIMITIVES) <= seen


def one(op: str, *constants: fmpq | int) -> Program:
    builder = Builder()
    return builder.build(builder.add(op, (builder.variable(0),), [fmpq(c) for c in constants]), 1)


@pytest.mark.parametrize("op", ["sigmoid", "tanh", "sin", "atan", "erf", "step"])
def test_the_search_contradicts_what_is_bounded(op: str) -> None:
    assert independent.contradiction(one(op), seed=0) is not None


@pytest.mark.parametrize("op", ["exp", "softplus", "abs"])
def test_the_search_finds_nothing_against_convex_functions(op: str) -> None:
    assert independent.contradiction(one(op), seed=0) is None


@pytest.mark.parametrize("op", ["log", "xlogx"])
def test_a_point_without_a_value_contradicts(op: str) -> None:
    found = independent.contradiction(one(op), seed=0)
    assert found is not None
    assert found.why == "no value"


def test_a_curvature_of_minus_1e_11_is_found() -> None:
    b = Builder()
    x, y = b.variable(0), b.variable(1)
    form = b.linear([(1, b.power(x, 2)), (fmpq(-1, 10**11), b.power(y, 2))])
    assert independent.contradiction(b.build(form, 2), seed=0) is not None


def test_softplus_has_a_value_far_out() -> None:
    value = independent.ball(one("softplus"), [Fraction(-914)], 100)
    assert float(value.log().mid()) == pytest.approx(-914, rel=1e-15)


def test_a_step_next_to_its_jump_contradicts_nothing() -> None:
    b = Builder()
    near_one = b.add("sigmoid", (b.scale(1, b.variable(0), 10**6),))
    assert independent.contradiction(b.build(b.step(b.minus(b.constant(1), near_one)), 1), seed=0) is None


@pytest.mark.parametrize("op", sorted(set(independent.BALLS) - {"multiply", "logsumexp", "max"}))
@pytest.mark.parametrize("x", [-2.5, -0.3, 0.4, 1.0, 7.5])
def test_balls_agree_with_floats(op: str, x: float) -> None:
    program = one(op, *{"power": (3,), "huber": (1,)}.get(op, ()))
    expected = float(independent.in_floats(program, np.array([[x]]))[0])
    if np.isnan(expected):
        with pytest.raises(independent.Undefined):
            independent.ball(program, [Fraction(x)], 100)
    else:
        assert float(independent.ball(program, [Fraction(x)], 100).mid()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("operation", [*random_losses.EACH, *random_losses.ACROSS, *random_losses.TO_SCALAR], ids=str)
def test_each_torch_operation_is_what_it_is_in_balls(operation: random_losses.Operation) -> None:
    z = torch.tensor([0.3, -1.7, 2.4], dtype=torch.float64)
    expected = [float(x.mid()) for x in operation.balls([arb(x) for x in z.tolist()])]
    assert operation.torch(z).reshape(-1).tolist() == pytest.approx(expected, rel=1e-12)


def test_cvxpy_knows_its_atoms() -> None:
    pytest.importorskip("cvxpy", reason="CVXPY is not installed: pip install 'lossaudit[bench]'")
    from benchmarks import dcp

    for op, constants, convex in (("exp", (), True), ("log", (), False), ("huber", (1,), True), ("power", (4,), True)):
        translation = dcp.translated(one(op, *constants))
        assert translation is not None
        assert translation.convex is convex
    assert dcp.translated(one("sigmoid")) is None


def test_cvxpy_restricts_odd_powers_silently() -> None:
    pytest.importorskip("cvxpy", reason="CVXPY is not installed: pip install 'lossaudit[bench]'")
    from benchmarks import dcp

    cube = one("power", 3)
    translation = dcp.translated(cube)
    assert translation is not None
    assert translation.convex
    assert dcp.inside(cube, translation, [Fraction(1)])
    assert not dcp.inside(cube, translation, [Fraction(-1)])
