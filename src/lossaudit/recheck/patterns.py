"""Facts that show only in how a few instructions hang together; each is checked on the program itself.

A pattern looks at one instruction, whose arguments all have values, and returns what more is known of it, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from flint import fmpq

from lossaudit.recheck.claims import AFFINE, CONCAVE, CONSTANT, CONVEX, Claim, negated, turned
from lossaudit.recheck.intervals import NONNEGATIVE, ONE, POSITIVE, REALS, ZERO, Interval, only, plus, scaled
from lossaudit.recheck.operations import log_of_sum
from lossaudit.recheck.programs import Instruction
from lossaudit.recheck.quadratic import UNIT, Form, Matrix, add, add_product, affine_form, positive_semidefinite

Members: TypeAlias = tuple[dict[int, list[Form]], bool]  # by the first instruction in each
Line: TypeAlias = tuple[tuple[int, fmpq], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A program's instructions and the claims about them.

    Attributes:
        below: For some instructions, forms that are never above them, and whether they are always below.
    """

    code: Sequence[Instruction]
    claims: Sequence[Claim]
    below: dict[int, Members | None] = field(default_factory=dict[int, "Members | None"])

    def form(self, index: int) -> Form:
        return affine_form(self.code, index)

    def affine(self, index: int) -> bool:
        return self.claims[index].curvature & AFFINE == AFFINE

    def convex(self, index: int) -> bool:
        return bool(self.claims[index].curvature & CONVEX)

    def concave(self, index: int) -> bool:
        return bool(self.claims[index].curvature & CONCAVE)

    def range(self, index: int) -> Interval:
        return self.claims[index].range

    def terms(self, form: Form) -> tuple[list[tuple[fmpq, Claim]], fmpq]:
        """A form as coefficients with claims, and its bias."""
        return [(c, self.claims[i]) for i, c in form.items() if i != UNIT], form.get(UNIT, ZERO)

    def denominator(self, index: int) -> tuple[int, fmpq] | None:
        """(v, p) of an instruction that is v^-p for p > 0."""
        op, args, constants = self.code[index]
        return (args[0], -constants[0]) if op == "power" and constants[0] < 0 else None


# ---- Differences: x_k < logsumexp(x), x_k <= max(x), x <= |x| ------------------------------------------------------


def difference(known: Known, index: int) -> Claim | None:
    """A sum that holds c (T - m) with T never below m: its range with these taken together."""
    form = known.form(index)
    reach = only(ZERO)
    found = False
    for top in [i for i in form if i != UNIT]:
        below = _never_above(known, top)
        if below is None or top not in form:
            continue
        side = ONE if form[top] > 0 else -ONE
        gap = POSITIVE if below[1] else NONNEGATIVE
        for member in [m for i in tuple(form) for m in below[0].get(i, ())]:
            if top in member or top not in form:
                continue
            amount = min(side * form[top], *(-side * form.get(i, ZERO) / v for i, v in member.items() if i != UNIT))
            if amount > 0:
                found = True
                add(form, member, side * amount)
                add(form, {top: ONE}, -side * amount)
                reach = plus(reach, scaled(side * amount, gap))
    if not found:
        return None
    terms, bias = known.terms(form)
    reach = plus(reach, only(bias))
    for c, f in terms:
        reach = plus(reach, scaled(c, f.range))
    return Claim(reach, defined=True)


def _never_above(known: Known, index: int) -> Members | None:
    """Forms that are not constant and never above the instruction; whether they are always below."""
    if index not in known.below:
        forms, strict = _bounds(known, index)
        by_first: dict[int, list[Form]] = {}
        for form in forms:
            first = next((i for i in form if i != UNIT), None)
            if first is not None:
                by_first.setdefault(first, []).append(form)
        known.below[index] = (by_first, strict) if by_first else None
    return known.below[index]


