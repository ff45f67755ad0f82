"""The linear forecast, against numpy and scipy."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d

from lossaudit.trials.series.linear import AVERAGED, Linear, trend

PAST = torch.randn(5, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_trend_is_scipys_centred_moving_average() -> None:
    theirs = uniform_filter1d(PAST.numpy(), AVERAGED, axis=1, mode="nearest")
    np.testing.assert_allclose(trend(PAST).numpy(), theirs, atol=1e-12)


def test_the_trend_is_a_mean_of_the_windows_values_where_none_is_missing() -> None:
    middle = PAST.numpy()[:, 20 - 12 : 20 + 13].mean(1)
    np.testing.assert_allclose(trend(PAST)[:, 20].numpy(), middle, atol=1e-12)


def test_a_forecast_is_the_sum_of_two_linear_maps() -> None:
    model = Linear(40, 6, width=3).double()
    smooth = uniform_filter1d(PAST.numpy(), AVERAGED, axis=1, mode="nearest")
    maps = [(part.weight.detach().numpy(), part.bias.detach().numpy()) for part in (model.season, model.trend)]
    directly = sum(
        inputs @ weight.T + bias for inputs, (weight, bias) in zip((PAST.numpy() - smooth, smooth), maps, strict=True)
    )
    np.testing.assert_allclose(model(PAST).detach().numpy(), directly.reshape(5, 6, 3), atol=1e-12)


def test_a_forecast_is_affine_in_the_past() -> None:
    model = Linear(40, 6).double()
    between = model(0.3 * PAST[:1] + 0.7 * PAST[1:2])
    torch.testing.assert_close(between, 0.3 * model(PAST[:1]) + 0.7 * model(PAST[1:2]))
