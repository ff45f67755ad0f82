"""Losses of forecasts, against the catalogue's definitions and scoringrules."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
import torch
from torch import Tensor

from lossaudit.catalogue.losses.forecasting import binned_ordinal_cross_entropy, ensemble_crps
from lossaudit.trials.series.losses import BINS, LEVELS, LOSSES, centres, ordinal_cross_entropy

DRAW = torch.Generator().manual_seed(0)
Y = torch.rand(4, 3, generator=DRAW, dtype=torch.float64) * 1.8 - 0.9


def _outputs(name: str) -> Tensor:
    return torch.randn(4, 3, LOSSES[name].width, generator=DRAW, dtype=torch.float64)


@pytest.mark.parametrize("edge", [1.0, 2.0])
def test_ordinal_cross_entropy_is_the_catalogues(edge: float) -> None:
    z = (3 * torch.randn(50, BINS, generator=DRAW, dtype=torch.float64)).requires_grad_()
    y = edge * (2 * torch.rand(50, generator=DRAW, dtype=torch.float64) - 1)
    ours = ordinal_cross_entropy(z, y, sigma=0.03, low=-edge, high=edge)
    theirs = binned_ordinal_cross_entropy(z, y, sigma=0.03, low=-edge, high=edge)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(*(torch.autograd.grad(each, z)[0] for each in (ours, theirs)))


def test_ordinal_cross_entropy_pulls_from_afar() -> None:
    """Sure of the first bin, wrong by all the others: the gradient's largest entry is that distance."""
    z = torch.zeros(1, BINS)
    z[0, 0] = 80
    z.requires_grad_()
    (slope,) = torch.autograd.grad(ordinal_cross_entropy(z, torch.tensor([0.97]), 0.001, -1, 1), z)
    assert slope.abs().max() == pytest.approx(BINS - 1, rel=1e-3)


def test_quantiles_and_their_ensemble() -> None:
    """Twice the mean pinball loss at the levels (i - 1/2) / M is the ensemble's CRPS."""
    sorted_outputs = _outputs("pinball").sort(-1).values
    loss = LOSSES["pinball"]
    theirs = np.mean(
        [
            scoringrules.quantile_score(Y.numpy(), sorted_outputs[..., i].numpy(), level)
            for i, level in enumerate(LEVELS)
        ]
    )
    assert loss.value(sorted_outputs, Y).item() == pytest.approx(theirs)
    assert loss.crps(sorted_outputs, Y).mean().item() == pytest.approx(2 * theirs)
    rows = sorted_outputs.flatten(0, 1)
    assert loss.crps(sorted_outputs, Y).sum().item() == pytest.approx(ensemble_crps(rows, Y.flatten()).item())
    assert loss.point(sorted_outputs).equal(sorted_outputs.median(-1).values)


def test_the_normal_distribution_is_scored_as_by_scoringrules() -> None:
    loss, outputs = LOSSES["gaussian_crps"], _outputs("gaussian_crps")
    spread = np.log1p(np.exp(outputs[..., 1].numpy())) + 1e-3
    theirs = scoringrules.crps_normal(Y.numpy(), outputs[..., 0].numpy(), spread)
    np.testing.assert_allclose(loss.crps(outputs, Y).numpy(), theirs)
    assert loss.value(outputs, Y).item() == pytest.approx(theirs.mean())


@pytest.mark.parametrize("name", [name for name in LOSSES if name.startswith("binned")])
def test_a_histogram_is_scored_as_an_ensemble_of_its_centres(name: str) -> None:
    """A sample with each centre as often as its probability says has the same CRPS."""
    loss = LOSSES[name]
    counts = torch.randint(1, 6, (4, 3, BINS), generator=DRAW)
    members = centres(BINS, loss.edge).double()
    theirs = [
        scoringrules.crps_ensemble(float(y), np.repeat(members.numpy(), row.numpy()))
        for y, row in zip(Y.flatten(), counts.flatten(0, 1), strict=True)
    ]
    np.testing.assert_allclose(loss.crps(counts.double().log(), Y).flatten().numpy(), theirs, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in LOSSES if name.startswith("binned")])
def test_a_forecast_by_bins_is_their_mean(name: str) -> None:
    outputs, edge = _outputs(name), LOSSES[name].edge
    p = outputs.softmax(-1)
    torch.testing.assert_close(p.sum(-1), torch.ones(4, 3, dtype=torch.float64))
    middles = np.linspace(-edge, edge, BINS + 1)[:-1] + edge / BINS
    np.testing.assert_allclose(LOSSES[name].point(outputs).numpy(), p.numpy() @ middles, atol=1e-6)
    assert LOSSES[name].point(outputs).abs().max() < edge


@pytest.mark.parametrize("name", [name for name in LOSSES if name.startswith("binned")])
def test_targets_beyond_the_bins_count_as_their_end(name: str) -> None:
    loss, outputs = LOSSES[name], _outputs(name)
    far, end = (torch.full((4, 3), value, dtype=torch.float64) for value in (7.0, loss.edge))
    assert loss.value(outputs, far) == loss.value(outputs, end)
    assert (loss.crps(outputs, far) > loss.crps(outputs, end)).all()


@pytest.mark.parametrize("name", ["mse", "mae"])
def test_the_crps_of_a_number_is_its_absolute_error(name: str) -> None:
    outputs = _outputs(name)
    torch.testing.assert_close(LOSSES[name].crps(outputs, Y), (outputs[..., 0] - Y).abs())


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.convex])
def test_what_is_called_convex_lies_below_its_chords(name: str) -> None:
    loss = LOSSES[name]
    for _ in range(50):
        one, other = 4 * _outputs(name), 4 * _outputs(name)
        middle = loss.value((one + other) / 2, Y)
        assert middle <= (loss.value(one, Y) + loss.value(other, Y)) / 2 + 1e-12
