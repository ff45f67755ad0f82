"""Recognises a program as an element of the ring of probabilities and their logarithms.

Every instruction becomes a sum of terms (see `forms`) by the rules below, each an identity that holds at every real
point; all that is recognised has a value everywhere. What no rule covers raises `NotInRing`.

- `variable j` is the symbol z_j; `constant`, `linear`, `multiply` and natural powers are arithmetic;
- `logsumexp(x_1..x_K)` of affine x_k is a shift plus the symbol L of its family. Two lists of arguments are one family
  if they differ by a common affine shift; the family keeps the first list seen, without symbols other than z;
- `softplus(u) = logsumexp(0, u)`, `sigmoid(u) = exp(u - softplus(u))`, `tanh(u) = 2 sigmoid(2u) - 1`;
- `exp` of a form is one term; `log` of one term without powers is its form;
- a sum of exponentials with positive coefficients that are natural multiples of the least, c, is `c exp(logsumexp)`,
  each form as often as its multiple says; hence its log and its powers;
- `1 - p_k` is `p_j` for two classes, else the symbol c_k; hence its log (symbol n_k) and its powers;
- `abs` of a sum of exponentials, or of 1 - p, is clear; any other `abs` or `max` is a symbol of its own. Such symbols
  cancel where a shift of all logits does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from types import MappingProxyType
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.program import Program
from lossaudit.geometry.ring.forms import (
    ONE,
    UNIT,
    Form,
    NotInRing,
    Sum,
    Term,
    accumulate,
    as_form,
    combined,
    constant,
    from_form,
    product,
    scaled,
    symbol,
)

_ONE, _ZERO = fmpq(1), fmpq(0)
_LARGEST_POWER = 16
_LARGEST_PROGRAM = 20_000
_EXPONENTIALS = frozenset({"exp", "logsumexp", "softplus", "sigmoid", "tanh"})


@dataclass(slots=True)
class Family:
    """The arguments of one logsumexp: its probabilities are p_k = exp(x_k - L).

    Attributes:
        index: Number of the family, as in its symbols.
        arguments: x_1..x_K, affine forms of the variables; equal ones count as often as they come.
        classes: Which class a form is.
    """

    index: int
    arguments: tuple[Form, ...]
    classes: dict[Form, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.classes = {form: k for k, form in enumerate(self.arguments)}

    @property
    def log_total(self) -> Form:
        """L = log sum_k exp(x_k), as a form."""
        return ((("L", self.index, 0), _ONE),)

    def log_probability(self, k: int) -> Form:
        """The form x_k - L of log p_k."""
        return combined(self.arguments[k], self.log_total, -1)


def _order(x: Form, y: Form) -> int:
    """A total order of forms that a common shift does not change: by the first coefficient that differs."""
    difference = combined(y, x, -1)
    return 0 if not difference else (1 if difference[0][1] < 0 else -1)


class Elements:
    """The values of a program's instructions as sums of terms, and the families that occur."""

    def __init__(self) -> None:
        self.families: list[Family] = []
        self._known: dict[tuple[Form, ...], tuple[Family, Form]] = {}

    def log_sum_exp(self, forms: Sequence[Form]) -> Form:
        """The logsumexp of affine forms, as a form."""
        if len(forms) == 1:
            return forms[0]
        ordered = sorted(forms, key=cmp_to_key(_order))
        lowest = ordered[0]
        key = tuple(combined(form, lowest, -1) for form in ordered)
        known = self._known.get(key)
        if known is None:
            if any(s[0] not in ("z", "1") for form in key for s, _ in form):
                raise NotInRing("logsumexp of something that is not affine in the variables")
            extra = tuple((s, c) for s, c in lowest if s[0] not in ("z", "1"))
            arguments = tuple(combined(form, extra, -1) for form in forms)
            family = Family(len(self.families), arguments)
            self.families.append(family)
            known = self._known[key] = (family, combined(lowest, extra, -1))
        family, reference = known
        return combined(combined(lowest, reference, -1), family.log_total)

    def log_of(self, x: Sum) -> tuple[fmpq, Form] | None:
        """(c, F) with x = c exp(F), c > 0, if x is a positive multiple of exponentials, or 1 - p."""
        if len(x) == 1:
            ((powers, form), coefficient) = next(iter(x.items()))
            if coefficient > 0 and all(s[0] == "c" for s, _ in powers):
                logs = tuple((("n", s[1], s[2]), r) for s, r in powers)
                return coefficient, combined(form, logs)
            return None
        if not x or any(powers for powers, _ in x) or min(x.values()) <= 0:
            return self._complement(x)
        unit = min(x.values())
        counts = {form: coefficient / unit for (_, form), coefficient in x.items()}
        if any(count.q != 1 or count > _LARGEST_POWER for count in counts.values()):
            return None
        return unit, self.log_sum_exp([form for form, count in counts.items() for _ in range(int(count.p))])

    def _complement(self, x: Sum) -> tuple[fmpq, Form] | None:
        """The form of log(1 - p) with its factor, if x is a positive multiple of 1 - p."""
        if len(x) != 2 or ONE not in x:
            return None
        (powers, form) = next(term for term in x if term != ONE)
        scale = x[ONE]
        if powers or scale <= 0 or x[(powers, form)] != -scale:
            return None
        index = next((s[1] for s, c in form if s[0] == "L" and c == -1), None)
        if index is None:
            return None
        family = self.families[index]
        k = family.classes.get(combined(form, family.log_total))
        if k is None:
            return None
        if len(family.arguments) == 2:
            return scale, family.log_probability(1 - k)
        return scale, ((("n", index, k), _ONE),)


