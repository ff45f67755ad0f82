"""Shifts, quick certificates from ranges, strict and strong convexity: against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from flint import fmpq
from tests.geometry.spellings import (
    CONVEX,
    CROSS_ENTROPY,
    LOGISTIC,
    NOT_CONVEX,
    Make,
    log_of_sum,
    quotients,
    shifted,
    sigmoid,
    softplus,
)

from lossaudit.geometry.interval import POSITIVE, REALS, Interval, rational
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.quick import bounded, lipschitz, refute_by_bound
from lossaudit.geometry.shift import prove_by_shift, shifts
from lossaudit.geometry.strong import strength


def program(make: Make, n: int = 3, domain: Interval = REALS, through_affine: bool = False) -> Program:
    b = Builder()
    output = make(b, [b.variable(i) for i in range(n)])
    return b.build(output, n, domain=domain, through_affine=through_affine)


# ---- Shifts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "k"),
    [
        (lambda b, z: log_of_sum(b, shifted(b, z)), -1),
        (lambda b, z: b.logsumexp(shifted(b, z)), -1),
        (lambda b, z: quotients(b, shifted(b, z))[0], 0),
        (lambda b, z: b.maximum(shifted(b, z)), -1),
        (lambda b, z: b.linear([(1, log_of_sum(b, shifted(b, z))), (3, b.maximum(z))]), 2),
        (lambda b, z: b.log(b.power(b.exp(b.minus(z[0], b.maximum(z))), fmpq(-3, 2))), fmpq(3, 2)),
        (lambda b, z: b.log(b.absolute(b.scale(-2, b.exp(b.minus(z[0], b.maximum(z)))))), -1),
        (lambda b, z: b.log(b.linear([(1, b.exp(b.minus(z[0], b.maximum(z))))], 1)), None),
        (lambda b, z: b.power(b.minus(z[0], b.maximum(z)), 2), None),
        (lambda b, z: b.add("sigmoid", (b.minus(z[0], b.maximum(z)),)), None),
    ],
)
def test_how_a_value_depends_on_what_stabilises_it(make: Make, k: fmpq | int | None) -> None:
    made = program(make)
    atom = next(
        i
        for i, (op, args, _) in enumerate(made.instructions)
        if op == "max" and all(made.instructions[a].op == "variable" for a in args)
    )
    assert shifts(made, atom)[made.output].additive == k


def test_what_is_left_over_must_be_convex() -> None:
    def loss(k: int) -> Make:
        return lambda b, z: b.linear([(1, log_of_sum(b, shifted(b, z))), (k, b.maximum(z))])

    assert prove_by_shift(program(loss(0))) is None  # logsumexp - max is not convex
    assert prove_by_shift(program(loss(1))) is not None
    proof = prove_by_shift(program(loss(2)))
    assert proof is not None
    assert proof.data["coefficient"] == "1"


def test_an_epsilon_in_the_sum_breaks_the_shift() -> None:
    def loss(b: Builder, z: Sequence[int]) -> int:
        inside = b.linear([(1, b.exp(v)) for v in shifted(b, z)], rational(1e-8))
        return b.linear([(1, b.log(inside)), (1, b.maximum(z)), (-1, z[0])])

    assert prove_by_shift(program(loss)) is None


# ---- Bounds ------------------------------------------------------------------------------------------------------

BOUNDED = ["Brier", "Brier of quotients", "squared error of a sigmoid", "mean absolute error of softmax", "ramp"]


@pytest.mark.parametrize("name", [*BOUNDED, "generalised cross-entropy", "Welsch", "-log(p + 1e-8)", "-log(clamp(p))"])
def test_bounded_losses_are_refuted(name: str) -> None:
    proof = refute_by_bound(program(NOT_CONVEX[name]))
    assert proof is not None
    assert len(proof.data["points"]) == 2


@pytest.mark.parametrize("make", [*CROSS_ENTROPY.values(), *LOGISTIC.values(), *CONVEX.values()])
def test_convex_losses_are_not(make: Make) -> None:
    assert refute_by_bound(program(make)) is None


def test_a_bound_says_nothing_of_constants_parts_of_the_space_and_affine_images() -> None:
    def constant(b: Builder, z: Sequence[int]) -> int:
        return b.linear((1, p) for p in [sigmoid(b, z[0]), sigmoid(b, b.scale(-1, z[0]))])

    assert refute_by_bound(program(constant)) is None  # sigmoid(z) + sigmoid(-z) = 1, though no rule says so
    assert refute_by_bound(program(lambda b, z: b.exp(b.scale(-1, z[0])), 1, POSITIVE)) is None  # convex, in (0, 1)
    assert refute_by_bound(program(lambda b, z: sigmoid(b, z[0]), 1, through_affine=True)) is None


def test_bounded_between_two_numbers() -> None:
    for name in BOUNDED:
        assert bounded(program(NOT_CONVEX[name])) is not None
    assert bounded(program(NOT_CONVEX["focal"])) is None
    assert bounded(program(CROSS_ENTROPY["logsumexp(z) - z_0"])) is None


@pytest.mark.parametrize(
    ("make", "n", "least", "most"),
    [
        (lambda b, z: softplus(b, z[0]), 1, 1.0, 1.0),
        (CONVEX["hinge"], 1, 1.0, 1.0),
        (CONVEX["pinball"], 1, 0.7, 0.7),
        (CROSS_ENTROPY["logsumexp(z) - z_0"], 3, math.sqrt(2), math.sqrt(3)),
        (lambda b, z: b.linear([(3, z[0]), (-4, z[1])]), 2, 5.0, 5.0),
        (lambda b, z: b.add("sin", (b.scale(2, z[0]),)), 1, 2.0, 2.0),
    ],
)
def test_lipschitz_bounds_lie_above_the_truth_and_near(make: Make, n: int, least: float, most: float) -> None:
    bound = lipschitz(program(make, n))
    assert bound is not None
    assert least <= float(bound) <= most * (1 + 1e-15)


@pytest.mark.parametrize(
    "make",
    [
        lambda b, z: b.power(z[0], 2),
        lambda b, z: b.exp(z[0]),
        lambda b, z: b.power(b.absolute(z[0]), fmpq(1, 2)),
        lambda b, z: b.step(z[0]),  # a jump: its slope is 0 wherever it has one
        lambda b, z: b.select(b.step(z[0]), b.constant(1), b.add("tanh", (z[0],))),
    ],
)
def test_no_bound_where_there_is_none(make: Make) -> None:
    assert lipschitz(program(make, 1)) is None


# ---- Strict and strong convexity ---------------------------------------------------------------------------------


def ridge(strength_: fmpq) -> Callable[[Make], Make]:
    return lambda make: lambda b, z: b.linear([(1, make(b, z)), *((strength_, b.power(v, 2)) for v in z)])


def regression(b: Builder, w: Sequence[int]) -> int:
    """Logistic regression on two examples: not strictly convex in three weights."""
    rows = [[1, 2, -1], [0, 1, 3]]
    return b.linear((1, softplus(b, b.linear(zip(row, w, strict=True)))) for row in rows)


@pytest.mark.parametrize("strength_", [fmpq(1, 10), rational(1e-4), rational(1e-11)])
@pytest.mark.parametrize("make", [regression, *CROSS_ENTROPY.values()])
def test_a_ridge_of_lambda_makes_any_convex_loss_strongly_convex_with_modulus_two_lambda(
    make: Make, strength_: fmpq
) -> None:
    found = strength(program(ridge(strength_)(make)))
    assert found is not None
    assert found.modulus == 2 * strength_
    assert found.strict


def test_one_flat_direction_is_not_always_the_shift() -> None:
    """x^2 + y is affine along (0, 1), and strictly convex along the shift (1, 1)."""
    found = strength(program(lambda b, z: b.linear([(1, b.power(z[0], 2)), (1, z[1])]), n=2))
    assert found is not None
    assert not found.strict_modulo_shift


@pytest.mark.parametrize("name", [n for n in CROSS_ENTROPY if n not in ("squared", "1 / p, the exponential of it")])
def test_cross_entropy_is_strictly_convex_modulo_shift_and_no_more(name: str) -> None:
    """Its Hessian diag(p) - pp' is singular along (1, ..., 1) alone."""
    found = strength(program(CROSS_ENTROPY[name]))
    assert found is not None
    assert (found.strict, found.modulus) == (False, 0)
    if not name.startswith(("softplus", "with the mean")):
        assert found.strict_modulo_shift


