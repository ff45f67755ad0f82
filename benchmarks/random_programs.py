"""Random programs over all primitives: wild ones, ones that a convexity grammar makes, and those with one mistake."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Builder, Instruction, Program

LIKELY = ("exp", "exp", "log", "softplus", "softplus", "sigmoid", "abs", "tanh", "xlogx")
UNARY = (*dict.fromkeys(LIKELY), "sin", "cos", "atan", "erf", "lgamma", "step", "step_closed")
EXPONENTS = ("2", "2", "3", "4", "-1", "-2", "1/2", "3/2", "-1/2", "0", "7/3")
CONSTANTS = ("1", "-1", "2", "-2", "1/2", "-1/2", "1/10", "3", "1/100000000000", "-1/100000000000", "100000", "7/3")


def exact(number: str | float) -> fmpq:
    """The number to the letter: fractions as strings, floats as their binary fractions."""
    if isinstance(number, float):
        p, q = number.as_integer_ratio()
        return fmpq(p, q)
    p, _, q = number.partition("/")
    return fmpq(int(p), int(q or 1))


class Maker:
    """Makes programs from one random state."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.builder = Builder()
        self.variables = 1

    def program(self) -> Program:
        """The next program; about a third are wild, a third convex by construction, a third those with one mistake."""
        self.builder = Builder()
        self.variables = self.random.choice((1, 1, 2, 2, 3))
        kind = self.random.random()
        domain = Interval() if self.random.random() < 0.85 else Interval(fmpq(0), None, True, True)
        output = self._wild() if kind < 0.35 else self.convex(self.random.randint(1, 3))
        program = self.builder.build(output, self.variables, domain=domain)
        for _ in range(self.random.choice((1, 1, 2)) if kind >= 0.6 else 0):
            program = self._with_a_mistake(program)
        return program

    def _constant(self) -> fmpq:
        if self.random.random() < 0.3:
            return exact(round(self.random.gauss(0, 2), 3))
        return exact(self.random.choice(CONSTANTS))

    def _weight(self) -> fmpq:
        return abs(self._constant())

    # wild programs

    def _wild(self) -> int:
        b = self.builder
        pool = [b.variable(i) for i in range(self.variables)]
        for _ in range(self.random.randint(1, 8)):
            pool.append(self._any_operation(pool))
        return pool[-1]

    def _pick(self, pool: Sequence[int]) -> int:
        return self.random.choice(pool[-3:] if self.random.random() < 0.7 else pool)

    def _any_operation(self, pool: Sequence[int]) -> int:
        b, kind = self.builder, self.random.random()
        x, y = self._pick(pool), self._pick(pool)
        if kind < 0.3:
            return b.linear([(self._constant(), x), (self._constant(), y)], self._constant())
        if kind < 0.4:
            return b.multiply(x, y)
        if kind < 0.5:
            return b.power(x, exact(self.random.choice(EXPONENTS)))
        if kind < 0.58:
            return b.maximum((x, y, b.constant(self._constant())))
        if kind < 0.66:
            return b.logsumexp((x, y))
        if kind < 0.72:
            return b.select(b.step(self._pick(pool), closed=self.random.random() < 0.5), x, y)
        if kind < 0.75:
            return b.divide(x, y)
        if kind < 0.77:
            return b.add("huber", (x,), (exact(self.random.choice(("1", "1/10", "5/2"))),))
        return b.add(self.random.choice(LIKELY if kind < 0.93 else UNARY), (x,))

    # programs that are convex by construction

    def affine(self) -> int:
        b = self.builder
        return b.linear([(self._constant(), b.variable(i)) for i in range(self.variables)], self._constant())

    def convex(self, depth: int) -> int:
        """Convex and defined on all of R^n."""
        b = self.builder
        if depth == 0:
            return self.affine()
        rules: tuple[Callable[[], int], ...] = (
            lambda: b.power(self.affine(), 2),
            lambda: b.absolute(self.affine()),
            lambda: b.add("huber", (self.affine(),), (exact("1/2"),)),
            lambda: b.exp(self.convex(depth - 1)),
            lambda: b.add("softplus", (self.convex(depth - 1),)),
            lambda: b.logsumexp((self.convex(depth - 1), self.convex(depth - 1))),
            lambda: b.maximum((self.convex(depth - 1), self.convex(depth - 1))),
            lambda: b.linear([(self._weight(), self.convex(depth - 1)), (self._weight(), self.convex(depth - 1))]),
            lambda: b.power(self.convex_positive(depth - 1), exact(self.random.choice(("2", "3/2", "3")))),
            lambda: b.log(self.log_convex(depth)),
            lambda: self.log_convex(depth),
            lambda: b.scale(-1, b.log(self.log_concave(depth))),
            lambda: b.linear([(1, b.power(self.affine(), 2)), (1, self.affine()), (1, b.exp(self.affine()))]),
            self._against_its_mirror,
            lambda: self._absorbed(depth - 1),
        )
        return self.random.choice(rules)()

    def _against_its_mirror(self) -> int:
        """v softplus(-u) - w softplus(u) with v >= w: (v - w) softplus(u) minus an affine function."""
        b, u, w = self.builder, self.affine(), self._weight()
        softplus = [b.add("softplus", (b.scale(side, u),)) for side in (-1, 1)]
        return b.linear([(w + self.random.choice((0, 1)) * self._weight(), softplus[0]), (-w, softplus[1])])

    def _absorbed(self, depth: int) -> int:
        """g + max(c, h - g) = max(g + c, h)."""
        b, g, h = self.builder, self.convex(depth), self.convex(depth)
        return b.plus(g, b.maximum((b.constant(self._constant()), b.minus(h, g))))

    def _slice(self) -> int:
        """What lies between two values of a distribution function whose density is log-concave."""
        b, u = self.builder, self.affine()
        op = self.random.choice(("sigmoid", "tanh", "erf"))
        return b.minus(b.add(op, (b.scale(1, u, self._weight()),)), b.add(op, (u,)))

    def convex_positive(self, depth: int) -> int:
        b = self.builder
        rules: tuple[Callable[[], int], ...] = (
            lambda: b.exp(self.convex(depth)),
            lambda: b.add("softplus", (self.convex(depth),)),
            lambda: b.absolute(self.affine()),
            lambda: b.maximum((self.convex(depth), b.constant(0))),
        )
        return self.random.choice(rules)()

    def log_convex(self, depth: int) -> int:
        """Positive, its logarithm convex."""
        b = self.builder
        if depth == 0:
            return b.exp(self.affine())
        rules: tuple[Callable[[], int], ...] = (
            lambda: b.exp(self.convex(depth - 1)),
            lambda: b.plus(self.log_convex(depth - 1), self.log_convex(depth - 1)),
            lambda: b.multiply(self.log_convex(depth - 1), self.log_convex(depth - 1)),
            lambda: b.scale(1, self.log_convex(depth - 1), abs(self._constant())),
            lambda: b.power(self.log_convex(depth - 1), exact(self.random.choice(("1/2", "2", "3/2")))),
            lambda: b.power(self.log_concave(depth - 1), exact(self.random.choice(("-1", "-1/2", "-2")))),
        )
        return self.random.choice(rules)()

    def log_concave(self, depth: int) -> int:
        """Positive, its logarithm concave."""
        b = self.builder
        if depth == 0:
            return b.add("sigmoid", (self.affine(),))
        rules: tuple[Callable[[], int], ...] = (
            lambda: b.add("sigmoid", (self.affine(),)),
            lambda: b.exp(b.scale(-1, self.convex(depth - 1))),
            lambda: b.multiply(self.log_concave(depth - 1), self.log_concave(depth - 1)),
            lambda: b.power(self.log_convex(depth - 1), -1),
            lambda: b.divide(b.exp(self.affine()), b.plus(b.exp(self.affine()), b.exp(self.affine()))),
            self._slice,
        )
        return self.random.choice(rules)()

    # one mistake

    def _with_a_mistake(self, program: Program) -> Program:
        """The program with one instruction changed: a constant, a sign, an operation or an argument."""
        b = Builder()
        place: list[int] = []
        changed = self.random.randrange(len(program.instructions))
        for index, instruction in enumerate(program.instructions):
            new = self._mistaken(instruction, index) if index == changed else instruction
            place.append(_replayed(b, new, place))
        return b.build(place[program.output], program.variables, domain=program.domain)

    def _mistaken(self, instruction: Instruction, index: int) -> Instruction:
        op, args, constants = instruction
        if op == "linear":
            at = self.random.randrange(len(constants))
            new = self.random.choice((-constants[at], constants[at] + exact("1/100000000000"), self._constant()))
            return instruction._replace(constants=(*constants[:at], new, *constants[at + 1 :]))
        if op in ("power", "huber"):
            return instruction._replace(op="power", constants=(exact(self.random.choice(EXPONENTS)),))
        if op in UNARY:
            return instruction._replace(op=self.random.choice(UNARY))
        if op in ("logsumexp", "max", "multiply") and index > 0:
            at = self.random.randrange(len(args))
            return instruction._replace(args=(*args[:at], self.random.randrange(index), *args[at + 1 :]))
        return instruction


def _replayed(b: Builder, instruction: Instruction, place: Sequence[int]) -> int:
    op, args, constants = instruction
    given = [place[a] for a in args]
    if op == "linear":
        return b.linear(list(zip(constants[:-1], given, strict=True)), constants[-1])
    if op == "constant":
        return b.constant(constants[0])
    if op == "multiply":
        return b.multiply(*given)
    if op == "power":
        return b.power(given[0], constants[0])
    if op in ("logsumexp", "max"):
        return (b.logsumexp if op == "logsumexp" else b.maximum)(given)
    if op == "select":
        return b.select(*given)
    return b.add(op, given, constants)


def scaled(program: Program, factor: str) -> Program:
    """The program times a constant > 0: the same verdict is due."""
    b = Builder(program)
    return replace(b.build(b.scale(exact(factor), program.output), program.variables), domain=program.domain)


def tilted(program: Program) -> Program:
    """The program plus an affine function: the same verdict is due."""
    b = Builder(program)
    variables = [(exact("3/7"), b.variable(i)) for i in range(program.variables)]
    return replace(b.build(b.linear([(1, program.output), *variables], 1), program.variables), domain=program.domain)
