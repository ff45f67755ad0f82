"""The gradient response of a family of programs: what a loss says to a model that is more and more confident."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from flint import arb, ctx, fmpq

from lossaudit.card import Entry, GradientResponse, Ground
from lossaudit.geometry.composition import derive
from lossaudit.geometry.evaluate import gradient
from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.family import Family, Slopes, Task, along, decided_by_ranges, everywhere, settled
from lossaudit.geometry.properties.words import number, rational_root
from lossaudit.geometry.ring import Limit, gradient_limit, gradient_square_at_zero

GAPS = tuple(index / 2 for index in range(41))
"""Wrong logit minus true logit, from 0 to 20."""
FAR = fmpq(128)
"""From this gap on, a gradient that no longer changes is called constant."""
_SLOWEST = 0.01
"""A rate below this one is what a fit makes of a logarithm."""
_FITTED = (5, 10, 20, 50, 100, 150, 200)
_POWERS = (10**3, 10**4, 10**5)
_BITS = 1200  # exp(-2 * 200) in more than all digits that are read


def wrong_way(family: Family) -> tuple[int, tuple[int, ...]]:
    """Which program, and along which ray its prediction is more and more confident and wrong.

    Class 0 is true and the last one wins; the positive label is true and the score falls; the number is exceeded.
    """
    n = family.variables
    if family.task is Task.CLASSES:
        return 0, (*[0] * (n - 1), 1)
    return len(family.programs) - 1, (-1 if family.task is Task.BINARY else 1,) * n


def right_way(family: Family) -> tuple[int, tuple[int, ...]]:
    """The same for a prediction that is more and more confident and right."""
    n = family.variables
    if family.task is Task.CLASSES:
        return 0, (1, *[0] * (n - 1))
    return len(family.programs) - 1, (1 if family.task is Task.BINARY else -1,) * n


def curve(family: Family) -> GradientResponse | None:
    """The gradient's norm at gaps from 0 to 20 beside cross-entropy's; None without a gradient at 0.

    For a number as target beside the squared error's, from the best output on; None where there is no best one.
    """
    if family.domain != REALS:
        return None
    if family.task is Task.REAL:
        return _influence(family)
    index, direction = wrong_way(family)
    slopes = Slopes(family.programs[index])
    own = [_norm(slopes, direction, gap) for gap in GAPS]
    if math.isnan(own[0]) and _alike(sides := _beside_uniform(slopes, family.variables)):
        own[0] = float(_length(sides[0]).mid())
    if not (math.isfinite(own[0]) and own[0] > 0):
        return None
    reference = [_cross_entropy(family.variables, gap) for gap in GAPS]
    return GradientResponse(
        GAPS, tuple(x / own[0] for x in own), tuple(x / reference[0] for x in reference), own[0] / reference[0]
    )


def _influence(family: Family) -> GradientResponse | None:
    """Of one number: the gradient as the output rises above the best one for the middle target."""
    if family.variables != 1:
        return None
    slopes = Slopes(family.programs[len(family.programs) // 2 - 1])
    best = _rises_through_zero(slopes)
    if best is None:
        return None
    own = [_norm(slopes, (1,), best + gap) for gap in GAPS]
    unit = own[GAPS.index(1.0)]
    if not (math.isfinite(unit) and unit > 0):
        return None
    own[0] = own[0] if 1e-9 * unit < own[0] <= unit else 0.0  # it is 0 there, or a kink without a slope
    return GradientResponse(GAPS, tuple(x / unit for x in own), GAPS, unit / 2, against="squared error", unit=1.0)


def _rises_through_zero(slopes: Slopes) -> float | None:
    """Where the slope turns from negative to positive, within 1e-12; None if it does not do so near 0."""

    def sign(x: float) -> float:
        return float(slopes.at([arb(x)])[0].mid())

    grid = [index / 4 + 1 / 64 for index in range(-16, 49)]
    low, high = next(((a, b) for a, b in pairwise(grid) if sign(a) < 0 < sign(b)), (None, None))
    if low is None or high is None:
        return None
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if sign(middle) < 0 else (low, middle)
    return high


def _norm(slopes: Slopes, direction: Sequence[int], gap: float) -> float:
    found = slopes.norm([arb(gap * d) for d in direction], 256)
    return float(found.mid()) if found.is_finite() else math.nan


def _cross_entropy(classes: int, gap: float) -> float:
    if classes == 1:
        return 1 / (1 + math.exp(-gap))
    total = math.exp(gap) + classes - 1
    return math.sqrt((1 - 1 / total) ** 2 + (math.exp(gap) / total) ** 2 + (classes - 2) / total**2)


def at_uniform(family: Family) -> Entry:
    """The gradient at uniform logits, divided by cross-entropy's there."""
    if family.task is Task.REAL or family.domain != REALS:
        return Entry("-", Ground.UNKNOWN, "there are no uniform logits")
    k = family.variables
    program = family.programs[wrong_way(family)[0]]
    square = gradient_square_at_zero(program)
    if square is not None:
        square = square * (fmpq(k, k - 1) if k > 1 else 4)
        return Entry(rational_root(square), Ground.PROVED, "exact value of the derivatives at z = 0")
    slopes = Slopes(program)
    found, ground, how = slopes.norm([fmpq(0)] * k), Ground.PROVED, "in ball arithmetic at z = 0"
    if not found.is_finite():
        sides = _beside_uniform(slopes, k)
        if not all(x.is_finite() for side in sides for x in side):
            return Entry("unknown", Ground.UNKNOWN, "its formula changes at uniform logits")
        if not _alike(sides):
            return Entry("none", Ground.MEASURED, "the loss has no gradient at uniform logits")
        found, ground, how = _length(sides[0]), Ground.MEASURED, "the same from every side, next to z = 0"
    with ctx.workprec(128):
        ratio = found * (arb(fmpq(k, k - 1)).sqrt() if k > 1 else 2)
    return Entry(number(float(ratio.mid())), ground, how)


