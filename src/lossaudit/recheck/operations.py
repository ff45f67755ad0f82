"""What follows for the result of one operation from claims about its arguments: written without sight of the prover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import TypeAlias

from flint import arb, fmpq

from lossaudit.recheck.claims import (
    AFFINE,
    CONCAVE,
    CONSTANT,
    CONVEX,
    NOTHING,
    Claim,
    completed,
    negated,
    together,
    turned,
)
from lossaudit.recheck.intervals import (
    NONNEGATIVE,
    ONE,
    POSITIVE,
    UNIT,
    ZERO,
    Interval,
    mirrored,
    only,
    plus,
    rounded,
    scaled,
    through,
    times,
)
from lossaudit.recheck.programs import SCALAR, power

Claims: TypeAlias = Sequence[Claim]
Constants: TypeAlias = Sequence[fmpq]

_EXACT = 1 << 13  # bits up to which powers of fractions are exact
_ONE_OVER_E = (fmpq(36787944, 10**8), fmpq(36787945, 10**8))
_LEAST_GAMMA = (fmpq(14616321, 10**7), fmpq(14616322, 10**7)), fmpq(-12148630, 10**8)
_FAR = fmpq(1 << 14)
_PI = fmpq(31415926535, 10**10)  # under pi
_QUARTER_TURN = fmpq(15707963268, 10**10)  # over pi / 2


@dataclass(frozen=True, slots=True)
class Shape:
    """A function of one variable on an interval: where it has values, how it bends, which way it goes, what it takes.

    Attributes:
        curvature: Bits, on the whole interval.
        rising: +1 non-decreasing, -1 non-increasing, 0 neither or not known.
        range: Encloses its values.
    """

    curvature: int
    rising: int
    range: Interval


def composed(shape: Shape, inner: Claim) -> Claim:
    """The composition rule for one argument."""
    bends = 0
    for side in (CONVEX, CONCAVE):
        if shape.curvature & side:
            other = negated(side)
            fits = (
                inner.curvature & AFFINE == AFFINE
                or (shape.rising > 0 and inner.curvature & side)
                or (shape.rising < 0 and inner.curvature & other)
            )
            bends |= side if fits else 0
    if inner.constant or shape.curvature == CONSTANT:
        bends = CONSTANT
    return completed(Claim(shape.range, bends, defined=True))


# ---- Sums, products, powers --------------------------------------------------------------------------------------


def _linear(args: Claims, constants: Constants) -> Claim:
    """A sum: curvatures are added; log-curvatures of sums of positive terms, each a factor times f or 1 - f."""
    terms = list(zip(constants, args, strict=False))
    reach, curvature = only(constants[-1]), CONSTANT
    for c, f in terms:
        reach = plus(reach, scaled(c, f.range))
        curvature &= turned(f.curvature, (c > 0) - (c < 0))
    log = log_of_sum(terms, constants[-1])
    complement = log_of_sum([(-c, f) for c, f in terms], 1 - constants[-1])
    return completed(Claim(reach, curvature, log, complement, True))


def log_of_sum(terms: Sequence[tuple[fmpq, Claim]], bias: fmpq) -> int:
    """Curvature of log(sum_i c_i f_i + bias), if that is written as a sum of terms that are > 0, or else 0.

    A term with c < 0 is |c| (1 - f) - |c|.
    """
    parts: list[int] = []
    for c, f in terms:
        if c > 0 and f.range.positive:
            parts.append(f.log)
        elif c < 0 and f.range.below(ONE):
            bias += c
            parts.append(f.complement)
        elif c != 0 and f.range.point != 0:
            return 0
    if bias < 0 or not parts:
        return 0
    if bias == 0 and len(parts) == 1:
        return parts[0]
    return CONVEX if all(part & CONVEX for part in parts) else 0


def _multiply(args: Claims, _: Constants) -> Claim:
    """A product: log-curvatures are added; with a constant factor, that factor's sign turns the curvature."""
    f, g = args
    curvature = 0
    for factor, other in ((f, g), (g, f)):
        if factor.constant:
            if factor.range.nonnegative:
                curvature |= other.curvature
            if factor.range.nonpositive:
                curvature |= negated(other.curvature)
            if other.curvature & AFFINE == AFFINE:
                curvature |= AFFINE
    if f.constant and g.constant:
        curvature = CONSTANT
    log = f.log & g.log if f.range.positive and g.range.positive else 0
    return completed(Claim(times(f.range, g.range), curvature, log, defined=True))


