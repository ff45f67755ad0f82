"""`lossaudit.audit`: one batch is read, and nothing is changed."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lossaudit
from lossaudit.errors import UsageError

X, Y = torch.randn(32, 8, generator=torch.Generator().manual_seed(1)), torch.arange(32) % 4


def _model(*more):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 4), *more)


def _state(model):
    return (
        copy.deepcopy(model.state_dict()),
        [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        [p.requires_grad for p in model.parameters()],
        [module.training for module in model.modules()],
        torch.get_rng_state(),
        torch.is_grad_enabled(),
        torch.overrides._len_torch_function_stack(),
    )


def _equal(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a == b


def _raise(output, target):
    raise ZeroDivisionError("in the loss")


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("grads", [True, False])
@pytest.mark.parametrize("loss", [F.cross_entropy, _raise, lambda z, y: 1.0], ids=["loss", "raises", "no tensor"])
def test_nothing_is_changed(training, grads, loss):
    model = _model().train(training)
    if grads:
        F.cross_entropy(model(X), Y).backward()
    before = _state(model)
    try:
        lossaudit.audit(model, loss, (X, Y))
    except (ZeroDivisionError, UsageError):
        assert loss is not F.cross_entropy
    assert _equal(before, _state(model))


def test_it_reads_under_no_grad_too():
    with torch.no_grad():
        report = lossaudit.audit(_model(nn.Softmax(1)), nn.CrossEntropyLoss(), (X, Y))
    assert [finding.rule for finding in report.findings] == ["double-softmax"]


def test_a_right_pairing_has_no_finding():
    report = lossaudit.audit(_model(), nn.CrossEntropyLoss(), (X, Y))
    assert list(report.findings) == []
    (pairing,) = report.pairings
    assert pairing.pairing.loss.loss == "cross_entropy"
    assert pairing.verdict.status.value == "proved"


def test_the_measured_saturation_is_that_of_the_logits():
    model = nn.Linear(4, 4, bias=False)
    with torch.no_grad():
        model.weight.copy_(20 * torch.eye(4))
    x, right = torch.eye(4)[[0, 1, 2, 3, 0, 0, 0, 0]], torch.tensor([0, 1, 2, 3, 0, 0, 1, 2])  # 2 of 8 are wrong by 20
    report = lossaudit.audit(model, lambda z, y: F.mse_loss(z.softmax(1), F.one_hot(y, 4).float()), (x, right))
    observed = report.pairings[0].pairing.observed
    assert (observed.wrong, observed.stuck) == (2 / 8, 2 / 8)
    (finding,) = report.findings
    assert (finding.rule, finding.severity.value) == ("mse-on-softmax", "error")


def test_inputs_may_be_several():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, a, b=None):
            return self.layer(a + b)

    for inputs in ((X, X), [X, X], {"a": X, "b": X}):
        assert list(lossaudit.audit(Two(), F.cross_entropy, (inputs, Y)).findings) == []


@pytest.mark.parametrize("batch", [X, None, (X,), (X, Y, Y), 3, {"x": X, "y": Y}])
def test_a_batch_that_is_no_pair_is_one_clear_line(batch):
    with pytest.raises(UsageError, match=r"audit takes a batch \(x, y\)") as caught:
        lossaudit.audit(_model(), F.cross_entropy, batch)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("loss", "got"),
    [
        (lambda z, y: F.cross_entropy(z, y, reduction="none"), "a tensor of shape (32,)"),
        (lambda z, y: F.cross_entropy(z, y).item(), "float"),
        (lambda z, y: None, "NoneType"),
        (lambda z, y: (F.cross_entropy(z, y), 1), "tuple"),
    ],
)
def test_a_loss_that_is_no_scalar_is_one_clear_line(loss, got):
    with pytest.raises(UsageError) as caught:
        lossaudit.audit(_model(), loss, (X, Y))
    assert got in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_cut_off_is_found():
    report = lossaudit.audit(_model(), lambda z, y: F.cross_entropy(z.detach(), y), (X, Y))
    assert [finding.rule for finding in report.findings] == ["loss-cut-off"]


def test_a_report_prints_shows_and_can_be_parsed():
    report = lossaudit.audit(_model(nn.Softmax(1)), nn.CrossEntropyLoss(), (X, Y))
    assert "double-softmax" in str(report)
    assert "double-softmax" in repr(report) or repr(report)
    shown = report._repr_html_()
    assert "double-softmax" in shown
    assert "<script>alert" not in shown
    data = json.loads(report.to_json())
    assert "double-softmax" in json.dumps(data)
    assert "NaN" not in report.to_json()


def test_a_function_is_a_model_as_well():
    weight = torch.randn(8, 4, requires_grad=True)
    report = lossaudit.audit(lambda x: (x @ weight).softmax(1), F.cross_entropy, (X, Y))
    assert [finding.rule for finding in report.findings] == ["double-softmax"]
