"""A loss as plain data: scalar operations in evaluation order, from real variables to one real number.

A program is what a recorded loss comes down to once every tensor is taken apart into its elements. All engines of this
room interpret programs: floats, balls, derivatives, facts. What an operation means, `primitives` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flint import fmpq

from lossaudit.geometry.interval import REALS, Interval
from lossaudit.pairing import Place

ZERO, ONE = fmpq(0), fmpq(1)


class Instruction(NamedTuple):
    """One scalar operation.

    Attributes:
        op: Name of a primitive, or a leaf: `variable` (constants: its index), `constant` (its value), `infinity` (its
            sign: a masked logit), `opaque` (something that is not understood; nothing is known of its value).
        args: Earlier instructions, by index.
        constants: Exact numbers that belong to the operation (`linear`: one coefficient an argument, then the bias).
    """

    op: str
    args: tuple[int, ...] = ()
    constants: tuple[fmpq, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One operation as the user's program spells it, and the instructions that hold its elements."""

    op: str
    spelled: str
    outputs: tuple[int, ...]
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A real function of `variables` real variables.

    Attributes:
        instructions: Each one's arguments come before it.
        output: Index of the instruction that holds the value.
        variables: How many variables there are; each ranges over `domain`, independently.
        through_affine: Whether the variables are themselves affine functions of what the user asked about. Then
            convexity here implies convexity there, and nothing more.
        steps: The user's operations, for people to read.
        names: What an `opaque` instruction was, by index.
    """

    instructions: tuple[Instruction, ...]
    output: int
    variables: int
    domain: Interval = REALS
    through_affine: bool = False
    steps: tuple[Step, ...] = ()
    names: tuple[tuple[int, str], ...] = ()

    def name(self, index: int) -> str:
        """What the opaque instruction at `index` was, as the user's program spells it."""
        return dict(self.names).get(index, "")


