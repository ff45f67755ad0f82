"""Rule `pieces`: a sum of functions of one affine scalar each, convex between breakpoints and across them.

A function of one variable is convex if it is convex on each open interval between breakpoints, continuous at them, and
its slope does not fall there. Where its certificate names a smooth expression for a piece, that is used only if the
checker sees no proof of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import ctx, fmpq, fmpq_poly

from lossaudit.recheck.algebra import Ring, Sum, accumulate, is_zero
from lossaudit.recheck.claims import CONVEX
from lossaudit.recheck.intervals import ONE, ZERO, Interval, only, plus, scaled
from lossaudit.recheck.normal import Names
from lossaudit.recheck.programs import Instruction, Program, number, read, sequence, whole
from lossaudit.recheck.refusal import Refusal, demand
from lossaudit.recheck.scalar import nonnegative
from lossaudit.recheck.second import derivative, is_nonnegative
from lossaudit.recheck.straight import (
    BITS,
    Straight,
    as_sum,
    cells,
    slope_as_sum,
    slope_in_balls,
    straightened,
    value_in_balls,
)

Prove = Callable[[Any], frozenset[str]]


def pieces(data: Any, program: Program, prove: Prove) -> frozenset[str]:
    """The terms of the value are affine, or functions of one affine scalar that are convex, or a convex rest.

    Raises:
        Refusal: They are not.
    """
    op, args, constants = program.instructions[program.output]
    terms: dict[int, fmpq] = {}
    if op == "linear":
        for c, arg in zip(constants, args, strict=False):
            terms[arg] = terms.get(arg, ZERO) + c
    else:
        terms[program.output] = ONE
    axioms: set[str] = set()
    functions: list[Program] = []
    for function in sequence(data["functions"]):
        functions.append(read(function["function"]))
        axioms |= _check_function(function, functions[-1], prove)
    names = Names()
    known = [names.of(f.instructions)[f.output] for f in functions]
    left = set(terms)
    for group in sequence(data["groups"]):
        own = [whole(i, len(program.instructions)) for i in sequence(group["terms"])]
        demand(len(set(own)) == len(own) and set(own) <= left, "the groups of terms overlap")
        left -= set(own)
        _check_group(program, group, {i: terms[i] for i in own}, functions, names, known)
    if data["rest"] is not None:
        own = [whole(i, len(program.instructions)) for i in sequence(data["rest"]["terms"])]
        demand(len(set(own)) == len(own) and set(own) <= left, "the rest overlaps the groups")
        left -= set(own)
        axioms |= _prove_rest(program, {i: terms[i] for i in own}, data["rest"]["certificate"], prove)
    demand(all(_is_affine(program, i) for i in left), "a term is in no group and not affine")
    return frozenset(axioms)


def _is_affine(program: Program, index: int) -> bool:
    stack = [index]
    seen: set[int] = set()
    while stack:
        i = stack.pop()
        if i in seen:
            continue
        seen.add(i)
        op, args, _ = program.instructions[i]
        if op not in ("variable", "constant", "linear"):
            return False
        stack.extend(args)
    return True


def _prove_rest(program: Program, terms: Mapping[int, fmpq], data: Any, prove: Prove) -> frozenset[str]:
    inner = read(data["program"])
    total = Instruction("linear", tuple(terms), (*terms.values(), ZERO))
    names = Names()
    asked = names.of((*program.instructions, total))[-1]
    same = asked == names.of(inner.instructions)[inner.output]
    demand(same and inner.domain == program.domain, "the rest is not what its certificate is about")
    demand(inner.variables == program.variables, "the rest has other variables")
    return prove({"rule": "facts", "data": data})


# ---- Groups ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scalar:
    """An affine scalar u = sum_j c_j x_j + bias."""

    coefficients: Mapping[int, fmpq]
    bias: fmpq

    def over(self, variables: Mapping[int, fmpq], bias: fmpq) -> tuple[fmpq, fmpq]:
        """(a, b) with sum_j v_j x_j + bias = a u + b.

        Raises:
            Refusal: It is not a function of u.
        """
        variables = {j: v for j, v in variables.items() if v != 0}
        if not variables:
            return ZERO, bias
        j = next(iter(variables))
        demand(j in self.coefficients, "a term is not a function of the group's scalar")
        a = variables[j] / self.coefficients[j]
        same = variables == {j: a * c for j, c in self.coefficients.items()}
        demand(same, "a term is not a function of the group's scalar")
        return a, bias - a * self.bias

    def range(self, domain: Interval) -> Interval:
        reach = only(self.bias)
        for c in self.coefficients.values():
            reach = plus(reach, scaled(c, domain))
        return reach


def _check_group(
    program: Program,
    group: Mapping[str, Any],
    terms: Mapping[int, fmpq],
    functions: Sequence[Program],
    names: Names,
    known: Sequence[int],
) -> None:
    """Check that the terms together are s times a known function of u."""
    rows = [sequence(row, 2) for row in sequence(group["argument"]["coefficients"])]
    coefficients = {whole(j, program.variables): number(c) for j, c in rows}
    demand(len(coefficients) == len(rows) and all(c != 0 for c in coefficients.values()), "an argument is malformed")
    u = Scalar(coefficients, number(group["argument"]["bias"]))
    scale = number(group["scale"])
    k = whole(group["function"], len(functions))
    demand(scale > 0, "a scale is not positive")
    demand(functions[k].variables == 1, "a function has not one variable")
    demand(functions[k].domain.encloses(u.range(program.domain)), "a function's domain is too small")
    code = _over(program, u, {i: c / scale for i, c in terms.items()})
    demand(names.of(code)[-1] == known[k], "a group's terms are not its function")


def _over(program: Program, u: Scalar, terms: Mapping[int, fmpq]) -> list[Instruction]:
    """The sum of some terms as a program of one variable u."""
    code = [Instruction("variable", (), (ZERO,))]
    place: dict[int, int] = {}
    for index in _cone(program, terms):
        op, args, constants = program.instructions[index]
        if op == "variable":
            a, b = u.over({int(constants[0].p): ONE}, ZERO)
            code.append(Instruction("linear", (0,), (a, b)))
        elif op == "linear":
            variables: dict[int, fmpq] = {}
            others: list[tuple[int, fmpq]] = []
            for c, arg in zip(constants, args, strict=False):
                inner = program.instructions[arg]
                if inner.op == "variable":
                    j = int(inner.constants[0].p)
                    variables[j] = variables.get(j, ZERO) + c
                else:
                    others.append((place[arg], c))
            a, b = u.over(variables, constants[-1])
            code.append(Instruction("linear", (0, *(i for i, _ in others)), (a, *(c for _, c in others), b)))
        else:
            code.append(Instruction(op, tuple(place[a] for a in args), constants))
        place[index] = len(code) - 1
    code.append(Instruction("linear", tuple(place[i] for i in terms), (*terms.values(), ZERO)))
    return code


def _cone(program: Program, roots: Mapping[int, fmpq]) -> list[int]:
    """What some terms depend on; of a sum not its variables."""
    found = set(roots)
    stack = list(roots)
    while stack:
        op, args, _ = program.instructions[stack.pop()]
        for arg in args:
            if arg not in found and not (op == "linear" and program.instructions[arg].op == "variable"):
                found.add(arg)
                stack.append(arg)
    return sorted(found)


# ---- Functions of one variable -----------------------------------------------------------------------------------


def _check_function(data: Mapping[str, Any], function: Program, prove: Prove) -> frozenset[str]:
    """Check that a function of one variable is convex on its domain; what is trusted for it.

    Raises:
        Refusal: It is not seen to be.
    """
    demand(function.variables == 1, "a function has not one variable")
    breakpoints = [number(x) for x in sequence(data["breakpoints"])]
    named = [_Piece.read(piece) for piece in sequence(data["pieces"])]
    lines = [straightened(function, cell) for cell in cells(function.domain, breakpoints)]
    axioms: set[str] = set()
    for line in lines:
        axioms |= _convex(line, named, prove)
    for at, left, right in zip(breakpoints, lines, lines[1:], strict=False):
        own = straightened(function, only(at))
        demand(_difference(own, left, at) == 0 == _difference(own, right, at), "the value jumps at a breakpoint")
        demand(_rise(left, right, at), "the slope is not seen to rise at a breakpoint")
    domain = function.domain
    for end, line in ((domain.low, lines[0]), (domain.high, lines[-1])):
        if end is not None and domain.contains(end):
            demand(_difference(straightened(function, only(end)), line, end) >= 0, "the value falls at an end")
    return frozenset(axioms)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a certificate says of one open interval."""

    interval: Interval
    expression: Any
    proof: Mapping[str, Any]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> _Piece:
        low, high = sequence(data["interval"], 2)
        interval = Interval(None if low is None else number(low), None if high is None else number(high))
        return cls(interval, data["expression"], data["proof"])