def _bounds(known: Known, index: int) -> tuple[list[Form], bool]:
    op, args, _ = known.code[index]
    if op in ("logsumexp", "max"):
        return [known.form(a) for a in args], op == "logsumexp" and len(args) > 1
    if op == "softplus":
        return [known.form(args[0])], True
    if op == "abs":
        form = known.form(args[0])
        return [form, {i: -c for i, c in form.items()}], False
    if op != "log":
        return [], False
    total = known.form(args[0])  # the log of a sum of c exp(x), c >= 1, and of terms >= 0
    terms, bias = known.terms(total)
    if bias < 0 or not all(c > 0 and f.range.nonnegative for c, f in terms):
        return [], False
    exponents = [known.code[i].args[0] for i, c in total.items() if i != UNIT and c >= 1 and known.code[i].op == "exp"]
    return [known.form(x) for x in exponents], sum(f.range.positive for _, f in terms) + (bias > 0) > 1


# ---- Quotients and complements -----------------------------------------------------------------------------------


def share(known: Known, index: int) -> Claim | None:
    """X / (c x + rest) <= 1 / c for x, rest >= 0; and 1 - x / (x + rest) = rest / (x + rest)."""
    x, y = known.code[index].args
    for part, power in ((x, y), (y, x)):
        base = known.denominator(power)
        if base is None or base[1] != 1:
            continue
        form, piece = known.form(base[0]), known.form(part)
        ratios = [form[i] / piece[i] for i in piece if i in form]
        if not ratios or len(ratios) < len(piece) or min(ratios) <= 0:
            continue
        c = min(ratios)
        add(form, piece, -c)
        terms, bias = known.terms(form)
        reach, beyond = REALS, 0
        if c == 1:
            rest = log_of_sum(terms, bias) if terms else CONSTANT if bias > 0 else 0
            beyond = rest & negated(known.claims[base[0]].log)
        if known.range(part).nonnegative and bias >= 0 and all(v > 0 and f.range.nonnegative for v, f in terms):
            reach = Interval(ZERO, 1 / c, False, bias > 0 or any(f.range.positive for _, f in terms))
        return Claim(reach, complement=beyond, defined=True)
    return None


def one_minus_reciprocal(known: Known, index: int) -> Claim | None:
    """1 - 1/g = (g - 1) / g for g = 1 + terms > 0."""
    (g,), (r,) = known.code[index].args, known.code[index].constants
    if r != -1:
        return None
    terms, bias = known.terms(known.form(g))
    rest = log_of_sum(terms, bias - 1)
    if bias < 1 or not rest:
        return None
    return Claim(Interval(ZERO, ONE), complement=rest & negated(known.claims[g].log), defined=True)


def one_minus_exp(known: Known, index: int) -> Claim | None:
    """log(1 - exp(-v)) is concave and rising in log v; and 1 - exp(x - logsumexp(x, y)) = exp(y - logsumexp(x, y))."""
    (u,) = known.code[index].args
    form = known.form(u)
    if not known.range(u).negative:
        return None
    terms, bias = known.terms(form)
    beyond = log_of_sum([(-c, f) for c, f in terms], -bias) & CONCAVE
    for total in [i for i, c in form.items() if i != UNIT and c == -1]:
        op, args, _ = known.code[total]
        parts = [known.form(a) for a in args] + ([{}] if op == "softplus" else [])
        rest = {i: c for i, c in form.items() if i != total}
        if op in ("logsumexp", "softplus") and len(parts) == 2 and rest in parts:
            other, _ = known.terms(parts[1 - parts.index(rest)])
            bends = CONSTANT
            for c, f in other:
                bends &= turned(f.curvature, 1 if c > 0 else -1)
            beyond |= bends & negated(known.claims[total].curvature)
    return Claim(Interval(ZERO, ONE), complement=beyond, defined=True)


def tail(known: Known, index: int) -> Claim | None:
    """(1 + erf(u)) c: its log is concave and rising in u, as the integral of a log-concave density. And 1 - that."""
    terms = known.form(index)
    bias = terms.pop(UNIT, ZERO)
    if len(terms) != 1:
        return None
    ((inner, c),) = terms.items()
    op, args, _ = known.code[inner]
    if op != "erf":
        return None
    bends = known.claims[args[0]].curvature & CONCAVE
    if c == bias > 0:
        return Claim(Interval(ZERO, 2 * c), log=bends, defined=True)
    return Claim(Interval(high=ONE), complement=bends, defined=True) if -c == 1 - bias > 0 else None