def _power(args: Claims, constants: Constants) -> Claim:
    (f,), (r,) = args, constants
    x = f.range
    if not (x.positive or (x.nonnegative and r > 0) or (r.q == 1 and (r >= 0 or x.negative))):
        return NOTHING
    if r == 0:
        return Claim(only(ONE), CONSTANT, defined=True)
    if x.nonnegative:
        curvature = CONVEX if r > 1 or r < 0 else AFFINE if r == 1 else CONCAVE
        shape = Shape(curvature, 1 if r > 0 else -1, _power_range(x, r))
    elif r.p % 2 == 0:  # |x|^r
        rising = (-1 if r > 0 else 1) if x.nonpositive else 0
        shape = Shape(CONVEX, rising, _power_range(magnitude(x), r))
    else:  # -(-x)^r on the left of 0
        left = _power_range(mirrored(x).meet(NONNEGATIVE), r)
        right = _power_range(x.meet(NONNEGATIVE), r) if not x.nonpositive else only(ZERO)
        reach = mirrored(left) if x.nonpositive else mirrored(left).hull(right)
        curvature = AFFINE if r == 1 else CONCAVE if x.nonpositive else 0
        shape = Shape(curvature, 1 if r > 0 else -1, reach)
    found = composed(shape, f)
    return completed(found._replace(log=found.log | turned(f.log, 1 if r > 0 else -1)) if x.positive else found)


def _power_range(x: Interval, r: fmpq) -> Interval:
    """Values of x^r for members x >= 0 (x > 0 if r < 0)."""
    if r < 0:  # 1 / x^-r
        low, high, low_open, high_open = _power_range(x, -r)
        top = None if low is None or low == 0 else 1 / low
        return Interval(ZERO if high is None else 1 / high, top, high_open, low_open or top is None)
    inexact = rounded(lambda u: power(u, r))

    def ends(at: fmpq) -> tuple[fmpq | None, fmpq | None]:
        if r.q != 1 or r * at.height_bits() > _EXACT:
            return inexact(at)
        return at ** int(r.p), at ** int(r.p)

    return through(ends, x).meet(NONNEGATIVE)


def magnitude(x: Interval) -> Interval:
    """All |x|."""
    if x.nonnegative or x.nonpositive:
        return x if x.nonnegative else mirrored(x)
    high = x.hull(mirrored(x))
    return Interval(ZERO, high.high, False, high.high_open)


# ---- Functions of one argument -----------------------------------------------------------------------------------


def _one(shape: Callable[[Interval], Shape | None]) -> Callable[[Claims, Constants], Claim]:
    """Facts by the composition rule alone; a shape of None: the function has no value on a part of the range."""

    def facts(args: Claims, _: Constants) -> Claim:
        found = shape(args[0].range)
        return NOTHING if found is None else composed(found, args[0])

    return facts


def _exp_range(x: Interval) -> Interval:
    return through(rounded(arb.exp), x, limits=(ZERO, None), within=1 << 14).meet(POSITIVE)


def _exp(args: Claims, _: Constants) -> Claim:
    """Log exp f = f, and log(1 - exp f) is concave and decreasing in f < 0."""
    (f,) = args
    found = composed(Shape(CONVEX, 1, _exp_range(f.range)), f)
    beyond = CONCAVE if f.range.negative and f.curvature & CONVEX else 0
    return completed(found._replace(log=f.curvature | found.log, complement=beyond | found.complement))


def _log(args: Claims, _: Constants) -> Claim:
    (f,) = args
    if not f.range.positive:
        return NOTHING
    return completed(Claim(through(rounded(_log_or_nan), f.range), f.log, defined=True))


def _log_or_nan(x: arb) -> arb:
    return x.log() if x > 0 else arb("nan")


def _softplus_ends(x: arb) -> arb:
    return x.exp().log1p()


