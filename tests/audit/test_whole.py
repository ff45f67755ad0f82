"""The whole audit: every sample is measured once, held-out data stand beside, and nothing is changed."""

from __future__ import annotations

import json
import math

import pytest
import torch
from tests.audit.made import CLASSES, data, loader, mse_on_softmax, network, state
from torch import nn
from torch.nn import functional as F

import lossaudit
from lossaudit.errors import UsageError
from lossaudit.report import html


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_loader_is_measured_as_one_batch_of_the_same_data(shuffle: bool) -> None:
    """The last batch is smaller: means of means would be off."""
    model = nn.Linear(8, CLASSES)
    whole = lossaudit.audit(model, F.cross_entropy, data()).result
    parts = lossaudit.audit(model, F.cross_entropy, loader(shuffle=shuffle)).result
    (one,), (many,) = whole.pairings[0].measured, parts.pairings[0].measured
    assert (many.samples, many.accuracy, many.confidently_wrong) == (one.samples, one.accuracy, one.confidently_wrong)
    assert many.ratios == pytest.approx(one.ratios)
    assert many.calibration.error == pytest.approx(one.calibration.error)
    assert parts.splits[0].loss == pytest.approx(whole.splits[0].loss, rel=1e-6)
    assert (parts.splits[0].batches, whole.splits[0].batches) == (4, 1)


def test_figures_are_those_of_the_definitions_in_eval_mode() -> None:
    model, (x, y) = network(), data()
    result = lossaudit.audit(model.train(), F.cross_entropy, (x, y), held_out=data(40, seed=2)).result
    model.eval()
    for split, measured, (inputs, target) in zip(
        result.splits, result.pairings[0].measured, ((x, y), data(40, seed=2)), strict=True
    ):
        with torch.no_grad():
            z = model(inputs).double()
        assert split.mode == "eval"
        assert split.loss == pytest.approx(float(F.cross_entropy(z, target)), rel=1e-5)
        assert measured.samples == split.samples == len(target)
        assert measured.accuracy == pytest.approx(float((z.argmax(1) == target).double().mean()))
        assert measured.calibration.nll == pytest.approx(float(F.cross_entropy(z, target)), rel=1e-5)
    assert [split.name for split in result.splits] == ["data given", "held-out"]


def test_every_row_of_a_large_batch_is_measured() -> None:
    x, y = data(3000)
    (measured,) = lossaudit.audit(nn.Linear(8, CLASSES), F.cross_entropy, (x, y)).pairings[0].measured
    assert measured.samples == 3000


def test_samples_bounds_the_work_and_says_so() -> None:
    result = lossaudit.audit(nn.Linear(8, CLASSES), F.cross_entropy, data(200), samples=50).result
    assert (result.splits[0].samples, result.splits[0].available) == (50, 200)
    assert "50 of 200 samples" in str(lossaudit.audit(nn.Linear(8, CLASSES), F.cross_entropy, data(200), samples=50))


def test_a_saturated_model_is_measured_stuck_on_all_data() -> None:
    """Logits are 40 at a class that is right for every fourth sample, and the squared error has lost its gradient."""
    model = nn.Sequential(nn.Linear(8, CLASSES), nn.Softmax(1))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.copy_(torch.tensor([40.0, 0, 0, 0]))
    report = lossaudit.audit(model, mse_on_softmax, loader(), held_out=data(40))
    for measured in report.pairings[0].measured:
        assert (measured.accuracy, measured.confidently_wrong, measured.stuck) == (0.25, 0.75, 0.75)
        assert measured.calibration.error == pytest.approx(0.75)
    assert [(f.rule, f.severity.value) for f in report.findings] == [("mse-on-softmax", "error")]
    assert (report.result.head.negative > 0) or report.result.head.null == report.result.head.size


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("landscape", [True, False])
def test_nothing_is_changed(training: bool, landscape: bool) -> None:
    model = network().train(training)
    F.cross_entropy(model(data()[0]), data()[1]).backward()
    before = state(model)
    lossaudit.audit(model, F.cross_entropy, loader(shuffle=True), held_out=loader(20), landscape=landscape)
    assert state(model) == before


def test_nothing_is_changed_by_a_loss_that_raises_late() -> None:
    model, seen = network(), []

    def loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        seen.append(1)
        if len(seen) > 5:
            raise ZeroDivisionError("in the loss")
        return F.cross_entropy(z, y)

    before = state(model)
    with pytest.raises(UsageError, match="the loss raises ZeroDivisionError: in the loss"):
        lossaudit.audit(model, loss, loader())
    assert state(model) == before


def test_the_head_that_is_trained_counts_where_eval_mode_has_another() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, CLASSES)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x) if self.training else self.layer(x).softmax(1)

    result = lossaudit.audit(Both(), F.cross_entropy, data()).result
    assert result.findings == ()
    assert result.splits[0].mode == "train"
    assert len(result.pairings[0].measured) == 1


