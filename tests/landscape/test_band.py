"""The error band of a sub-sample covers the whole data as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.training import digits, mlp
from scipy import stats
from tests.landscape.setting import axis
from torch import nn
from torch.nn import functional as F

from lossaudit.landscape.band import _quantile
from lossaudit.landscape.directions import random_plane
from lossaudit.landscape.parameters import surface
from lossaudit.landscape.probe import probe


def trained() -> nn.Module:
    torch.manual_seed(0)
    model, (x, y) = mlp(), digits()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def rise(surface_) -> np.ndarray:
    """Loss minus loss at the centre."""
    return surface_.loss - surface_.loss[2, 2]


def summed(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(output, target, reduction="sum")


WEIGHTED = nn.CrossEntropyLoss(weight=torch.linspace(0.2, 3.0, 10))


@pytest.mark.parametrize(
    "loss_fn", [F.cross_entropy, pytest.param(WEIGHTED, marks=pytest.mark.slow)], ids=["mean", "weighted"]
)
def test_the_band_covers_the_full_data_in_90_to_99_percent(loss_fn) -> None:
    """Of the nodes, over 15 sub-samples of the digits."""
    model, data = trained(), digits()
    whole = probe(model, loss_fn, data)
    plane = random_plane(whole)
    full = rise(surface(whole, plane, axis(5), axis(5), name="all"))
    covered = []
    for seed in range(15):
        part = surface(probe(model, loss_fn, data, samples=256, seed=seed), plane, axis(5), axis(5), name="part")
        assert part.band[2, 2] == 0
        inside = abs(rise(part) - full) <= part.band
        inside[2, 2] = False
        covered.append(inside.sum() / 24)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_the_band_of_a_sum_is_that_of_the_mean_in_its_scale() -> None:
    model, data = trained(), digits()
    bands = []
    for loss_fn in (F.cross_entropy, summed):
        made = probe(model, loss_fn, data, samples=100)
        bands.append(surface(made, random_plane(made, dims=1), axis(5), None, name="band").band)
    assert bands[1] == pytest.approx(100 * bands[0], rel=1e-4)


def test_all_data_but_one_leaves_hardly_a_band_and_all_data_none() -> None:
    model, (x, y) = trained(), digits()
    x, y = x[:400], y[:400]
    whole, most, half = (probe(model, F.cross_entropy, (x, y), samples=samples) for samples in (None, 399, 200))
    plane = random_plane(whole, dims=1)
    assert surface(whole, plane, axis(5), None, name="all").band is None
    nearly, wide = (surface(made, plane, axis(5), None, name="part").band for made in (most, half))
    assert nearly.max() < 0.12 * wide.max()


def test_a_loss_that_couples_its_samples_gets_no_band_and_a_sentence() -> None:
    def contrast(output: torch.Tensor, _target: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(output @ output.T, torch.arange(len(output)))

    made = probe(trained(), contrast, digits(), samples=200)
    drawn = surface(made, random_plane(made, dims=1), axis(3), None, name="contrastive")
    assert drawn.band is None
    assert any("no error band" in note for note in drawn.notes)


@pytest.mark.parametrize("freedom", [3, 5, 19, 100])
def test_the_quantile_is_that_of_student(freedom: int) -> None:
    assert _quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.011)
