"""Series that need no download: three that come with statsmodels, and made ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossaudit.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Numbers at equal distances in time.

    Attributes:
        name: For titles.
        words: What they are, and where they come from.
        values: (T,) without gaps.
        lookback: How many of them a forecast sees.
        horizon: How many it forecasts.
    """

    name: str
    words: str
    values: NDArray[np.float64]
    lookback: int
    horizon: int


def sunspots() -> Series:
    """Mean sunspot number of each year."""
    values = _statsmodels("sunspots")["SUNACTIVITY"].to_numpy(float)
    return Series("sunspots", f"sunspot number, yearly, {len(values)} values (statsmodels)", values, 44, 11)


def elnino() -> Series:
    """Temperature of the Pacific's surface, a value for each month."""
    values = _statsmodels("elnino").drop(columns="YEAR").to_numpy(float).reshape(-1)
    return Series("elnino", f"sea surface temperature, monthly, {len(values)} values (statsmodels)", values, 48, 12)


def co2() -> Series:
    """Carbon dioxide on Mauna Loa, every fourth week; gaps are filled by straight lines."""
    weeks = _statsmodels("co2")["co2"].to_numpy(float)
    known = np.isfinite(weeks)
    values = np.interp(np.arange(0, len(weeks), 4), np.flatnonzero(known), weeks[known])
    return Series("co2", f"carbon dioxide, every fourth week, {len(values)} values (statsmodels)", values, 52, 13)


def made(length: int = 1200, spikes: float = 0.0, seed: int = 0) -> Series:
    """Two seasons of 24 and 168 steps, and noise that remembers 0.8 of itself.

    Args:
        length: Number of values.
        spikes: Share of the first 60 % of the values, those of the training, that are 6 too high or too low.
        seed: Of the noise and the spikes.
    """
    random = np.random.default_rng(seed)
    steps = np.arange(length)
    shocks = 0.5 * random.standard_normal(length)
    noise = np.empty(length)
    noise[0] = shocks[0]
    for t in range(1, length):
        noise[t] = 0.8 * noise[t - 1] + shocks[t]
    values = np.sin(2 * np.pi * steps / 24) + 0.5 * np.sin(2 * np.pi * steps / 168) + noise
    words = f"seasons of 24 and 168 steps and AR(1) noise, {length} values, made with seed {seed}"
    if spikes:
        training = round(0.6 * length)
        hit = random.permutation(training)[: round(spikes * training)]
        values[hit] += 6 * random.choice((-1.0, 1.0), len(hit))
        words += f", {spikes:.0%} of the training values 6 too high or too low"
    return Series("made with spikes" if spikes else "made", words, values, 96, 24)


SERIES: Mapping[str, Callable[[], Series]] = MappingProxyType(
    {
        "made": made,
        "made with spikes": lambda: made(spikes=0.02),
        "sunspots": sunspots,
        "elnino": elnino,
        "co2": co2,
    }
)
"""By name."""


def _statsmodels(name: str) -> Any:
    """The table of a data set that comes with statsmodels."""
    try:
        import statsmodels.datasets as datasets
    except ImportError:
        raise UsageError(f"the series {name} comes with statsmodels: pip install statsmodels") from None
    return getattr(datasets, name).load_pandas().data
