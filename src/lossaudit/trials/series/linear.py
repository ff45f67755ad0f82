"""A linear forecast in the manner of DLinear: one map for the season, one for the trend, shared by all channels."""

from __future__ import annotations

from torch import Tensor, nn

AVERAGED = 25
"""Values of the moving average that is called the trend."""


def trend(past: Tensor, averaged: int = AVERAGED) -> Tensor:
    """Centred moving average of windows (N, T); beyond the ends the first and the last value go on.

    >>> import torch
    >>> trend(torch.tensor([[0.0, 3.0, 0.0]]), averaged=3)
    tensor([[1., 1., 1.]])
    """
    reach = averaged // 2
    padded = nn.functional.pad(past[:, None], (reach, reach), mode="replicate")
    return nn.functional.avg_pool1d(padded, averaged, stride=1)[:, 0]


class Linear(nn.Module):
    """Forecast = W_season (past - trend) + W_trend trend + biases.

    Args:
        lookback: Values that are seen.
        horizon: Values that are forecast.
        width: Outputs for each of them: 1 for a number, the number of bins for a histogram.
    """

    def __init__(self, lookback: int, horizon: int, width: int = 1) -> None:
        super().__init__()
        self.season = nn.Linear(lookback, horizon * width)
        self.trend = nn.Linear(lookback, horizon * width)
        self.shape = (horizon, width)

    def forward(self, past: Tensor) -> Tensor:
        """Windows (N, lookback) -> outputs (N, horizon, width)."""
        smooth = trend(past)
        return (self.season(past - smooth) + self.trend(smooth)).unflatten(-1, self.shape)
