"""Facts that an instruction owes to what its arguments have in common.

- x_k <= max(x), x_k < logsumexp(x), |x| >= x: ranges of their differences.
- a / (c a + rest) <= 1 / c where a and the rest are >= 0.
- norms: (sum_i |u_i|^p)^r is convex for affine u_i and p r >= 1.
- max(a, b) = (a + b)/2 + |a - b|/2, logsumexp(a, b) = (a + b)/2 + e(a - b) with e(w) = log(2 cosh(w/2)) convex and
  even, log(1 + exp(c |w|)) = c |w|/2 + e(c w): in a sum the |w| and the e(w) of one w add up, or cancel.
- r + max(x_k) = max(r + x_k).
- u log u, x log(x/y) and |u|^q / h^p (q >= p + 1) are jointly convex for affine x, y, u and concave positive h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.interval import NONNEGATIVE, POSITIVE, Interval
from lossaudit.geometry.known import AFFINE, CONCAVE, CONSTANT, CONVEX, NEGATED, Known
from lossaudit.geometry.ranges import combination, meet

ZERO, ONE, TWO = fmpq(0), fmpq(1), fmpq(2)
HALF = fmpq(1, 2)

Form: TypeAlias = dict[int, fmpq]
Normal: TypeAlias = tuple[tuple[int, fmpq], ...]
Bounds: TypeAlias = tuple[dict[int, list[tuple[Form, fmpq]]], bool]
_ABOVE = frozenset({"logsumexp", "max", "softplus", "abs", "log"})


def range_of_differences(known: Known, args: Sequence[int], constants: Sequence[fmpq], range: Interval) -> Interval:
    """The range of a linear combination in which something is subtracted from what is never less than it."""
    instructions = known.instructions
    above = [i for i, a in enumerate(args) if instructions[a].op in _ABOVE and constants[i] != ZERO]
    if not above or len(args) < 2:
        return range
    rest = dict(zip(args, constants, strict=False))
    bias = constants[-1]
    gains: list[tuple[fmpq, Interval]] = []
    for i in above:
        total = args[i]
        bounds = _lower_bounds(known, total)
        if not bounds:
            continue
        forms, strict = bounds
        side = ONE if constants[i] > ZERO else -ONE
        taken = ZERO
        for form, shift in _candidates(forms, rest):
            t = min((-side * rest.get(a, ZERO) / v for a, v in form.items()), default=ZERO)
            t = min(t, side * rest[total])
            if t <= ZERO or total in form:
                continue
            for a, v in form.items():
                rest[a] += side * t * v
            rest[total] -= side * t
            bias += side * t * shift
            taken += t
        if taken.p > 0:
            gains.append((side * taken, POSITIVE if strict else NONNEGATIVE))
    if not gains:
        return range
    coefficients = [*rest.values(), *(c for c, _ in gains)]
    ranges = [*(known.ranges[a] for a in rest), *(x for _, x in gains)]
    return meet(range, combination(coefficients, ranges, bias))


def _candidates(forms: dict[int, list[tuple[Form, fmpq]]], rest: Form) -> list[tuple[Form, fmpq]]:
    atoms = [a for a in rest if a in forms] if len(rest) <= len(forms) else [a for a in forms if a in rest]
    return [pair for a in atoms for pair in forms[a]]


def _lower_bounds(known: Known, index: int) -> Bounds | None:
    """Linear forms that are never above the instruction, by their first member; whether they are always below."""
    if index in known.bounds:
        return known.bounds[index]
    op, args, _ = known.instructions[index]
    found: list[tuple[Form, fmpq]] = []
    strict = True
    if op in ("logsumexp", "max", "softplus"):
        found = [known.form(a) for a in args]
        strict = op == "softplus" or (op == "logsumexp" and len(args) > 1)
    elif op == "abs":
        form, bias = known.form(args[0])
        found = [(form, bias), ({a: -c for a, c in form.items()}, -bias)]
        strict = False
    elif op == "log":
        found, strict = _terms_of_log_sum(known, args[0])
    forms: dict[int, list[tuple[Form, fmpq]]] = {}
    for form, bias in found:
        if form:
            forms.setdefault(next(iter(form)), []).append((form, bias))
    known.bounds[index] = (forms, strict) if forms else None
    return known.bounds[index]


def _terms_of_log_sum(known: Known, index: int) -> tuple[list[tuple[Form, fmpq]], bool]:
    """The x_i of a sum of c_i exp(x_i) with c_i >= 1, and of terms >= 0."""
    op, args, constants = known.instructions[index]
    if op != "linear" or not _only_grows(known, index):
        return [], False
    found = [
        known.form(known.instructions[a].args[0])
        for c, a in zip(constants, args, strict=False)
        if c >= ONE and known.instructions[a].op == "exp"
    ]
    return found, _positive_parts(known, index) > 1


def _only_grows(known: Known, index: int) -> bool:
    """Whether a linear instruction is a sum of things >= 0."""
    _, args, constants = known.instructions[index]
    return constants[-1] >= ZERO and all(
        c.p > 0 and known.ranges[a].nonnegative for c, a in zip(constants, args, strict=False)
    )


def _positive_parts(known: Known, index: int) -> int:
    """How many of its parts are > 0."""
    _, args, constants = known.instructions[index]
    return sum(known.ranges[a].positive for a in args) + (constants[-1] > ZERO)


def quotient(known: Known, x: int, y: int) -> tuple[int, int] | None:
    """Numerator and denominator of a product that is a quotient."""
    for numerator, inverse in ((x, y), (y, x)):
        op, args, constants = known.instructions[inverse]
        if op == "power" and constants[0] == -ONE:
            return numerator, args[0]
    return None


def range_of_quotient(known: Known, numerator: int, denominator: int, range: Interval) -> Interval:
    """The range of a / (c a + rest), with a and the rest >= 0."""
    op, args, constants = known.instructions[denominator]
    if op != "linear" or numerator not in args:
        return range
    parts = known.parts.get(denominator)
    if parts is None:
        parts = _positive_parts(known, denominator) if _only_grows(known, denominator) else -1
        known.parts[denominator] = parts
    if parts < 0:
        return range
    rest_is_positive = parts - known.ranges[numerator].positive > 0
    return meet(range, Interval(None, ONE / constants[args.index(numerator)], True, rest_is_positive))


def is_norm(known: Known, base: int, exponent: fmpq) -> bool:
    """Whether base^exponent is (sum_i c_i |u_i|^p + b)^r with p r >= 1 and convex |u_i|."""
    if not ZERO < exponent < ONE:
        return False
    terms = _nonnegative_terms(known, base)
    if terms is None:
        return False
    return len({known.instructions[a].constants for a in terms}) <= 1 and all(
        _is_power(known, a, ONE / exponent) for a in terms
    )


def _nonnegative_terms(known: Known, index: int) -> list[int] | None:
    """The terms of a sum whose coefficients and bias are >= 0; None if some are not."""
    op, args, constants = known.instructions[index]
    if op != "linear":
        return [index]
    if any(c.p < 0 for c in constants):
        return None
    return [a for c, a in zip(constants, args, strict=False) if c.p > 0]


def _is_power(known: Known, index: int, least: fmpq) -> bool:
    """Whether the instruction is |u|^p with p >= least >= 1, and |u| convex."""
    op, args, constants = known.instructions[index]
    return op == "power" and constants[0] >= least and _magnitude_is_convex(known, args[0], constants[0])


def _magnitude_is_convex(known: Known, index: int, exponent: fmpq) -> bool:
    """Whether the base of a power has a convex absolute value, and the power is one of that."""
    curvature, range = known.curvature[index], known.ranges[index]
    if range.nonnegative:
        return bool(curvature & CONVEX)
    even = exponent.q == 1 and exponent.p % 2 == 0
    return even and (curvature & AFFINE == AFFINE or (range.nonpositive and bool(curvature & CONCAVE)))


def product_curvature(known: Known, x: int, y: int) -> int:
    """Joint curvature of a product that is one of the known convex ones."""
    for u, v in ((x, y), (y, x)):
        if _is_relative_entropy(known, u, v) or _is_power_over_power(known, u, v):
            return CONVEX
    return 0


def _is_relative_entropy(known: Known, x: int, y: int) -> bool:
    """Whether y is a log x - sum_j b_j log(y_j) + c with sum_j b_j <= a, x > 0 affine, y_j concave (their log is)."""
    if not (known.affine(x) and known.ranges[x].positive):
        return False
    form, _ = known.form(y)
    own = ZERO
    others = ZERO
    for a, c in form.items():
        if known.curvature[a] == CONSTANT:
            continue
        op, args, _ = known.instructions[a]
        if op != "log":
            return False
        (inside,) = args
        if c.p > 0 and inside == x:
            own += c
        elif c.p > 0 and len(form) == 1:
            return _is_ratio(known, x, inside)
        elif c.p < 0 and known.curvature[inside] & CONCAVE:
            others -= c
        else:
            return False
    return own > ZERO and others <= own


def _is_ratio(known: Known, x: int, index: int) -> bool:
    """Whether the instruction is x / y for a concave y > 0."""
    op, args, _ = known.instructions[index]
    found = quotient(known, *args) if op == "multiply" else None
    return (
        found is not None
        and found[0] == x
        and bool(known.curvature[found[1]] & CONCAVE)
        and (known.ranges[found[1]].positive)
    )


def _is_power_over_power(known: Known, top: int, bottom: int) -> bool:
    """Whether it is sum_i c_i |u_i|^q + b over h^p, q >= p + 1, h > 0 concave."""
    op, args, constants = known.instructions[bottom]
    if op != "power" or constants[0] >= ZERO:
        return False
    (h,) = args
    if not (known.ranges[h].positive and known.curvature[h] & CONCAVE):
        return False
    terms = _nonnegative_terms(known, top)
    return terms is not None and all(_is_power(known, a, ONE - constants[0]) for a in terms)


def even_softplus(known: Known, args: Sequence[int], constants: Sequence[fmpq]) -> int:
    """Curvature of a sum in which multiples of |w| and of e(w) = log(2 cosh(w/2)) add up, or cancel."""
    common = CONSTANT
    kinks: dict[Normal, fmpq] = {}
    bowls: dict[tuple[Normal, fmpq], fmpq] = {}
    for c, a in zip(constants, args, strict=False):
        if c == ZERO:
            continue
        found = _even_part(known, a)
        if found is None:
            common &= known.curvature[a] if c.p > 0 else NEGATED[known.curvature[a]]
            if not common:
                return 0
        else:
            line, kink, size = found
            common &= AFFINE
            kinks[line] = kinks.get(line, ZERO) + c * kink
            bowls[line, size] = bowls.get((line, size), ZERO) + (c if size else ZERO)
    for amount in (*kinks.values(), *bowls.values()):
        if amount != ZERO:
            common &= CONVEX if amount.p > 0 else CONCAVE
    return common


def sum_inside_max(known: Known, args: Sequence[int], constants: Sequence[fmpq]) -> int:
    """Curvature of r + c max(x_k) = max(r + c x_k), for each max of the sum in turn: convex if all r + c x_k are."""
    terms = [(c, a) for c, a in zip(constants, args, strict=False) if c != ZERO]
    for c, a in terms:
        if known.instructions[a].op != "max":
            continue
        common = CONVEX if c.p > 0 else CONCAVE
        for x in known.instructions[a].args:
            inner = {i: c * v for i, v in known.form(x)[0].items()}
            for v, i in terms:
                if i != a:
                    inner[i] = inner.get(i, ZERO) + v
            common &= even_softplus(known, list(inner), list(inner.values()))
            if not common:
                break
        if common:
            return common
    return 0


def _even_part(known: Known, index: int) -> tuple[Normal, fmpq, fmpq] | None:
    """The line w, k and s of an instruction that is affine + k |w|, + e(s w) if s > 0; None if it is not of this kind.

    One w has many multiples: its form is scaled so that its first coefficient is 1.
    """
    op, args, _ = known.instructions[index]
    if op == "abs" and known.affine(args[0]):
        line, size = _normal(known.form(args[0]))
        return line, size, ZERO
    if op in ("max", "logsumexp") and len(args) == 2 and known.affine(args[0]) and known.affine(args[1]):
        (left, p), (right, q) = known.form(args[0]), known.form(args[1])
        difference = dict(left)
        for a, v in right.items():
            difference[a] = difference.get(a, ZERO) - v
        line, size = _normal(({a: v for a, v in difference.items() if v != ZERO}, p - q))
        return (line, HALF * size, ZERO) if op == "max" else (line, ZERO, size)
    inside = _softplus_argument(known, index)
    if inside is None:
        return None
    if known.affine(inside):
        line, size = _normal(known.form(inside))
        return line, ZERO, size
    form, bias = known.form(inside)
    if bias != ZERO or len(form) != 1:
        return None
    ((magnitude, c),) = form.items()
    op, args, _ = known.instructions[magnitude]
    if op != "abs" or not known.affine(args[0]):
        return None
    line, size = _normal(known.form(args[0]))
    return line, c * size * HALF, abs(c) * size


def _softplus_argument(known: Known, index: int) -> int | None:
    """The u of an instruction that is log(1 + exp(u))."""
    op, args, _ = known.instructions[index]
    if op == "softplus":
        return args[0]
    if op != "log":
        return None
    op, args, constants = known.instructions[args[0]]
    if op != "linear" or constants != (ONE, ONE):
        return None
    op, args, _ = known.instructions[args[0]]
    return args[0] if op == "exp" else None


def _normal(form: tuple[Form, fmpq]) -> tuple[Normal, fmpq]:
    """The form divided by its first coefficient, and that coefficient's absolute value."""
    terms, bias = form
    if not terms:
        return (), ZERO
    ordered = sorted(terms.items())
    scale = ordered[0][1]
    return (*((a, v / scale) for a, v in ordered), (-1, bias / scale)), abs(scale)