def _softplus(args: Claims, _: Constants) -> Claim:
    """log(1 + exp f), convex and increasing; its logarithm is concave and increasing, since log(1 + e^x) <= e^x."""
    (f,) = args
    reach = through(rounded(_softplus_ends), f.range, limits=(ZERO, None), within=1 << 60).meet(POSITIVE)
    found = composed(Shape(CONVEX, 1, reach), f)
    return completed(found._replace(log=found.log | f.curvature & CONCAVE))


def _sigmoid_ends(at: fmpq) -> tuple[fmpq | None, fmpq | None]:
    """1 / (1 + exp(-x)), as sharp near 1 as near 0."""
    under, over = rounded(arb.exp)(-min(max(at, -_FAR), _FAR))
    if under is None or over is None:
        return None, None
    return ZERO if at < -_FAR else 1 / (1 + over), ONE if at > _FAR else 1 / (1 + under)


def _tanh_ends(at: fmpq) -> tuple[fmpq | None, fmpq | None]:
    """2 sigmoid(2x) - 1, as sharp near 0 as near 1."""
    if abs(at) <= 1:
        return rounded(arb.tanh)(at)
    under, over = _sigmoid_ends(2 * at)
    return None if under is None else 2 * under - 1, None if over is None else 2 * over - 1


def _sigmoid(args: Claims, _: Constants) -> Claim:
    """Log of it is -softplus(-f), log of one minus it -softplus(f)."""
    (f,) = args
    reach = through(_sigmoid_ends, f.range, limits=(ZERO, ONE)).meet(UNIT)
    found = composed(Shape(_bend_at_zero(f.range), 1, reach), f)
    beyond = CONCAVE if f.curvature & CONVEX else 0
    return completed(found._replace(log=found.log | f.curvature & CONCAVE, complement=found.complement | beyond))


def _bounded_range(value: Callable[[arb], arb], x: Interval, low: fmpq, high: fmpq) -> Interval:
    return through(rounded(value), x, limits=(low, high)).meet(Interval(low, high))


def _bend_at_zero(x: Interval) -> int:
    """Curvature of a function that is convex on x <= 0 and concave on x >= 0."""
    return CONCAVE if x.nonnegative else CONVEX if x.nonpositive else 0


def _bowl(value: Callable[[arb], arb], x: Interval, turn: tuple[fmpq, fmpq], floor: fmpq) -> Shape:
    """A convex function on [0, inf) or (0, inf) that falls until a point within `turn` and rises from there.

    Args:
        value: The function.
        x: An interval on which it has values.
        turn: Fractions under and over the place of its least value.
        floor: Under its least value.
    """
    falling = x.high is not None and x.high <= turn[0]
    rising = x.low is not None and x.low >= turn[1]
    if falling or rising:
        return Shape(CONVEX, 1 if rising else -1, through(rounded(value), x, rising=rising))
    tops = [  # the largest value is at an end
        (None if at is None else rounded(value)(at)[1], is_open)
        for at, is_open in ((x.low, x.low_open), (x.high, x.high_open))
    ]
    values = [top for top, _ in tops if top is not None]
    if len(values) < 2:
        return Shape(CONVEX, 0, Interval(floor, None, low_open=False))
    high = max(values)
    return Shape(CONVEX, 0, Interval(floor, high, False, all(is_open for top, is_open in tops if top == high)))


def xlogx(x: Interval) -> Shape | None:
    """Least at 1/e with -1/e."""
    return _bowl(SCALAR["xlogx"], x, _ONE_OVER_E, -_ONE_OVER_E[1]) if x.nonnegative else None


def _lgamma(x: Interval) -> Shape | None:
    """Convex on x > 0 (Bohr and Mollerup); least at 1.46163214... with -0.12148629..."""
    return _bowl(SCALAR["lgamma"], x, *_LEAST_GAMMA) if x.positive else None


def _abs(args: Claims, _: Constants) -> Claim:
    (f,) = args
    if f.range.nonnegative:
        return f
    if f.range.nonpositive:
        return completed(Claim(mirrored(f.range), negated(f.curvature), defined=True))
    return composed(Shape(CONVEX, 0, magnitude(f.range)), f)


