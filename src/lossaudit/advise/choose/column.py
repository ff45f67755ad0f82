"""What a column of targets looks like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

HEAVY_TAIL = 0.005
"""From which share of far values on a tail is called heavy; of a normal distribution it is 2.3e-6."""
FAR = 3.0
"""Far: beyond the quartiles by so many interquartile ranges (Tukey's outer fences)."""
FAR_AT_LEAST = 3
"""And from how many values on."""
SKEWED = 1.2
"""From this interquartile range over median on, numbers above 0 are called skewed; of an exponential it is 1.58."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of targets.

    Attributes:
        name: As the user calls it.
        rows: With missing values.
        missing, infinite: How many are.
        width: Targets in each row.
        levels: Rows of each value, where the values are not too many; of several outputs, of all together.
        words: Whether the values are texts.
        whole: Whether all are whole numbers.
        low, high, mean, variance: Of the numbers.
        zeros: Share of zeros among the values.
        far, side: Share of values in the far tails, and on which side (-1 below, +1 above, 0 both).
        quartiles: Lower quartile, median, upper quartile.
        rows_of: Of several outputs: `"one-hot"`, `"multi-hot"`, `"distribution"` or `"numbers"`.
        positives: Of several yes-or-no outputs: the share of the rarest and of the most common.
        repeated, disagree: Rows whose inputs stand in another row too; those of them that contradict the most common
            label there.
        lists: Sizes of the smallest and largest group, and how many groups there are.
        pixels: Whether it is a stack of masks.
        notes: What the reader of the file has to say.
    """

    name: str
    rows: int
    missing: int = 0
    infinite: int = 0
    width: int = 1
    levels: Mapping[float | str, int] | None = None
    words: bool = False
    whole: bool = False
    low: float = math.nan
    high: float = math.nan
    mean: float = math.nan
    variance: float = math.nan
    zeros: float = 0.0
    far: float = 0.0
    side: int = 0
    quartiles: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    rows_of: str = ""
    positives: tuple[float, float] = (0.0, 0.0)
    repeated: int = 0
    disagree: int = 0
    lists: tuple[int, int, int] | None = None
    pixels: bool = False
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> int:
        """Values that are there."""
        return self.rows * self.width - self.missing - self.infinite

    @property
    def skewed(self) -> bool:
        """Whether numbers above 0 have a long tail to the right."""
        lower, median, upper = self.quartiles
        return self.low > 0 and (upper - lower >= SKEWED * median or (self.far >= HEAVY_TAIL and self.side > 0))
