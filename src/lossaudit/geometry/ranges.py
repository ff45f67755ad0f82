"""Exact arithmetic on intervals: enclosures of sums, products and monotone functions.

Rational ends are exact. A transcendental end, or a rational one that has grown too long, is rounded outward to `BITS`
bits in ball arithmetic. An end is open only if it is proved that no member reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from flint import arb, ctx, fmpq

from lossaudit.geometry.interval import REALS, Interval

BITS = 64
"""Precision of rounded ends. A checker that works with more bits encloses more tightly."""

_LARGEST = 2048  # binary exponent of an end; beyond it there is no end
_LONGEST = 1024  # bits of a rational end before it is rounded
ZERO, ONE = fmpq(0), fmpq(1)


def below(x: arb) -> fmpq | None:
    """A rational number that is <= every member of the ball; None if there is none."""
    return _fraction(x.lower()) if x.is_finite() else None


def above(x: arb) -> fmpq | None:
    """A rational number that is >= every member of the ball; None if there is none."""
    return _fraction(x.upper()) if x.is_finite() else None


def _fraction(x: arb) -> fmpq | None:
    man, exponent = x.man_exp()
    if abs(exponent) > _LARGEST:
        return None
    return fmpq(man) * fmpq(2) ** int(exponent)


def rounded(x: Interval) -> Interval:
    """The interval itself, or one around it whose ends are shorter; a sign is never lost."""
    long_low = x.low is not None and x.low.height_bits() > _LONGEST
    long_high = x.high is not None and x.high.height_bits() > _LONGEST
    if not (long_low or long_high):
        return x
    low, high = x.low, x.high
    with ctx.workprec(BITS):
        if low is not None and long_low:
            short = below(arb(low))
            low = ZERO if short is None and low > ZERO else short
        if high is not None and long_high:
            short = above(arb(high))
            high = ZERO if short is None and high < ZERO else short
    # An end that was moved outward is no member; one that is short after all may be.
    low_open = x.low_open or low is None or low != x.low
    high_open = x.high_open or high is None or high != x.high
    return Interval(low, high, low_open, high_open)


def scaled(c: fmpq, x: Interval) -> Interval:
    """All c x."""
    if c.p > 0:
        return Interval(
            None if x.low is None else c * x.low, None if x.high is None else c * x.high, x.low_open, x.high_open
        )
    if c == ZERO:
        return Interval(ZERO, ZERO, False, False)
    return Interval(
        None if x.high is None else c * x.high, None if x.low is None else c * x.low, x.high_open, x.low_open
    )


def combination(coefficients: Iterable[fmpq], ranges: Iterable[Interval], bias: fmpq) -> Interval:
    """All sum_i c_i x_i + bias.

    >>> print(combination([fmpq(1), fmpq(-2)], [Interval(fmpq(0), fmpq(1)), Interval(fmpq(3), None, False)], fmpq(1)))
    (-inf, -4)
    """
    low: fmpq | None = bias
    high: fmpq | None = bias
    low_open = high_open = False
    for c, x in zip(coefficients, ranges, strict=False):
        if c.p > 0:
            if low is not None:
                low, low_open = (None, True) if x.low is None else (low + c * x.low, low_open or x.low_open)
            if high is not None:
                high, high_open = (None, True) if x.high is None else (high + c * x.high, high_open or x.high_open)
        elif c != ZERO:
            if low is not None:
                low, low_open = (None, True) if x.high is None else (low + c * x.high, low_open or x.high_open)
            if high is not None:
                high, high_open = (None, True) if x.low is None else (high + c * x.low, high_open or x.low_open)
        if low is None and high is None:
            return REALS
    return rounded(Interval(low, high, low_open, high_open))


def product(x: Interval, y: Interval) -> Interval:
    """All products of a member of x and a member of y.

    >>> print(product(Interval(fmpq(0), fmpq(1)), Interval(fmpq(0), None, False)))
    [0, inf)
    """
    if (x.low is None and x.high is None) or (y.low is None and y.high is None):
        return REALS if x != _ZERO and y != _ZERO else _ZERO
    corners = [_corner(a, b) for a in _ends(x) for b in _ends(y)]
    low = min(corners, key=lambda c: (c[0], c[1], c[2]))
    high = max(corners, key=lambda c: (c[0], c[1], not c[2]))
    return rounded(
        Interval(
            None if low[0] else low[1], None if high[0] else high[1], low[2] or low[0] != 0, high[2] or high[0] != 0
        )
    )


_ZERO = Interval(ZERO, ZERO, False, False)
_End: TypeAlias = tuple[int, fmpq, bool]  # -1, 0, 1 for -inf, finite, inf; the value if finite; whether excluded


def _ends(x: Interval) -> tuple[_End, _End]:
    low = (-1, ZERO, True) if x.low is None else (0, x.low, x.low_open)
    high = (1, ZERO, True) if x.high is None else (0, x.high, x.high_open)
    return low, high


def _corner(a: _End, b: _End) -> _End:
    """The product of two ends; 0 times infinity is 0, reached where the 0 is."""
    zero_a, zero_b = a[0] == 0 and a[1] == ZERO, b[0] == 0 and b[1] == ZERO
    if zero_a or zero_b:
        return 0, ZERO, not ((zero_a and not a[2]) or (zero_b and not b[2]))
    if a[0] or b[0]:
        return _sign(a) * _sign(b), ZERO, True
    return 0, a[1] * b[1], a[2] or b[2]


def _sign(end: _End) -> int:
    return end[0] or (1 if end[1] > ZERO else -1)


def mirrored(x: Interval) -> Interval:
    """All -x."""
    return scaled(-ONE, x)


def magnitude(x: Interval) -> Interval:
    """All |x|."""
    if x.nonnegative:
        return x
    if x.nonpositive:
        return mirrored(x)
    both = hull(x, mirrored(x))
    return Interval(ZERO, both.high, False, both.high_open)


def reciprocal(x: Interval) -> Interval:
    """All 1/x of an interval of positive numbers."""
    low = ZERO if x.high is None else ONE / x.high
    high = None if x.low is None or x.low == ZERO else ONE / x.low
    return Interval(low, high, x.high_open or x.high is None, x.low_open or high is None)


def meet(x: Interval, y: Interval) -> Interval:
    """What two enclosures of the same values have in common."""
    low, low_open = x.low, x.low_open
    if y.low is not None and (low is None or y.low > low or (y.low == low and y.low_open)):
        low, low_open = y.low, y.low_open
    high, high_open = x.high, x.high_open
    if y.high is not None and (high is None or y.high < high or (y.high == high and y.high_open)):
        high, high_open = y.high, y.high_open
    return Interval(low, high, low_open, high_open)


def hull(x: Interval, y: Interval) -> Interval:
    """The smallest interval around both."""
    low, low_open = x.low, x.low_open
    if low is not None and (y.low is None or y.low < low or (y.low == low and not y.low_open)):
        low, low_open = y.low, y.low_open
    high, high_open = x.high, x.high_open
    if high is not None and (y.high is None or y.high > high or (y.high == high and not y.high_open)):
        high, high_open = y.high, y.high_open
    return Interval(low, high, low_open, high_open)


def increasing(f: Callable[[arb], arb], x: Interval, bottom: fmpq | None = None, top: fmpq | None = None) -> Interval:
    """All f(x) of a strictly increasing f, whose infimum and supremum are `bottom` and `top` (None for infinite).

    >>> print(increasing(arb.exp, Interval(None, fmpq(0), True, False), bottom=fmpq(0)))
    (0, 1]
    """
    low, low_open, high, high_open = bottom, True, top, True
    with ctx.workprec(BITS):
        if x.low is not None:
            value = below(f(arb(x.low)))
            if value is not None and (bottom is None or value >= bottom):
                low, low_open = value, x.low_open
        if x.high is not None:
            value = above(f(arb(x.high)))
            if value is not None and (top is None or value <= top):
                high, high_open = value, x.high_open
    return Interval(low, high, low_open, high_open)


def decreasing(f: Callable[[arb], arb], x: Interval, bottom: fmpq | None = None, top: fmpq | None = None) -> Interval:
    """All f(x) of a strictly decreasing f."""
    return increasing(lambda u: f(-u), mirrored(x), bottom, top)


def sign(x: Interval) -> int:
    """+1 for an interval of numbers >= 0, -1 for numbers <= 0, 0 for anything else."""
    return 1 if x.nonnegative else (-1 if x.nonpositive else 0)
