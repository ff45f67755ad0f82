"""What the campaign has found once: wrong proofs, crashes, and evidence that the checker refused."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from flint import fmpq

from lossaudit.geometry.decide import decide
from lossaudit.geometry.program import Builder, Program
from lossaudit.recheck import recheck
from lossaudit.verdict import Status


def test_a_sum_with_a_term_that_has_no_value_is_not_convex() -> None:
    b = Builder()
    nowhere = b.log(b.constant(-1))
    assert decide(b.build(b.linear([(1, b.power(b.variable(0), 2)), (2, nowhere)]), 1)).status is not Status.PROVED


def test_a_quotient_by_a_term_that_has_no_value_is_not_convex() -> None:
    b = Builder()
    nowhere = b.power(b.logsumexp((b.constant(-2), b.power(b.constant(fmpq(-1, 2)), fmpq(3, 2)))), -1)
    assert decide(b.build(b.scale(-2, nowhere), 1)).status is not Status.PROVED


def test_a_log_gamma_too_large_for_floats_is_no_crash() -> None:
    b = Builder()
    grown = b.add("lgamma", (b.exp(b.scale(fmpq(1, 10), b.variable(0), fmpq(1, 10**11))),))
    assert decide(b.build(b.add("softplus", (grown,)), 1)).status in Status


FAR_AWAY = """
from flint import fmpq
from lossaudit.geometry.decide import decide
from lossaudit.geometry.program import Builder
b = Builder()
x = b.variable(0)
size = b.absolute(b.scale(fmpq(-1, 10**11), x, fmpq(-17, 10)))
bend = b.linear([(3, b.add("sigmoid", (b.scale(2, x, -2),))), (-2, b.add("softplus", (b.scale(-2, x, 2),)))])
decide(b.build(b.maximum((size, bend)), 1))
"""


def test_a_kink_at_1e11_under_exponentials_is_no_crash() -> None:
    done = subprocess.run([sys.executable, "-c", FAR_AWAY], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]


def _power_zero() -> Program:
    b = Builder()
    return b.build(b.power(b.variable(0), 0), 1)


def _equal_arguments() -> Program:
    b = Builder()
    x = b.variable(0)
    return b.build(b.linear([(1, b.logsumexp((x, x))), (fmpq(1, 2), b.add("softplus", (x,)))]), 1)


def _square_under_itself() -> Program:
    b = Builder()
    square = b.power(b.absolute(b.variable(0)), 2)
    return b.build(b.multiply(square, b.logsumexp((square, square))), 1)


def _softplus_less_its_mirror() -> Program:
    b = Builder()
    x = b.variable(0)
    plus, minus = (b.add("softplus", (b.scale(sign, x),)) for sign in (1, -1))
    return b.build(b.linear([(fmpq(1, 10), plus), (fmpq(-1, 10), minus)]), 1)


# A known miss: the checker's own second derivatives of pieces do not reach this far; it refuses a true proof.
_REFUSED = pytest.param(_square_under_itself(), marks=pytest.mark.xfail(strict=True, reason="a piece it cannot replay"))


@pytest.mark.parametrize("program", [_power_zero(), _equal_arguments(), _REFUSED, _softplus_less_its_mirror()])
def test_the_checker_accepts_what_is_proved(program: Program) -> None:
    certificate = decide(program).certificate
    if certificate is not None:
        assert recheck(json.loads(json.dumps({"rule": certificate.rule, "data": dict(certificate.data)})))