def exponential(form: Form) -> Sum:
    """The exp of a form: log(1 - p) becomes a power of 1 - p, log of a rational number that number where it can."""
    powers: list[tuple[tuple[str, int, int], fmpq]] = []
    rest: list[tuple[tuple[str, int, int], fmpq]] = []
    coefficient = _ONE
    for s, c in form:
        if s[0] == "n":
            powers.append((("c", s[1], s[2]), c))
        elif s[0] == "log" and c.q == 1:
            coefficient *= fmpq(s[1], s[2]) ** int(c.p)
        else:
            rest.append((s, c))
    return {(tuple(sorted(powers)), tuple(rest)): coefficient}


def logarithm(scale: fmpq, form: Form) -> Form:
    """log(scale) + form."""
    return form if scale == 1 else combined(form, ((("log", int(scale.p), int(scale.q)), _ONE),))


Rule: TypeAlias = Callable[[Elements, list[Sum], tuple[fmpq, ...], int], Sum]


def _affine(x: Sum) -> Form:
    form = as_form(x)
    if form is None:
        raise NotInRing("not affine")
    return form


def _linear(e: Elements, xs: list[Sum], constants: tuple[fmpq, ...], own: int) -> Sum:
    total = constant(constants[-1])
    for coefficient, x in zip(constants, xs, strict=False):
        accumulate(total, x, coefficient)
    return total


def _power(e: Elements, xs: list[Sum], constants: tuple[fmpq, ...], own: int) -> Sum:
    (x,), (r,) = xs, constants
    natural = r.q == 1 and 0 <= r <= _LARGEST_POWER
    if natural and len(x) > 1:
        result = constant(1)
        for _ in range(int(r.p)):
            result = product(result, x)
        return result
    if natural and len(x) == 1:
        ((powers, form), coefficient) = next(iter(x.items()))
        return {(scaled(powers, r), scaled(form, r)): coefficient ** int(r.p)}
    known = e.log_of(x)
    if known is None:
        raise NotInRing("power of something that is not a positive exponential")
    scale, form = known
    if scale != 1 and r.q != 1:
        raise NotInRing("irrational factor")
    (term,) = exponential(scaled(form, r)).items()
    return {term[0]: term[1] * (scale ** int(r.p) if r.q == 1 else _ONE)}


def _log(e: Elements, xs: list[Sum], constants: tuple[fmpq, ...], own: int) -> Sum:
    known = e.log_of(xs[0])
    if known is None:
        raise NotInRing("logarithm of something that is not a positive exponential")
    return from_form(logarithm(*known))


def _xlogx(e: Elements, xs: list[Sum], constants: tuple[fmpq, ...], own: int) -> Sum:
    return product(xs[0], _log(e, xs, constants, own)) if xs[0] else {}


def _softplus(e: Elements, u: Form) -> Form:
    return e.log_sum_exp(((), u))


def _sigmoid(e: Elements, u: Form) -> Sum:
    return exponential(combined(u, _softplus(e, u), -1))


def _tanh(e: Elements, xs: list[Sum], constants: tuple[fmpq, ...], own: int) -> Sum:
    total = constant(-1)
    accumulate(total, _sigmoid(e, scaled(_affine(xs[0]), 2)), 2)
    return total


def _abs(e: Elements, xs: list[Sum], constants: tuple[fmpq, ...], own: int) -> Sum:
    (x,) = xs
    negative = {term: -coefficient for term, coefficient in x.items()}
    for candidate in (x, negative):
        if candidate and as_form(candidate) is None and e.log_of(candidate) is not None:
            return candidate
    return symbol(("a", own, 0))


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "variable": lambda e, xs, c, own: symbol(("z", int(c[0].p), 0)),
        "constant": lambda e, xs, c, own: constant(c[0]),
        "linear": _linear,
        "multiply": lambda e, xs, c, own: product(xs[0], xs[1]),
        "power": _power,
        "exp": lambda e, xs, c, own: exponential(_affine(xs[0])),
        "log": _log,
        "logsumexp": lambda e, xs, c, own: from_form(e.log_sum_exp([_affine(x) for x in xs])),
        "softplus": lambda e, xs, c, own: from_form(_softplus(e, _affine(xs[0]))),
        "sigmoid": lambda e, xs, c, own: _sigmoid(e, _affine(xs[0])),
        "tanh": _tanh,
        "xlogx": _xlogx,
        "abs": _abs,
        "max": lambda e, xs, c, own: symbol(("a", own, 0)),
    }
)


def recognise(program: Program) -> tuple[Sum, tuple[Family, ...]]:
    """The program's value as a sum of terms, and the families whose symbols occur in it.

    Raises:
        NotInRing: Some operation is not covered by the rules of this module.
    """
    if program.output >= _LARGEST_PROGRAM:
        raise NotInRing("too many instructions")
    if not any(instruction.op in _EXPONENTIALS for instruction in program.instructions):
        raise NotInRing("no exponentials")
    needed = {program.output}
    for index in range(program.output, -1, -1):
        if index in needed:
            needed.update(program.instructions[index].args)
    order = sorted(needed)
    if any(program.instructions[i].op not in _RULES for i in order):
        raise NotInRing("an operation that is not of exponentials")
    elements = Elements()
    values: dict[int, Sum] = {}
    for index in order:
        op, args, constants = program.instructions[index]
        values[index] = _RULES[op](elements, [values[a] for a in args], constants, index)
    return values[program.output], tuple(elements.families)


def symbols(term: Term) -> set[tuple[str, int, int]]:
    """All symbols of a term, the number one left out."""
    return {s for part in term for s, _ in part if s != UNIT}
