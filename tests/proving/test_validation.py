"""A program is compared with the user's code: rounding is no difference, and nothing else is excused."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from flint import fmpq

import lossaudit
from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.program import Builder, Program
from lossaudit.proving.validation import compare

Function = Callable[[Sequence[float]], float]


def program(make: Callable[[Builder, int], int]) -> Program:
    b = Builder()
    return b.build(make(b, b.variable(0)), 1)


def minus_log_of_complement(b: Builder, x: int) -> int:
    """-log(1 - sigmoid(x)), whose digits are gone from x = 30 on."""
    return b.scale(-1, b.log(b.scale(-1, b.add("sigmoid", (x,)), 1)))


def as_quotient(x: Sequence[float]) -> float:
    rest = 1 - math.exp(x[0]) / (1 + math.exp(x[0])) if x[0] < 700 else 0.0
    return -math.log(rest) if rest > 0 else math.inf


@pytest.mark.parametrize("at", [28.3, 31.7, 33.3, 34.9, 36.1])
def test_lost_digits_are_no_difference(at):
    found = compare(program(minus_log_of_complement), as_quotient, [at])
    assert found.mismatch is None
    assert found.points > 5


def test_points_without_digits_do_not_count():
    """At 33.3 it agrees with its own floats; and with the exact value only where there are digits."""
    lossy = program(minus_log_of_complement)
    own = compare(lossy, lambda x: float(floats(lossy, np.array([x]).T)[lossy.output][0]), [33.3])
    exact = compare(lossy, lambda x: math.log1p(math.exp(min(x[0], 700.0))), [33.3])
    assert own.mismatch is exact.mismatch is None
    assert 5 < exact.points < own.points


def test_numbers_that_are_nearly_too_small_do_not_count():
    """log(exp(-x^2)) at x = 27.2, where exp(-x^2) has a few bits left."""
    squared = program(lambda b, x: b.log(b.exp(b.scale(-1, b.power(x, 2)))))
    found = compare(squared, lambda x: -x[0] * x[0], [27.2])
    assert found.mismatch is None


@pytest.mark.parametrize(
    "theirs",
    [
        lambda x: as_quotient(x) + (1e-6 if x[0] > 0.5 else 0.0),
        lambda x: as_quotient(x) if x[0] < 0.5 else x[0],
        lambda x: as_quotient(x) * (1 + 1e-8),
        lambda x: as_quotient(x) if x[0] < 33 else 0.0,
    ],
    ids=["a small step", "another branch", "a factor", "another branch where digits are lost"],
)
def test_what_rounding_does_not_explain_is_found(theirs: Function):
    assert compare(program(minus_log_of_complement), theirs, [33.3]).mismatch is not None


def test_a_huge_value_on_the_way_hides_no_branch():
    """exp(x) - exp(x) + x is x, with all digits lost for large x; at small x the branch is seen."""
    b = Builder()
    x = b.variable(0)
    lost = b.build(b.plus(b.multiply(b.exp(x), b.exp(b.scale(-1, x))), b.scale(1, x, fmpq(-1))), 1)
    assert compare(lost, lambda p: p[0], [0.5]).mismatch is None
    assert compare(lost, lambda p: p[0] if abs(p[0]) > 2 else p[0] + 1e-3, [0.5]).mismatch is not None


def test_a_branch_on_values_is_undecided():
    def branching(z: torch.Tensor) -> torch.Tensor:
        p = z.softmax(0).cumsum(0)[:-1]
        return -torch.log(1 - p).sum() if float(z[0]) < 3 else (z**2).sum()

    assert lossaudit.prove(branching, torch.tensor([0.1, 0.2, 0.3])).status.value == "undecided"


def test_lost_digits_do_not_stop_a_verdict():
    """Ordinal cross-entropy, log of 1 - cumsum of softmax: not convex at (4, 0, 0) along (0, 1, -1)."""

    def ordinal(z: torch.Tensor) -> torch.Tensor:
        p = z.softmax(0).cumsum(0)[:-1]
        return -torch.log(p).sum() - torch.log(1 - p).sum()

    assert lossaudit.prove(ordinal, torch.tensor([0.1, 0.2, 0.3])).status.value != "undecided"