_STEPS_OF_DENSITIES: Mapping[str, fmpq] = MappingProxyType({"sigmoid": ONE, "tanh": 2 * ONE, "erf": 2 * ONE})
"""By how much functions rise in all whose derivative is log-concave: s (1 - s), 1 - tanh^2, exp(-x^2)."""


def slice_of_density(known: Known, index: int) -> Claim | None:
    """c (F(u) - F(v)), u > v: the integral from v to u of a log-concave density."""
    form = known.form(index)
    signs = sorted((c, i) for i, c in form.items())
    if len(signs) != 2 or UNIT in form or signs[0][0] + signs[1][0] != 0:
        return None
    (_, low), (c, high) = signs
    op = known.code[high].op
    if op not in _STEPS_OF_DENSITIES or known.code[low].op != op:
        return None
    (u,), (v,) = known.code[high].args, known.code[low].args
    width = known.form(u)
    add(width, known.form(v), -ONE)
    terms, bias = known.terms(width)
    reach = only(bias)
    for factor, f in terms:
        reach = plus(reach, scaled(factor, f.range))
    if not reach.positive:
        return None
    bends = CONCAVE if known.concave(u) and known.convex(v) else 0
    return Claim(Interval(ZERO, c * _STEPS_OF_DENSITIES[op]), log=bends, defined=True)


# ---- Jointly convex functions ------------------------------------------------------------------------------------


def quadratic(known: Known, index: int) -> Claim | None:
    """A sum whose products and squares of affine terms make a form that is positive semidefinite, or negative.

    The form lies above the number m if it does so as a form of one variable more: x'Ax + 2b'x + c - m >= 0.
    """
    op, args, constants = known.code[index]
    one: Form = {UNIT: ONE}
    matrix: Matrix = {}
    others, products = AFFINE, False
    for c, arg in zip(constants, args, strict=False) if op == "linear" else [(ONE, index)]:
        factors = _factors(known, arg)
        if factors is not None:
            products = True
            add_product(matrix, _over_atoms(known, factors[0]), _over_atoms(known, factors[1]), c)
        elif arg == index:
            return None
        else:
            others &= turned(known.claims[arg].curvature, (c > 0) - (c < 0))
            add_product(matrix, _over_atoms(known, arg), one, c)
    if not products:
        return None
    add_product(matrix, one, one, constants[-1] if op == "linear" else ZERO)
    bits, ends = 0, list[fmpq | None]()
    for sign, side, end in ((ONE, CONVEX, known.range(index).low), (-ONE, CONCAVE, known.range(index).high)):
        signed = {i: {j: sign * v for j, v in row.items()} for i, row in matrix.items()}
        bare = {i: {j: v for j, v in row.items() if j != UNIT} for i, row in signed.items() if i != UNIT}
        semidefinite = positive_semidefinite(bare)
        bits |= side if semidefinite and others & side else 0
        if semidefinite and end is not None:
            add_product(signed, one, one, -sign * end)
        ends.append(end if semidefinite and positive_semidefinite(signed) else None)
    low, high = ends
    return Claim(Interval(low, high, low is None, high is None), bits, defined=True)


def _factors(known: Known, index: int) -> tuple[int, int] | None:
    """The two affine factors of a product or a square."""
    op, args, constants = known.code[index]
    if op == "power" and constants[0] == 2:
        args = (args[0], args[0])
    elif op != "multiply":
        return None
    return (args[0], args[1]) if all(map(known.affine, args)) else None


def _over_atoms(known: Known, index: int) -> Form:
    """An instruction over affine instructions that are no sums, so that equal terms meet; otherwise it is itself."""
    form = known.form(index)
    while sums := [i for i in form if i != UNIT and known.code[i].op == "linear"]:
        last = max(sums)
        add(form, known.form(last), form.pop(last))
    return form if all(i == UNIT or known.affine(i) for i in form) else {index: ONE}


