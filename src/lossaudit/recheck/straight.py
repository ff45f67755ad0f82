"""Functions of one variable on an interval where every case is decided: what is left, its values and its slopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias

from flint import arb, ctx, fmpq, fmpq_poly
from flint.utils.flint_exceptions import DomainError

from lossaudit.recheck.algebra import Ring, Sum, accumulate, applied, multiplied, number_sum
from lossaudit.recheck.claims import Claim, together
from lossaudit.recheck.facts import Derivation
from lossaudit.recheck.intervals import NONNEGATIVE, ONE, POSITIVE, ZERO, Interval, mirrored, only
from lossaudit.recheck.programs import Instruction, Program, ball, needed
from lossaudit.recheck.quadratic import UNIT, Form, add, affine_form
from lossaudit.recheck.refusal import Refusal, demand
from lossaudit.recheck.scalar import count_roots, nonnegative

BITS = 256
_DEGREE = 64

Dual: TypeAlias = tuple[Sum, Sum]


@dataclass(slots=True)
class Straight:
    """A program of one variable without cases, with what is known of each instruction.

    Attributes:
        derivation: The instructions and what follows about them.
        polynomials: The instructions that are polynomials in the variable.
        output: Index of the value; -1 before it is known.
    """

    derivation: Derivation
    polynomials: list[fmpq_poly | None] = field(default_factory=list[fmpq_poly | None])
    output: int = -1

    @property
    def code(self) -> list[Instruction]:
        return self.derivation.code

    @property
    def interval(self) -> Interval:
        return self.derivation.domain

    def append(self, op: str, args: Sequence[int], constants: Sequence[fmpq] = ()) -> int:
        """Index of a new instruction."""
        index = len(self.code)
        claim = self.derivation.append(Instruction(op, tuple(args), tuple(constants)))
        self.polynomials.append(self._polynomial(op, args, constants))
        p = self.polynomials[index]
        side = None if p is None or not claim.defined else self._side(p, claim.range)
        if side is not None:
            self.derivation.claims[index] = together(claim, Claim(side, defined=True))
        return index

    def _polynomial(self, op: str, args: Sequence[int], constants: Sequence[fmpq]) -> fmpq_poly | None:
        if op == "variable":
            return fmpq_poly([0, 1])
        if op == "constant":
            return fmpq_poly([constants[0]])
        if op == "multiply":
            for over, under in (tuple(args), tuple(args)[::-1]):
                quotient = self._quotient(over, under)
                if quotient is not None:
                    return quotient
        given: list[fmpq_poly] = []
        for a in args:
            p = self.polynomials[a]
            if p is None:
                return None
            given.append(p)
        if op == "linear":
            return sum((p * c for p, c in zip(given, constants, strict=False)), fmpq_poly([constants[-1]]))
        small = sum(p.degree() for p in given) <= _DEGREE
        if op == "multiply" and small:
            return given[0] * given[1]
        if op == "power" and constants[0].q == 1 and 0 <= constants[0] * max(given[0].degree(), 1) <= _DEGREE:
            return given[0] ** int(constants[0].p)
        return None

    def _quotient(self, over: int, under: int) -> fmpq_poly | None:
        """The product of a polynomial and a power q^-n, where q^n divides it; q has no root where that has a value."""
        op, args, constants = self.code[under]
        if op != "power" or constants[0].q != 1 or not -_DEGREE <= constants[0] < 0:
            return None
        p, q = self.polynomials[over], self.polynomials[args[0]]
        if p is None or q is None or q == 0 or -constants[0] * q.degree() > p.degree():
            return None
        quotient, rest = divmod(p, q ** int(-constants[0].p))
        return quotient if rest == 0 else None

    def _side(self, p: fmpq_poly, reach: Interval) -> Interval | None:
        """On which side of 0 a polynomial lies, where its range alone does not tell."""
        low, high = self.interval.low, self.interval.high
        if p.degree() < 1:
            return only(p[0])
        if reach.positive or reach.negative or (low is not None and low == high):
            return None
        for sign in (1, -1):
            if nonnegative(p * sign, low, high):
                ends = [end for end in (low, high) if end is not None and self.interval.contains(end)]
                strict = count_roots(p, low, high) == 0 and all(p(end) != 0 for end in ends)
                side = POSITIVE if strict else NONNEGATIVE
                return side if sign > 0 else mirrored(side)
        return None

    def sign(self, index: int) -> tuple[int, int] | None:
        """Between which of -1, 0, 1 the instruction's sign lies, if it is of one side: (0, 1) for >= 0."""
        claim = self.derivation.claims[index]
        if not claim.defined:
            return None
        x = claim.range
        if x.positive or x.negative:
            return (1, 1) if x.positive else (-1, -1)
        if x.point == 0:
            return 0, 0
        return (0, 1) if x.nonnegative else (-1, 0) if x.nonpositive else None


