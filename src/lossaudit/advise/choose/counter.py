"""Counts a column of targets in one pass, in little memory."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from random import Random

from lossaudit.advise.choose.column import FAR, FAR_AT_LEAST, Column

_LEVELS = 20_000  # distinct values that are counted one by one
_SAMPLE = 100_000  # values that are kept for quantiles


@dataclass(slots=True)
class Counter:
    """Takes values one by one."""

    name: str
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    numbers: int = 0
    texts: int = 0
    first_text: str = ""
    whole: bool = True
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    spread: float = 0.0
    counted: dict[float | str, int] | None = field(default_factory=dict[float | str, int])
    zeros: int = 0
    sample: array[float] = field(default_factory=lambda: array("d"))
    random: Random = field(default_factory=lambda: Random(0))

    def number(self, value: float, times: int = 1) -> None:
        """A number, so many times."""
        self.rows += times
        if math.isnan(value):
            self.missing += times
            return
        if math.isinf(value):
            self.infinite += times
            return
        value += 0.0  # -0.0 is 0.0
        self._count(value, times)
        self.numbers += times
        self.whole = self.whole and value == math.floor(value)
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.zeros += times * (value == 0)
        step = value - self.mean
        self.mean += step * (times / self.numbers)
        self.spread += times * step * (value - self.mean)
        for _ in range(min(times, _SAMPLE)):
            self._keep(value)

    def text(self, value: str) -> None:
        """A text."""
        self.rows += 1
        self.texts += 1
        self.first_text = self.first_text or value
        self._count(value, 1)

    def nothing(self) -> None:
        """A missing value."""
        self.rows += 1
        self.missing += 1

    def _count(self, value: float | str, times: int) -> None:
        counted = self.counted
        if counted is None:
            return
        counted[value] = counted.get(value, 0) + times
        if len(counted) > _LEVELS:
            self.counted = None

    def _keep(self, value: float) -> None:
        """A sample of all values, each with the same chance."""
        if len(self.sample) < _SAMPLE:
            self.sample.append(value)
        elif (place := self.random.randrange(self.numbers)) < _SAMPLE:
            self.sample[place] = value

    def column(self) -> Column:
        """What was counted."""
        values = sorted(self.sample)
        far, side = _tails(values)
        return Column(
            name=self.name,
            rows=self.rows,
            missing=self.missing,
            infinite=self.infinite,
            levels=self.counted,
            words=self.texts > 0,
            whole=self.whole and self.numbers > 0,
            low=self.low,
            high=self.high,
            mean=self.mean,
            variance=self.spread / max(1, self.numbers),
            zeros=self.zeros / max(1, self.numbers),
            far=far,
            side=side,
            quartiles=_quartiles(values),
        )


def _tails(values: list[float]) -> tuple[float, int]:
    """The share of far values, and the side on which they lie.

    >>> _tails([float(i % 10) for i in range(1000)])
    (0.0, 0)
    >>> _tails([float(i % 10) for i in range(1000)] + [1000.0] * 10)[1]
    1
    """
    if not values:
        return 0.0, 0
    lower, _, upper = _quartiles(values)
    reach = FAR * (upper - lower)
    if not 0 < reach < math.inf:
        return 0.0, 0
    below = sum(value < lower - reach for value in values)
    above = sum(value > upper + reach for value in values)
    if below + above < FAR_AT_LEAST:
        return 0.0, 0
    side = (above > 3 * below) - (below > 3 * above)
    return (below + above) / len(values), side


def _quartiles(values: list[float]) -> tuple[float, float, float]:
    """Of sorted values.

    >>> _quartiles([1.0, 2.0, 3.0, 4.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    if not values:
        return math.nan, math.nan, math.nan
    lower, median, upper = (values[round(q * (len(values) - 1))] for q in (0.25, 0.5, 0.75))
    return lower, median, upper
