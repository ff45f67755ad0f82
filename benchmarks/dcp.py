"""What CVXPY's disciplined convex programming (DCP) rules say of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from benchmarks.independent import all_balls
from lossaudit.geometry.program import Program


@dataclass(frozen=True, slots=True)
class Translation:
    """A program in CVXPY's atoms.

    Attributes:
        expression: The CVXPY expression.
        restricted: Instructions that CVXPY's atoms silently restrict to values >= 0 (odd and negative powers).
    """

    expression: Any
    restricted: tuple[int, ...]

    @property
    def convex(self) -> bool:
        return bool(self.expression.is_convex())


def translated(program: Program) -> Translation | None:
    """The program in CVXPY's atoms; None where an operation has none."""
    import cvxpy as cp

    positive = program.domain.low is not None and program.domain.low >= 0
    variables = [cp.Variable(nonneg=positive) for _ in range(program.variables)]
    held: list[Any] = []
    restricted: list[int] = []
    for op, args, c in program.instructions:
        xs = [held[a] for a in args]
        if op == "variable":
            held.append(variables[int(c[0].p)])
        elif op == "constant":
            held.append(cp.Constant(int(c[0].p) / int(c[0].q)))
        elif op == "linear":
            held.append(
                sum(
                    (int(k.p) / int(k.q) * x for k, x in zip(c, xs, strict=False)),
                    cp.Constant(int(c[-1].p) / int(c[-1].q)),
                )
            )
        elif op == "multiply":
            held.append(cp.multiply(*xs))
        elif op == "power":
            if c[0].q != 1 or c[0] < 0 or int(c[0].p) % 2:
                restricted.append(args[0])
            held.append(cp.power(xs[0], int(c[0].p) / int(c[0].q)))
        elif op in ("exp", "log", "abs"):
            held.append(getattr(cp, op)(xs[0]))
        elif op == "logsumexp":
            held.append(cp.log_sum_exp(cp.hstack(xs)))
        elif op == "huber":
            held.append(cp.huber(xs[0], int(c[0].p) / int(c[0].q)) / 2)
        elif op == "softplus":
            held.append(cp.logistic(xs[0]))
        elif op == "xlogx":
            held.append(-cp.entr(xs[0]))
        elif op == "max":
            held.append(cp.maximum(*xs))
        else:
            return None
    return Translation(held[program.output], tuple(restricted))


def inside(program: Program, translation: Translation, point: Sequence[Fraction]) -> bool:
    """Whether a point lies in the domain that CVXPY's atoms imply."""
    values = all_balls(program, point, 400)
    return all(isinstance(value := values[index], arb) and value >= 0 for index in translation.restricted)