def _huber(args: Claims, constants: Constants) -> Claim:
    """x^2 / 2 up to |x| = delta, then delta (|x| - delta / 2): its slope, x cut off at -delta and delta, rises."""
    (f,), (delta,) = args, constants
    size = magnitude(f.range)

    def ends(at: fmpq) -> tuple[fmpq, fmpq]:
        value = at * at / 2 if at <= delta else delta * (at - delta / 2)
        return value, value

    rising = 1 if f.range.nonnegative else -1 if f.range.nonpositive else 0
    found = composed(Shape(CONVEX, rising, through(ends, size)), f)
    if size.high is not None and size.high <= delta:
        found = together(found, _linear([_power([f], [fmpq(2)])], [fmpq(1, 2), ZERO]))
    if size.low is not None and size.low >= delta:
        found = together(found, _linear([_abs([f], [])], [delta, -delta * delta / 2]))
    return found


def _step(closed: bool) -> Callable[[Interval], Shape]:
    def shape(x: Interval) -> Shape:
        if x.positive or (closed and x.nonnegative):
            return Shape(CONSTANT, 1, only(ONE))
        if x.negative or (not closed and x.nonpositive):
            return Shape(CONSTANT, 1, only(ZERO))
        return Shape(0, 1, Interval(ZERO, ONE, False, False))

    return shape


def _wave(x: Interval, bends: Sequence[tuple[fmpq, fmpq, int]], turns: Sequence[tuple[fmpq, fmpq, int]]) -> Shape:
    """A wave, which bends so and turns so on some intervals."""

    def on(parts: Sequence[tuple[fmpq, fmpq, int]]) -> int:
        if x.low is None or x.high is None:
            return 0
        return next((what for low, high, what in parts if low <= x.low and x.high <= high), 0)

    return Shape(on(bends), on(turns), Interval(-ONE, ONE, False, False))


def _sine(x: Interval) -> Shape:
    return _wave(x, [(ZERO, _PI, CONCAVE), (-_PI, ZERO, CONVEX)], [(-_PI / 2, _PI / 2, 1)])


def _cosine(x: Interval) -> Shape:
    return _wave(x, [(-_PI / 2, _PI / 2, CONCAVE)], [(ZERO, _PI, -1), (-_PI, ZERO, 1)])


def _s_shaped(value: Callable[[arb], arb], bound: fmpq) -> Callable[[Interval], Shape]:
    """Odd, increasing, convex on x <= 0 and concave on x >= 0, within plus or minus the bound."""
    return lambda x: Shape(_bend_at_zero(x), 1, _bounded_range(value, x, -bound, bound))


def _tanh(args: Claims, _: Constants) -> Claim:
    """1 - tanh f = 2 (1 - sigmoid(2 f))."""
    (f,) = args
    reach = through(_tanh_ends, f.range, limits=(-ONE, ONE)).meet(Interval(-ONE, ONE))
    found = composed(Shape(_bend_at_zero(f.range), 1, reach), f)
    return completed(found._replace(complement=found.complement | (CONCAVE if f.curvature & CONVEX else 0)))


def _erf(args: Claims, _: Constants) -> Claim:
    """1 - erf is the integral of a log-concave density to the right: log-concave and falling."""
    (f,) = args
    found = composed(_s_shaped(arb.erf, ONE)(f.range), f)
    return completed(found._replace(complement=found.complement | (CONCAVE if f.curvature & CONVEX else 0)))


# ---- Functions of several arguments ------------------------------------------------------------------------------


def _max(args: Claims, _: Constants) -> Claim:
    """The largest: convex, log-convex, and 1 - max log-concave, where all arguments are; an argument may be idle."""
    lows = [f.range.low for f in args if f.range.low is not None]
    low = max(lows, default=None)
    top = max((f for f in args if f.range.low == low), key=lambda f: (f.range.high is None, f.range.high or ZERO))
    live = [f for f in args if f is top or low is None or f.range.high is None or f.range.high > low]
    if len(live) == 1:
        return live[0]
    highs = [f.range.high for f in live]
    high = None if None in highs else max(h for h in highs if h is not None)
    reach = Interval(
        low,
        high,
        low is None or any(f.range.low_open for f in live if f.range.low == low),
        high is None or all(f.range.high_open for f in live if f.range.high == high),
    )
    bits = _common([f.curvature for f in live]) & (CONVEX if not all(f.constant for f in live) else CONSTANT)
    log = CONVEX & _common([f.log for f in live]) if all(f.range.positive for f in live) else 0
    return completed(Claim(reach, bits, log, CONCAVE & _common([f.complement for f in live]), True))


