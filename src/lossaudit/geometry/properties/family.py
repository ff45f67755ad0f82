"""One loss as a family of functions of the same raw outputs: one program for each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from flint import arb, ctx, fmpq

from lossaudit.geometry.evaluate import balls, gradient
from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.program import Builder, Program


class Task(Enum):
    """What the raw outputs of one sample are."""

    CLASSES = "a score for each class"
    BINARY = "one score, and a label that is positive or not"
    REAL = "one number, and a number as target"


@dataclass(frozen=True, slots=True)
class Family:
    """A loss of one sample.

    Attributes:
        programs: One for each target, all in the same variables.
        targets: Class indices counted from 0; labels, the negative one first; or numbers.
        task: What the variables are.
        complete: Whether every possible target is there (never so for numbers).
    """

    programs: tuple[Program, ...]
    targets: tuple[float, ...]
    task: Task
    complete: bool = True

    @property
    def variables(self) -> int:
        return self.programs[0].variables

    @property
    def domain(self) -> Interval:
        return self.programs[0].domain

    @property
    def distinct(self) -> tuple[Program, ...]:
        """The programs, each once up to the names of its variables."""
        from lossaudit.geometry.rows import parts

        found: dict[object, Program] = {}
        for program in self.programs:
            found.setdefault(tuple(part.program for part in parts(program)), program)
        return tuple(found.values())


KINKED = frozenset({"abs", "max", "step", "step_closed"})
"""Operations that have no derivative somewhere."""


Decided: TypeAlias = dict[int, int]
"""By instruction: which argument of a max is the largest alone; the sign of the argument of another operation."""


class Slopes:
    """The gradient of a program, in balls.

    Attributes:
        program, partials: The program extended by its partial derivatives, and where these are; at a kink they are
            what they are on one side.
    """

    def __init__(self, program: Program) -> None:
        self.original = program
        self.program, self.partials = gradient(program)
        self._kinked = any(instruction.op in KINKED for instruction in program.instructions)
        self._smooth: dict[tuple[tuple[int, int], ...], tuple[Program, tuple[int, ...]] | None] = {}

    def at(self, point: Sequence[arb | fmpq], bits: int = 128) -> list[arb]:
        """Partial derivatives at a point, or enclosures for a box of balls; not a number at a kink."""
        with ctx.workprec(bits):
            at = [arb(x) for x in point]
            found = self._near(balls(self.original, at, bits)) if self._kinked else (self.program, self.partials)
            if found is None:
                return [arb("nan")] * self.original.variables
            slopes, partials = found
            values = balls(slopes, at, bits)
        return [values[i] for i in partials]

    def _near(self, values: Sequence[arb]) -> tuple[Program, tuple[int, ...]] | None:
        """The gradient of the smooth program that this one is near a point."""
        decided = _decided_by_balls(self.original, values)
        key = tuple(decided.items())
        if key not in self._smooth:
            near = settled(self.original, decided)
            self._smooth[key] = None if near is None else gradient(near)
        return self._smooth[key]

    def norm(self, point: Sequence[arb | fmpq], bits: int = 128) -> arb:
        """Euclidean norm of the gradient."""
        with ctx.workprec(bits):
            return sum((x * x for x in self.at(point, bits)), arb(0)).nonnegative_part().sqrt()


def value(program: Program, point: Sequence[arb | fmpq], bits: int = 128) -> arb:
    """The program's value in a ball."""
    with ctx.workprec(bits):
        return balls(program, [arb(x) for x in point], bits)[program.output]


def put(builder: Builder, program: Program, variables: Sequence[int]) -> list[int]:
    """All instructions of a program in a builder, with instructions of the builder for variables.

    >>> b = Builder()
    >>> x = b.variable(0)
    >>> twice = b.build(b.scale(2, x), 1)
    >>> inner = Builder()
    >>> put(inner, twice, [inner.constant(3)])[-1] == inner.constant(6)
    True
    """
    made: list[int] = []
    for index, (op, args, constants) in enumerate(program.instructions):
        xs = [made[a] for a in args]
        if op == "variable":
            new = variables[int(constants[0].p)]
        elif op == "constant":
            new = builder.constant(constants[0])
        elif op == "linear":
            new = builder.linear(zip(constants, xs, strict=False), constants[-1])
        elif op == "multiply":
            new = builder.multiply(*xs)
        elif op == "power":
            new = builder.power(xs[0], constants[0])
        elif op == "max":
            new = builder.maximum(xs)
        elif op == "select":
            new = builder.select(*xs)
        elif op in ("step", "step_closed"):
            new = builder.step(xs[0], closed=op == "step_closed")
        elif op == "opaque":
            new = builder.opaque(program.name(index), xs)
        else:
            new = builder.add(op, sorted(xs) if op == "logsumexp" else xs, constants)
        made.append(new)
    return made