@pytest.mark.parametrize(
    ("make", "n", "strict", "modulus"),
    [
        (lambda b, z: b.linear((1, softplus(b, v)) for v in z), 3, True, 0),
        (lambda b, z: softplus(b, b.minus(z[0], z[1])), 2, False, 0),
        (lambda b, z: b.linear((fmpq(1, 3), b.power(b.scale(1, v, -1), 2)) for v in z), 3, True, fmpq(2, 3)),
        (CONVEX["(x - y)^2 multiplied out"], 2, False, 0),
        (CONVEX["l1"], 3, False, 0),
        (CONVEX["norm"], 3, False, 0),
        (CONVEX["hinge"], 1, False, 0),
        (CONVEX["log(cosh(x))"], 1, True, 0),
        (CONVEX["Poisson"], 1, True, 0),
        (regression, 3, False, 0),
        (lambda b, w: regression(b, [*w, b.constant(0)]), 2, True, 0),
    ],
)
def test_strength(make: Make, n: int, strict: bool, modulus: fmpq | int) -> None:
    found = strength(program(make, n))
    assert found is not None
    assert (found.strict, found.modulus) == (strict, modulus)


def test_a_variable_that_does_not_enter_is_no_shift() -> None:
    """softplus(x) + softplus(y) in (x, y, w) is flat along (0, 0, 1), and strictly convex along (1, 1, 1)."""
    found = strength(program(lambda b, z: b.linear((1, softplus(b, v)) for v in z[:2]), 3))
    assert found is not None
    assert (found.strict, found.strict_modulo_shift, found.strict_centred) == (False, False, True)


def test_the_modulus_of_a_full_quadratic_form_is_twice_its_least_eigenvalue() -> None:
    """x^2 + x y + y^2 has the eigenvalues 1/2 and 3/2, the second along (1, 1)."""
    made = program(
        lambda b, z: b.linear([(1, b.power(z[0], 2)), (1, b.multiply(z[0], z[1])), (1, b.power(z[1], 2))]), 2
    )
    found = strength(made)
    assert found is not None
    assert fmpq(999, 1000) < found.modulus <= 1
    assert fmpq(999, 1000) < found.modulus_modulo_shift <= 1


@pytest.mark.parametrize("make", [NOT_CONVEX["Brier"], NOT_CONVEX["focal"], NOT_CONVEX["cube"]])
def test_of_what_is_not_proved_convex_nothing_is_said(make: Make) -> None:
    assert strength(program(make)) is None
