"""A loss over a batch as a sum of losses with disjoint variables, each distinct one once.

A sum of functions of disjoint variables is convex exactly when each of them is: add them up for one direction, hold the
other variables fixed for the other. So one row is proved or refuted in place of the batch, and rows that are the same
up to the names of their variables are decided together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpq

from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Builder, Program

COMMUTATIVE = frozenset({"linear", "multiply", "max", "logsumexp"})
_LEAVES = ("variable", "constant", "infinity", "opaque")
_NUMBER = {op: number for number, op in enumerate((*_LEAVES, *sorted(PRIMITIVES)))}  # the same in every process
_MODULUS = (1 << 61) - 1


@dataclass(frozen=True, slots=True)
class Part:
    """Some terms of a program's sum, and what they are as a program of their own.

    Attributes:
        terms: Positions of the terms among the arguments of the whole program's output; empty: all of it.
        program: Their sum, with variables numbered in the order in which it meets them.
        variables: The whole program's variable that stands behind each of its own.
        places: The whole program's instruction behind each of its instructions but the last (the sum itself).
    """

    terms: tuple[int, ...]
    program: Program
    variables: tuple[int, ...]
    places: tuple[int, ...]


def parts(program: Program) -> tuple[Part, ...]:
    """The terms of the program's sum, grouped so that no two groups share a variable.

    Terms without variables are left out: they are constants.
    """
    forms = _forms(program)
    output = program.instructions[program.output]
    if output.op != "linear":
        return (_extract(program, (), ((fmpq(1), program.output),), forms),)

    def order(term: int) -> tuple[int, int]:
        return hash((hash(output.constants[term]), forms[output.args[term]])), term

    return tuple(
        _extract(program, tuple(terms), [(output.constants[t], output.args[t]) for t in terms], forms)
        for terms in (sorted(group, key=order) for group in _groups(program, output.args))
    )


def _forms(program: Program) -> list[int]:
    """A number for each instruction: what it computes and what is done with it, whatever its variables are called.

    Only an order is taken from these numbers: equal ones by accident make two equal rows look different, no more.
    """
    down: list[int] = []
    for op, args, constants in program.instructions:
        inner = [down[a] for a in args]
        own = (_NUMBER[op], *map(hash, constants if op != "variable" else ()))
        if op == "linear":
            inner = [hash(pair) for pair in zip(inner, map(hash, constants), strict=False)]
            own = (_NUMBER[op], hash(constants[-1]))
        down.append(hash((*own, *(sorted(inner) if op in COMMUTATIVE else inner))))
    up = [0] * len(down)
    for index in range(len(down) - 1, -1, -1):
        op, args, constants = program.instructions[index]
        sum_of_all = index == program.output  # in which the rows stand side by side
        for position, arg in enumerate(args):
            role = hash(constants[position]) if op == "linear" else 0 if op in COMMUTATIVE else position
            above = (role,) if sum_of_all else (role, down[index], up[index])
            up[arg] = (up[arg] + hash(above)) % _MODULUS
    return [hash(pair) for pair in zip(down, up, strict=True)]


def _groups(program: Program, roots: Iterable[int]) -> list[list[int]]:
    """Positions of the roots, grouped by shared variables."""
    parent: dict[int, int] = {}

    def find(group: int) -> int:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    owner: dict[int, int] = {}  # of each instruction that depends on a variable
    varies = _varying(program)
    for position, root in enumerate(roots):
        if not varies[root]:
            continue
        parent[position] = position
        stack = [root]
        while stack:
            index = stack.pop()
            seen = owner.get(index)
            if seen is not None:
                parent[find(seen)] = find(position)
                continue
            owner[index] = position
            stack.extend(a for a in program.instructions[index].args if varies[a])
    groups: dict[int, list[int]] = {}
    for position in parent:
        groups.setdefault(find(position), []).append(position)
    return sorted(groups.values())


def _varying(program: Program) -> list[bool]:
    varies: list[bool] = []
    for op, args, _ in program.instructions:
        varies.append(op == "variable" or any(varies[a] for a in args))
    return varies


def _extract(
    program: Program, terms: tuple[int, ...], weighted: Sequence[tuple[fmpq, int]], forms: Sequence[int]
) -> Part:
    """These terms as a program whose form does not depend on how its variables were called."""
    builder = Builder()
    new: dict[int, int] = {}
    variables: list[int] = []
    stack = [index for _, index in reversed(weighted)]
    while stack:
        index = stack[-1]
        if index in new:
            stack.pop()
            continue
        op, args, constants = program.instructions[index]
        missing = [a for a in args if a not in new]
        if missing:
            if op in COMMUTATIVE:
                missing.sort(key=lambda a: (forms[a], a))
            stack.extend(reversed(missing))
            continue
        stack.pop()
        if op == "variable":
            new[index] = builder.variable(len(variables))
            variables.append(int(constants[0].p))
        else:
            new[index] = builder.add(op, *_ordered(op, [new[a] for a in args], constants))
            if op == "opaque":
                builder.names[new[index]] = program.name(index)
    output = builder.linear((c, new[i]) for c, i in weighted)
    back = {ours: theirs for theirs, ours in new.items()}
    places = tuple(back[i] for i in range(len(new)))
    names = tuple(sorted(builder.names.items()))
    row = Program(
        tuple(builder.instructions), output, len(variables), program.domain, program.through_affine, (), names
    )
    return Part(terms, row, tuple(variables), places)


def _ordered(op: str, args: list[int], constants: tuple[fmpq, ...]) -> tuple[list[int], tuple[fmpq, ...]]:
    """Arguments of a commutative operation in increasing order, with their coefficients."""
    if op == "linear":
        pairs = sorted(zip(args, constants, strict=False), key=lambda pair: pair[0])
        return [a for a, _ in pairs], (*(c for _, c in pairs), constants[-1])
    return (sorted(args) if op in COMMUTATIVE else args), constants
