"""Intervals of real numbers with exact ends, and what they may be used for: sums, products, monotone functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from flint import arb, ctx, fmpq

ZERO, ONE = fmpq(0), fmpq(1)
_BITS = 512  # of an end that is not a fraction: a claim has fewer, so its rounding outward shows
_LONGEST = 1 << 17  # bits of a number that is written out
_LONG = 1 << 13  # bits of an end that is kept

Ends: TypeAlias = Callable[[fmpq], tuple[fmpq | None, fmpq | None]]  # fractions under and over a value
Corner: TypeAlias = tuple[fmpq | None, int, bool]  # a finite number or a signed infinity, and whether it is attained


class Interval(NamedTuple):
    """All real numbers between two ends; None where there is no limit, and such an end is open."""

    low: fmpq | None = None
    high: fmpq | None = None
    low_open: bool = True
    high_open: bool = True

    @property
    def positive(self) -> bool:
        return self.above(ZERO)

    @property
    def nonnegative(self) -> bool:
        return self.low is not None and self.low >= 0

    @property
    def negative(self) -> bool:
        return self.below(ZERO)

    @property
    def nonpositive(self) -> bool:
        return self.high is not None and self.high <= 0

    def above(self, x: fmpq) -> bool:
        """Whether every member is > x."""
        return self.low is not None and (self.low > x or (self.low == x and self.low_open))

    def below(self, x: fmpq) -> bool:
        """Whether every member is < x."""
        return self.high is not None and (self.high < x or (self.high == x and self.high_open))

    @property
    def point(self) -> fmpq | None:
        """The only member, if there is one only."""
        return self.low if self.low is not None and self.low == self.high else None

    def contains(self, x: fmpq) -> bool:
        above = self.low is None or x > self.low or (x == self.low and not self.low_open)
        below = self.high is None or x < self.high or (x == self.high and not self.high_open)
        return above and below

    def encloses(self, other: Interval) -> bool:
        """Whether every member of the other interval is a member of this one."""
        low = self.low is None or (
            other.low is not None
            and (other.low > self.low or (other.low == self.low and (other.low_open or not self.low_open)))
        )
        high = self.high is None or (
            other.high is not None
            and (other.high < self.high or (other.high == self.high and (other.high_open or not self.high_open)))
        )
        return low and high

    def meet(self, other: Interval) -> Interval:
        """The members of both."""
        low, low_open = _stricter((self.low, self.low_open), (other.low, other.low_open), 1)
        high, high_open = _stricter((self.high, self.high_open), (other.high, other.high_open), -1)
        return Interval(low, high, low_open, high_open)

    def hull(self, other: Interval) -> Interval:
        """The smallest interval around both."""
        low, low_open = _looser((self.low, self.low_open), (other.low, other.low_open), 1)
        high, high_open = _looser((self.high, self.high_open), (other.high, other.high_open), -1)
        return Interval(low, high, low_open, high_open)

    def shortened(self) -> Interval:
        """The same, or without limit where an end has grown too long."""
        low = None if self.low is not None and self.low.height_bits() > _LONG else self.low
        high = None if self.high is not None and self.high.height_bits() > _LONG else self.high
        return Interval(low, high, self.low_open or low is None, self.high_open or high is None)


REALS = Interval()
UNIT = Interval(ZERO, ONE)
POSITIVE = Interval(low=ZERO)
NONNEGATIVE = Interval(low=ZERO, low_open=False)


def only(x: fmpq) -> Interval:
    """The interval that holds one number."""
    return Interval(x, x, low_open=False, high_open=False)


def _stricter(a: tuple[fmpq | None, bool], b: tuple[fmpq | None, bool], sign: int) -> tuple[fmpq | None, bool]:
    if a[0] is None or b[0] is None:
        return b if a[0] is None else a
    if a[0] == b[0]:
        return a[0], a[1] or b[1]
    return a if (a[0] > b[0]) == (sign > 0) else b


def _looser(a: tuple[fmpq | None, bool], b: tuple[fmpq | None, bool], sign: int) -> tuple[fmpq | None, bool]:
    if a[0] is None or b[0] is None:
        return None, True
    if a[0] == b[0]:
        return a[0], a[1] and b[1]
    return a if (a[0] < b[0]) == (sign > 0) else b


def plus(a: Interval, b: Interval) -> Interval:
    """All sums of a member of each.

    >>> plus(UNIT, only(ONE))
    Interval(low=1, high=2, low_open=True, high_open=True)
    """
    return Interval(
        None if a.low is None or b.low is None else a.low + b.low,
        None if a.high is None or b.high is None else a.high + b.high,
        a.low_open or b.low_open,
        a.high_open or b.high_open,
    )


def scaled(c: fmpq, x: Interval) -> Interval:
    """All products of the number c and a member."""
    if c == 0:
        return only(ZERO)
    low, high = (None if x.low is None else c * x.low), (None if x.high is None else c * x.high)
    return Interval(low, high, x.low_open, x.high_open) if c > 0 else Interval(high, low, x.high_open, x.low_open)


def mirrored(x: Interval) -> Interval:
    """All -x."""
    return scaled(fmpq(-1), x)


def times(a: Interval, b: Interval) -> Interval:
    """All products of a member of each.

    >>> times(POSITIVE, Interval(fmpq(-1), fmpq(2), low_open=False))
    Interval(low=None, high=None, low_open=True, high_open=True)
    """
    corners = [_corner(x, y) for x in _ends(a) for y in _ends(b)]
    low, high = min(corners, key=_order), max(corners, key=_order)
    attained = [
        any(c[2] for c in corners if c[:2] == end[:2])  # one corner that attains the end is enough
        for end in (low, high)
    ]
    return Interval(low[0], high[0], not attained[0], not attained[1])


def _order(corner: Corner) -> tuple[int, fmpq]:
    value, infinite, _ = corner
    return infinite, ZERO if value is None else value


def _ends(x: Interval) -> tuple[Corner, Corner]:
    low: Corner = (None, -1, False) if x.low is None else (x.low, 0, not x.low_open)
    high: Corner = (None, 1, False) if x.high is None else (x.high, 0, not x.high_open)
    return low, high


def _corner(x: Corner, y: Corner) -> Corner:
    if x[0] == 0 or y[0] == 0:
        return ZERO, 0, (x[0] == 0 and x[2]) or (y[0] == 0 and y[2])
    if x[0] is not None and y[0] is not None:
        return x[0] * y[0], 0, x[2] and y[2]
    sign = [value[1] or (1 if value[0] is not None and value[0] > 0 else -1) for value in (x, y)]
    return None, sign[0] * sign[1], False


def rounded(value: Callable[[arb], arb]) -> Ends:
    """Fractions under and over a function's values, equal where a value is a short binary fraction."""

    def ends(at: fmpq) -> tuple[fmpq | None, fmpq | None]:
        with ctx.workprec(_BITS):
            ball = value(arb(at))
            return (fraction(ball.lower()), fraction(ball.upper())) if ball.is_finite() else (None, None)

    return ends


