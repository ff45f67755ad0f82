"""Exact sums of products of powers and exponentials, for functions of probabilities.

A term is a coefficient times powers of symbols times the exponential of a form; a form is a linear combination of
symbols. The symbols, all real numbers: variable j ("z", j); logsumexp of family f ("L", f), as a function of the
variables; 1 - p_k ("c", f, k) and its log ("n", f, k); the log of a whole number ("log", n); a value of which nothing
is used ("m", which one). A probability is one term, p_k = exp(x_k - L).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from itertools import product as pairs
from types import MappingProxyType
from typing import Any, TypeAlias

from flint import fmpq

from lossaudit.recheck.intervals import ONE, ZERO
from lossaudit.recheck.programs import Program, needed
from lossaudit.recheck.refusal import Refusal, demand

Symbol: TypeAlias = tuple[Any, ...]
Form: TypeAlias = tuple[tuple[Symbol, fmpq], ...]  # sorted, without zeros; as powers: exponents instead
Term: TypeAlias = tuple[Form, Form]  # powers, and the form under the exponential
Sum: TypeAlias = dict[Term, fmpq]

ONE_SYMBOL: Symbol = ("1",)
_UNIT: Term = ((), ())
_MOST_TERMS = 50_000
_LARGEST_POWER = 16
_FACTORABLE = 1 << 64


def combined(x: Form, y: Form, factor: fmpq = ONE) -> Form:
    """The form x + factor y."""
    if not y or factor == 0:
        return x
    total = dict(x)
    for s, c in y:
        total[s] = total.get(s, ZERO) + factor * c
    return tuple(sorted((s, c) for s, c in total.items() if c != 0))


def times(c: fmpq, x: Form) -> Form:
    return tuple((s, c * v) for s, v in x) if c != 0 else ()


def constant_form(c: fmpq) -> Form:
    return ((ONE_SYMBOL, c),) if c != 0 else ()


def number_sum(c: fmpq) -> Sum:
    return {_UNIT: c} if c != 0 else {}


def accumulate(total: Sum, x: Sum, factor: fmpq = ONE) -> None:
    """Add a multiple of x in place."""
    for term, c in x.items():
        value = total.get(term, ZERO) + factor * c
        if value == 0:
            total.pop(term, None)
        else:
            total[term] = value
    demand(len(total) <= _MOST_TERMS, "a sum has too many terms")


def multiplied(x: Sum, y: Sum) -> Sum:
    """The product, term by term."""
    demand(len(x) * len(y) <= _MOST_TERMS, "a product has too many terms")
    total: Sum = {}
    for (powers, form), a in x.items():
        for (more, shift), b in y.items():
            accumulate(total, {(combined(powers, more), combined(form, shift)): a * b})
    return total


def raised(x: Sum, n: int) -> Sum:
    """The n-th power, n >= 0."""
    demand(n <= _LARGEST_POWER, "a power is too high")
    result = number_sum(ONE)
    for _ in range(n):
        result = multiplied(result, x)
    return result


def from_form(form: Form) -> Sum:
    """A form as a sum."""
    return {(() if s == ONE_SYMBOL else ((s, ONE),), ()): c for s, c in form}


def as_form(x: Sum) -> Form | None:
    """A sum whose terms are single symbols, as a form."""
    found: list[tuple[Symbol, fmpq]] = []
    for (powers, form), c in x.items():
        if form or len(powers) > 1 or (powers and (powers[0][1] != 1 or powers[0][0][0] == "c")):
            return None
        found.append((powers[0][0] if powers else ONE_SYMBOL, c))
    return tuple(sorted(found))


def _order(x: Form, y: Form) -> int:
    """An order of forms that does not change when both are shifted alike."""
    rest = combined(x, y, -ONE)
    return 0 if not rest else 1 if rest[0][1] > 0 else -1


@dataclass(slots=True)
class Ring:
    """Families of logsumexps that have been met, each by its arguments relative to the lowest one.

    Attributes:
        members: For each family the relative arguments; the first is 0.
    """

    members: list[tuple[Form, ...]] = field(default_factory=list[tuple[Form, ...]])
    _known: dict[tuple[Form, ...], int] = field(default_factory=dict[tuple[Form, ...], int])

    def logsumexp(self, forms: Sequence[Form]) -> Form:
        """Log sum_k exp(x_k): the lowest argument plus a symbol."""
        if len(forms) == 1:
            return forms[0]
        ordered = sorted(forms, key=cmp_to_key(_order))
        relative = tuple(combined(x, ordered[0], -ONE) for x in ordered)
        if not any(relative):
            return combined(ordered[0], _log_of_fraction(fmpq(len(forms))))
        family = self._known.setdefault(relative, len(self.members))
        if family == len(self.members):
            self.members.append(relative)
        return combined(ordered[0], ((("L", family), ONE),))

    def one_minus(self, form: Form) -> tuple[int, int] | Form | None:
        """For log p_k: which symbol stands for 1 - p_k, or its log for two classes; None if it is no log p_k."""
        for s, c in form:
            if s[0] == "L" and c == -1:
                own = combined(form, ((s, ONE),))
                members = self.members[s[1]]
                if own in members:
                    k = members.index(own)
                    return combined(members[1 - k], ((s, -ONE),)) if len(members) == 2 else (s[1], k)
        return None

    def log(self, x: Sum) -> Form | None:
        """The log of a sum that is seen to be positive: one exponential, a sum of such, or 1 - p."""
        if len(x) == 1:
            (((powers, form), c),) = x.items()
            if c <= 0 or any(s[0] != "c" for s, _ in powers):
                return None
            return combined(_log_of_fraction(c), combined(form, tuple((("n", *s[1:]), r) for s, r in powers)))
        if x and not any(powers for powers, _ in x) and all(c > 0 for c in x.values()):
            unit = min(x.values())
            counts = {form: c / unit for (_, form), c in x.items()}
            if all(n.q == 1 and n <= _LARGEST_POWER for n in counts.values()):
                forms = [form for form, n in counts.items() for _ in range(int(n.p))]
                return combined(_log_of_fraction(unit), self.logsumexp(forms))
        return self._log_of_complement(x)

    def _log_of_complement(self, x: Sum) -> Form | None:
        scale = x.get(_UNIT, ZERO)
        others = [term for term in x if term != _UNIT]
        if scale <= 0 or len(others) != 1 or others[0][0] or x[others[0]] != -scale:
            return None
        found = self.one_minus(others[0][1])
        if found is None:
            return None
        if isinstance(found[0], int):
            found = ((("n", *found), ONE),)
        return combined(_log_of_fraction(scale), found)


def _log_of_fraction(c: fmpq) -> Form:
    """The log of a fraction > 0, by its primes where they are small."""
    total: Form = ()
    for whole, sign in ((c.p, ONE), (c.q, -ONE)):
        factors = whole.factor() if whole < _FACTORABLE else [(whole, 1)]
        for prime, n in factors:
            if prime != 1:
                total = combined(total, ((("log", int(prime)), ONE),), sign * n)
    return total


def exponential(form: Form) -> Sum:
    """The exp of a form; of log(1 - p) it is a power of 1 - p, of the log of a number that number."""
    c = ONE
    powers: list[tuple[Symbol, fmpq]] = []
    rest: list[tuple[Symbol, fmpq]] = []
    for s, r in form:
        if s[0] == "n":
            powers.append((("c", *s[1:]), r))
        elif s[0] == "log" and r.q == 1 and abs(r) <= _LARGEST_POWER:
            c *= fmpq(s[1]) ** int(r.p)
        else:
            rest.append((s, r))
    return {(tuple(sorted(powers)), tuple(rest)): c}


# ---- Programs ----------------------------------------------------------------------------------------------------

Rule: TypeAlias = Callable[[Ring, list[Sum], Sequence[fmpq], int], Sum]


def _affine(x: Sum) -> Form:
    form = as_form(x)
    if form is None:
        raise Refusal("something that is not affine stands under an exponential")
    return form


def _logarithm(ring: Ring, x: Sum) -> Form:
    form = ring.log(x)
    if form is None:
        raise Refusal("a logarithm or power is not of a positive exponential")
    return form


def _linear(ring: Ring, xs: list[Sum], constants: Sequence[fmpq], own: int) -> Sum:
    total = number_sum(constants[-1])
    for c, x in zip(constants, xs, strict=False):
        accumulate(total, x, c)
    return total


def _power(ring: Ring, xs: list[Sum], constants: Sequence[fmpq], own: int) -> Sum:
    (r,) = constants
    if r.q == 1 and 0 <= r <= _LARGEST_POWER:
        return raised(xs[0], int(r.p))
    return exponential(times(r, _logarithm(ring, xs[0])))


def _sigmoid(ring: Ring, u: Form) -> Sum:
    return exponential(combined(u, ring.logsumexp([(), u]), -ONE))


def _tanh(ring: Ring, xs: list[Sum], constants: Sequence[fmpq], own: int) -> Sum:
    total = number_sum(-ONE)
    accumulate(total, _sigmoid(ring, times(fmpq(2), _affine(xs[0]))), fmpq(2))
    return total


def _abs(ring: Ring, xs: list[Sum], constants: Sequence[fmpq], own: int) -> Sum:
    opposite = {term: -c for term, c in xs[0].items()}
    for x in (xs[0], opposite):
        if as_form(x) is None and ring.log(x) is not None:
            return x
    return _unknown(ring, xs, constants, own)


def _unknown(ring: Ring, xs: list[Sum], constants: Sequence[fmpq], own: int) -> Sum:
    return {(((("m", own), ONE),), ()): ONE}


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "variable": lambda ring, xs, c, own: {(((("z", int(c[0].p)), ONE),), ()): ONE},
        "constant": lambda ring, xs, c, own: number_sum(c[0]),
        "linear": _linear,
        "multiply": lambda ring, xs, c, own: multiplied(xs[0], xs[1]),
        "power": _power,
        "exp": lambda ring, xs, c, own: exponential(_affine(xs[0])),
        "log": lambda ring, xs, c, own: from_form(_logarithm(ring, xs[0])),
        "logsumexp": lambda ring, xs, c, own: from_form(ring.logsumexp([_affine(x) for x in xs])),
        "softplus": lambda ring, xs, c, own: from_form(ring.logsumexp([(), _affine(xs[0])])),
        "sigmoid": lambda ring, xs, c, own: _sigmoid(ring, _affine(xs[0])),
        "tanh": _tanh,
        "xlogx": lambda ring, xs, c, own: multiplied(xs[0], from_form(_logarithm(ring, xs[0]))) if xs[0] else {},
        "abs": _abs,
        "max": _unknown,
    }
)


def evaluated(ring: Ring, program: Program) -> Sum:
    """The program's value as a sum; each rule is an identity at every point, where all its instructions have values.

    Raises:
        Refusal: It is not made of exponentials.
    """
    values: dict[int, Sum] = {}
    for index in needed(program.instructions, [program.output]):
        op, args, constants = program.instructions[index]
        demand(op in _RULES, f"{op} is not of exponentials")
        values[index] = _RULES[op](ring, [values[a] for a in args], constants, index)
    return values[program.output]


def applied(ring: Ring, op: str, xs: list[Sum], constants: Sequence[fmpq]) -> Sum:
    """One operation, where it has a value; what no rule covers is a symbol that stands for just this operation on this.

    Raises:
        Refusal: It has too many terms.
    """
    try:
        if op == "power" and not xs[0] and constants[0] > 0:
            return {}
        if op in _RULES and op not in ("abs", "max"):
            return _RULES[op](ring, xs, constants, 0)
    except Refusal:
        pass
    key = repr((op, [sorted(x.items(), key=repr) for x in xs], list(constants)))
    return {(((("m", key), ONE),), ()): ONE}


# ---- Is a sum affine? --------------------------------------------------------------------------------------------


def is_zero(ring: Ring, x: Sum) -> bool:
    """Whether a sum is seen to be 0; sum_k p_k = 1 is all that is used."""
    return is_affine(ring, x, affine=False)


def is_affine(ring: Ring, x: Sum, *, affine: bool = True) -> bool:
    """Whether a sum is seen to be an affine function of the variables."""
    by_powers: dict[Form, dict[Form, fmpq]] = {}
    for (powers, form), c in _expanded(ring, x).items():
        by_powers.setdefault(powers, {})[form] = c
    for powers, exponentials in by_powers.items():
        moving = [(s[0], r) for s, r in powers if s[0] != "log"]
        free = not moving or moving == [("z", 1)]
        if not _is_multiple(ring, exponentials, {(): ONE} if free and affine else {}, 0):
            return False
    return True


def _expanded(ring: Ring, x: Sum) -> Sum:
    """Natural powers of 1 - p multiplied out."""
    total: Sum = {}
    for (powers, form), c in x.items():
        part: Sum = {((), form): c}
        kept: list[tuple[Symbol, fmpq]] = []
        for s, r in powers:
            n = int(r.floor()) if s[0] == "c" and r >= 1 else 0
            if n:
                member = ring.members[s[1]][s[2]]
                p: Sum = {((), combined(member, ((("L", s[1]), -ONE),))): -ONE}
                accumulate(p, number_sum(ONE))
                part = multiplied(part, raised(p, n))
            if r != n:
                kept.append((s, r - n))
        for (_, shift), v in part.items():
            accumulate(total, {(tuple(kept), shift): v})
    return total


def _is_multiple(ring: Ring, x: dict[Form, fmpq], unit: dict[Form, fmpq], family: int) -> bool:
    """Whether sum c exp(F) over x is a multiple of that over `unit`: exp(L) = sum_k exp(x_k), family after family."""
    if not x:
        return True
    if family == len(ring.members):
        if not unit:
            return False
        at = next(iter(unit))
        ratio = x.get(at, ZERO) / unit[at]
        return x == {form: ratio * c for form, c in unit.items() if ratio != 0}
    symbol: Symbol = ("L", family)
    classes: dict[fmpq, dict[Form, fmpq]] = {}
    for form, c in x.items():
        r = dict(form).get(symbol, ZERO)
        classes.setdefault(r - r.floor(), {})[form] = c
    for fraction, group in classes.items():
        beside = unit if fraction == 0 else {}
        lowest = min(dict(form).get(symbol, ZERO) for form in (*group, *beside))
        opened = [_opened(ring, symbol, lowest, side) for side in (group, beside)]
        if not _is_multiple(ring, opened[0], opened[1], family + 1):
            return False
    return True


def _opened(ring: Ring, symbol: Symbol, lowest: fmpq, x: Mapping[Form, fmpq]) -> dict[Form, fmpq]:
    """The sum divided by exp(lowest L), with each exp(L) left written out."""
    if all(dict(form).get(symbol, ZERO) == lowest for form in x):
        return {combined(form, ((symbol, -lowest),)) if lowest != 0 else form: c for form, c in x.items()}
    total: dict[Form, fmpq] = {}
    powers: list[dict[Form, fmpq]] = [{(): ONE}]
    for form, c in x.items():
        r = dict(form).get(symbol, ZERO)
        demand((r - lowest).q == 1, "a power of a sum is broken")
        while len(powers) <= r - lowest:
            grown: dict[Form, fmpq] = {}
            demand(len(powers[-1]) * len(ring.members[symbol[1]]) <= _MOST_TERMS, "a sum has too many terms")
            for (f, a), member in pairs(powers[-1].items(), ring.members[symbol[1]]):
                key = combined(f, member)
                grown[key] = grown.get(key, ZERO) + a
            powers.append(grown)
        bare = combined(form, ((symbol, ONE),), -r)
        for f, a in powers[int(r - lowest)].items():
            key = combined(bare, f)
            total[key] = total.get(key, ZERO) + c * a
            demand(len(total) <= _MOST_TERMS, "a sum has too many terms")
    return {form: c for form, c in total.items() if c != 0}