def straightened(function: Program, interval: Interval) -> Straight:
    """The function on an interval, or at a point, with each case decided.

    Raises:
        Refusal: A case is not decided there, or something has no value.
    """
    line = Straight(Derivation(interval))
    place: list[int | None] = []
    for op, args, constants in function.instructions[: function.output + 1]:
        given = [place[a] for a in args]
        if op == "select":
            place.append(_branch(line, given))
        elif any(x is None for x in given):
            place.append(None)
        else:
            place.append(_written(line, op, [x for x in given if x is not None], constants))
    output = place[function.output]
    if output is None:
        raise Refusal("a case is not decided on a cell, or something has no value there")
    line.output = output
    return line


def _branch(line: Straight, given: Sequence[int | None]) -> int | None:
    condition, x, y = given
    taken = None if condition is None else line.derivation.claims[condition].range.point
    return x if taken == ONE else y if taken == ZERO else None


def _written(line: Straight, op: str, args: Sequence[int], constants: Sequence[fmpq]) -> int | None:
    if op == "abs":
        side = line.sign(args[0])
        if side is None:
            return None
        return args[0] if side[0] >= 0 else line.append("linear", args, (-ONE, ZERO))
    if op in ("step", "step_closed"):
        side = line.sign(args[0])
        if side is None or (side[0] != side[1] and (side[0] == 0) != (op == "step_closed")):
            return None
        return line.append("constant", (), (ONE if side[0] > 0 or (side[0] == 0 and op == "step_closed") else ZERO,))
    if op == "max":
        top = args[0]
        for other in args[1:]:
            side = line.sign(_sum(line, (other, top), (ONE, -ONE, ZERO)))
            if side is None:
                return None
            top = other if side[0] >= 0 else top
        return top
    if op == "linear":
        return _sum(line, args, constants)
    if op == "multiply":
        for x, y in (args, args[::-1]):
            if line.code[y].op == "log" and line.code[y].args == (x,):
                return _written(line, "xlogx", [x], ())
    if op == "huber":
        return _huber(line, args[0], constants[0])
    if op == "power" and constants[0].q == 2 and constants[0] > 0:
        root = _absolute_root(line, args[0])
        if root is not None:
            args, constants = (root,), (fmpq(constants[0].p),)
    index = line.append(op, args, constants)
    return index if line.derivation.claims[index].defined else None


def _sum(line: Straight, args: Sequence[int], constants: Sequence[fmpq]) -> int:
    """A sum with the sums in it taken together."""
    form: Form = {}
    for c, arg in zip(constants, args, strict=False):
        add(form, affine_form(line.code, arg), c)
    add(form, {UNIT: ONE}, constants[-1])
    bias = form.pop(UNIT, ZERO)
    return line.append("linear", tuple(form), (*form.values(), bias)) if form else line.append("constant", (), (bias,))


def _huber(line: Straight, index: int, delta: fmpq) -> int | None:
    """The case of Huber's function that holds on the interval."""
    above, below = (line.sign(line.append("linear", (index,), (c, -delta))) for c in (ONE, -ONE))
    if above is not None and above[0] >= 0:
        return line.append("linear", (index,), (delta, -delta * delta / 2))
    if below is not None and below[0] >= 0:
        return line.append("linear", (index,), (-delta, -delta * delta / 2))
    if above is None or below is None:
        return None
    return line.append("linear", (line.append("power", (index,), (fmpq(2),)),), (fmpq(1, 2), ZERO))


def _absolute_root(line: Straight, index: int) -> int | None:
    """|h| for a polynomial h^2, where the sign of h is the same on the whole interval."""
    p = line.polynomials[index]
    try:
        h = None if p is None or p.degree() < 1 else p.sqrt()
    except DomainError:
        return None
    if h is None:
        return None
    powers = [line.append("power", (0,), (fmpq(k),)) for k in range(1, h.degree() + 1)]
    side = line.sign(line.append("linear", powers, (*(h[k] for k in range(1, h.degree() + 1)), h[0])))
    if side is None:
        return None
    return line.append("linear", (len(line.code) - 1,), (ONE if side[0] >= 0 else -ONE, ZERO))


# ---- Equal functions, values and slopes --------------------------------------------------------------------------


def as_sum(ring: Ring, line: Straight | Program, at: fmpq | None = None) -> Sum:
    """The value as an exact sum, of the variable or at a number."""
    code = line.code if isinstance(line, Straight) else line.instructions
    values: dict[int, Sum] = {}
    for index in needed(code, [line.output]):
        op, args, constants = code[index]
        if op == "variable" and at is not None:
            values[index] = number_sum(at)
        else:
            values[index] = applied(ring, op, [values[a] for a in args], constants)
    return values[line.output]


def value_in_balls(line: Straight, at: fmpq) -> arb:
    """A ball around the limit of the value at a number: finite only where every operation is continuous."""
    with ctx.workprec(BITS):
        found: dict[int, arb] = {}
        for index in needed(line.code, [line.output]):
            op, args, constants = line.code[index]
            found[index] = arb(at) if op == "variable" else ball(op, [found[a] for a in args], constants)
        return found[line.output]


