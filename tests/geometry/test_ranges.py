"""Interval arithmetic: every value of members is a member of the result, and ends are reached where they are closed."""

from __future__ import annotations

from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.ranges import BITS, combination, hull, increasing, magnitude, meet, product, rounded

numbers = st.fractions(-8, 8, max_denominator=6).map(lambda x: fmpq(x.numerator, x.denominator))


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, high = sorted([draw(numbers), draw(numbers)])
    if low == high:
        return Interval(low, high, False, False)
    kind = draw(st.integers(0, 5))
    return Interval(
        None if kind == 0 else low,
        None if kind == 1 else high,
        kind == 0 or draw(st.booleans()),
        kind == 1 or draw(st.booleans()),
    )


def samples(x: Interval) -> list[fmpq]:
    low = x.low if x.low is not None else x.high - 100
    high = x.high if x.high is not None else x.low + 100
    tiny = fmpq(1, 1 << 50)
    found = [low, high, low + tiny * (high - low), high - tiny * (high - low), (low + high) / 2, fmpq(0)]
    return [v for v in found if x.contains(v)]


@settings(max_examples=300, deadline=None)
@given(intervals(), intervals())
def test_products_and_sums_of_members_are_members(x: Interval, y: Interval) -> None:
    both = product(x, y)
    total = combination([fmpq(2), fmpq(-3)], [x, y], fmpq(1))
    for u in samples(x):
        assert magnitude(x).contains(abs(u))
        assert hull(x, y).contains(u)
        for v in samples(y):
            assert both.contains(u * v)
            assert total.contains(2 * u - 3 * v + 1)


@settings(max_examples=300, deadline=None)
@given(intervals(), intervals())
def test_ends_of_products_are_tight(x: Interval, y: Interval) -> None:
    """A closed end is reached by ends of the factors, or by a 0; a finite open one is approached."""
    both = product(x, y)
    values = [u * v for u in samples(x) for v in samples(y)]
    for end, is_open in ((both.low, both.low_open), (both.high, both.high_open)):
        if end is not None:
            assert min(abs(v - end) for v in values) < fmpq(1, 1 << 38)
            if not is_open:
                assert end in values


@given(intervals(), intervals())
def test_the_meet_holds_what_both_hold(x: Interval, y: Interval) -> None:
    for u in [*samples(x), *samples(y)]:
        assert meet(x, y).contains(u) == (x.contains(u) and y.contains(u))


@given(st.integers(-60, 60), st.integers(1, 60))
def test_rounded_ends_enclose(n: int, d: int) -> None:
    x = fmpq(n, d)
    with ctx.workprec(10 * BITS):
        exact = arb(x).exp()
    found = increasing(arb.exp, Interval(x, x, False, False), bottom=fmpq(0))
    assert not exact < arb(found.low)
    assert not exact > arb(found.high)
    assert found.high - found.low <= found.low * fmpq(1, 1 << (BITS - 12))


def test_long_ends_are_rounded_outward_and_keep_their_sign() -> None:
    tiny = fmpq(1, 3) ** 2000
    for x in (Interval(tiny, 1 + tiny, False, False), Interval(-1 - tiny, -tiny, False, False)):
        wide = rounded(x)
        assert wide.low <= x.low
        assert wide.high >= x.high
        assert (wide.positive, wide.negative) == (x.positive, x.negative)
        assert max(wide.low.height_bits(), wide.high.height_bits()) < 4096
    far = rounded(Interval(tiny**2, None, False))
    assert far == Interval(fmpq(0), None)