def _beside_uniform(slopes: Slopes, k: int) -> list[list[arb]]:
    """Gradients 1e-12 from uniform logits, on different sides; no two logits are alike there."""
    away = [fmpq(i + 1, 10**12) for i in range(k)]
    return [slopes.at([sign * x for x in away[i:] + away[:i]]) for i in range(k) for sign in (1, -1)]


def _alike(gradients: Sequence[Sequence[arb]]) -> bool:
    size = 1 + float(_length(gradients[0]).mid())
    return all(
        abs(float((x - y).mid())) < 1e-8 * size
        for other in gradients[1:]
        for x, y in zip(gradients[0], other, strict=True)
    )


def _length(vector: Sequence[arb]) -> arb:
    return sum((x * x for x in vector), arb(0)).sqrt()


def confident(family: Family, *, right: bool = False) -> Entry:
    """The limit of the gradient's norm where the prediction is confident and wrong (or right)."""
    index, direction = right_way(family) if right else wrong_way(family)
    if not family.domain.contains(fmpq(direction[-1]) * FAR):
        return Entry("-", Ground.UNKNOWN, "the outputs do not range that far")
    return tail(family.programs[index], direction)


def mistaken(family: Family) -> Entry | None:
    """The same as `confident` for the other label, where there are two: it is negative, and the score rises."""
    if family.task is not Task.BINARY:
        return None
    return tail(family.programs[0], (1,) * family.variables)


def tail(program: Program, direction: Sequence[int]) -> Entry:
    """How the gradient's norm goes along z = t d, as t -> infinity: exactly where there is a way, else fitted."""
    limit = gradient_limit(program, direction) if everywhere(program) else None
    if limit is not None:
        return Entry(_words(limit), Ground.PROVED, "exact series along the ray")
    return _final(program, direction) or _fitted(Slopes(program), direction)


def _words(limit: Limit) -> str:
    if limit.kind == "zero":
        return "0 everywhere on the ray"
    size = rational_root(limit.square)
    power = "" if limit.power == 0 else (" t" if limit.power == 1 else f" t^{limit.power}")
    rate = int(limit.rate.p) / int(limit.rate.q)
    end = _exponential(rate)
    if limit.kind == "constant":
        return f"constant {size}"
    return f"{limit.kind} like {size}{power}{end}"


def _exponential(rate: float) -> str:
    shown = f"{-rate:.4g}"
    return {"1": " e^t", "-1": " e^-t", "0": "", "-0": ""}.get(shown, f" e^{shown}t")


def _final(program: Program, direction: Sequence[int]) -> Entry | None:
    """From t = FAR on, where every partial derivative has one value, or is affine in t."""
    domain, n = Interval(FAR, None), program.variables
    line, places = along(program, range(len(program.instructions)), [0] * n, direction, domain)
    facts = derive(line)
    if not all(facts[i].defined for i in places):
        return None
    near = settled(program, decided_by_ranges(program, [facts[i].range for i in places]))
    if near is None:
        return None
    slopes, partials = gradient(near)
    line, places = along(slopes, partials, [0] * n, direction, domain)
    forms = [_affine(line, i) for i in places]
    how = f"from gap {FAR} on every case is decided, and the slope is exact"
    if all(form is not None for form in forms):
        rates = [form[1] for form in forms if form is not None]
        if any(rates):
            return Entry(f"grows like {rational_root(_square(rates))} t", Ground.PROVED, how)
        return _steady(_square([form[0] for form in forms if form is not None]), how)
    facts = derive(line)
    final = [facts[i].range.low for i in places if facts[i].defined and facts[i].range.low == facts[i].range.high]
    values = [x for x in final if x is not None]
    return _steady(_square(values), how) if len(values) == len(places) else None


