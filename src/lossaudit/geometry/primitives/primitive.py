"""What is known of one scalar operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Builder

Floats: TypeAlias = Any  # a NumPy array of float64: one value for each of many points
Constants: TypeAlias = Sequence[fmpq]
Ranges: TypeAlias = Sequence[Interval]


class Curvature(IntFlag):
    """What is known of a function's curvature; more flags say more, and UNKNOWN says nothing.

    `a & b` is what two functions have in common: the curvature of their sum.
    """

    UNKNOWN = 0
    CONVEX = 1
    CONCAVE = 2
    AFFINE = CONVEX | CONCAVE
    CONSTANT = AFFINE | 4

    @property
    def negated(self) -> Curvature:
        """The curvature of -f."""
        if self in (Curvature.CONVEX, Curvature.CONCAVE):
            return Curvature.AFFINE & ~self
        return self


def no_kinks(constants: Constants) -> tuple[fmpq, ...]:
    return ()


def nothing(ranges: Ranges, constants: Constants) -> Curvature:
    return Curvature.UNKNOWN


def everywhere(ranges: Ranges, constants: Constants) -> bool:
    return True


def no_direction(ranges: Ranges, constants: Constants) -> tuple[int, ...]:
    return (0,) * len(ranges)


def anything(ranges: Ranges, constants: Constants) -> Interval:
    return Interval()


@dataclass(frozen=True, slots=True)
class Primitive:
    """One scalar operation and all that is known of it. Facts are about a box of argument ranges.

    Attributes:
        name: As in `Instruction.op`.
        value: Its value in float64, for many points at once.
        ball: Its value in ball arithmetic: an enclosure for all members of the argument balls, or a ball that is not
            finite where some member has no value.
        pullback: `(builder, args, constants, own, adjoint)` -> adjoints of the arguments, as instructions: the chain
            rule, where the derivative exists.
        range: Exact enclosure of its values.
        defined: Whether it has a value on the whole box.
        curvature: Its curvature on the box, jointly in all arguments.
        monotone: For each argument +1 (non-decreasing on the box), -1 (non-increasing) or 0 (not known).
        kinks: Values of its argument where it is not twice differentiable (operations of one argument).
        expansion: The same function in base operations; facts of a composite are proved from it.
        source: Why the facts hold, for people: a line of mathematics.
    """

    name: str
    value: Callable[[Sequence[Floats], Constants], Floats]
    ball: Callable[[Sequence[arb], Constants], arb]
    pullback: Callable[[Builder, Sequence[int], Constants, int, int], tuple[int, ...]]
    range: Callable[[Ranges, Constants], Interval] = anything
    defined: Callable[[Ranges, Constants], bool] = everywhere
    curvature: Callable[[Ranges, Constants], Curvature] = nothing
    monotone: Callable[[Ranges, Constants], tuple[int, ...]] = no_direction
    kinks: Callable[[Constants], tuple[fmpq, ...]] = no_kinks
    expansion: Callable[[Builder, Sequence[int], Constants], int] | None = field(default=None)
    source: str = ""
