"""Intervals of real numbers with exact ends, each open or closed."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

Rational = fmpq


@dataclass(frozen=True, slots=True)
class Interval:
    """All real numbers between two ends.

    Attributes:
        low, high: Exact ends; None where there is no limit.
        low_open, high_open: Whether the end itself is excluded. An infinite end is always excluded.
    """

    low: fmpq | None = None
    high: fmpq | None = None
    low_open: bool = True
    high_open: bool = True

    @property
    def positive(self) -> bool:
        """Whether every member is > 0."""
        return self.low is not None and (self.low > 0 or (self.low == 0 and self.low_open))

    @property
    def nonnegative(self) -> bool:
        """Whether every member is >= 0."""
        return self.low is not None and self.low >= 0

    @property
    def negative(self) -> bool:
        """Whether every member is < 0."""
        return self.high is not None and (self.high < 0 or (self.high == 0 and self.high_open))

    @property
    def nonpositive(self) -> bool:
        """Whether every member is <= 0."""
        return self.high is not None and self.high <= 0

    @property
    def bounded(self) -> bool:
        return self.low is not None and self.high is not None

    def contains(self, x: fmpq) -> bool:
        """Whether the exact number x is a member."""
        above = self.low is None or x > self.low or (x == self.low and not self.low_open)
        below = self.high is None or x < self.high or (x == self.high and not self.high_open)
        return above and below

    def __str__(self) -> str:
        left = "(" if self.low_open else "["
        right = ")" if self.high_open else "]"
        low, high = ("-inf" if self.low is None else self.low), ("inf" if self.high is None else self.high)
        return f"{left}{low}, {high}{right}"


REALS = Interval()
POSITIVE = Interval(low=fmpq(0))
NONNEGATIVE = Interval(low=fmpq(0), low_open=False)
UNIT = Interval(fmpq(0), fmpq(1))


def point(x: fmpq | int) -> Interval:
    """The interval that holds one number."""
    return Interval(fmpq(x), fmpq(x), low_open=False, high_open=False)


def rational(x: float | int | bool) -> fmpq:
    """The exact value of a finite Python number: 0.1 is the binary fraction next to one tenth.

    >>> rational(0.5)
    1/2
    """
    return fmpq(*x.as_integer_ratio()) if isinstance(x, float) else fmpq(int(x))
