"""What a graph alone says of a loss, and that reading leaves the program's saved tensors alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import lossaudit
from lossaudit.pairing import Const, Source, Unknown
from lossaudit.readers.live import objective_of, trace_of
from lossaudit.record.switch import Switch
from lossaudit.record.torch_mode import Recorder

N, K = 6, 4
torch.manual_seed(0)
MODEL = nn.Linear(5, K)
X, Y = torch.randn(N, 5), torch.tensor([0, 1, 2, 3, 0, 1])
ONE_HOT = torch.eye(K)[Y]


def _z():
    return MODEL(X)


# name: the loss, what it is called, the head
GRAPHS = {
    "cross_entropy": (lambda: F.cross_entropy(_z(), Y), "cross_entropy", ()),
    "cross_entropy sum": (lambda: F.cross_entropy(_z(), Y, reduction="sum"), "cross_entropy", ()),
    "softmax twice": (lambda: F.cross_entropy(_z().softmax(1), Y), "cross_entropy", ("softmax",)),
    # one and the same graph as cross_entropy
    "nll of log_softmax": (lambda: F.nll_loss(_z().log_softmax(1), Y), "cross_entropy", ()),
    "nll of softmax": (lambda: F.nll_loss(_z().softmax(1), Y), "nll", ("softmax",)),
    "mse": (lambda: F.mse_loss(_z().softmax(1), ONE_HOT), "mse", ("softmax",)),
    "mse, swapped": (lambda: F.mse_loss(ONE_HOT, _z().softmax(1)), "mse", ("softmax",)),
    "bce": (lambda: F.binary_cross_entropy(_z().sigmoid(), ONE_HOT), "bce", ("sigmoid",)),
    "bce with logits": (lambda: F.binary_cross_entropy_with_logits(_z(), ONE_HOT), "bce_with_logits", ()),
    "soft margin": (lambda: F.soft_margin_loss(_z(), 2 * ONE_HOT - 1), "soft_margin", ()),
}


@pytest.mark.parametrize("what", GRAPHS)
def test_the_graph_names_what_it_determines(what):
    build, loss, head = GRAPHS[what]
    (pairing,) = lossaudit.read(build()).pairings
    assert pairing.loss.loss == loss
    assert tuple(step.op for step in pairing.prediction.steps) == head
    assert pairing.prediction.source is Source.AFFINE
    assert pairing.target is None  # labels leave no trace in a graph


def test_of_two_predictions_one_is_the_other_ones_target():
    (pairing,) = lossaudit.read(F.mse_loss(_z().softmax(1), MODEL(2 * X).softmax(1))).pairings
    assert pairing.target is not None
    assert pairing.target.flow.source is Source.NETWORK


def test_the_reduction_is_kept_by_the_graph_and_weights_are_not():
    (pairing,) = lossaudit.read(F.cross_entropy(_z(), Y, reduction="sum", weight=torch.ones(K))).pairings
    assert pairing.loss.params["reduction"] == Const("sum")
    assert isinstance(pairing.loss.params["weight"], Unknown)
    (pairing,) = lossaudit.read(F.cross_entropy(_z(), Y)).pairings
    assert pairing.loss.params["weight"] == Const(None)


def test_a_factor_that_was_not_recorded_is_unknown():
    (objective,) = lossaudit.read(3 * F.cross_entropy(_z(), Y)).objectives
    assert [type(term.coefficient) for term in objective.terms] == [Unknown]


UNDETERMINED = {
    "squared by hand": lambda: ((_z().softmax(1) - ONE_HOT) ** 2).mean(),
    "picked": lambda: -_z().log_softmax(1)[torch.arange(N), Y].mean(),
    "rows": lambda: -(ONE_HOT * _z().log_softmax(1)).sum(1).mean(),
    "absolute": lambda: F.l1_loss(_z(), ONE_HOT),
    "cosine": lambda: _z().cos().sum(),
    "kl_div trains its target": lambda: F.kl_div(ONE_HOT, _z().softmax(1), reduction="batchmean"),
}


@pytest.mark.parametrize("what", UNDETERMINED)
def test_what_the_graph_does_not_determine_is_unresolved(what):
    reading = lossaudit.read(UNDETERMINED[what]())
    assert reading.pairings == ()
    assert reading.unresolved
    assert all(item.ops for item in reading.unresolved)


class _UnpackedError(Exception):
    pass


def _refuse(_):
    raise _UnpackedError


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("weight", [None, torch.ones(K)])
def test_saved_tensors_are_never_unpacked(recorded, weight):
    recorder = Recorder()
    switch = Switch(recorder)
    if recorded:
        switch.on()
    try:
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, _refuse):
            z = _z()
            loss = (
                F.cross_entropy(z, Y, weight=weight)
                + F.binary_cross_entropy_with_logits(z, ONE_HOT, pos_weight=weight)
                + (z**2).exp().mean()
            )
    finally:
        switch.off()
    names = [pairing.loss.loss for pairing in lossaudit.read(loss).pairings]
    assert names == ["cross_entropy", "bce_with_logits"]
    assert recorder.failures == 0
    with pytest.raises(_UnpackedError):
        loss.backward()  # the hooks were at work all along


def test_a_loss_can_be_read_again_after_its_graph_was_freed():
    loss = F.cross_entropy(_z(), Y, weight=torch.ones(K))
    loss.backward()
    (pairing,) = lossaudit.read(loss).pairings
    assert pairing.loss.loss == "cross_entropy"


def test_bad_input_is_said_in_one_line():
    with pytest.raises(TypeError, match=r"^lossaudit.read takes a tensor, not float: .*$"):
        lossaudit.read(1.0)  # type: ignore[arg-type]
    (unresolved,) = lossaudit.read(torch.tensor(1.0)).unresolved
    assert "no autograd graph" in unresolved.reason


def test_a_deep_graph_is_read_without_recursion():
    z = _z()
    for _ in range(5000):
        z = z + 0.001
    reading = lossaudit.read(F.cross_entropy(z, Y))
    assert len(reading.objectives) == 1


class _Times(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


def test_a_custom_function_is_opaque_and_says_so():
    (pairing,) = lossaudit.read(F.cross_entropy(_Times.apply(_z()), Y)).pairings
    assert pairing.prediction.source is Source.OPAQUE
    assert "custom autograd function _Times" in pairing.prediction.reason


# --- Laws: what may stand around a loss without changing it, and what may not be dropped -------------------------


def _bits(p):
    return -(ONE_HOT * torch.log(p) + (1 - ONE_HOT) * torch.log(1 - p))


LOSSES = {
    "cross_entropy": lambda z: F.cross_entropy(z, Y, reduction="none"),
    "nll": lambda z: F.nll_loss(z.log_softmax(1), Y, reduction="none"),
    "mse": lambda z: F.mse_loss(z.softmax(1), ONE_HOT, reduction="none"),
    "bce": lambda z: _bits(z.sigmoid()),
    "mae": lambda z: (ONE_HOT - z).abs(),
}
# what leaves a loss the same up to a positive factor, and that factor
AROUND = {
    "* 3": (lambda x: x * 3, 3.0),
    "0.5 *": (lambda x: 0.5 * x, 0.5),
    "/ 4": (lambda x: x / 4, 0.25),
    "+ 1": (lambda x: x + 1, 1.0),
    "- 2": (lambda x: x - 2, 1.0),
    "-(-x)": (lambda x: -torch.neg(x), 1.0),
    "1 - (1 - x)": (lambda x: 1 - (1 - x), 1.0),
    "reshape": (lambda x: x.reshape(-1), 1.0),
    "contiguous": (lambda x: x.contiguous(), 1.0),
    "double": (lambda x: x.double(), 1.0),
    "unsqueeze": (lambda x: x.unsqueeze(0), 1.0),
    "t": (lambda x: x.transpose(0, -1), 1.0),
    "partial sum": (lambda x: x.sum(-1) if x.dim() else x, 1.0),
    "partial mean": (lambda x: x.mean(-1) if x.dim() else x, 1.0),
}
NOT_AROUND = {
    "exp": torch.exp,
    "sqrt": lambda x: (x + 9).sqrt(),
    "**2": lambda x: x**2,
    "sin": torch.sin,
    "clamp": lambda x: x.clamp(max=1.0),
    "sigmoid": torch.sigmoid,
    "log1p": lambda x: torch.log1p(x.abs()),
    "1 / x": lambda x: 1 / (x + 9),
    "x * x": lambda x: x * x,
    "softmax": lambda x: x.softmax(-1) if x.dim() else x.tanh(),
}


def _recorded(build):
    recorder = Recorder()
    switch = Switch(recorder)
    switch.on()
    try:
        loss = build()
    finally:
        switch.off()
    assert recorder.failures == 0
    return objective_of(trace_of(loss), None)[0]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(LOSSES)),
    st.lists(st.sampled_from(sorted(AROUND)), max_size=5),
    st.sampled_from(["sum", "mean"]),
)
def test_scales_reductions_and_views_never_change_a_name(loss, around, last):
    factor = 1.0
    for name in around:
        factor *= AROUND[name][1]

    def build():
        x = LOSSES[loss](_z())
        for name in around:
            x = AROUND[name][0](x)
        return x.sum() if last == "sum" else x.mean()

    (term,) = _recorded(build).terms
    (pairing,) = term.alternatives
    assert pairing.loss.loss == loss
    assert isinstance(term.coefficient, Const)
    assert abs(term.coefficient.value - factor) < 1e-9 * factor


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(LOSSES)),
    st.lists(st.sampled_from(sorted(AROUND)), max_size=3),
    st.sampled_from(sorted(NOT_AROUND)),
    st.lists(st.sampled_from(sorted(AROUND)), max_size=3),
)
def test_what_bends_a_loss_takes_its_name_away(loss, before, bend, after):
    def build():
        x = LOSSES[loss](_z())
        for name in before:
            x = AROUND[name][0](x)
        x = NOT_AROUND[bend](x)
        for name in after:
            x = AROUND[name][0](x)
        return x.mean()

    objective = _recorded(build)
    assert [pairing for term in objective.terms for pairing in term.alternatives] == []
    assert all(term.unresolved for term in objective.terms)


# what may stand between a model and its loss, and the step that has to show it
BETWEEN = {
    "tanh": (torch.tanh, "tanh"),
    "relu": (torch.relu, "relu"),
    "exp": (torch.exp, "exp"),
    "sin": (torch.sin, "sin"),
    "/ 2": (lambda z: z / 2, "div"),
    "+ 1": (lambda z: z + 1, "add"),
    "3 - z": (lambda z: 3 - z, "sub"),
    "neg": (torch.neg, "neg"),
    "clamp": (lambda z: z.clamp(-1, 1), "clamp"),
    "** 3": (lambda z: z**3, "pow"),
    "softmax": (lambda z: z.softmax(1), "softmax"),
    "log_softmax": (lambda z: z.log_softmax(1), "log_softmax"),
    "sigmoid": (torch.sigmoid, "sigmoid"),
    "masked_fill": (lambda z: z.masked_fill(ONE_HOT > 0, 0.0), "masked_fill"),
    "normalize": (F.normalize, "normalize"),
    "layer_norm": (lambda z: F.layer_norm(z, (K,)), None),
    "flip": (lambda z: z.flip(0), None),
    "cumsum": (lambda z: z.cumsum(1), None),
    "roll": (lambda z: z.roll(1, 0), None),
    "z + its mean": (lambda z: z + z.mean(), None),
    "z * sigmoid(z)": (lambda z: z * z.sigmoid(), None),
    "where": (lambda z: torch.where(ONE_HOT > 0, z, 2 * z), None),
    "set in place": (lambda z: z.clone().index_fill_(1, torch.tensor([0]), 0.0), None),
}


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([F.cross_entropy, F.multi_margin_loss]),
    st.lists(st.sampled_from(sorted(BETWEEN)), min_size=1, max_size=4),
)
def test_nothing_between_model_and_loss_is_silently_dropped(loss, between):
    def build():
        z = _z()
        for name in between:
            z = BETWEEN[name][0](z)
        return loss(z, Y)

    (term,) = _recorded(build).terms
    (pairing,) = term.alternatives
    shown = [step.op for step in pairing.prediction.steps]
    if pairing.prediction.source is Source.AFFINE:  # everything from the model's output on has to be there
        wanted = [BETWEEN[name][1] for name in between]
        assert len(shown) >= len(wanted)
        assert [op for op in shown if op in set(wanted)] == [op for op in wanted if op is not None]