def fraction(exact: arb) -> fmpq | None:
    """The value of a ball of radius 0, None if it is too large or too small to be written out."""
    mantissa, exponent = exact.man_exp()
    shift = int(exponent)
    return fmpq(mantissa) * (fmpq(2) ** shift) if abs(shift) <= _LONGEST else None


def through(
    ends: Ends,
    x: Interval,
    *,
    rising: bool = True,
    limits: tuple[fmpq | None, fmpq | None] = (None, None),
    within: int | None = None,
) -> Interval:
    """The values of a strictly monotone function.

    Args:
        ends: Fractions under and over its value at a number; None where there is none.
        x: Its argument.
        rising: Whether it increases.
        limits: Its limits at minus and at plus infinity; None where it is unbounded there.
        within: Arguments beyond plus or minus this are replaced by it, or by infinity; None: no such limit.

    >>> through(rounded(arb.exp), Interval(high=ZERO, high_open=False), limits=(ZERO, None))
    Interval(low=0, high=1, low_open=True, high_open=False)
    """
    found: list[tuple[fmpq | None, bool]] = []
    for at, is_open, left in ((x.low, x.low_open, True), (x.high, x.high_open, False)):
        if at is None or (within is not None and (at < -within if left else at > within)):
            found.append((limits[0 if left else 1], True))
            continue
        inside = at if within is None else min(max(at, fmpq(-within)), fmpq(within))
        end = ends(inside)[0 if left == rising else 1]
        found.append((end, is_open or end is None or inside != at))
    (low, low_open), (high, high_open) = found if rising else found[::-1]
    return Interval(low, high, low_open, high_open)
