"""The value of a program in floats and in balls, and the program of its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, ctx

from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Builder, Program


def floats(program: Program, points: Any) -> list[Any]:
    """The value of every instruction in float64, at many points at once.

    Args:
        program: With `variables` variables.
        points: Shape (variables, n).

    Returns:
        One array of n values for each instruction. Where the program has no value there is a nan.
    """
    values: list[Any] = []
    with np.errstate(all="ignore"):
        for op, args, constants in program.instructions:
            if op == "variable":
                values.append(points[int(constants[0].p)])
            elif op in ("constant", "infinity", "opaque"):
                at = {"constant": float(constants[0]), "infinity": float(constants[0]) * np.inf, "opaque": np.nan}[op]
                values.append(np.full(points.shape[1], at))
            else:
                values.append(PRIMITIVES[op].value([values[a] for a in args], constants))
    return values


def balls(program: Program, point: Sequence[arb], bits: int = 100) -> list[arb]:
    """An enclosure of every instruction's value for all points in a box of balls."""
    values: list[arb] = []
    with ctx.workprec(bits):
        for op, args, constants in program.instructions:
            if op == "variable":
                values.append(arb(point[int(constants[0].p)]))
            elif op == "constant":
                values.append(arb(constants[0]))
            elif op in ("infinity", "opaque"):
                values.append(arb("nan"))
            else:
                values.append(PRIMITIVES[op].ball([values[a] for a in args], constants))
    return values


def gradient(program: Program) -> tuple[Program, tuple[int, ...]]:
    """The program extended by its partial derivatives, and their indices in the order of the variables."""
    builder = Builder(program)
    zero = builder.constant(0)
    adjoints: dict[int, list[tuple[int, int]]] = {program.output: [(1, builder.constant(1))]}
    partials = [zero] * program.variables
    for index in range(program.output, -1, -1):
        op, args, constants = program.instructions[index]
        if index not in adjoints:
            continue
        adjoint = builder.linear(adjoints.pop(index))
        if op == "variable":
            partials[int(constants[0].p)] = adjoint
        elif op in PRIMITIVES and adjoint != zero:
            for arg, part in zip(args, PRIMITIVES[op].pullback(builder, args, constants, index, adjoint), strict=True):
                if part != zero:
                    adjoints.setdefault(arg, []).append((1, part))
    instructions = tuple(builder.instructions)
    names = tuple(sorted(builder.names.items()))
    return (
        Program(instructions, program.output, program.variables, program.domain, program.through_affine, (), names),
        tuple(partials),
    )
