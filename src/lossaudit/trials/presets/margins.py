"""Claims of "as good as": a difference against a margin that is named beforehand."""

from __future__ import annotations

from lossaudit.comparison import Contrast


def comparable(found: Contrast | None, margin: float) -> bool | None:
    """Whether a difference lies within the margin: its whole interval does (True), or lies beyond it (False).

    >>> comparable(Contrast("accuracy", "a", "b", 0.0, -0.004, 0.006, 1.0), 0.01)
    True
    >>> comparable(Contrast("accuracy", "a", "b", -0.05, -0.08, -0.02, 0.001), 0.01)
    False
    """
    if found is None:
        return None
    if -margin < found.low and found.high < margin:
        return True
    return False if found.low > margin or found.high < -margin else None


def at_least(found: Contrast | None, margin: float) -> bool | None:
    """Whether a difference is above the margin.

    >>> at_least(Contrast("accuracy", "a", "b", 0.0, -0.004, 0.3, 1.0), -0.01)
    True
    """
    if found is None:
        return None
    return True if found.low > margin else False if found.high < margin else None
