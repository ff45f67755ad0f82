"""Ends of intervals that are rounded outward."""

from __future__ import annotations

from flint import fmpq

from lossaudit.geometry.interval import Interval, point
from lossaudit.geometry.ranges import rounded


def test_an_end_that_rounding_leaves_where_it_is_stays_a_member() -> None:
    """2^2000 has one significant bit: it is not moved, and remains attained."""
    huge = fmpq(2) ** 2000
    assert rounded(point(huge)) == point(huge)
    assert rounded(Interval(-huge, huge, False, True)) == Interval(-huge, huge, False, True)


def test_an_end_that_is_moved_lies_outside() -> None:
    third = fmpq(1, 3**1000)
    wide = rounded(Interval(third, fmpq(1), False, False))
    assert wide.low is not None
    assert wide.low < third
    assert wide.low_open
    assert wide.contains(third)
