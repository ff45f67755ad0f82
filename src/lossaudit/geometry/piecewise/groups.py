"""A sum taken apart into functions of one affine scalar u = c.x + b each, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Builder, Program

Direction: TypeAlias = tuple[tuple[int, fmpq], ...]  # variables and coefficients, the first of them 1
Term: TypeAlias = tuple[int, fmpq]  # an instruction and its coefficient


@dataclass(frozen=True, slots=True)
class Affine:
    """size * (direction . x) + bias; the direction is empty for a constant."""

    direction: Direction
    size: fmpq
    bias: fmpq


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


def split(program: Program) -> Sum:
    """Take the output apart; equal directions go together, in the order of their first terms."""
    directions = _directions(program)
    together: dict[int, list[Term]] = {}
    for index, coefficient in _terms(program):
        if not _is_affine(program, index):
            together.setdefault(directions[index], []).append((index, coefficient))
    rest = together.pop(_MIXED, [])
    constants = together.pop(_CONSTANT, [])
    (next(iter(together.values()), rest)).extend(constants)
    return Sum(tuple(_group(program, terms) for terms in together.values()), tuple(rest))


def _terms(program: Program) -> Sequence[Term]:
    op, args, constants = program.instructions[program.output]
    return list(zip(args, constants, strict=False)) if op == "linear" else [(program.output, fmpq(1))]


def _directions(program: Program) -> list[int]:
    """For each instruction, which affine scalar's direction it is a function of."""
    known: dict[Direction, int] = {(): _CONSTANT}
    directions: list[int] = []
    for index, (op, args, _) in enumerate(program.instructions):
        if op in ("opaque", "infinity"):
            directions.append(_MIXED)
            continue
        inner = {directions[a] for a in args if op != "linear" or program.instructions[a].op != "variable"}
        if op in ("linear", "variable"):
            inner.add(known.setdefault(affine(program, index).direction, len(known)))
        inner.discard(_CONSTANT)
        directions.append(_CONSTANT if not inner else inner.pop() if len(inner) == 1 else _MIXED)
    return directions


def affine(program: Program, index: int) -> Affine:
    """The affine part of an instruction: a variable itself, of a sum its variables and bias."""
    op, args, constants = program.instructions[index]
    if op == "variable":
        return Affine(((int(constants[0].p), fmpq(1)),), fmpq(1), fmpq(0))
    if op != "linear":
        return Affine((), fmpq(0), fmpq(0))
    parts = [
        (int(program.instructions[a].constants[0].p), c)
        for a, c in zip(args, constants, strict=False)
        if c != 0 and program.instructions[a].op == "variable"
    ]
    if not parts:
        return Affine((), fmpq(0), constants[-1])
    size = parts[0][1]
    return Affine(tuple((v, c / size) for v, c in parts), size, constants[-1])


def _is_affine(program: Program, index: int) -> bool:
    op, args, _ = program.instructions[index]
    return op in ("variable", "constant") or (
        op == "linear" and all(program.instructions[a].op == "variable" for a in args)
    )


def _group(program: Program, terms: Sequence[Term]) -> Group:
    cone = _cone(program, [index for index, _ in terms])
    argument = _argument(program, cone)
    scale = abs(next((c for _, c in terms if c != 0), fmpq(1)))
    builder = Builder()
    place: dict[int, int] = {}
    for index in cone:
        place[index] = _rewrite(program, index, argument, place, builder)
    total = sorted((place[i], c / scale) for i, c in terms)
    output = builder.add("linear", [i for i, _ in total], [*(c for _, c in total), fmpq(0)])
    function = Program(tuple(builder.instructions), output, 1, _range(argument, program.domain))
    return Group(tuple(terms), argument, scale, function)


def _cone(program: Program, roots: Sequence[int]) -> list[int]:
    """The instructions that the roots need, by rank, affine ones not taken apart."""
    needed = set(roots)
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if _is_affine(program, index):
            continue
        op, args, _ = program.instructions[index]
        for arg in args:
            if arg not in needed and not (op == "linear" and program.instructions[arg].op == "variable"):
                needed.add(arg)
                waiting.append(arg)
    return sorted(needed, key=lambda index: _rank(program, index))


def _rank(program: Program, index: int) -> tuple[int, fmpq, int]:
    """What is affine comes first, then constants by value: an order that like groups share."""
    op, _, constants = program.instructions[index]
    if op == "constant":
        return 1, constants[0], index
    return 0 if _is_affine(program, index) else 2, fmpq(0), index


def _argument(program: Program, cone: Sequence[int]) -> Affine:
    """The first affine argument in the cone is u itself, so that functions that differ by a shift look the same."""
    return next(found for found in (affine(program, index) for index in cone) if found.direction)


_SYMMETRIC = frozenset({"max", "multiply", "logsumexp"})


def _rewrite(program: Program, index: int, u: Affine, place: dict[int, int], builder: Builder) -> int:
    """The instruction over u: affine parts become a u + b, all else stays as it is."""
    op, args, constants = program.instructions[index]
    if op not in ("linear", "variable"):
        moved = [place[a] for a in args]
        return builder.add(op, sorted(moved) if op in _SYMMETRIC else moved, constants)
    found = affine(program, index)
    factor = found.size / u.size
    bias = found.bias - factor * u.bias if found.direction else found.bias
    variable = builder.add("variable", (), (fmpq(0),))
    if _is_affine(program, index) and factor == 1 and bias == 0:
        return variable
    terms = sorted(
        (place[a], c) for a, c in zip(args, constants, strict=False) if program.instructions[a].op != "variable"
    )
    if factor != 0:
        terms.append((variable, factor))
    if not terms:
        return builder.add("constant", (), (bias,))
    return builder.add("linear", [i for i, _ in terms], [*(c for _, c in terms), bias])


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
