"""What a few seeds and a finite test set say about the difference of two losses.

The runs of two losses are paired: seed `s` gives both the same start and the same order of the data, and both are
tested on the same samples. The differences `d[s, i] = first[s, i] - second[s, i]` are a two-way table without
replication, whose seeds and samples are both drawn: `d = mu + seed + sample + rest`. With the mean squares of its
analysis of variance the mean of all has the variance

    (MS_seeds + MS_samples - MS_rest) / (S N)

(the rest is in both mean squares, and counted once; the same as clustering both ways, Cameron, Gelbach and Miller
2011). A component below 0 is taken as 0. Of each source only so much is known as it has degrees of freedom, so each has
its own quantile of Student's t (Banerjee 1960, Sankhya 22, 357: such an interval holds the mean at least as often as is
asked for, whatever the ratio of the variances):

    half width^2 = t(S - 1)^2 max(MS_seeds, MS_rest) / (S N) + t(N - 1)^2 max(MS_samples - MS_rest, 0) / (S N)

Where samples are right or wrong, two more are taken into the variance, one for each side, as Bonett and Price (2012) do
for paired proportions: else a handful of samples would decide. The training data and the chosen rates are given, not
drawn: nothing here speaks about other training data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev

import numpy as np
from numpy.typing import NDArray

from lossaudit.comparison import Figure

ALPHA = 0.05
_SMALLEST = 1e-15  # of a p value
_MOST_SEEDS = 100


def figure(values: Sequence[float], *, low: float = -math.inf, high: float = math.inf) -> Figure:
    """A measure of one loss over the seeds: the mean and its 95 % t interval.

    Args:
        values: One for each seed.
        low: What the measure cannot be below; the interval is cut there.
        high: What it cannot be above.

    >>> figure([1.0, 2.0, 3.0])  # 2 -+ 4.303 / sqrt(3)
    Figure(values=(1.0, 2.0, 3.0), mean=2.0, low=-0.484..., high=4.484...)
    >>> figure([4.0, 6.0, math.inf]).mean
    6.0
    """
    found = tuple(map(float, values))
    if not found or any(map(math.isnan, found)):
        return Figure(found, math.nan)
    if any(map(math.isinf, found)):
        return Figure(found, median(found))
    mean = fmean(found)
    if len(found) == 1:
        return Figure(found, mean)
    half = _t(len(found) - 1, ALPHA) * stdev(found) / math.sqrt(len(found))
    return Figure(found, mean, max(low, mean - half), min(high, mean + half))


@dataclass(frozen=True, slots=True)
class Difference:
    """The paired difference of two losses in one measure.

    Attributes:
        mean: First - second; NaN where it is not a number.
        seeds: How many runs of each it comes from.
        samples: How many test samples were compared one by one; 0: the measure has no values of samples.
        by_seeds: Variance of the mean that comes from the seeds (and the rest).
        by_samples: Variance of the mean that comes from the test samples.
        signs: Where the size of the differences says nothing (infinities, or the same at every seed): how often the
            first is larger, and the second.
    """

    mean: float
    seeds: int
    samples: int = 0
    by_seeds: float = math.nan
    by_samples: float = 0.0
    signs: tuple[int, int] | None = None

    @property
    def testable(self) -> bool:
        """Whether both sources of uncertainty are known: two seeds or more, and not just one sample."""
        return self.signs is not None or (self.seeds > 1 and self.samples != 1 and math.isfinite(self.mean))

    def half(self, alpha: float = ALPHA, seeds: int | None = None) -> float:
        """Half the width of the interval; NaN where there is none.

        Args:
            alpha: Share of intervals that may miss.
            seeds: As if there were so many; None: as many as there are.
        """
        if not self.testable or self.signs is not None:
            return math.nan
        often = self.seeds if seeds is None else seeds
        of_seeds = _t(often - 1, alpha) ** 2 * self.by_seeds * self.seeds / often
        return math.sqrt(of_seeds + self._of_samples(alpha))

    def p(self) -> float:
        """Two-sided: the smallest `alpha` whose interval leaves 0 out; NaN where it cannot be tested.

        >>> Difference(2.776445, 5, 0, 1.0).p()  # the 97.5 % quantile of t with 4 degrees of freedom
        0.05000...
        """
        if not self.testable:
            return math.nan
        if self.signs is not None:
            return _sign_test(*self.signs)
        if self.mean == 0:
            return 1.0
        low, high = math.log(_SMALLEST), 0.0
        while high - low > 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if self.half(math.exp(middle)) > abs(self.mean) else (low, middle)
        return math.exp(high)

    def seeds_to_decide(self, alpha: float = ALPHA) -> int | None:
        """How many seeds would, if mean and variances stay as they are; None: more than 100, or none would."""
        reach = range(self.seeds + 1, _MOST_SEEDS + 1)
        return next((often for often in reach if self.half(alpha, often) < abs(self.mean)), None)

    def samples_to_decide(self, alpha: float = ALPHA) -> int | None:
        """How many test samples there would have to be, with any number of seeds; None: these are enough."""
        if not self.samples or not self.mean or (ratio := self._of_samples(alpha) / self.mean**2) < 1:
            return None
        return math.ceil(ratio * self.samples)

    def on_these_runs(self, alpha: float = ALPHA) -> float:
        """Half the width of the interval that a fresh test set gives, the trained models being as they are."""
        return math.sqrt(self._of_samples(alpha)) if self.samples > 1 else math.nan

    def _of_samples(self, alpha: float) -> float:
        return _t(self.samples - 1, alpha) ** 2 * self.by_samples if self.samples > 1 else 0.0


def difference(
    first: Sequence[float] | NDArray[np.float64], second: Sequence[float] | NDArray[np.float64], resolution: float = 0.0
) -> Difference:
    """The paired difference over the seeds, and over the test samples where there are values of these.

    Args:
        first: (S,) the measure under each seed; or (S, N) its value for each test sample as well, whose mean over the
            samples is the measure.
        second: The same of the other loss, in the same order.
        resolution: Of a measure that is counted: 1 for whole epochs. Rounding alone makes a difference uncertain by
            resolution^2 / 6.

    >>> found = difference([1.0, 2.0, 6.0], [0.0, 0.0, 0.0])
    >>> found.mean, round(found.half(), 4)  # 4.3027 sqrt(7 / 3)
    (3.0, 6.5724)
    >>> difference([1.0, math.inf, 3.0], [2.0, 5.0, math.inf]).signs
    (1, 2)
    """
    ours, theirs = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if np.isnan(ours).any() or np.isnan(theirs).any():
        return Difference(math.nan, len(ours))
    if np.isinf(ours).any() or np.isinf(theirs).any():
        above, below = _of_each_seed(ours) > _of_each_seed(theirs), _of_each_seed(ours) < _of_each_seed(theirs)
        return Difference(math.nan, len(ours), signs=(int(above.sum()), int(below.sum())))
    table = ours - theirs
    if table.ndim == 2:
        return _crossed(table, counted=bool(np.isin(ours, (0, 1)).all() and np.isin(theirs, (0, 1)).all()))
    mean, seeds = float(table.mean()), len(table)
    if seeds < 2:
        return Difference(mean, seeds)
    variance = max(float(table.var(ddof=1)), resolution**2 / 6)
    if variance == 0 and mean != 0:
        return Difference(mean, seeds, signs=(seeds, 0) if mean > 0 else (0, seeds))
    return Difference(mean, seeds, by_seeds=variance / seeds)


def as_one_run(found: Difference) -> Difference:
    """The same where the seeds changed nothing: the runs are one run, seen often."""
    return replace(found, seeds=1, by_seeds=math.nan, signs=None)


def holm(p: Sequence[float]) -> list[float]:
    """The p values corrected for their number (Holm 1979); NaN is no test and stays.

    >>> holm([0.01, 0.04, math.nan, 0.03])
    [0.03, 0.06, nan, 0.06]
    """
    order = sorted((k for k, each in enumerate(p) if not math.isnan(each)), key=p.__getitem__)
    corrected, least = list(p), 0.0
    for rank, k in enumerate(order):
        least = corrected[k] = max(least, min(1.0, (len(order) - rank) * p[k]))
    return corrected


def interval(found: Difference, p: float, tests: int) -> tuple[float, float]:
    """The 95 % interval of one of several differences that are looked at together.

    It is the interval of Bonferroni; where Holm decides and that one reaches 0, it ends at 0 (Strassburger and Bretz
    2008; Guilbaud 2008). So it never contradicts the decision.

    Args:
        found: The difference.
        p: Corrected by `holm`.
        tests: How many are corrected for.
    """
    if not found.testable:
        return math.nan, math.nan
    half = found.half(ALPHA / tests)
    low, high = found.mean - half, found.mean + half
    if p < ALPHA:
        return (max(low, 0.0), high) if found.mean > 0 else (low, min(high, 0.0))
    return low, high


def _crossed(table: NDArray[np.float64], *, counted: bool) -> Difference:
    """Of differences (S, N)."""
    seeds, samples = table.shape
    mean, of_seeds, of_samples = float(table.mean()), table.mean(1), table.mean(0)
    if samples == 1:
        return Difference(mean, seeds, 1)
    held = np.append(of_samples, (1.0, -1.0)) if counted else of_samples
    by_samples = float(held.var(ddof=1)) / len(held)
    if seeds == 1:
        return Difference(mean, 1, samples, by_samples=by_samples)
    rest = table - of_seeds[:, None] - of_samples + mean
    by_rest = float((rest**2).sum()) / ((seeds - 1) * (samples - 1)) / (seeds * samples)
    by_seeds = float(of_seeds.var(ddof=1)) / seeds
    return Difference(mean, seeds, samples, max(by_seeds, by_rest), max(by_samples - by_rest, 0.0))


def _of_each_seed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values if values.ndim == 1 else values.mean(1)


def _sign_test(above: int, below: int) -> float:
    """Two-sided and exact; ties are left out."""
    count = above + below
    tail = sum(math.comb(count, k) for k in range(min(above, below) + 1)) / 2**count
    return min(1.0, 2 * tail)


def _t(freedom: int, alpha: float) -> float:
    """What Student's t leaves in `alpha` of draws, either way."""
    from scipy.special import stdtrit

    return -float(stdtrit(freedom, alpha / 2))
