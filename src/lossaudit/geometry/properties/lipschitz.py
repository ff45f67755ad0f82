"""Lipschitz constants of a loss and of its gradient."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from flint import arb

from lossaudit.card import Entry, Ground
from lossaudit.geometry.evaluate import floats, gradient
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.family import KINKED, Family, Slopes, Task, everywhere
from lossaudit.geometry.properties.response import right_way, tail, wrong_way
from lossaudit.geometry.properties.words import number
from lossaudit.geometry.quick import lipschitz as by_ranges
from lossaudit.geometry.ring import Enclosure, constants, for_two_classes

_CELLS = 600  # enough for cross-entropy and Brier at a relative width of 1e-6
_SHOWN = 5e-7  # what is smaller than this one would be shown as 0
_SCALES = (0.3, 1.0, 2.0, 4.0, 8.0, 30.0)


def lipschitz(family: Family) -> tuple[Entry, Entry]:
    """The Lipschitz constants of the loss and of its gradient, in the Euclidean norm of the raw outputs."""
    if not all(map(everywhere, family.programs)):
        unknown = Entry("unknown", Ground.UNKNOWN, "not a function of all of R^n")
        return unknown, unknown
    first: list[Entry] = []
    second: list[Entry] = []
    programs = family.distinct
    cells = _CELLS if len(programs) == 1 else _CELLS // 4
    for program in programs:
        found = constants(program, cells=cells) if family.variables <= 3 else None
        own = _enclosed(found.lipschitz) if found is not None and found.lipschitz is not None else None
        smooth = _enclosed(found.smoothness) if found is not None and found.smoothness is not None else None
        first.append(own or _of_one_probability(program) or _between(program))
        second.append(smooth or _of_the_slope(program))
    largest = _largest(first)
    if largest.bounds is None or largest.bounds[1] == math.inf:
        largest = _grows(family) or largest
    return largest, _largest(second)


def _of_the_slope(program: Program) -> Entry:
    """The Lipschitz constant of the derivative, where that is one smooth function of one number."""
    if program.variables != 1 or any(i.op in KINKED or i.op in ("select", "opaque") for i in program.instructions):
        why = "enclosed for 2 or 3 classes, where it is algebraic, and for smooth functions of one number"
        return Entry("unknown", Ground.UNKNOWN, why)
    extended, (partial,) = gradient(program)
    slope = replace(extended, output=partial)
    found = _between(slope)
    if found.bounds is not None and found.bounds[1] == math.inf:
        return _grows(Family((slope,), (0.0,), Task.REAL, complete=False), "second derivative") or found
    return found


def _grows(family: Family, what: str = "gradient") -> Entry | None:
    """The gradient tends to infinity on a ray, exactly."""
    for index, direction in (wrong_way(family), right_way(family)):
        found = tail(family.programs[index], direction)
        if found.ground is Ground.PROVED and found.value.startswith("grows"):
            return Entry("infinite", Ground.REFUTED, f"on a ray the {what} {found.value}: {found.how}")
    return None


def _of_one_probability(program: Program) -> Entry | None:
    """For a function of one probability the constant does not depend on the number of classes."""
    two = for_two_classes(program)
    found = None if two is None else constants(two)
    if found is None or found.lipschitz is None:
        return None
    entry = _enclosed(found.lipschitz)
    return replace(entry, how=f"the same for every K: a function of one probability; {entry.how}")


def _enclosed(found: Enclosure) -> Entry:
    where = ", ".join(f"{x:.4g}" for x in found.at)
    how = f"branch and bound in balls; near p = ({where})"
    if found.relative_width > 1e-5:
        shown = f"between {_down(found.lower)} and {_up(found.upper)}"
    else:
        shown = f"{(found.lower + found.upper) / 2:.6g}"
    return Entry(shown, Ground.PROVED, how, bounds=(found.lower, found.upper))


def _between(program: Program) -> Entry:
    """A lower bound that a point shows in balls, and an upper bound by the ranges of the partial derivatives."""
    slopes = Slopes(program)
    low = _seen(program, slopes)
    high = by_ranges(program)
    if high is not None and high == 0:
        return Entry("0", Ground.PROVED, "the ranges of the partial derivatives", bounds=(0.0, 0.0))
    if high is not None:
        upper = math.nextafter(int(high.p) / int(high.q), math.inf)
        how = "a point in balls, and the ranges of the partial derivatives"
        if low >= upper * (1 - 1e-9):
            return Entry(number(upper), Ground.PROVED, how, bounds=(low, upper))
        return Entry(f"between {_down(low)} and {_up(upper)}", Ground.PROVED, how, bounds=(low, upper))
    if low < _SHOWN:
        return Entry("unknown", Ground.UNKNOWN, "no slope was enclosed")
    how = "a point in balls; no upper bound is proved"
    return Entry(f"at least {_down(low)}", Ground.MEASURED, how, bounds=(low, math.inf))


def _down(x: float) -> str:
    return f"{math.floor(x * 1e6) / 1e6:.7g}" if x < 1e6 else f"{x:.3g}"


def _up(x: float) -> str:
    return f"{math.ceil(x * 1e6) / 1e6:.7g}" if x < 1e6 else f"{x:.3g}"


def _seen(program: Program, slopes: Slopes) -> float:
    """The largest slope at any of many points: looked for in floats, enclosed in balls."""
    n = program.variables
    random = np.random.default_rng(0)
    columns = [scale * random.standard_normal((n, 64)) for scale in _SCALES]
    near = 1e-3 * random.standard_normal((n, min(n, 8)))  # off the axes, where some have kinks
    columns += [t * (np.eye(n)[:, :8] * sign + near) for t in (0.5, 1, 2, 4, 8, 40) for sign in (1, -1)]
    best = np.zeros(n)
    live = np.where(np.arange(n)[:, None] < np.arange(2, 4).repeat(32)[None, :], 0.0, -40.0)  # few classes that count
    columns.append(random.permuted(live, axis=0) + 1.5 * random.standard_normal(live.shape))
    points = np.concatenate(columns, axis=1)
    for step in range(10):  # then around the best
        values = floats(slopes.program, points)
        norms = np.sqrt(sum(np.square(values[i]) for i in slopes.partials))
        norms = np.where(np.isfinite(norms), norms, -1.0)
        best = points[:, int(np.argmax(norms))]
        points = best[:, None] + np.concatenate([[[0.0]] * n, 2.0**-step * random.standard_normal((n, 64))], axis=1)
    found = slopes.norm([arb(float(x)) for x in best])
    return math.nextafter(float(found.lower()), -math.inf) if found.is_finite() and found > 0 else 0.0


def _largest(entries: list[Entry]) -> Entry:
    """Of the same loss for different targets."""
    if any(e.ground is not Ground.PROVED for e in entries):
        return next(e for e in entries if e.ground is not Ground.PROVED)
    highest = max(entries, key=lambda entry: entry.bounds[1] if entry.bounds else 0.0)
    bounds = [entry.bounds for entry in entries if entry.bounds]
    if not highest.bounds or len(bounds) < len(entries):
        return highest
    low, high = max(b[0] for b in bounds), highest.bounds[1]
    if low == highest.bounds[0]:
        return highest
    return replace(highest, value=f"between {_down(low)} and {_up(high)}", bounds=(low, high))
