"""Which backward passes are read: the first ones of each call site, then one in so many.

The recorder has to be on during the forward pass, before it is known which `backward` will follow. The schedule
therefore expects the call sites to follow one another as they did before, each at its usual distance, and records
when an expected one is due.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

FIRST = 20
EVERY = 50


@dataclass(slots=True)
class SiteCount:
    """Backward passes at one call site.

    Attributes:
        seen, sampled: How many there were, and how many of them were sampled.
        last: Number of the last one sampled, counted at this site.
        at: Number of the last one seen, counted over all sites.
        gaps: How many passes of all sites the last two came after the ones before them.
        missed: Passes recorded in vain because this site was late.
    """

    seen: int = 0
    sampled: int = 0
    last: int = 0
    at: int = 0
    gaps: tuple[int, int] = (0, 0)
    missed: int = 0


@dataclass(slots=True)
class Schedule:
    """Decides after each backward pass whether the next forward pass is recorded.

    Attributes:
        first: How many passes of each call site are sampled at the start.
        every: After that, at least every so many passes of the site.
    """

    first: int = FIRST
    every: int = EVERY
    sites: dict[Hashable, SiteCount] = field(default_factory=dict[Hashable, SiteCount])
    _follows: dict[Hashable, Hashable] = field(default_factory=dict[Hashable, Hashable])
    _previous: Hashable = None
    _total: int = 0

    def due(self, site: Hashable) -> bool:
        """Whether the next pass of this site is to be sampled."""
        count = self.sites.get(site)
        return count is None or count.sampled < self.first or count.seen + 1 - count.last >= self.every

    def passes(self, site: Hashable) -> int:
        """How many passes of this site there were."""
        count = self.sites.get(site)
        return count.seen if count is not None else 0

    def passed(self, site: Hashable, *, sampled: bool) -> bool:
        """Note a pass; the answer says whether to record the forward pass that comes now."""
        count = self.sites.get(site)
        if count is None:
            count = self.sites[site] = SiteCount()
        self._total += 1
        count.gaps = (count.gaps[1], self._total - count.at)
        count.at = self._total
        count.seen += 1
        if sampled:
            count.sampled += 1
            count.last = count.seen
            count.missed = 0
        else:
            count.missed //= 2
        if self._previous is not None:
            self._follows[self._previous] = site
        self._previous = site
        following = self._follows.get(site)
        if following is None or self.due(following):
            return True
        return len(self.sites) > 1 and self._expects()

    def _expects(self) -> bool:
        """Whether a due site comes now, if it keeps its distance. A late one is waited for, but not for ever."""
        expected = False
        for site, count in self.sites.items():
            late = self._total + 1 - count.at - min(count.gaps)
            if late < 0 or not self.due(site):
                continue
            if late == 0:
                expected = True
            elif count.missed < self.every:
                count.missed += 1
                expected = True
        return expected

    @property
    def seen(self) -> int:
        return sum(count.seen for count in self.sites.values())

    @property
    def sampled(self) -> int:
        return sum(count.sampled for count in self.sites.values())
