"""Curvature of log f and of log(1 - f) by the operation that makes f.

- log exp(u) = u; log(u^r) = r log u; log(u v) = log u + log v; a sum of log-convex functions is log-convex (Hoelder).
- log(1 - exp(-exp(t))) is concave and increasing (1 - exp(-exp(t)) is the distribution function of a log-concave
  density), so that log(1 - exp(-v)) is concave for log-concave v > 0.
- 1 - a / (a + b) = b / (a + b), for quotients however they are written: a times a power, exp(x - logsumexp(x, y)).
- log(1 + erf(u)) and log(1 - erf(u)) are concave (tails of a log-concave density), the first increasing.
- log(F(x) - F(y)) is jointly concave on x > y, increasing in x and decreasing in y, for F with a log-concave density:
  sigmoid, tanh, erf. (The integral over t of a density that is log-concave in t, where y < t < x; Prekopa. For the
  sigmoid: F(x) - F(y) = F(x) F(-y) (1 - exp(y - x)).)
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.known import CONCAVE, CONSTANT, CONVEX, NEGATED, Known
from lossaudit.geometry.ranges import combination

ZERO, ONE = fmpq(0), fmpq(1)

_MASS = {"sigmoid": fmpq(1), "tanh": fmpq(2), "erf": fmpq(2)}
"""Increasing functions with a log-concave density, and its integral over all reals."""


def log_of_sum(known: Known, args: Sequence[int], coefficients: Sequence[fmpq], bias: fmpq) -> int:
    """Curvature of log(sum_i c_i f_i + b), which is > 0."""
    terms = [(c, a) for c, a in zip(coefficients, args, strict=True) if c != ZERO]
    if len(terms) == 1:
        ((c, a),) = terms
        if bias == ZERO and c.p > 0:
            return known.log[a]
        if c.p < 0 and bias == -c:  # c (1 - f)
            return known.complement[a]
        op, inner, _ = known.instructions[a]
        if op == "erf" and c == bias:
            return known.curvature[inner[0]] & CONCAVE
    if bias < ZERO or any(c.p < 0 for c, _ in terms):
        return 0
    common = CONSTANT
    for _, a in terms:
        common &= known.log[a]
    return common & CONVEX


def log_of_complement(known: Known, args: Sequence[int], constants: Sequence[fmpq]) -> int:
    """Curvature of log(1 - f) for f = sum_i c_i f_i + b < 1."""
    return log_of_sum(known, args, [-c for c in constants[:-1]], ONE - constants[-1])


def mass_between(known: Known, args: Sequence[int], constants: Sequence[fmpq]) -> tuple[Interval, int] | None:
    """The range of c (F(x) - F(y)) where x > y is proved, and the curvature of its logarithm."""
    terms = sorted(((c, a) for c, a in zip(constants, args, strict=False) if c != ZERO), reverse=True)
    if len(terms) != 2 or constants[-1] != ZERO or terms[0][0] != -terms[1][0]:
        return None
    (c, upper), (_, lower) = terms
    op = known.instructions[upper].op
    if op not in _MASS or known.instructions[lower].op != op:
        return None
    (x,), (y,) = known.instructions[upper].args, known.instructions[lower].args
    (rest, shift), (taken, less) = known.form(x), known.form(y)
    for a, v in taken.items():
        rest[a] = rest.get(a, ZERO) - v
    if not combination(rest.values(), [known.ranges[a] for a in rest], shift - less).positive:
        return None
    log = CONCAVE if known.curvature[x] & CONCAVE and known.curvature[y] & CONVEX else 0
    return Interval(ZERO, c * _MASS[op]), log


def complement_of_exp(known: Known, arg: int) -> int:
    """Curvature of log(1 - exp(u)), where u < 0."""
    terms, bias = known.form(arg)
    v = log_of_sum(known, list(terms), [-c for c in terms.values()], -bias)
    concave = known.curvature[arg] & CONVEX or v & CONCAVE
    return (CONCAVE if concave else 0) | _pair(known, arg)


def _pair(known: Known, arg: int) -> int:
    """The same where u = x - log(exp(x) + exp(y)): 1 - exp(u) is exp(y - log(exp(x) + exp(y)))."""
    terms, bias = known.form(arg)
    for total, c in terms.items():
        op, inner, _ = known.instructions[total]
        if c != -ONE or op not in ("logsumexp", "softplus"):
            continue
        parts = [known.form(x) for x in inner] + ([({}, ZERO)] if op == "softplus" else [])
        if len(parts) != 2:
            continue
        rest = ({a: v for a, v in terms.items() if a != total}, bias)
        for own, other in (parts, parts[::-1]):
            if own == rest:
                return _curvature(known, other[0]) & NEGATED[known.curvature[total]]
    return 0


def _curvature(known: Known, form: dict[int, fmpq]) -> int:
    common = CONSTANT
    for a, c in form.items():
        common &= known.curvature[a] if c.p > 0 else NEGATED[known.curvature[a]]
    return common


def complement_of_reciprocal(known: Known, arg: int) -> int:
    """Curvature of log(1 - 1/s), where s > 1: log(s - 1) - log(s)."""
    op, args, constants = known.instructions[arg]
    if op != "linear" or constants[-1] < ONE:
        return 0
    return log_of_sum(known, args, constants[:-1], constants[-1] - ONE) & NEGATED[known.log[arg]]


def complement_of_quotient(known: Known, numerator: int, denominator: int) -> int:
    """Curvature of log(1 - a/s), where s = a + rest: log(rest) - log(s)."""
    op, args, constants = known.instructions[denominator]
    if op != "linear" or numerator not in args or len(args) + (constants[-1] != ZERO) > 2:
        return 0  # a longer rest is log-convex, and its difference from log(s) neither
    place = args.index(numerator)
    if constants[place] != ONE:
        return 0
    others = [i for i in range(len(args)) if i != place]
    rest = CONSTANT  # the bias alone
    if others:
        rest = log_of_sum(known, [args[i] for i in others], [constants[i] for i in others], constants[-1])
    return rest & NEGATED[known.log[denominator]]
