"""Deciding a whole program: rows, constants, and what holds them together."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from lossaudit.geometry.decide import decide
from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.program import Builder
from lossaudit.geometry.rows import parts

HALF = fmpq(1, 2)


def test_a_constant_without_a_value_is_not_proved() -> None:
    """(-1/2)^(3/2) is no real number."""
    b = Builder()
    undefined = b.power(b.constant(-HALF), fmpq(3, 2))
    assert decide(b.build(b.scale(-2, undefined), 1)).status == "undecided"
    square = b.power(b.variable(0), 2)
    assert decide(b.build(b.plus(square, undefined), 1)).status == "undecided"
    logarithm = b.log(b.constant(-1))
    assert decide(b.build(b.linear([(1, square), (1, logarithm)]), 1)).status == "undecided"


def test_a_constant_with_a_value_is_convex() -> None:
    b = Builder()
    root = b.power(b.constant(HALF), fmpq(3, 2))
    assert decide(b.build(b.scale(-2, root), 1)).status == "proved"
    assert decide(b.build(b.plus(b.power(b.variable(0), 2), root), 1)).status == "proved"


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_equal_rows_are_one(rows: int) -> None:
    """Softmax and squared error for different labels: the same row but for the names of its variables."""
    b = Builder()
    classes = 4
    terms: list[tuple[int, int]] = []
    for row in range(rows):
        z = [b.variable(classes * row + k) for k in range(classes)]
        total = b.logsumexp(z)
        p = [b.exp(b.minus(x, total)) for x in z]
        terms += [(1, b.power(b.scale(1, x, -int(k == row % classes)), 2)) for k, x in enumerate(p)]
    program = b.build(b.linear(terms), classes * rows)
    found = parts(program)
    assert len(found) == rows
    assert len({part.program for part in found}) == 1
    assert sorted(v for part in found for v in part.variables) == list(range(classes * rows))
    decision = decide(program)
    assert decision.status == "refuted"
    assert decision.counterexample is not None
    assert len(decision.counterexample.a) == classes * rows


def test_the_log_gamma_function_may_overflow() -> None:
    b = Builder()
    program = b.build(b.add("lgamma", (b.variable(0),)), 1)
    value = floats(program, np.array([[1e306]]))[program.output][0]
    assert not np.isfinite(value) or value > 1e300