def norm(known: Known, index: int) -> Claim | None:
    """(sum_i c_i |u_i|^p + d)^r, p >= 1, p r >= 1, c and d >= 0, |u_i| convex: a power of a norm."""
    (base,), (r,) = known.code[index].args, known.code[index].constants
    form = known.form(base)
    bias = form.pop(UNIT, ZERO)
    powers = {known.code[i].constants[0] if known.code[i].op == "power" else None for i in form}
    if bias < 0 or not 0 < r < 1 or len(powers) != 1:
        return None
    (p,) = powers
    if p is None or p * r < 1:
        return None
    fits = all(c > 0 and _is_magnitude_power(known, i, p) for i, c in form.items())
    return Claim(curvature=CONVEX, defined=True) if fits else None


def _is_magnitude_power(known: Known, index: int, least: fmpq) -> bool:
    """Whether it is |u|^p with p >= least >= 1 and |u| convex."""
    op, args, constants = known.code[index]
    if op != "power" or constants[0] < max(least, ONE):
        return False
    (u,), (p,) = args, constants
    if known.range(u).nonnegative:
        return known.convex(u)
    even = p.q == 1 and p.p % 2 == 0
    return even and (known.affine(u) or (known.range(u).nonpositive and known.concave(u)))


def power_over_power(known: Known, index: int) -> Claim | None:
    """(sum_i c_i |u_i|^q + d) / v^p with q >= p + 1, |u_i| convex, c and d >= 0, v > 0 concave."""
    x, y = known.code[index].args
    for top, under in ((x, y), (y, x)):
        base = known.denominator(under)
        if base is None or not (known.range(base[0]).positive and known.concave(base[0])):
            continue
        form = known.form(top)
        bias = form.pop(UNIT, ZERO)
        if bias >= 0 and all(c > 0 and _is_magnitude_power(known, i, base[1] + 1) for i, c in form.items()):
            return Claim(curvature=CONVEX, defined=True)
    return None


def relative_entropy(known: Known, index: int) -> Claim | None:
    """X (a log x - sum_j b_j log y_j + c) with sum_j b_j <= a, x > 0 affine, y_j concave, b_j >= 0; x log(x / y)."""
    x, y = known.code[index].args
    for a, b in ((x, y), (y, x)):
        if not (known.affine(a) and known.range(a).positive):
            continue
        form = known.form(b)
        own = others = ZERO
        fits = True
        for i, c in form.items():
            op, args, _ = known.code[i] if i != UNIT else ("constant", (), ())
            if op == "constant" or (i != UNIT and known.claims[i].constant):
                continue
            inside = args[0] if op == "log" else -1
            if op == "log" and c > 0 and inside == a:
                own += c
            elif op == "log" and c > 0 and _is_ratio(known, a, inside):
                own, others = own + c, others + c
            elif op == "log" and c < 0 and known.concave(inside):
                others -= c
            else:
                fits = False
        if fits and others <= own:
            return Claim(curvature=CONVEX, defined=True)
    return None


def _is_ratio(known: Known, x: int, index: int) -> bool:
    """Whether it is x / y for a concave y > 0."""
    op, args, _ = known.code[index]
    if op != "multiply" or x not in args:
        return False
    base = known.denominator(args[1] if args[0] == x else args[0])
    return base is not None and base[1] == 1 and known.concave(base[0]) and known.range(base[0]).positive


def even_softplus(known: Known, index: int) -> Claim | None:
    """Kinks |w| and bowls log(2 cosh(w/2)) are even in w: those of one w add up, and the rest is affine.

    log(1 + exp w) = w/2 + log(2 cosh(w/2)), with c |w| for w too; logsumexp(a, b) = b + log(1 + exp(a - b)); max(a, b)
    holds |a - b|/2.
    """
    return Claim(curvature=_bends(known, known.form(index)), defined=True)


def maximum_of_sums(known: Known, index: int) -> Claim | None:
    """A sum with c max(x, y), c > 0, is the largest of the sums with c x and with c y; with c < 0 the least."""
    form = known.form(index)
    for i, c in form.items():
        if i == UNIT or known.code[i].op != "max":
            continue
        bends = CONVEX if c > 0 else CONCAVE
        for x in known.code[i].args:
            sum_with_x = {j: v for j, v in form.items() if j != i}
            add(sum_with_x, known.form(x), c)
            bends &= _bends(known, sum_with_x)
        if bends:
            return Claim(curvature=bends, defined=True)
    return None