class Builder:
    """Makes instructions, each distinct one once, with exact simplification of sums and of constants.

    Every simplification is an identity wherever the arguments have values. An argument whose coefficient cancels is
    kept with coefficient 0, since it may restrict the domain; only variables are dropped then.
    """

    def __init__(self, program: Program | None = None) -> None:
        self.instructions: list[Instruction] = []
        self.names: dict[int, str] = {}
        # Hashing exact numbers is slow: instructions are looked up by what else they are made of, and leaves by number.
        self._alike: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        self._leaves: dict[tuple[str, int, int], int] = {}
        self._opaque = 0
        if program is not None:  # a program to build upon: indices stay as they are
            self.instructions = list(program.instructions)
            self.names = dict(program.names)
            for index, instruction in enumerate(self.instructions):
                self._enter(index, instruction)
            self._opaque = len(self.names)

    def add(self, op: str, args: Sequence[int] = (), constants: Sequence[fmpq] = ()) -> int:
        """Index of this very instruction, without simplification."""
        instruction = Instruction(op, tuple(args), tuple(constants))
        if instruction.args or not constants:
            for index in self._alike.get((op, instruction.args), ()):
                if self.instructions[index].constants == instruction.constants:
                    return index
        else:
            known = self._leaves.get((op, int(constants[0].p), int(constants[0].q)))
            if known is not None:
                return known
        self.instructions.append(instruction)
        self._enter(len(self.instructions) - 1, instruction)
        return len(self.instructions) - 1

    def _enter(self, index: int, instruction: Instruction) -> None:
        op, args, constants = instruction
        if args or not constants:
            self._alike.setdefault((op, args), []).append(index)
        else:
            self._leaves[op, int(constants[0].p), int(constants[0].q)] = index

    def variable(self, index: int) -> int:
        known = self._leaves.get(("variable", index, 1))
        if known is None:
            known = self._leaves["variable", index, 1] = len(self.instructions)
            self.instructions.append(Instruction("variable", (), (fmpq(index),)))
        return known

    def constant(self, value: fmpq | int) -> int:
        return self.add("constant", (), (fmpq(value),))

    def infinity(self, sign: int) -> int:
        return self.add("infinity", (), (fmpq(sign),))

    def opaque(self, name: str, args: Sequence[int] = ()) -> int:
        """A value of which nothing is known; `name` says what made it."""
        self._opaque += 1
        index = self.add("opaque", args, (fmpq(self._opaque),))
        self.names[index] = name
        return index

    def value(self, index: int) -> fmpq | None:
        """The exact value of a constant, None for anything else."""
        instruction = self.instructions[index]
        return instruction.constants[0] if instruction.op == "constant" else None

    def infinite(self, index: int) -> int:
        """Sign of an infinite constant, 0 for anything else."""
        instruction = self.instructions[index]
        return (1 if instruction.constants[0] > 0 else -1) if instruction.op == "infinity" else 0

    def linear(self, terms: Iterable[tuple[fmpq | int, int]], bias: fmpq | int = 0) -> int:
        """sum_i c_i x_i + bias, with nested sums and constants taken together."""
        total: dict[int, fmpq | int] = {}
        bias = fmpq(bias)
        sign = 0
        instructions = self.instructions
        for coefficient, index in terms:
            op, args, constants = instructions[index]
            if op == "constant":
                bias += coefficient * constants[0]
            elif op == "linear":
                for inner, arg in zip(constants, args, strict=False):  # the bias is one more
                    total[arg] = total.get(arg, 0) + coefficient * inner
                bias += coefficient * constants[-1]
            elif op == "infinity" and coefficient != 0:
                toward = self.infinite(index) * (1 if coefficient > 0 else -1)
                if sign and sign != toward:
                    return self.opaque("infinity - infinity")
                sign = toward
            elif index in total:
                total[index] += coefficient
            else:
                total[index] = coefficient
        if sign:
            return self.infinity(sign)
        kept = sorted(i for i, c in total.items() if c or instructions[i].op != "variable")
        if not kept:
            return self.constant(bias)
        if len(kept) == 1 and total[kept[0]] == 1 and not bias:
            return kept[0]
        return self.add("linear", kept, [*(fmpq(total[i]) for i in kept), bias])

    def plus(self, x: int, y: int) -> int:
        return self.linear(((1, x), (1, y)))

    def minus(self, x: int, y: int) -> int:
        return self.linear(((1, x), (-1, y)))

    def scale(self, coefficient: fmpq | int, x: int, bias: fmpq | int = 0) -> int:
        return self.linear(((coefficient, x),), bias)

    def multiply(self, x: int, y: int) -> int:
        for constant, other in ((x, y), (y, x)):
            value = self.value(constant)
            if value is not None:
                return self.scale(value, other)
        if self.infinite(x) or self.infinite(y):
            return self.opaque("infinity times something", (x, y))
        return self.power(x, 2) if x == y else self.add("multiply", sorted((x, y)))

    def power(self, x: int, exponent: fmpq | int) -> int:
        """The constant power x^r."""
        r = fmpq(exponent)
        value = self.value(x)
        if r == 1:
            return x
        if value is not None and r.q == 1 and (r > 0 or (r < 0 and value != 0)) and abs(r) <= 64:
            return self.constant(value ** int(r.p))
        return self.add("power", (x,), (r,))

    def divide(self, x: int, y: int) -> int:
        value = self.value(y)
        if value is not None and value != 0:
            return self.scale(1 / value, x)
        return self.multiply(x, self.power(y, -1))

    def exp(self, x: int) -> int:
        if self.infinite(x) < 0:
            return self.constant(0)
        return self.constant(1) if self.value(x) == 0 else self.add("exp", (x,))

    def log(self, x: int) -> int:
        return self.constant(0) if self.value(x) == 1 else self.add("log", (x,))

    def absolute(self, x: int) -> int:
        value = self.value(x)
        return self.constant(abs(value)) if value is not None else self.add("abs", (x,))

    def maximum(self, xs: Iterable[int]) -> int:
        """The largest of several values; infinite ones that cannot win are dropped."""
        kept = sorted({x for x in xs if self.infinite(x) >= 0})
        values = [v for v in map(self.value, kept) if v is not None]
        if len(values) > 1:
            kept = sorted([*(x for x in kept if self.value(x) is None), self.constant(max(values))])
        if not kept:
            return self.infinity(-1)
        return kept[0] if len(kept) == 1 else self.add("max", kept)

    def minimum(self, xs: Iterable[int]) -> int:
        return self.scale(-1, self.maximum([self.scale(-1, x) for x in xs]))

    def step(self, x: int, *, closed: bool = False) -> int:
        """1 where x > 0 (x >= 0 if closed), otherwise 0."""
        value = self.value(x)
        if value is not None:
            return self.constant(int(value > 0 or (closed and value == 0)))
        return self.add("step_closed" if closed else "step", (x,))

    def select(self, condition: int, x: int, y: int) -> int:
        """X where the condition is 1, y where it is 0; the branch that is not taken need not have a value."""
        value = self.value(condition)
        if value is not None:
            return x if value != 0 else y
        return x if x == y else self.add("select", (condition, x, y))

    def logsumexp(self, xs: Iterable[int]) -> int:
        """log(sum_i exp(x_i)); equal arguments count as often as they come."""
        instructions = self.instructions
        kept = sorted(x for x in xs if instructions[x].op != "infinity" or self.infinite(x) > 0)
        if not kept:
            return self.infinity(-1)
        return kept[0] if len(kept) == 1 else self.add("logsumexp", kept)

    def build(
        self,
        output: int,
        variables: int,
        *,
        domain: Interval = REALS,
        through_affine: bool = False,
        steps: Sequence[Step] = (),
    ) -> Program:
        """The program whose value is instruction `output`; what it does not need is left out."""
        full = Program(tuple(self.instructions), output, variables, domain, through_affine, tuple(steps))
        return pruned(replace(full, names=tuple(sorted(self.names.items()))))


def as_json(program: Program) -> dict[str, Any]:
    """The program as JSON data; exact numbers are written as fractions."""
    domain = program.domain
    return {
        "variables": program.variables,
        "domain": [
            None if domain.low is None else str(domain.low),
            None if domain.high is None else str(domain.high),
            domain.low_open,
            domain.high_open,
        ],
        "instructions": [[op, list(args), [str(c) for c in constants]] for op, args, constants in program.instructions],
        "output": program.output,
    }


def pruned(program: Program) -> Program:
    """The same program without the instructions that its value does not depend on."""
    needed = {program.output}
    for index in range(program.output, -1, -1):
        if index in needed:
            needed.update(program.instructions[index].args)
    order = sorted(needed)
    place = {old: new for new, old in enumerate(order)}
    kept = tuple(
        Instruction(op, tuple(place[a] for a in args), constants)
        for op, args, constants in (program.instructions[i] for i in order)
    )
    steps = (
        replace(s, outputs=tuple(place[i] for i in s.outputs if i in place))
        for s in program.steps
        if any(i in place for i in s.outputs)
    )
    return replace(
        program,
        instructions=kept,
        output=place[program.output],
        steps=tuple(steps),
        names=tuple((place[i], name) for i, name in program.names if i in place),
    )