def slope_in_balls(line: Straight, at: fmpq) -> arb:
    """A ball around the limit of the slope at a number, up to which every operation is smooth.

    Raises:
        Refusal: One is not.
    """
    with ctx.workprec(BITS):
        found: dict[int, tuple[arb, arb]] = {}
        for index in needed(line.code, [line.output]):
            op, args, constants = line.code[index]
            if op == "variable":
                found[index] = arb(at), arb(1)
                continue
            xs, ds = [found[a][0] for a in args], [found[a][1] for a in args]
            value = ball(op, xs, constants)
            partials = _partials_in_balls(op, xs, constants, value)
            found[index] = value, sum((p * d for p, d in zip(partials, ds, strict=True)), arb(0))
        return found[line.output][1]


def _partials_in_balls(op: str, xs: Sequence[arb], constants: Sequence[fmpq], value: arb) -> list[arb]:
    if op == "constant":
        return []
    if op == "linear":
        return [arb(c) for c in constants[:-1]]
    if op == "multiply":
        return [xs[1], xs[0]]
    if op == "logsumexp":
        return [(x - value).exp() for x in xs]
    demand(op in _SLOPES, f"{op} is not smooth")
    (x,) = xs
    natural = op == "power" and constants[0].q == 1 and constants[0] >= 0
    if op in ("log", "xlogx") or (op == "power" and not natural):
        whole = op == "power" and constants[0].q == 1
        smooth = x > 0 or (whole and x < 0) or (op == "power" and constants[0] > 1 and x == 0)
        demand(bool(smooth), "a slope at a joint is not finite")
    return [_SLOPES[op](x, value, constants[0] if constants else ZERO)]


_SLOPES: Mapping[str, Callable[[arb, arb, fmpq], arb]] = MappingProxyType(
    {
        "exp": lambda x, y, r: y,
        "log": lambda x, y, r: 1 / x,
        "softplus": lambda x, y, r: 1 / (1 + (-x).exp()),
        "sigmoid": lambda x, y, r: y * (1 - y),
        "tanh": lambda x, y, r: 1 - y * y,
        "xlogx": lambda x, y, r: x.log() + 1,
        "power": lambda x, y, r: arb(r) * ball("power", [x], [r - 1]) if r != 0 else arb(0),
        "sin": lambda x, y, r: x.cos(),
        "cos": lambda x, y, r: -x.sin(),
        "atan": lambda x, y, r: 1 / (1 + x * x),
    }
)


def slope_as_sum(ring: Ring, line: Straight, at: fmpq | None) -> Sum:
    """The slope as an exact sum, of the variable or at a number.

    Raises:
        Refusal: An operation has no exact derivative here.
    """
    found: dict[int, Dual] = {}
    for index in needed(line.code, [line.output]):
        op, args, constants = line.code[index]
        if op == "variable":
            value = applied(ring, op, [], constants) if at is None else number_sum(at)
            found[index] = value, number_sum(ONE)
            continue
        xs = [found[a][0] for a in args]
        value = applied(ring, op, xs, constants)
        total: Sum = {}
        for a, partial in zip(args, _partials(ring, op, xs, constants, value), strict=True):
            if found[a][1]:
                accumulate(total, multiplied(partial(), found[a][1]))
        found[index] = value, total
    return found[line.output][1]


def _partials(ring: Ring, op: str, xs: list[Sum], constants: Sequence[fmpq], value: Sum) -> Sequence[Callable[[], Sum]]:
    """The derivatives by each argument; worked out only where they are wanted."""

    def of(name: str, x: Sum, *more: fmpq) -> Sum:
        return applied(ring, name, [x], more)

    def sums(*terms: tuple[fmpq, Sum]) -> Sum:
        total: Sum = {}
        for c, x in terms:
            accumulate(total, x, c)
        return total

    if op == "constant":
        return []
    if op == "linear":
        return [lambda c=c: number_sum(c) for c in constants[:-1]]
    if op == "multiply":
        return [lambda: xs[1], lambda: xs[0]]
    if op == "logsumexp":
        return [lambda x=x: of("exp", sums((ONE, x), (-ONE, value))) for x in xs]
    one: Mapping[str, Callable[[], Sum]] = {
        "exp": lambda: value,
        "log": lambda: of("power", xs[0], -ONE),
        "softplus": lambda: of("sigmoid", xs[0]),
        "sigmoid": lambda: multiplied(value, sums((ONE, number_sum(ONE)), (-ONE, value))),
        "tanh": lambda: sums((ONE, number_sum(ONE)), (-ONE, multiplied(value, value))),
        "xlogx": lambda: sums((ONE, of("log", xs[0])), (ONE, number_sum(ONE))),
        "power": lambda: multiplied(number_sum(constants[0]), of("power", xs[0], constants[0] - 1)),
    }
    demand(op in one, f"{op} has no exact derivative")
    return [one[op]]


def cells(domain: Interval, breakpoints: Sequence[fmpq]) -> list[Interval]:
    """The open intervals between breakpoints.

    Raises:
        Refusal: They are not in order, or not inside the domain.
    """
    ends = [domain.low, *breakpoints, domain.high]
    inner = all(domain.contains(x) and x not in (domain.low, domain.high) for x in breakpoints)
    demand(inner and all(a < b for a, b in pairwise(breakpoints)), "the breakpoints are not in order")
    return [Interval(a, b) for a, b in pairwise(ends)]
