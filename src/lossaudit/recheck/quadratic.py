"""Affine forms over the instructions of a program, and quadratic forms: positive semidefinite or not, exactly."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TypeAlias

from flint import fmpq

from lossaudit.recheck.intervals import ONE, ZERO
from lossaudit.recheck.programs import Instruction

Form: TypeAlias = dict[int, fmpq]  # an affine form: a coefficient for each instruction, and one for UNIT
Matrix: TypeAlias = dict[int, dict[int, fmpq]]

UNIT = -1
_MOST_STEPS = 2_000_000  # of an elimination; larger forms are not decided


def affine_form(instructions: Sequence[Instruction], index: int) -> Form:
    """One instruction as an affine form of others: a sum is opened once, anything else is itself.

    >>> affine_form([Instruction("variable", (), (ZERO,)), Instruction("linear", (0,), (ONE, fmpq(2)))], 1)
    {0: 1, -1: 2}
    """
    op, args, constants = instructions[index]
    if op == "constant":
        return {UNIT: constants[0]} if constants[0] != 0 else {}
    if op != "linear":
        return {index: ONE}
    form: Form = {}
    for c, arg in zip(constants, args, strict=False):
        inner = instructions[arg]
        add(form, {UNIT: inner.constants[0]} if inner.op == "constant" else {arg: ONE}, c)
    add(form, {UNIT: ONE}, constants[-1])
    return form


def add(form: MutableMapping[int, fmpq], other: Mapping[int, fmpq], factor: fmpq) -> None:
    """Add a multiple of another form; what becomes 0 is left out."""
    for index, c in other.items():
        total = form.get(index, ZERO) + factor * c
        if total == 0:
            form.pop(index, None)
        else:
            form[index] = total


def add_product(matrix: Matrix, x: Form, y: Form, factor: fmpq) -> None:
    """Add the symmetric matrix of factor x y, a product of two affine forms."""
    for i, a in x.items():
        for j, b in y.items():
            half = factor * a * b / 2
            for row, column in ((i, j), (j, i)):
                entries = matrix.setdefault(row, {})
                entries[column] = entries.get(column, ZERO) + half


def positive_semidefinite(matrix: Matrix) -> bool:
    """Whether a symmetric matrix is, by exact elimination: each pivot is > 0, or its whole row is 0.

    >>> positive_semidefinite({0: {0: ONE, 1: ONE}, 1: {0: ONE, 1: ONE}})
    True
    >>> positive_semidefinite({0: {0: ONE, 1: ONE}, 1: {0: ONE, 1: 1 - fmpq(1, 10**11)}})
    False
    """
    rest = {i: {j: c for j, c in row.items() if c != 0} for i, row in matrix.items()}
    steps = 0
    for pivot in sorted(rest, key=lambda i: len(rest[i])):
        row = rest.pop(pivot)
        diagonal = row.pop(pivot, ZERO)
        if diagonal < 0 or (diagonal == 0 and row):
            return False
        steps += len(row) ** 2
        if steps > _MOST_STEPS:
            return False
        for i, a in row.items():
            rest[i].pop(pivot, None)
            add(rest[i], row, -a / diagonal)
    return True
