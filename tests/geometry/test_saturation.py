"""Truths about per-sample gradients at the logits: closed forms, independent autograd, and laws."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.overrides import TorchFunctionMode

from lossaudit.errors import UsageError
from lossaudit.geometry.saturation import measure, sample_gradients, supports, uniform_scale
from lossaudit.pairing import Const, TargetEncoding, Unknown

SOFTMAX = ("softmax",)


def _batch(n: int, k: int, seed: int = 0, scale: float = 3.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(n, k, generator=generator, dtype=torch.float64)
    return logits, torch.randint(k, (n,), generator=generator)


def _one_hot(index: torch.Tensor, k: int) -> torch.Tensor:
    return torch.eye(k, dtype=torch.float64)[index]


# Each loss of one sample, written out from its definition: z logits, y one-hot (or distribution, or binary) target.
def _lse(z):
    return torch.log(torch.exp(z).sum())


DEFINITIONS = {
    ("cross_entropy", ()): lambda z, y: (y * (_lse(z) - z)).sum(),
    ("nll", ("log_softmax",)): lambda z, y: (y * (_lse(z) - z)).sum(),
    ("nll", ("softmax", "log")): lambda z, y: (y * (_lse(z) - z)).sum(),
    ("nll", SOFTMAX): lambda z, y: -(y * torch.exp(z - _lse(z))).sum(),
    ("mse", SOFTMAX): lambda z, y: ((torch.exp(z - _lse(z)) - y) ** 2).sum(),
    ("mae", SOFTMAX): lambda z, y: (torch.exp(z - _lse(z)) - y).abs().sum(),
    ("mse", ()): lambda z, y: ((z - y) ** 2).sum(),
    ("cross_entropy", SOFTMAX): lambda z, y: (y * (_lse(torch.exp(z - _lse(z))) - torch.exp(z - _lse(z)))).sum(),
    ("bce", SOFTMAX): lambda z, y: (
        -(y * torch.log(torch.exp(z - _lse(z))) + (1 - y) * torch.log(1 - torch.exp(z - _lse(z)))).sum()
    ),
    ("multi_margin", ()): lambda z, y: (
        ((1 - (z * y).sum() + z).clamp(min=0) * (1 - y)).sum() / len(z)  # torch divides by the number of classes
    ),
}


@pytest.mark.parametrize(("loss", "head"), DEFINITIONS, ids=str)
def test_gradients_agree_with_the_definition_differentiated_one_by_one(loss, head):
    logits, index = _batch(40, 5)
    y = _one_hot(index, 5)
    expected = torch.func.vmap(torch.func.grad(DEFINITIONS[loss, head]))(logits, y)
    for target in (index, y):
        torch.testing.assert_close(sample_gradients(loss, head, {}, logits, target), expected, rtol=1e-9, atol=1e-12)


def test_gradient_of_the_squared_error_on_softmax_is_2_s_p_minus_y():
    logits, index = _batch(20, 7)
    p, y = torch.softmax(logits, 1), _one_hot(index, 7)
    covariance = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    expected = 2 * (covariance @ (p - y)[:, :, None])[:, :, 0]
    torch.testing.assert_close(sample_gradients("mse", SOFTMAX, {}, logits, index), expected)


def test_gradient_of_cross_entropy_is_p_minus_y_for_soft_targets_and_smoothing_too():
    logits, index = _batch(20, 6)
    p = torch.softmax(logits, 1)
    soft = torch.softmax(torch.arange(120.0, dtype=torch.float64).reshape(20, 6) % 5, 1)
    torch.testing.assert_close(sample_gradients("cross_entropy", (), {}, logits, soft), p - soft)
    smooth = 0.9 * _one_hot(index, 6) + 0.1 / 6
    got = sample_gradients("cross_entropy", (), {"label_smoothing": Const(0.1)}, logits, index)
    torch.testing.assert_close(got, p - smooth)


def test_gradient_of_kl_divergence_is_p_minus_y():
    logits, index = _batch(9, 4)
    got = sample_gradients("kl_div", ("log_softmax",), {}, logits, index)
    torch.testing.assert_close(got, torch.softmax(logits, 1) - _one_hot(index, 4))


def test_gradient_of_a_written_out_log_likelihood_takes_distributions():
    logits, _ = _batch(9, 4)
    soft = torch.softmax(torch.arange(36.0, dtype=torch.float64).reshape(9, 4) % 7, 1)
    got = sample_gradients("nll", ("log_softmax",), {}, logits, soft)
    torch.testing.assert_close(got, torch.softmax(logits, 1) - soft)


def test_class_weights_scale_samples():
    logits, index = _batch(12, 3)
    weight = (0.5, 2.0, 0.0)
    plain = sample_gradients("cross_entropy", (), {}, logits, index)
    got = sample_gradients("cross_entropy", (), {"weight": Const(weight)}, logits, index)
    torch.testing.assert_close(got, plain * torch.tensor(weight, dtype=torch.float64)[index][:, None])
    measured = measure("cross_entropy", (), {"weight": Const(weight)}, logits, index)
    assert torch.isnan(measured.ratio[index == 2]).all()  # weight 0: no scale to measure by
    assert not measured.stuck.any()


def test_binary_gradients_are_sigmoid_minus_y_per_element():
    z = torch.tensor([[-2.0, 0.5], [3.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    torch.testing.assert_close(sample_gradients("bce_with_logits", (), {}, z, y), torch.sigmoid(z) - y)
    torch.testing.assert_close(sample_gradients("bce", ("sigmoid",), {}, z, y), torch.sigmoid(z) - y)
    s = torch.sigmoid(z)
    torch.testing.assert_close(sample_gradients("mse", ("sigmoid",), {}, z, y), 2 * (s - y) * s * (1 - s))
    weighted = sample_gradients("bce_with_logits", (), {"pos_weight": Const((3.0, 1.0))}, z, y)
    torch.testing.assert_close(weighted[0, 0], 3 * (s[0, 0] - 1))
    signed = sample_gradients("soft_margin", (), {}, z, 2 * y - 1)
    torch.testing.assert_close(signed, s - y)  # log(1 + exp(-y z)) is the logistic loss


def test_binary_logits_may_be_flat_or_a_column():
    z, y = torch.tensor([-30.0, 30.0, 2.0]), torch.tensor([1, 0, 1])
    for shape in ((3,), (3, 1)):
        measured = measure("mse", ("sigmoid",), {}, z.reshape(shape), y)
        assert measured.stuck.tolist() == [True, True, False]
        assert measured.confidently_wrong.tolist() == [True, True, False]
        assert measured.correct.tolist() == [False, False, True]
    assert not measure("bce_with_logits", (), {}, z, y).stuck.any()


@pytest.mark.parametrize(("loss", "head"), [("cross_entropy", ()), ("mse", SOFTMAX), ("mae", SOFTMAX)], ids=str)
@pytest.mark.parametrize("k", [10, 100, 1000])
def test_nothing_is_stuck_at_a_default_start(loss, head, k):
    with torch.random.fork_rng():
        torch.manual_seed(k)
        logits = nn.Linear(64, k)(torch.randn(256, 64))
        target = torch.randint(k, (256,))
    measured = measure(loss, head, {}, logits, target)
    assert not measured.stuck.any()
    assert measured.usable.all()


@pytest.mark.parametrize("k", [2, 10, 1000])
def test_squared_error_on_softmax_is_stuck_at_a_wrong_gap_of_20_and_cross_entropy_never(k):
    logits = torch.zeros(8, k)
    logits[:, 1] = 20.0 + math.log(k)  # p_wrong is within 1e-8 of 1 for every k
    target = torch.zeros(8, dtype=torch.int64)
    assert measure("mse", SOFTMAX, {}, logits, target).stuck.all()
    assert measure("mse", SOFTMAX, {}, logits, target).confidently_wrong.all()
    assert not measure("cross_entropy", (), {}, logits, target).stuck.any()
    right = measure("mse", SOFTMAX, {}, logits, target + 1)
    assert right.correct.all()
    assert not right.stuck.any()  # a small gradient on a right sample is as it should be


def test_a_vanishing_gradient_has_the_norm_of_the_closed_form():
    # K = 2, s = p_true = sigmoid(-t): the norm is 4 * sqrt(2) * (1 - s)**2 * s, in the limit 4 * sqrt(2) * e**-t.
    t = torch.tensor([0.0, 1.0, 5.0, 20.0], dtype=torch.float64)
    s = torch.sigmoid(-t)
    measured = measure("mse", SOFTMAX, {}, torch.stack([torch.zeros_like(t), t], 1), torch.zeros(4, dtype=torch.int64))
    torch.testing.assert_close(measured.norm, 4 * math.sqrt(2) * (1 - s) ** 2 * s, rtol=1e-6, atol=0)
    assert measured.norm[3] == pytest.approx(4 * math.sqrt(2) * math.exp(-20), rel=1e-6)
    torch.testing.assert_close(measured.ratio, measured.norm / measured.norm[0])


@pytest.mark.parametrize("k", [2, 3, 10, 4501])
def test_squared_error_on_softmax_starts_with_two_over_k_of_cross_entropy(k):
    encoding = TargetEncoding.ONE_HOT
    total = uniform_scale("mse", SOFTMAX, {"reduction": Const("sum")}, k, encoding)
    assert total == pytest.approx(2 / k, rel=1e-12)
    assert uniform_scale("mse", SOFTMAX, {}, k, encoding) == pytest.approx(2 / k**2, rel=1e-12)
    assert uniform_scale("cross_entropy", (), {}, k, TargetEncoding.CLASS_INDEX) == pytest.approx(1, rel=1e-12)


def test_uniform_scale_of_binary_losses():
    # Squared error on a sigmoid at 0: 2 * (1/2) * (1/4) against 1/2.
    assert uniform_scale("mse", ("sigmoid",), {}, 1, TargetEncoding.BINARY) == pytest.approx(0.5)
    assert uniform_scale("bce_with_logits", (), {}, 1, TargetEncoding.BINARY) == pytest.approx(1)
    assert uniform_scale("soft_margin", (), {}, 1, TargetEncoding.SIGNED) == pytest.approx(1)
    with pytest.raises(UsageError, match="reduction is not known"):
        uniform_scale("mse", SOFTMAX, {"reduction": Unknown("read at run time")}, 3, TargetEncoding.ONE_HOT)


def test_samples_that_are_not_finite_are_counted_and_do_not_touch_the_others():
    logits, index = _batch(6, 4)
    clean = measure("mse", SOFTMAX, {}, logits, index)
    logits[1, 2], logits[4, 0] = math.inf, math.nan
    got = measure("mse", SOFTMAX, {}, logits, index)
    keep = torch.tensor([True, False, True, True, False, True])
    assert got.nonfinite == 2
    assert torch.equal(got.usable, keep)
    assert torch.equal(got.norm[keep], clean.norm[keep])
    assert torch.isnan(got.norm[~keep]).all()
    assert not (got.correct | got.stuck | got.confidently_wrong)[~keep].any()
    assert torch.isnan(sample_gradients("mse", SOFTMAX, {}, logits, index)[1]).all()


def test_ignored_samples_are_neither_right_nor_wrong():
    logits, index = _batch(5, 3)
    index[2] = -100
    got = measure("cross_entropy", (), {}, logits, index)
    assert got.usable.tolist() == [True, True, False, True, True]
    assert got.nonfinite == 0
    assert not got.correct[2]
    assert torch.equal(sample_gradients("cross_entropy", (), {}, logits, index)[2], torch.zeros(3).double())


def test_no_scale_at_uniform_means_no_ratio():
    # A uniform target is reached at uniform logits: the gradient there is 0 and measures nothing.
    got = measure("cross_entropy", (), {}, torch.randn(3, 4), torch.full((3, 4), 0.25))
    assert got.ratio is None
    assert got.stuck is None
    assert torch.isfinite(got.norm).all()


def test_no_samples_are_no_error():
    got = measure("mse", SOFTMAX, {}, torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
    assert got.ratio is None
    assert got.norm.shape == got.correct.shape == (0,)


def test_ties_count_as_wrong():
    assert not measure("cross_entropy", (), {}, torch.zeros(1, 3), torch.tensor([0])).correct.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(DEFINITIONS)), st.integers(2, 6))
def test_permuting_samples_and_classes_permutes_the_results(seed, pairing, k):
    logits, index = _batch(7, k, seed)
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.randperm(7, generator=generator), torch.randperm(k, generator=generator)
    plain = measure(*pairing, {}, logits, index)
    moved = measure(*pairing, {}, logits[rows][:, columns], torch.argsort(columns)[index[rows]])
    for name in ("usable", "correct", "confidently_wrong", "stuck"):
        assert torch.equal(getattr(moved, name), getattr(plain, name)[rows]), name
    torch.testing.assert_close(moved.norm, plain.norm[rows], rtol=1e-7, atol=1e-14)
    torch.testing.assert_close(moved.ratio, plain.ratio[rows], rtol=1e-7, atol=1e-14)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 1e3))
def test_a_coefficient_changes_norms_and_nothing_else(seed, coefficient):
    # A constant class weight is a coefficient of the loss.
    logits, index = _batch(6, 4, seed)
    plain = measure("cross_entropy", (), {}, logits, index)
    scaled = measure("cross_entropy", (), {"weight": Const((coefficient,) * 4)}, logits, index)
    torch.testing.assert_close(scaled.norm, coefficient * plain.norm)
    torch.testing.assert_close(scaled.ratio, plain.ratio)
    assert torch.equal(scaled.stuck, plain.stuck)


def test_cross_entropy_is_never_stuck_whatever_the_logits():
    for scale in (0.1, 10.0, 1000.0):
        logits, index = _batch(200, 10, scale=scale)
        assert not measure("cross_entropy", (), {}, logits, index).stuck.any()


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.calls.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


def test_the_caller_is_left_alone():
    logits, index = _batch(4, 3)
    logits = logits.float().requires_grad_()
    expected = measure("mse", SOFTMAX, {}, logits, index)
    state = torch.random.get_rng_state()
    recorder = _Recorder()
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad(), recorder:
        got = measure("mse", SOFTMAX, {}, logits, index)
        calls = list(recorder.calls)
        assert not torch.is_grad_enabled()
        assert torch.is_autocast_enabled("cpu")
    assert calls == []
    assert torch.equal(got.norm, expected.norm)
    with torch.inference_mode():
        inside = measure("mse", SOFTMAX, {}, logits * 1, index * 1)
        measure("cross_entropy", (), {}, logits * 1, index * 1)
    assert torch.equal(inside.norm, expected.norm)
    assert not expected.norm.requires_grad
    assert logits.grad is None
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda z, y: measure("no_such_loss", (), {}, z, y), "known losses"),
        (lambda z, y: measure("mse", ("no_such_head",), {}, z, y), "no_such_head"),
        (lambda z, y: measure("cross_entropy", (), {"weight": Unknown("a tensor")}, z, y), "weight of cross_entropy"),
        (lambda z, y: measure("mse", (), {"weight": Const((1.0, 2.0, 3.0))}, z, y), "the argument weight"),
        (lambda z, y: measure("cross_entropy", (), {}, z, y + 7), "outside 0..2"),
        (lambda z, y: measure("cross_entropy", (), {}, z, y[:2]), "does not fit"),
        (lambda z, y: measure("cross_entropy", (), {}, z[0], y), "one row"),
        (lambda z, y: measure("bce", (), {}, z * 1e3, y.repeat(3)), "rejects"),
    ],
)
def test_bad_input_gets_one_clear_line(call, says):
    logits, index = _batch(4, 3)
    with pytest.raises(UsageError, match=says) as caught:
        call(logits, index)
    assert "\n" not in str(caught.value)


def test_supports_names_what_can_be_measured():
    assert supports("mse", SOFTMAX)
    assert not supports("mse", ("my_head",))
    assert not supports("ctc")


def test_importing_it_needs_neither_flint_nor_numpy():
    code = "import sys; sys.modules['flint'] = None; import lossaudit.geometry.saturation; print('ok')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "ok\n"