def test_a_regression_has_its_loss_and_no_probabilities() -> None:
    x, _ = data()
    report = lossaudit.audit(nn.Linear(8, 1), nn.MSELoss(), (x, x[:, :1]), held_out=(x, x[:, :1]))
    assert report.pairings[0].measured == ()
    assert [split.samples for split in report.result.splits] == [60, 60]
    assert "held-out" in report.to_html()


def test_binary_labels_are_measured_by_the_probability_of_label_1() -> None:
    x, y = data()
    labels = (y % 2).float()[:, None]
    for model, loss in (
        (nn.Linear(8, 1), nn.BCEWithLogitsLoss()),
        (nn.Sequential(nn.Linear(8, 1), nn.Sigmoid()), nn.BCELoss()),
    ):
        (measured,) = lossaudit.audit(model, loss, (x, labels)).pairings[0].measured
        assert measured.calibration.of == "label 1"
        assert measured.calibration.came == 0.5
        with torch.no_grad():
            assert measured.calibration.nll == pytest.approx(float(loss(model(x), labels)), rel=1e-5)


def test_outputs_that_are_not_finite_are_counted_and_left_out() -> None:
    x, y = data()
    x[3] = math.nan
    report = lossaudit.audit(nn.Linear(8, CLASSES), F.cross_entropy, (x, y))
    (measured,) = report.pairings[0].measured
    assert (measured.samples, measured.nonfinite) == (59, 1)
    assert "loss-not-finite" in [finding.rule for finding in report.findings]
    assert json.loads(report.to_json())["splits"][0]["loss"] is None
    assert "not finite, left out" in report.to_html()


def test_a_model_whose_outputs_are_all_nan_gets_a_report() -> None:
    report = lossaudit.audit(nn.Linear(8, CLASSES), F.cross_entropy, (data()[0] * math.nan, data()[1]), landscape=True)
    assert "loss-not-finite" in str(report)
    assert report.to_html()


def test_a_model_that_returns_more_than_logits() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, CLASSES)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.layer(x), x

    with pytest.raises(UsageError, match=r"the model returns tuple, no tensor: pick what the loss is of") as caught:
        lossaudit.audit(Two(), F.cross_entropy, data())
    assert "\n" not in str(caught.value)
    report = lossaudit.audit(Two(), lambda out, y: F.cross_entropy(out[0], y), loader())
    assert report.pairings[0].measured[0].samples == 60


def test_a_card_belongs_to_the_loss_behind_its_head_and_to_its_parameters() -> None:
    model = nn.Linear(8, CLASSES)
    carded = lossaudit.audit(model, nn.CrossEntropyLoss(), data()).pairings[0].card
    assert carded is not None
    assert carded.entries["proper"].value == "strictly"
    smoothed = lossaudit.audit(model, nn.CrossEntropyLoss(label_smoothing=0.1), data()).pairings[0]
    assert smoothed.card is None
    brier = lossaudit.audit(nn.Sequential(model, nn.Softmax(1)), mse_on_softmax, data()).pairings[0].card
    assert brier is not None
    assert brier.convexity.status.value == "refuted"


def test_a_clean_report_is_no_praise() -> None:
    text = str(lossaudit.audit(network(), F.cross_entropy, data()))
    assert "nothing wrong between head and loss" in text
    assert "Not checked: data, learning rate, architecture" in text


def test_hostile_names_stay_text() -> None:
    evil = "<script>alert(1)</script>"
    model = nn.Sequential()
    model.add_module(evil, nn.Linear(8, CLASSES))
    report = lossaudit.audit(model, F.cross_entropy, data(), landscape=True)
    page = html.render(report.result, landscapes=report.landscapes)
    assert evil not in page
    assert "alert(1)" in page


def test_a_page_with_everything_is_small_enough_to_attach() -> None:
    report = lossaudit.audit(network(nn.Softmax(1)), mse_on_softmax, loader(), held_out=data(40), landscape=True)
    assert len(report.landscapes) == 1
    page = report.to_html()
    assert len(page.encode()) <= 300_000
    order = [
        "mse-on-softmax",
        "Reliability, held-out",
        "in the logits",
        "Convex in the parameters?",
        "Curvature of the head",
    ]
    places = [page.index(word) for word in [*order, report.landscapes[0].title[:20], "Not checked, and other limits"]]
    assert places == sorted(places)
    assert "F.cross_entropy(model(x), y)" in page  # the fix, in code
    assert 'sandbox="allow-scripts"' in report._repr_html_()


def test_a_loss_without_a_second_derivative_gets_a_report_all_the_same() -> None:
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z.square().mean()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, gradient):
            (z,) = ctx.saved_tensors
            return 2 * z * gradient / z.numel()

    report = lossaudit.audit(nn.Linear(8, CLASSES), lambda z, y: Once.apply(z), data(), landscape=True)
    assert report.to_html()
    assert report.result.head is None


def test_a_model_that_is_a_function_gets_a_report() -> None:
    weight = torch.randn(8, CLASSES, requires_grad=True)
    report = lossaudit.audit(lambda x: x @ weight, F.cross_entropy, loader(), held_out=data(20), landscape=True)
    assert [split.samples for split in report.result.splits] == [60, 20]
    assert report.landscapes == ()