def combined(programs: Sequence[Program], weights: Sequence[fmpq | int], bias: fmpq | int = 0) -> Program:
    """The sum of w_i f_i, in the same variables."""
    builder = Builder()
    n = programs[0].variables
    variables = [builder.variable(i) for i in range(n)]
    terms = [(w, put(builder, f, variables)[f.output]) for w, f in zip(weights, programs, strict=True)]
    return builder.build(builder.linear(terms, bias), n, domain=programs[0].domain)


def along(
    program: Program, outputs: Sequence[int], origin: Sequence[fmpq | int], direction: Sequence[int], domain: Interval
) -> tuple[Program, tuple[int, ...]]:
    """A program on the line origin + t direction, t in the domain, and where the outputs are in it."""
    builder = Builder()
    t = builder.variable(0)
    made = put(builder, program, [builder.scale(d, t, x) for x, d in zip(origin, direction, strict=True)])
    whole = Program(tuple(builder.instructions), made[program.output], 1, domain)
    return replace(whole, names=tuple(sorted(builder.names.items()))), tuple(made[i] for i in outputs)


def settled(program: Program, decided: Decided) -> Program | None:
    """The program near points at which it is decided so, without the cases that these decide.

    What is decided strictly at a point stays so near it, by continuity; None if some kink is left over.
    """
    builder = Builder()
    made: list[int] = []
    variables = [builder.variable(i) for i in range(program.variables)]
    for index, (op, args, constants) in enumerate(program.instructions):
        xs = [made[a] for a in args]
        if op == "variable":
            new = variables[int(constants[0].p)]
        elif op == "max" and index in decided:
            new = xs[decided[index]]
        elif op == "abs" and index in decided:
            new = builder.scale(decided[index], xs[0])
        elif op in ("step", "step_closed") and index in decided:
            new = builder.constant(int(decided[index] > 0))
        elif op == "select":
            new = builder.select(xs[0], xs[1], xs[2])
        elif op == "linear":
            new = builder.linear(zip(constants, xs, strict=False), constants[-1])
        elif op == "multiply":
            new = builder.multiply(xs[0], xs[1])
        else:
            new = builder.add(op, xs, constants)
        made.append(new)
    done = builder.build(made[program.output], program.variables, domain=program.domain)
    return None if any(i.op in KINKED or i.op in ("select", "opaque") for i in done.instructions) else done


def _decided_by_balls(program: Program, values: Sequence[arb]) -> Decided:
    decided: Decided = {}
    for index, (op, args, _) in enumerate(program.instructions):
        if op not in KINKED:
            continue
        xs = [values[a] for a in args]
        if op == "max":
            found = next((i for i, x in enumerate(xs) if all(x > y for j, y in enumerate(xs) if j != i)), None)
        else:
            found = 1 if xs[0] > 0 else (-1 if xs[0] < 0 else None)
        if found is not None:
            decided[index] = found
    return decided


def decided_by_ranges(program: Program, ranges: Sequence[Interval]) -> Decided:
    """What is decided wherever the instructions have these ranges."""
    decided: Decided = {}
    for index, (op, args, _) in enumerate(program.instructions):
        if op not in KINKED:
            continue
        boxes = [ranges[a] for a in args]
        if op == "max":
            found = next((i for i, x in enumerate(boxes) if _above(x, boxes)), None)
        else:
            found = strict_sign(boxes[0]) or None
        if found is not None:
            decided[index] = found
    return decided


def strict_sign(x: Interval) -> int:
    """1 or -1 where every member is > 0, or < 0; else 0."""
    return 1 if x.positive else (-1 if x.negative else 0)


def _above(x: Interval, others: Sequence[Interval]) -> bool:
    return all(y is x or _apart(y, x) for y in others)


def _apart(lower: Interval, upper: Interval) -> bool:
    """Whether every member of one is below every member of the other."""
    if lower.high is None or upper.low is None or lower.high > upper.low:
        return False
    return lower.high < upper.low or lower.high_open or upper.low_open


def everywhere(program: Program) -> bool:
    """Whether the program speaks about all of R^n."""
    return program.domain == REALS and not program.through_affine