def _bends(known: Known, form: Form) -> int:
    """The curvature of a sum, with the even parts of its terms added up."""
    bends = AFFINE
    amounts: dict[tuple[Line, fmpq], fmpq] = {}
    for i, c in form.items():
        if i == UNIT:
            continue
        found = _even_parts(known, i)
        if found is None:
            bends &= turned(known.claims[i].curvature, 1 if c > 0 else -1)
            continue
        for key, amount in found:
            amounts[key] = amounts.get(key, ZERO) + c * amount
    for amount in amounts.values():
        if amount != 0:
            bends &= CONVEX if amount > 0 else CONCAVE
    return bends


def _even_parts(known: Known, index: int) -> list[tuple[tuple[Line, fmpq], fmpq]] | None:
    """The even parts of an instruction that is affine besides: multiples of |w|, at 0, and of the bowl of s w, at s."""
    op, args, _ = known.code[index]
    if op == "abs" and known.affine(args[0]):
        line, size = _line(known.form(args[0]))
        return [((line, ZERO), size)]
    if op in ("max", "logsumexp") and len(args) == 2 and all(map(known.affine, args)):
        form = known.form(args[0])
        add(form, known.form(args[1]), -ONE)
        line, size = _line(form)
        return [((line, ZERO), size / 2)] if op == "max" else [((line, size), ONE)]
    inside = _softplus_of(known, index)
    if inside is None:
        return None
    form = known.form(inside)
    if known.affine(inside):
        line, size = _line(form)
        return [((line, size), ONE)]
    if len(form) != 1 or UNIT in form:
        return None
    ((i, c),) = form.items()
    op, args, _ = known.code[i]
    if op != "abs" or not known.affine(args[0]):
        return None
    line, size = _line(known.form(args[0]))
    return [((line, ZERO), c * size / 2), ((line, abs(c) * size), ONE)]


def _softplus_of(known: Known, index: int) -> int | None:
    """The u of log(1 + exp(u))."""
    op, args, _ = known.code[index]
    if op == "softplus":
        return args[0]
    total = known.form(args[0]) if op == "log" else {}
    if len(total) != 2 or any(c != 1 for c in total.values()) or UNIT not in total:
        return None
    op, args, _ = known.code[max(total)]
    return args[0] if op == "exp" else None


def _line(form: Form) -> tuple[Line, fmpq]:
    """A form divided by its last coefficient, and that coefficient's size."""
    ordered = sorted(form.items(), reverse=True)
    first = ordered[0][1] if ordered else ONE
    return tuple((i, c / first) for i, c in ordered), abs(first) if ordered else ZERO


class Pattern(NamedTuple):
    """A fact of a few instructions together, and what is trusted for it."""

    facts: Callable[[Known, int], Claim | None]
    axioms: tuple[str, ...]


PATTERNS: Mapping[str, tuple[Pattern, ...]] = MappingProxyType(
    {
        "linear": (
            Pattern(difference, ("exact", "exp", "max")),
            Pattern(quadratic, ("exact", "sum", "quadratic")),
            Pattern(even_softplus, ("exact", "sum", "max", "log-sum")),
            Pattern(maximum_of_sums, ("exact", "sum", "max", "log-sum")),
            Pattern(tail, ("log-integral",)),
            Pattern(slice_of_density, ("exact", "log-integral")),
        ),
        "multiply": (
            Pattern(share, ("exact", "log-sum", "log-product")),
            Pattern(relative_entropy, ("relative entropy",)),
            Pattern(power_over_power, ("perspective",)),
            Pattern(quadratic, ("exact", "quadratic")),
        ),
        "power": (
            Pattern(one_minus_reciprocal, ("exact", "log-sum", "log-product")),
            Pattern(norm, ("norm",)),
        ),
        "exp": (Pattern(one_minus_exp, ("exp", "log-integral")),),
    }
)
