"""The truth table of convexity in the logits, from mathematics."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lossaudit.geometry.convexity import convexity
from lossaudit.geometry.witness import as_coded_gap
from lossaudit.pairing import Const, TargetEncoding, Unknown
from lossaudit.recheck import as_json, recheck
from lossaudit.verdict import Status

INDEX, ONE_HOT, SOFT = TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION
BINARY, SIGNED, REAL, COUNT = (
    TargetEncoding.BINARY,
    TargetEncoding.SIGNED,
    TargetEncoding.REAL,
    TargetEncoding.COUNT,
)
P, R, U = Status.PROVED, Status.REFUTED, Status.UNDECIDED
SOFTMAX, SIGMOID = ("softmax",), ("sigmoid",)

TABLE = [
    # Cross-entropy in every spelling: log-sum-exp minus a linear function.
    ("cross_entropy", (), {}, INDEX, P),
    ("cross_entropy", ("identity",), {}, SOFT, P),
    ("cross_entropy", ("log_softmax",), {}, INDEX, P),
    ("cross_entropy", ("softmax", "log"), {}, INDEX, P),
    ("cross_entropy", (), {"label_smoothing": Const(0.1)}, INDEX, P),
    ("cross_entropy", (), {"label_smoothing": Const(1.0), "weight": Const((0.0, 1.0, 2.5))}, SOFT, P),
    ("nll", ("log_softmax",), {}, INDEX, P),
    ("nll", ("softmax", "log"), {}, INDEX, P),
    ("kl_div", ("log_softmax",), {}, SOFT, P),
    ("kl_div", ("log_softmax",), {"log_target": Const(True)}, REAL, P),
    # Binary cross-entropy.
    ("bce_with_logits", (), {}, BINARY, P),
    ("bce_with_logits", (), {}, REAL, P),  # any real target: softplus minus a linear function
    ("bce_with_logits", (), {"pos_weight": Const(3.0)}, BINARY, P),
    ("bce", SIGMOID, {}, BINARY, P),
    ("multilabel_soft_margin", (), {}, BINARY, P),
    ("soft_margin", (), {}, SIGNED, P),
    # Convex losses on the raw output.
    ("mse", (), {}, REAL, P),
    ("mse", (), {}, ONE_HOT, P),
    ("mae", (), {}, REAL, P),
    ("huber", (), {"delta": Const(0.5)}, REAL, P),
    ("smooth_l1", (), {"beta": Const(0)}, REAL, P),
    ("multi_margin", (), {}, INDEX, P),
    ("multi_margin", (), {"p": Const(2)}, INDEX, P),
    ("hinge_embedding", (), {}, SIGNED, P),
    ("poisson_nll", (), {}, COUNT, P),
    ("nll", (), {}, INDEX, P),  # forgot the log-softmax: linear, so convex (and unbounded below)
    # Bounded losses (C1).
    ("mse", SOFTMAX, {}, ONE_HOT, R),
    ("mae", SOFTMAX, {}, ONE_HOT, R),
    ("huber", SOFTMAX, {}, ONE_HOT, R),
    ("smooth_l1", SOFTMAX, {}, ONE_HOT, R),
    ("mse", SIGMOID, {}, BINARY, R),
    ("mae", SIGMOID, {}, BINARY, R),
    ("mse", ("tanh",), {}, SIGNED, R),
    ("mse", ("log_softmax", "exp"), {}, ONE_HOT, R),
    ("mse", ("softmax", "softmax"), {}, ONE_HOT, R),
    ("cross_entropy", SOFTMAX, {}, INDEX, R),  # double softmax
    ("cross_entropy", ("softmax", "softmax"), {}, INDEX, R),
    ("cross_entropy", SIGMOID, {}, INDEX, R),
    ("nll", SOFTMAX, {}, INDEX, R),  # forgot the log
    ("kl_div", SOFTMAX, {}, SOFT, R),
    ("bce_with_logits", SIGMOID, {}, BINARY, R),  # double sigmoid
    ("multi_margin", SOFTMAX, {}, INDEX, R),
    ("cross_entropy", (), {}, SIGNED, R),  # a sum of coefficients below 0: concave
    # Not provable.
    ("cross_entropy", (), {"weight": Const((1.0, -0.5, 1.0))}, INDEX, U),
    ("cross_entropy", (), {}, REAL, U),
    ("bce", (), {}, BINARY, U),  # only defined on [0, 1]
    ("poisson_nll", (), {"log_input": Const(False)}, COUNT, U),
    ("ctc", (), {}, INDEX, U),
    ("multi_margin", (), {}, SIGNED, U),
    ("kl_div", SOFTMAX, {"log_target": Const(True)}, SOFT, U),
    ("cross_entropy", (), {}, TargetEncoding.RANKING, U),
    ("mse", ("my_activation",), {}, REAL, U),
    ("mse", ("log_softmax",), {}, REAL, U),
]


@pytest.mark.parametrize(("loss", "head", "params", "encoding", "status"), TABLE, ids=str)
def test_the_truth_table(loss, head, params, encoding, status):
    verdict = convexity(loss, head, params, 3, encoding)
    assert verdict.status is status, verdict.reason
    assert verdict.reason
    assert verdict.scope.targets
    assert (verdict.certificate is None) == (status is U)
    assert recheck(as_json(verdict)) == (status is not U)


@pytest.mark.parametrize("k", [2, 3, 10, 100, 50_000])
def test_it_holds_for_every_number_of_classes(k):
    assert convexity("cross_entropy", (), {}, k, INDEX).status is P
    brier = convexity("mse", SOFTMAX, {}, k, ONE_HOT)
    assert brier.status is R
    assert brier.certificate.rule == "bounded"
    assert (brier.witness is None) == (k > 1000)


# Preconditions at their edges.
@pytest.mark.parametrize(
    ("pos_weight", "encoding", "status"),
    [
        (0.0, BINARY, P),
        (-0.25, BINARY, U),  # 1 + (pw - 1) y < 0 at y = 1; a mean with negative factors is not covered
        (0.5, COUNT, U),  # 1 - y / 2 < 0 from y = 3 on
        (1.0, COUNT, P),
        (2.0, SIGNED, P),  # 1 + (2 - 1)(-1) = 0
        (2.25, SIGNED, U),
        (1.5, REAL, U),
    ],
)
def test_pos_weight_is_convex_iff_every_coefficient_is_nonnegative(pos_weight, encoding, status):
    verdict = convexity("bce_with_logits", (), {"pos_weight": Const(pos_weight)}, 1, encoding)
    assert (verdict.status is P) == (status is P)


def test_negative_class_weights_are_not_proved_and_refuted_only_where_nothing_is_divided():
    params = {"weight": Const((-1.0, -1.0, -1.0))}
    assert convexity("cross_entropy", (), params, 3, INDEX).status is U
    summed = convexity("cross_entropy", (), {**params, "reduction": Const("sum")}, 3, INDEX)
    assert summed.status is R  # -(log-sum-exp) is concave and not affine
    assert summed.witness is not None


@pytest.mark.parametrize(
    ("loss", "params"),
    [
        ("cross_entropy", {"weight": Unknown("a tensor of the program")}),
        ("cross_entropy", {"label_smoothing": Unknown("read from a file")}),
        ("bce_with_logits", {"pos_weight": Unknown("a tensor of the program")}),
        ("huber", {"delta": Unknown("an argument")}),
        ("mse", {"some_new_argument": Const(1)}),
        ("cross_entropy", {"weight": Const((1.0, 2.0))}),
        ("cross_entropy", {"weight": Const((1.0, math.nan, 2.0))}),
        ("huber", {"delta": Const(-1.0)}),
        ("multi_margin", {"p": Const(3)}),
        ("cross_entropy", {"label_smoothing": Const(1.5)}),
    ],
    ids=str,
)
def test_what_is_not_known_is_undecided_with_the_reason(loss, params):
    verdict = convexity(loss, (), params, 3, INDEX)
    assert verdict.status is U
    assert verdict.certificate is None
    assert len(verdict.reason) > 10
    assert "undecided" in verdict.headline


def test_arguments_that_cannot_matter_may_be_unknown():
    assert convexity("cross_entropy", (), {"reduction": Unknown("?")}, 3, INDEX).status is P


def test_too_few_classes_are_undecided():
    assert convexity("cross_entropy", (), {}, 1, INDEX).status is U
    assert convexity("mse", SOFTMAX, {}, 1, ONE_HOT).status is U  # a constant: softmax over one class is 1
    assert convexity("mse", (), {}, 0, REAL).status is U


REFUTED = [(loss, head, params, encoding) for loss, head, params, encoding, status in TABLE if status is R]


def _mp_gap(loss, head, witness):
    """The gap, recomputed with mpmath from the definitions, with 60 digits."""
    mpmath.mp.dps = 60

    def softmax(z):
        powers = [mpmath.exp(x) for x in z]
        return [e / sum(powers) for e in powers]

    heads = {
        "softmax": softmax,
        "sigmoid": lambda z: [1 / (1 + mpmath.exp(-x)) for x in z],
    }
    losses = {
        "mse": lambda x, y: sum((a - b) ** 2 for a, b in zip(x, y, strict=True)),
        "mae": lambda x, y: sum(abs(a - b) for a, b in zip(x, y, strict=True)),
        "cross_entropy": lambda x, y: -sum(b * mpmath.log(a) for a, b in zip(softmax(x), y, strict=True)),
        "nll": lambda x, y: -sum(a * b for a, b in zip(x, y, strict=True)),
    }
    y = [1, 0, 0]

    def f(point):
        x = [mpmath.mpf(z) for z in point]
        for op in head:
            x = heads[op](x)
        return losses[loss](x, y)

    return f(witness.midpoint) - (f(witness.a) + f(witness.b)) / 2


@pytest.mark.parametrize(
    ("loss", "head"),
    [("mse", SOFTMAX), ("mae", SOFTMAX), ("mse", SIGMOID), ("cross_entropy", SOFTMAX), ("nll", SOFTMAX)],
    ids=str,
)
def test_witnesses_hold_in_another_library(loss, head):
    witness = convexity(loss, head, {}, 3, ONE_HOT).witness
    gap = _mp_gap(loss, head, witness)
    assert gap >= witness.gap > 0
    assert float(gap) == pytest.approx(witness.gap, rel=1e-12)
    for a, m, b in zip(witness.a, witness.midpoint, witness.b, strict=True):
        assert m * 2 == a + b
        assert (8 * m).is_integer()  # a short binary fraction


@pytest.mark.parametrize(("loss", "head", "params", "encoding"), REFUTED, ids=str)
def test_a_witness_comes_with_every_refutation(loss, head, params, encoding):
    witness = convexity(loss, head, params, 3, encoding).witness
    assert witness is not None
    left, middle, right = witness.values
    assert middle - (left + right) / 2 == pytest.approx(witness.gap, rel=1e-9)


def test_sigmoid_with_squared_error_bends_down_exactly_where_p_true_is_under_a_third():
    # f(m) = (1 - sigmoid(m))**2: f'' = 2 p (1 - p)^2 (3p - 1). The witness's midpoint region has to reach p < 1/3.
    witness = convexity("mse", SIGMOID, {}, 1, BINARY).witness
    assert witness.target == (1.0,)
    assert min(witness.a[0], witness.b[0]) < -math.log(2)


def test_the_users_own_callable_is_asked_for_its_gap():
    witness = convexity("mse", SOFTMAX, {}, 3, ONE_HOT).witness
    y = torch.tensor([witness.target])
    own = as_coded_gap(witness, lambda z: F.mse_loss(torch.softmax(z, 1), y, reduction="sum"))
    assert own == pytest.approx(witness.gap, rel=1e-5)
    assert as_coded_gap(witness, lambda z: F.cross_entropy(z, torch.tensor([0]))) <= 1e-5
    exact = as_coded_gap(witness, lambda z: F.mse_loss(torch.softmax(z, 1), y.double(), reduction="sum"), torch.float64)
    assert exact == pytest.approx(witness.gap, rel=1e-12)


def test_bce_on_a_sigmoid_says_that_its_code_clamps():
    verdict = convexity("bce", SIGMOID, {}, 1, BINARY)
    assert verdict.scope.semantics == "ideal"
    assert "clamped at -100" in verdict.reason


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-20, 20), min_size=3, max_size=3),
    st.lists(st.floats(-20, 20), min_size=3, max_size=3),
    st.sampled_from([row[:4] for row in TABLE if row[4] is P and row[0] in ("cross_entropy", "mse", "huber", "mae")]),
    st.integers(0, 2),
)
def test_no_random_chord_contradicts_a_proof(a, b, pairing, true):
    # A float64 test with a tolerance may miss violations, but must never see a large one.
    loss, head, params, _ = pairing
    functions = {"cross_entropy": F.cross_entropy, "mse": F.mse_loss, "huber": F.huber_loss, "mae": F.l1_loss}
    heads = {
        "identity": lambda z: z,
        "log_softmax": lambda z: torch.log_softmax(z, -1),
        "softmax": lambda z: torch.softmax(z, -1),
        "log": torch.log,
    }
    y = torch.eye(3, dtype=torch.float64)[true]
    options = {name: value.value for name, value in params.items()}
    if "weight" in options:
        options["weight"] = torch.tensor(options["weight"], dtype=torch.float64)

    def f(z):
        for op in head:
            z = heads[op](z)
        return functions[loss](z, y, **options)

    start, end = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
    assert f((start + end) / 2) <= (f(start) + f(end)) / 2 + 1e-9


def test_a_verdict_takes_less_than_50_ms_when_warm():
    pairings = [("cross_entropy", (), INDEX), ("mse", SOFTMAX, ONE_HOT), ("cross_entropy", SOFTMAX, INDEX)]
    for loss, head, encoding in pairings:
        best = math.inf
        for _ in range(5):
            start = time.process_time()
            convexity(loss, head, {}, 10, encoding)
            best = min(best, time.process_time() - start)
        assert best < 0.05, (loss, head, best)


def test_no_torch_is_needed():
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['numpy'] = None\n"
        "import lossaudit.geometry.convexity, lossaudit.geometry.response, lossaudit.recheck; print('ok')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "ok\n"