def _convex(line: Straight, named: Sequence[_Piece], prove: Prove) -> frozenset[str]:
    """What is trusted for the convexity of a function on one cell.

    Raises:
        Refusal: It is not seen.
    """
    cell, p = line.interval, line.polynomials[line.output]
    if p is not None:
        demand(_is_convex_polynomial(p, cell), "a polynomial is not convex on a cell")
        return frozenset({"second derivative"})
    if line.derivation.claims[line.output].curvature & CONVEX:
        return frozenset(line.derivation.axioms)
    piece = next((x for x in named if x.interval.encloses(cell)), None)
    if piece is None:
        raise Refusal("a cell lies in no piece")
    rule = piece.proof["rule"]
    if rule in ("facts", "sum"):
        inner = read(piece.proof["certificate"]["program"])
        demand(inner.variables == 1 and inner.domain.encloses(cell), "a piece's proof is about less than the piece")
        powers = fmpq_poly([number(c) for c in sequence(piece.proof["polynomial"])] if rule == "sum" else [])
        demand(_is_convex_polynomial(powers, cell), "a polynomial is not convex on a cell")
        ring = Ring()
        rest = as_sum(ring, line)
        accumulate(rest, as_sum(ring, inner), -ONE)
        accumulate(rest, _as_sum(powers), -ONE)
        demand(is_zero(ring, rest), "a piece's proof is about something else")
        return prove({"rule": "facts", "data": piece.proof["certificate"]}) | {"second derivative"}
    demand(rule == "derivative", "a piece is not seen to be convex")
    ring = Ring()
    second = derivative(ring, derivative(ring, as_sum(ring, line)))
    demand(is_nonnegative(ring, second, cell), "a second derivative is not seen to be >= 0")
    return frozenset({"second derivative", "exp"})


