"""Truths about the gradient response: closed forms and float64 autograd."""

from __future__ import annotations

import math

import pytest
import torch

from lossaudit.errors import UsageError
from lossaudit.geometry.response import gradient_response
from lossaudit.geometry.saturation import sample_gradients, uniform_scale
from lossaudit.pairing import Const, TargetEncoding, Unknown

ONE_HOT, BINARY, INDEX = TargetEncoding.ONE_HOT, TargetEncoding.BINARY, TargetEncoding.CLASS_INDEX
SOFTMAX, SIGMOID = ("softmax",), ("sigmoid",)


def test_squared_error_on_two_softmax_outputs_in_closed_form():
    response = gradient_response("mse", SOFTMAX, {}, 2, ONE_HOT)
    # With s = p_true = sigmoid(-t) the norm is 4 sqrt(2) (1 - s)^2 s, which is sqrt(2) / 2 at t = 0.
    for t, ratio in zip(response.gap, response.ratio, strict=True):
        s = 1 / (1 + math.exp(t))
        assert ratio == pytest.approx(8 * (1 - s) ** 2 * s, rel=1e-13)
    assert response.ratio[-1] == pytest.approx(8 * math.exp(-20), rel=1e-6)


@pytest.mark.parametrize("k", [2, 3, 10, 4501])
def test_squared_error_on_softmax_starts_at_two_over_k(k):
    assert gradient_response("mse", SOFTMAX, {}, k, ONE_HOT).at_uniform == pytest.approx(2 / k, rel=1e-13)


@pytest.mark.parametrize("k", [2, 10, 1000])
def test_cross_entropy_is_its_own_reference(k):
    response = gradient_response("cross_entropy", (), {}, k, INDEX)
    assert response.ratio == pytest.approx(response.reference, rel=1e-12)
    assert response.at_uniform == pytest.approx(1, rel=1e-13)
    assert response.gap[0] == 0
    assert response.gap[-1] == 20
    # The limit is sqrt(2) against sqrt((k - 1) / k).
    assert response.ratio[-1] == pytest.approx(math.sqrt(2 * k / (k - 1)), rel=1e-4)


def test_a_single_sigmoid_in_closed_form():
    response = gradient_response("mse", SIGMOID, {}, 1, BINARY)
    for t, ratio in zip(response.gap, response.ratio, strict=True):
        s = 1 / (1 + math.exp(t))
        assert ratio == pytest.approx(2 * (1 - s) ** 2 * s / 0.25, rel=1e-13)
    logistic = gradient_response("bce_with_logits", (), {}, 1, BINARY)
    assert logistic.ratio == pytest.approx(logistic.reference, rel=1e-13)
    assert gradient_response("mse", SIGMOID, {}, 7, BINARY).ratio == response.ratio


@pytest.mark.parametrize(
    ("loss", "head", "params"),
    [
        ("mse", SOFTMAX, {}),
        ("mae", SOFTMAX, {}),
        ("huber", SOFTMAX, {"delta": Const(0.3)}),
        ("smooth_l1", SOFTMAX, {"beta": Const(0.3)}),
        ("cross_entropy", SOFTMAX, {}),
        ("cross_entropy", (), {"label_smoothing": Const(0.1)}),
        ("cross_entropy", SIGMOID, {}),
        ("nll", SOFTMAX, {}),
        ("nll", ("softmax", "log"), {}),
        ("kl_div", ("log_softmax",), {}),
        ("mse", (), {}),
        ("multi_margin", (), {"p": Const(2)}),
        ("bce", SOFTMAX, {}),
    ],
    ids=str,
)
def test_it_agrees_with_autograd_in_float64(loss, head, params):
    k = 5
    response = gradient_response(loss, head, params, k, ONE_HOT)
    logits = torch.zeros(len(response.gap), k, dtype=torch.float64)
    logits[:, 1] = torch.tensor(response.gap, dtype=torch.float64)
    target = torch.zeros(len(logits), dtype=torch.int64)
    norm = torch.linalg.vector_norm(sample_gradients(loss, head, params, logits, target), dim=1)
    torch.testing.assert_close(torch.tensor(response.ratio, dtype=torch.float64), norm / norm[0], rtol=1e-6, atol=1e-12)
    scale = uniform_scale(loss, head, {**params, "reduction": Const("sum")}, k, ONE_HOT)
    assert response.at_uniform == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "params", "says"),
    [("ctc", {}, "no rule covers the loss ctc"), ("huber", {"delta": Unknown("an argument")}, "delta is not known")],
)
def test_what_is_not_covered_is_said_in_one_line(loss, params, says):
    with pytest.raises(UsageError, match=says):
        gradient_response(loss, (), params, 3, ONE_HOT)
