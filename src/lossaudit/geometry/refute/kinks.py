"""Where lines cross the kinks and jumps of a function: the places that no derivative sees."""

from __future__ import annotations

from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.refute.segments import on_lines

Floats: TypeAlias = Any

_MOST = 64  # kinks that are looked at
_GRID = np.concatenate([-(2.0 ** np.arange(10, -11, -1)), [0.0], 2.0 ** np.arange(-10, 11)])
_HALVINGS = 60


def switches(program: Program) -> tuple[Program, tuple[int, ...]]:
    """The program extended by the quantities at whose zeros it has a kink or a jump, and their indices."""
    builder = Builder(program)
    found: dict[int, None] = {}
    for op, args, _ in program.instructions:
        if op in ("step", "step_closed", "abs"):
            found[args[0]] = None
        elif op == "max":
            for x, y in combinations(args[: _MOST // 4], 2):
                found[builder.minus(x, y)] = None
    kept = [i for i in found if builder.value(i) is None][:_MOST]
    extended = Program(tuple(builder.instructions), program.output, program.variables, program.domain)
    return extended, tuple(kept)


def normals(program: Program, kinks: tuple[int, ...]) -> Floats:
    """Directions across those kinks that are hyperplanes: shape (variables, few)."""
    columns: dict[tuple[float, ...], None] = {}
    for index in kinks:
        op, args, constants = program.instructions[index]
        terms = [(fmpq(1), index)] if op == "variable" else list(zip(constants, args, strict=False))
        if op not in ("variable", "linear") or any(program.instructions[a].op != "variable" for _, a in terms):
            continue
        column = np.zeros(program.variables)
        for coefficient, arg in terms:
            column[int(program.instructions[arg].constants[0].p)] += float(coefficient)
        columns[tuple(column / (np.abs(column).max() or 1.0))] = None
    return np.array(list(columns)).reshape(len(columns), program.variables).T


def crossings(
    program: Program, kinks: tuple[int, ...], bases: Floats, directions: Floats, *, most: int = 64
) -> tuple[Floats, Floats]:
    """Points on kinks along lines, and the directions of the lines.

    Args:
        program: Extended by the quantities that switch (see `switches`).
        kinks: Their indices.
        bases: Shape (variables, lines).
        directions: Shape (variables, lines).
        most: How many crossings to return.

    Returns:
        Two arrays of shape (variables, few).
    """
    values = on_lines(program, bases, directions, _GRID, kinks)[0][1:]
    with np.errstate(all="ignore"):
        change = (np.sign(values[..., :-1]) * np.sign(values[..., 1:]) <= 0) & (values[..., :-1] != values[..., 1:])
    places = np.argwhere(change)
    places = places[np.unique(np.linspace(0, len(places) - 1, most).astype(int))] if len(places) > most else places
    if not len(places):
        return np.empty((len(bases), 0)), np.empty((len(bases), 0))
    kink, line, at = places.T
    low, high = _GRID[at], _GRID[at + 1]
    sign = np.sign(values[kink, line, at])
    rows = np.arange(len(kink))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = _at(program, kinks, bases[:, line], directions[:, line], middle)[kink, rows]
        before = (np.sign(reached) == sign) & (sign != 0)
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    near = np.round(high * 64) / 64
    t = np.where(np.abs(near - high) < 1e-9 * np.maximum(1, np.abs(high)), near, high)
    return bases[:, line] + directions[:, line] * t, directions[:, line]


def _at(program: Program, kinks: tuple[int, ...], bases: Floats, directions: Floats, t: Floats) -> Floats:
    """The quantities that switch, at one point of each line: shape (kinks, lines)."""
    values = floats(program, bases + directions * t)
    return np.stack([values[i] for i in kinks])