def _common(bits: Sequence[int]) -> int:
    return reduce(lambda a, b: a & b, bits, CONSTANT)


def _logsumexp(args: Claims, _: Constants) -> Claim:
    if len(args) == 1:
        return args[0]
    lows = [f.range.low for f in args if f.range.low is not None]
    highs = [f.range.high for f in args if f.range.high is not None]
    low = rounded(lambda _: _sum_of_exp(lows).log())(ZERO)[0] if lows else None
    low = max(lows) if lows and low is None else low
    high = rounded(lambda _: _sum_of_exp(highs).log())(ZERO)[1] if len(highs) == len(args) else None
    reach = Interval(
        low,
        high,
        low is None or len(lows) < len(args) or any(f.range.low_open for f in args),
        high is None or any(f.range.high_open for f in args),
    )
    constant = all(f.constant for f in args)
    bits = CONSTANT if constant else CONVEX & _common([f.curvature for f in args])
    return completed(Claim(reach, bits, defined=True))


def _sum_of_exp(values: Sequence[fmpq]) -> arb:
    return sum((arb(v).exp() for v in values), arb(0))


def _select(args: Claims, _: Constants) -> Claim:
    """The branch that is taken; the other one need not have values. The condition is 0 or 1."""
    condition, f, g = args
    if not condition.defined:
        return NOTHING
    if not (condition.range.contains(ZERO) and condition.range.contains(ONE)):
        return g if condition.range.contains(ZERO) else f
    if not (f.defined and g.defined):
        return NOTHING
    same = f.range.point is not None and f.range.point == g.range.point
    return completed(Claim(f.range.hull(g.range), CONSTANT if same else 0, defined=True))


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        facts: What follows for its value.
        axioms: What is trusted for it, by the numbers of `lossaudit axioms`.
    """

    facts: Callable[[Claims, Constants], Claim]
    axioms: tuple[str, ...]


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "linear": Operation(_linear, ("exact", "sum", "log-sum")),
        "multiply": Operation(_multiply, ("exact", "log-product")),
        "power": Operation(_power, ("exact", "composition", "power", "log-product")),
        "exp": Operation(_exp, ("balls", "composition", "exp", "log-complement")),
        "log": Operation(_log, ("balls", "exp")),
        "logsumexp": Operation(_logsumexp, ("balls", "log-sum")),
        "softplus": Operation(_softplus, ("balls", "composition", "log-sum", "logistic")),
        "sigmoid": Operation(_sigmoid, ("balls", "composition", "log-sum", "s-shaped")),
        "tanh": Operation(_tanh, ("balls", "composition", "s-shaped", "log-sum")),
        "atan": Operation(_one(_s_shaped(arb.atan, _QUARTER_TURN)), ("balls", "composition", "s-shaped")),
        "erf": Operation(_erf, ("balls", "composition", "s-shaped", "log-integral")),
        "xlogx": Operation(_one(xlogx), ("balls", "composition", "xlogx")),
        "lgamma": Operation(_one(_lgamma), ("balls", "composition", "gamma")),
        "huber": Operation(_huber, ("exact", "composition", "gluing", "power", "log-product", "max")),
        "abs": Operation(_abs, ("exact", "composition", "max")),
        "max": Operation(_max, ("exact", "max")),
        "step": Operation(_one(_step(closed=False)), ("exact", "composition")),
        "step_closed": Operation(_one(_step(closed=True)), ("exact", "composition")),
        "select": Operation(_select, ("exact",)),
        "sin": Operation(_one(_sine), ("composition", "sine")),
        "cos": Operation(_one(_cosine), ("composition", "sine")),
    }
)
