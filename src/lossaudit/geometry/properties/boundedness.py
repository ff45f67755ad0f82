"""Whether a loss is bounded, and its infimum."""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.composition import derive
from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.family import Family, Slopes, Task, everywhere, value
from lossaudit.geometry.properties.response import right_way, wrong_way
from lossaudit.geometry.properties.words import number, ratio
from lossaudit.geometry.ring import value_lead

ZERO, ONE = fmpq(0), fmpq(1)


def bounded(family: Family, *, convex: bool | None = None) -> Entry:
    """Whether all values lie between two numbers.

    Args:
        family: The loss.
        convex: Whether that is proved of all its programs; a convex function that is not constant is not bounded.
    """
    ranges = [_range(p) for p in family.programs]
    lows, highs = [r.low for r in ranges if r.low is not None], [r.high for r in ranges if r.high is not None]
    if len(lows) == len(highs) == len(ranges):
        same = all(r == ranges[0] for r in ranges)
        left = "(" if same and ranges[0].low_open else "["
        right = ")" if same and ranges[0].high_open else "]"
        words = f"yes, within {left}{ratio(min(lows))}, {ratio(max(highs))}{right}"
        return Entry(words, Ground.PROVED, "the ranges of its operations")
    for index, direction in _rays(family):
        program = family.programs[index]
        lead = value_lead(program, direction) if everywhere(program) else None
        if lead is not None and lead.diverges:
            labelled = family.task is not Task.REAL and (index, direction) == wrong_way(family)
            way = "where the prediction is confident and wrong" if labelled else "on a ray"
            end = "+infinity" if lead.diverges > 0 else "-infinity"
            return Entry("no", Ground.REFUTED, f"it tends to {end} {way}: exact series")
    if convex and all(map(everywhere, family.programs)) and _not_constant(family.programs[0]):
        return Entry("no", Ground.REFUTED, "it is convex on all of R^n and takes two different values")
    return _looked_at(family)


def _range(program: Program) -> Interval:
    facts = derive(program)[program.output]
    return facts.range if facts.defined else REALS


def _rays(family: Family) -> Iterator[tuple[int, tuple[int, ...]]]:
    yield wrong_way(family)
    yield right_way(family)


def _not_constant(program: Program) -> bool:
    n = program.variables
    first = value(program, [ZERO] * n)
    others = ([fmpq(s) if i == 0 else ZERO for i in range(n)] for s in (3, -3))
    return any(bool(first < v or v < first) for v in (value(program, x) for x in others))


def _looked_at(family: Family) -> Entry:
    index, direction = wrong_way(family)
    program, how = family.programs[index], "values at gaps 1e2, 1e4, 1e6"
    still = None
    for ray in (direction, *_axes(family)):
        points = [[fmpq(t * d) for d in ray] for t in (10**2, 10**4, 10**6)]
        sizes = [value(program, point) for point in points]
        if not all(x.is_finite() for x in sizes) or not all(program.domain.contains(x) for x in points[0]):
            continue
        shown = ", ".join(number(float(x)) for x in sizes)
        if abs(sizes[2] - sizes[1]) > abs(sizes[1] - sizes[0]) / 2:
            return Entry(f"no: {shown}, ...", Ground.MEASURED, how)
        still = still or Entry(f"it seems: {shown}, ...", Ground.MEASURED, how)
    return still or Entry("unknown", Ground.UNKNOWN, "no range is proved")


def _axes(family: Family) -> Iterator[tuple[int, ...]]:
    """Where several numbers are the variables: each of them alone, since all together may cancel."""
    n = family.variables
    if family.task is Task.REAL and n > 1:
        yield from (tuple(sign * (i == k) for i in range(n)) for k in range(n) for sign in (1, -1))


def infimum(family: Family, *, convex: bool | None = None) -> Entry:
    """The greatest lower bound of each program, and whether it is attained."""
    entries = [_infimum(family, index, convex=bool(convex)) for index in range(len(family.programs))]
    first = entries[0]
    if all((e.value, e.ground) == (first.value, first.ground) for e in entries):
        return first
    if len({e.ground for e in entries}) == 1:
        values = list(dict.fromkeys(e.value for e in entries))
        return Entry("; ".join(values[:3]) + ("; ..." if len(values) > 3 else ""), first.ground, first.how)
    return min(entries, key=lambda e: (e.ground is Ground.PROVED, e.ground is Ground.MEASURED))


def _infimum(family: Family, index: int, *, convex: bool) -> Entry:
    program = family.programs[index]
    facts = derive(program)[program.output]
    low = facts.range.low if facts.defined else None
    toward = _towards(family, index)
    rays = (toward, tuple(-d for d in toward)) if everywhere(program) else ()
    leads = [lead for lead in (value_lead(program, ray) for ray in rays) if lead is not None]
    if any(lead.diverges < 0 for lead in leads):
        return Entry("-infinity", Ground.PROVED, "exact series along a ray")
    if low is not None:
        if any(value(program, x) == low for x in _candidates(family, index)):
            return Entry(f"{ratio(low)}, attained", Ground.PROVED, "its range, and a point with exactly this value")
        if any(lead.limit == low for lead in leads):
            end = ", not attained" if facts.range.low_open else ""
            return Entry(f"{ratio(low)}{end}", Ground.PROVED, "its range, and its limit along a ray")
    if convex:
        slopes = Slopes(program)
        for x in _candidates(family, index):
            if all(s == 0 for s in slopes.at(x)):
                found = float(value(program, x).mid())
                return Entry(f"{number(found)}, attained", Ground.PROVED, "convex, and an exact point without slope")
    return _least_seen(family, index, low)


def _towards(family: Family, index: int) -> tuple[int, ...]:
    n = family.variables
    if family.task is Task.CLASSES:
        return tuple(int(i == int(family.targets[index])) for i in range(n))
    sign = 1 if index == len(family.programs) - 1 else -1
    return (sign,) * n


def _candidates(family: Family, index: int) -> Iterator[list[fmpq]]:
    """Points at which a loss may be least: nothing, the target itself, and confident predictions."""
    n, target = family.variables, fmpq(*float(family.targets[index]).as_integer_ratio())
    yield [ZERO] * n
    if family.task is Task.REAL:
        yield [target] * n
        return
    toward = _towards(family, index)
    for size in (1, 2, 16):
        yield [fmpq(size * d) for d in toward]


def _least_seen(family: Family, index: int, low: fmpq | None) -> Entry:
    program, direction = family.programs[index], _towards(family, index)
    points = [[arb(t * d) for d in direction] for t in (0, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)]
    points += [[arb(x) for x in point] for point in _candidates(family, index)]
    inside = [p for p in points if all(program.domain.contains(_exact(x)) for x in p)]
    seen = [v for v in (value(program, p, 1024) for p in inside) if v.is_finite()]
    if not seen:
        return Entry("unknown", Ground.UNKNOWN, "no range is proved")
    least = min(float(v.mid()) for v in seen)
    bound = "no lower bound is proved" if low is None else f"proved to be at least {ratio(low)}"
    return Entry(f"at most {number(least)}", Ground.MEASURED, f"least value seen; {bound}")


def _exact(x: arb) -> fmpq:
    mantissa, exponent = (int(part) for part in x.man_exp())
    return fmpq(mantissa * 2**exponent) if exponent >= 0 else fmpq(mantissa, 2**-exponent)
