"""A sum taken apart into functions of one affine scalar u = c.x + b each, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Instruction, Program

Direction: TypeAlias = tuple[tuple[int, fmpq], ...]  # variables and coefficients, the first of them 1
Term: TypeAlias = tuple[int, fmpq]  # an instruction and its coefficient


@dataclass(frozen=True, slots=True)
class Affine:
    """size * (direction . x) + bias; the direction is empty for a constant. `whole`: there is nothing besides."""

    direction: Direction
    size: fmpq
    bias: fmpq
    whole: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Terms of the output that together are `scale` times a function of u.

    Attributes:
        terms: Of the output.
        argument: u as a function of the variables.
        scale: Positive.
        function: Of the variable u; its domain is where u ranges.
    """

    terms: tuple[Term, ...]
    argument: Affine
    scale: fmpq
    function: Program


@dataclass(frozen=True, slots=True)
class Sum:
    """The output of a program as a sum: affine terms (not listed), groups, and the rest."""

    groups: tuple[Group, ...]
    rest: tuple[Term, ...]


_CONSTANT, _MIXED = 0, -1
"""Stand for the direction of what depends on no variable, and on more than one affine scalar."""

_NOTHING = Affine((), fmpq(0), fmpq(0), False)


def split(program: Program) -> Sum:
    """Take the output apart; equal directions go together, in the order of their first terms."""
    parts = [_affine_part(program, instruction) for instruction in program.instructions]
    directions = _directions(program, parts)
    together: dict[int, list[Term]] = {}
    for index, coefficient in _terms(program):
        if not parts[index].whole:
            together.setdefault(directions[index], []).append((index, coefficient))
    rest = together.pop(_MIXED, [])
    constants = together.pop(_CONSTANT, [])
    (next(iter(together.values()), rest)).extend(constants)
    return Sum(tuple(_group(program, parts, terms) for terms in together.values()), tuple(rest))


def _terms(program: Program) -> Sequence[Term]:
    op, args, constants = program.instructions[program.output]
    return list(zip(args, constants, strict=False)) if op == "linear" else [(program.output, fmpq(1))]


def _affine_part(program: Program, instruction: Instruction) -> Affine:
    """Of a sum its variables and bias; a variable or constant itself; nothing of all else."""
    op, args, constants = instruction
    if op == "variable":
        return Affine(((int(constants[0].p), fmpq(1)),), fmpq(1), fmpq(0), True)
    if op == "constant":
        return Affine((), fmpq(0), constants[0], True)
    if op != "linear":
        return _NOTHING
    variables = [
        (int(program.instructions[a].constants[0].p), c)
        for a, c in zip(args, constants, strict=False)
        if program.instructions[a].op == "variable"
    ]
    whole = len(variables) == len(args)
    variables = [(v, c) for v, c in variables if c != 0]
    if not variables:
        return Affine((), fmpq(0), constants[-1], whole)
    size = variables[0][1]
    direction = tuple(variables) if size == 1 else tuple((v, c / size) for v, c in variables)
    return Affine(direction, size, constants[-1], whole)


def _directions(program: Program, parts: Sequence[Affine]) -> list[int]:
    """For each instruction, which affine scalar's direction it is a function of."""
    known: dict[Direction, int] = {(): _CONSTANT}
    directions: list[int] = []
    for (op, args, _), part in zip(program.instructions, parts, strict=True):
        if op in ("opaque", "infinity"):
            directions.append(_MIXED)
            continue
        inner = set() if part.whole else {directions[a] for a in _other_arguments(program, op, args)}
        if part.direction:
            inner.add(known.setdefault(part.direction, len(known)))
        inner.discard(_CONSTANT)
        directions.append(_CONSTANT if not inner else inner.pop() if len(inner) == 1 else _MIXED)
    return directions


def _other_arguments(program: Program, op: str, args: Sequence[int]) -> Sequence[int]:
    """The arguments that are not in the affine part."""
    return [a for a in args if program.instructions[a].op != "variable"] if op == "linear" else args


def _group(program: Program, parts: Sequence[Affine], terms: Sequence[Term]) -> Group:
    cone = _cone(program, parts, [index for index, _ in terms])
    # The first affine argument is u itself, so that functions that differ by a shift look the same.
    u = next(parts[index] for index in cone if parts[index].direction)
    scale = abs(next((c for _, c in terms if c != 0), fmpq(1)))
    instructions = [Instruction("variable", (), (fmpq(0),))]
    place: dict[int, int] = {}
    for index in cone:
        written = _rewrite(program, index, parts[index], u, place)
        place[index] = len(instructions) if written else 0
        if written:
            instructions.append(written)
    total = sorted((place[i], c / scale) for i, c in terms)
    instructions.append(Instruction("linear", tuple(i for i, _ in total), (*(c for _, c in total), fmpq(0))))
    function = Program(tuple(instructions), len(instructions) - 1, 1, _range(u, program.domain))
    return Group(tuple(terms), u, scale, function)


def _cone(program: Program, parts: Sequence[Affine], roots: Sequence[int]) -> list[int]:
    """The instructions that the roots need: affine ones (not taken apart), constants by value, all others."""
    needed = set(roots)
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if parts[index].whole:
            continue
        op, args, _ = program.instructions[index]
        for arg in _other_arguments(program, op, args):
            if arg not in needed:
                needed.add(arg)
                waiting.append(arg)

    def rank(index: int) -> tuple[int, fmpq, int]:
        part = parts[index]
        if program.instructions[index].op == "constant":
            return 1, part.bias, index
        return 0 if part.whole else 2, _ZERO, index

    return sorted(needed, key=rank)


_ZERO = fmpq(0)
_SYMMETRIC = frozenset({"max", "multiply", "logsumexp"})


def _rewrite(program: Program, index: int, part: Affine, u: Affine, place: dict[int, int]) -> Instruction | None:
    """The instruction over u: its affine part becomes a u + b, all else stays as it is. None for u itself."""
    op, args, constants = program.instructions[index]
    if op not in ("linear", "variable"):
        moved = [place[a] for a in args]
        return Instruction(op, tuple(sorted(moved) if op in _SYMMETRIC else moved), constants)
    factor = part.size / u.size
    bias = part.bias - factor * u.bias
    if part.whole and factor == 1 and bias == 0:
        return None
    terms = sorted(
        (place[a], c) for a, c in zip(args, constants, strict=False) if program.instructions[a].op != "variable"
    )
    if factor != 0:
        terms.insert(0, (0, factor))
    if not terms:
        return Instruction("constant", (), (bias,))
    return Instruction("linear", tuple(i for i, _ in terms), (*(c for _, c in terms), bias))


def _range(argument: Affine, domain: Interval) -> Interval:
    """Where u ranges while every variable ranges over the domain."""
    low, high = argument.bias, argument.bias
    bounded_below = bounded_above = True
    low_open = high_open = False
    for _, part in argument.direction:
        c = part * argument.size
        ends = (domain.low, domain.low_open), (domain.high, domain.high_open)
        (a, a_open), (b, b_open) = ends if c > 0 else ends[::-1]
        bounded_below, bounded_above = bounded_below and a is not None, bounded_above and b is not None
        low += c * (a or 0)
        high += c * (b or 0)
        low_open, high_open = low_open or a_open, high_open or b_open
    return Interval(
        low if bounded_below else None,
        high if bounded_above else None,
        low_open or not bounded_below,
        high_open or not bounded_above,
    )