def _steady(square: fmpq, how: str) -> Entry:
    shown = "0 from there on" if square == 0 else f"constant {rational_root(square)}"
    return Entry(shown, Ground.PROVED, how)


def _square(values: Sequence[fmpq]) -> fmpq:
    return sum((x * x for x in values), fmpq(0))


def _affine(line: Program, index: int) -> tuple[fmpq, fmpq] | None:
    """(a, b) for an instruction that is a + b t."""
    op, args, constants = line.instructions[index]
    if op == "constant":
        return constants[0], fmpq(0)
    if op == "variable":
        return fmpq(0), fmpq(1)
    if op == "linear" and all(line.instructions[a].op == "variable" for a in args):
        return constants[-1], constants[0]
    return None


def _fitted(slopes: Slopes, direction: Sequence[int]) -> Entry:
    """log |g| ~ a - r t + b log t, through the last three gaps."""
    norms = [slopes.norm([arb(gap * d) for d in direction], _BITS) for gap in _FITTED]
    if not all(x.is_finite() for x in norms):
        return Entry("unknown", Ground.UNKNOWN, "the gradient has no value on the ray")
    if norms[-1] == 0:
        first = next(gap for gap, x in zip(_FITTED, norms, strict=True) if x == 0)
        return Entry(f"exactly 0 at gaps {first} to {_FITTED[-1]}", Ground.MEASURED, "in ball arithmetic")
    if not all(x > 0 for x in norms[-3:]):
        return Entry("unknown", Ground.UNKNOWN, "the gradient is not told from 0")
    by_power = _power_law(slopes, direction)
    if by_power is not None:
        return by_power
    (t, u, v), logs = _FITTED[-3:], [float(x.log().mid()) for x in norms[-3:]]
    # log |g| = a - rate t + power log t, at three gaps
    a11, a12, b1 = -(u - t), math.log(u / t), logs[1] - logs[0]
    a21, a22, b2 = -(v - u), math.log(v / u), logs[2] - logs[1]
    determinant = a11 * a22 - a12 * a21
    rate, power = (b1 * a22 - a12 * b2) / determinant, (a11 * b2 - b1 * a21) / determinant
    start = logs[2] + rate * v - power * math.log(v)
    how = f"fitted at gaps {t}, {u}, {v}, in balls"
    earlier = _FITTED[-4]
    if abs(float(norms[-4].log().mid()) - (start - rate * earlier + power * math.log(earlier))) > 0.1:
        kind = "decays" if logs[2] < logs[1] else "grows"
        return Entry(f"{kind} faster than exponentially", Ground.MEASURED, how)
    if 0 < abs(rate) < _SLOWEST and _exponential(rate):
        return Entry(
            f"{'decays' if logs[2] < logs[1] else 'grows'} more slowly than exponentially", Ground.MEASURED, how
        )
    law = _monomial(power) + _exponential(rate)
    if not law:
        return Entry(f"constant {math.exp(start):.4g}", Ground.MEASURED, how)
    kind = "decays" if rate > 0 else "grows"
    return Entry(f"{kind} like {math.exp(start):.3g}{law}", Ground.MEASURED, how)


def _power_law(slopes: Slopes, direction: Sequence[int]) -> Entry | None:
    """|g| ~ c t^b, where the exponent does not change from 1e3 to 1e5."""
    norms = [slopes.norm([arb(gap * d) for d in direction], _BITS) for gap in _POWERS]
    if not all(x.is_finite() and x > 0 for x in norms):
        return None
    logs = [float(x.log().mid()) for x in norms]
    first, second = ((b - a) / math.log(10) for a, b in pairwise(logs))
    if abs(first - second) > 0.02:
        return None
    how = "fitted at gaps 1e3, 1e4, 1e5, in balls"
    if abs(second) < 5e-3:
        return Entry(f"constant {number(math.exp(logs[-1]))}", Ground.MEASURED, how)
    size = math.exp(logs[-1] - second * math.log(_POWERS[-1]))
    kind = "decays" if second < 0 else "grows"
    return Entry(f"{kind} like {size:.3g}{_monomial(second)}", Ground.MEASURED, how)


def _monomial(power: float) -> str:
    near = round(power)
    shown = f"{near}" if abs(power - near) < 0.02 else f"{power:.2g}"
    return {"0": "", "1": " t"}.get(shown, f" t^{shown}")