def _is_convex_polynomial(p: fmpq_poly, cell: Interval) -> bool:
    return nonnegative(p.derivative().derivative(), cell.low, cell.high)


def _as_sum(p: fmpq_poly) -> Sum:
    """A polynomial in variable 0."""
    return {(((("z", 0), fmpq(k)),) if k else (), ()): c for k, c in enumerate(p.coeffs()) if c != 0}


def _difference(own: Straight, line: Straight, at: fmpq) -> int:
    """The sign of the function's value at a number minus the limit of a line there.

    Raises:
        Refusal: It is not seen, or the line's operations are not continuous there.
    """
    limit = value_in_balls(line, at)
    demand(bool(limit.is_finite()), "the value has no limit at a breakpoint")
    ring = Ring()
    rest = as_sum(ring, own, at)
    accumulate(rest, as_sum(ring, line, at), -ONE)
    if is_zero(ring, rest):
        return 0
    with ctx.workprec(BITS):
        found = value_in_balls(own, at) - limit
    if found > 0 or found < 0:
        return 1 if found > 0 else -1
    raise Refusal("two values at a breakpoint are not seen to be equal or not")


def _rise(left: Straight, right: Straight, at: fmpq) -> bool:
    """Whether the slope on the right is seen to be no less than on the left."""
    with ctx.workprec(BITS):
        if slope_in_balls(right, at) - slope_in_balls(left, at) > 0:
            return True
    ring = Ring()
    rest = slope_as_sum(ring, right, at)
    accumulate(rest, slope_as_sum(ring, left, at), -ONE)
    return is_zero(ring, rest)
