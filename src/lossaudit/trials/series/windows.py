"""Windows of a series: what a forecast sees, what comes after it, and the scale of either."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossaudit.trials.problem import Samples, Sealed
from lossaudit.trials.series.bundled import Series

TRAINING, VALIDATION = 0.6, 0.2  # shares of the series, in the order of time; the rest is the test
_LEAST = 1e-6  # range of a constant window


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows in the order of time.

    Attributes:
        past: (N, lookback), what is seen.
        future: (N, horizon), what is to be forecast.
    """

    past: Tensor
    future: Tensor

    def __len__(self) -> int:
        return len(self.past)


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The smallest and the largest number of each window, (N, 1) each.

    >>> known = Range.of(torch.tensor([[1.0, 3.0, 2.0]]))
    >>> known.scaled(torch.tensor([[1.0, 2.0, 4.0]]))
    tensor([[-1.,  0.,  2.]])
    >>> known.back(torch.tensor([[-1.0, 0.0, 2.0]]))
    tensor([[1., 2., 4.]])
    """

    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, windows: Tensor) -> Range:
        """Of windows (N, T), row by row."""
        return cls(windows.amin(1, keepdim=True), windows.amax(1, keepdim=True))

    @property
    def middle(self) -> Tensor:
        """Half-way between both, (N, 1)."""
        return (self.low + self.high) / 2

    @property
    def half(self) -> Tensor:
        """Half the distance of both, (N, 1); above 0 for a constant window too."""
        return ((self.high - self.low) / 2).clamp(min=_LEAST)

    def scaled(self, values: Tensor) -> Tensor:
        """Values (N, T) so that the smallest becomes -1 and the largest 1."""
        return (values - self.middle) / self.half

    def back(self, scaled: Tensor) -> Tensor:
        """The inverse of `scaled`."""
        return scaled * self.half + self.middle


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A series in three parts, standardised by mean and standard deviation of the first.

    Attributes:
        train, validation: Windows whose futures lie in that part; pasts may begin in the part before.
        sealed: The same of the test part: `x` the pasts, `y` the futures.
    """

    train: Windows
    validation: Windows
    sealed: Sealed


def split(series: Series) -> Split:
    """The windows of a series: 60 % of the time for training, 20 % for validation, the rest for the test."""
    values = torch.tensor(series.values)
    first = round(TRAINING * len(values))
    second = first + round(VALIDATION * len(values))
    values = ((values - values[:first].mean()) / values[:first].std(correction=0)).float()
    parts = [_windows(values, series, *ends) for ends in ((0, first), (first, second), (second, len(values)))]
    return Split(parts[0], parts[1], Sealed(Samples(parts[2].past, parts[2].future)))


def _windows(values: Tensor, series: Series, first: int, stop: int) -> Windows:
    """Every window whose future lies between `first` and `stop`."""
    start = max(first - series.lookback, 0)
    both = values[start:stop].unfold(0, series.lookback + series.horizon, 1)
    return Windows(both[:, : series.lookback].contiguous(), both[:, series.lookback :].contiguous())


def blocks(values: Tensor, length: int) -> Tensor:
    """Means of `length` windows after each other, (N,) -> (N // length,): neighbours share most of their future.

    A last block that is not full is left out. There is one block at least.

    >>> blocks(torch.tensor([1.0, 3.0, 5.0, 7.0, 100.0]), 2)
    tensor([2., 6.])
    """
    length = min(length, len(values))
    whole = len(values) // length * length
    return values[:whole].reshape(-1, length).mean(1)
