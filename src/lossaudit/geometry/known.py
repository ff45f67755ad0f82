"""Facts in the making: what is proved so far of the instructions of a program, in columns.

A curvature is an integer here, with the bits of `Curvature`: a pass over many thousand instructions has no time for
enumerations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flint import fmpq

from lossaudit.geometry.facts import Facts
from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.primitives.primitive import Curvature
from lossaudit.geometry.program import Instruction

CONVEX, CONCAVE, AFFINE, CONSTANT = (
    int(c) for c in (Curvature.CONVEX, Curvature.CONCAVE, Curvature.AFFINE, Curvature.CONSTANT)
)
NEGATED = (0, CONCAVE, CONVEX, AFFINE, 0, 0, 0, CONSTANT)
"""The curvature of -f, by that of f."""

_NAMED = (*(Curvature(i) for i in range(4)), *(Curvature.UNKNOWN,) * 3, Curvature.CONSTANT)
_ZERO, _ONE = fmpq(0), fmpq(1)
_NOTHING = Facts()


class Shape(NamedTuple):
    """The curvatures of f, log f and log(1 - f), and the rule that gave the first."""

    curvature: int = 0
    log: int = 0
    complement: int = 0
    rule: str = ""


class Given(NamedTuple):
    """What is known of a leaf that stands for any function."""

    range: Interval
    curvature: int
    log: int
    complement: int

    @property
    def shape(self) -> Shape:
        return Shape(self.curvature, self.log, self.complement, "given")


class Known:
    """The facts about every instruction so far, one list a kind.

    Attributes:
        like: For each instruction one before it (or itself) that is the same function of one variable, under another
            name; it has the same facts.
        bounds, parts: What `relations` found out about sums and maxima, to look it up again.
    """

    __slots__ = (
        "bounds",
        "complement",
        "curvature",
        "defined",
        "instructions",
        "like",
        "log",
        "parts",
        "ranges",
        "rule",
    )

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        self.instructions = instructions
        self.ranges: list[Interval] = []
        self.curvature: list[int] = []
        self.log: list[int] = []
        self.complement: list[int] = []
        self.defined: list[bool] = []
        self.rule: list[str] = []
        self.like: list[int] = []
        self.bounds: dict[int, Any] = {}
        self.parts: dict[int, int] = {}

    def copy(self, index: int) -> None:
        """The next instruction has the facts of the one at `index`."""
        self.ranges.append(self.ranges[index])
        self.curvature.append(self.curvature[index])
        self.log.append(self.log[index])
        self.complement.append(self.complement[index])
        self.defined.append(self.defined[index])
        self.rule.append(self.rule[index])

    def nothing(self) -> None:
        """The next instruction has no value somewhere, or nothing is known of it."""
        self.ranges.append(REALS)
        self.curvature.append(0)
        self.log.append(0)
        self.complement.append(0)
        self.defined.append(False)
        self.rule.append("")

    def append(self, range: Interval, shape: Shape) -> None:
        """The next instruction has a value everywhere; what follows from its facts is added to them."""
        curvature, log, complement, rule = shape
        if range.low is not None and range.low == range.high:
            curvature, rule = CONSTANT, rule or "constant"
        positive = range.positive
        below_one = range.high is not None and (range.high < _ONE or (range.high == _ONE and range.high_open))
        if not positive:
            log = 0
        if not below_one:
            complement = 0
        implied = (log & CONVEX) | ((complement & CONVEX) << 1)
        if implied & ~curvature:  # f is convex if log f is; concave if log(1 - f) is convex
            curvature, rule = curvature | implied, "log-convex" if log & CONVEX else "complement log-convex"
        if positive:
            log |= CONSTANT if curvature == CONSTANT else curvature & CONCAVE
        if below_one:
            complement |= CONSTANT if curvature == CONSTANT else (curvature & CONVEX) << 1
        self.ranges.append(range)
        self.curvature.append(curvature)
        self.log.append(log)
        self.complement.append(complement)
        self.defined.append(True)
        self.rule.append(rule if curvature else "")

    def facts(self, index: int) -> Facts:
        """What is known of one instruction."""
        if not self.defined[index]:
            return _NOTHING
        return Facts(
            self.ranges[index],
            _NAMED[self.curvature[index]],
            _NAMED[self.log[index]],
            _NAMED[self.complement[index]],
            True,
            self.rule[index],
        )

    def given(self, index: int) -> Given:
        """What is known of one instruction, for the proof of something that is applied to it."""
        return Given(self.ranges[index], self.curvature[index], self.log[index], self.complement[index])

    def affine(self, index: int) -> bool:
        return self.curvature[index] & AFFINE == AFFINE

    def form(self, index: int) -> tuple[dict[int, fmpq], fmpq]:
        """The instruction as a linear form in others that are no constants, one level down, and its bias."""
        op, args, constants = self.instructions[index]
        if op == "linear":
            terms, bias = {a: c for a, c in zip(args, constants, strict=False) if c}, constants[-1]
            for a in args:
                if self.instructions[a].op == "constant":
                    bias += terms.pop(a, _ZERO) * self.instructions[a].constants[0]
            return terms, bias
        if op == "constant":
            return {}, constants[0]
        return {index: _ONE}, _ZERO
