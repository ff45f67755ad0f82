"""Whether a loss changes when all logits move together (shift), or grow together (scale)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flint import fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.composition import derive
from lossaudit.geometry.interval import REALS
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.properties.family import Family, put, value
from lossaudit.geometry.shift import shifts

ZERO, ONE = fmpq(0), fmpq(1)


def shift_invariant(family: Family) -> Entry:
    """Whether f(z + t 1) = f(z) for all z and t."""
    if family.domain != REALS:
        return Entry("-", Ground.UNKNOWN, "the outputs do not range over all real numbers")
    if all(map(_shift_proved, family.programs)):
        return Entry("yes", Ground.PROVED, "with m added to every logit, m cancels")
    if any(_differ(p, x, [v + 3 for v in x]) for p in family.programs for x in _points(p.variables)):
        return Entry("no", Ground.REFUTED, "two exact points with different values, in ball arithmetic")
    return Entry("unknown", Ground.UNKNOWN, "it is so where tried, and no rule proves it")


def _shift_proved(program: Program) -> bool:
    if program.through_affine or not derive(program)[program.output].defined:
        return False
    builder = Builder()
    n = program.variables
    # `shifts` asks for an instruction m, not a variable: a new one, in a place of its own
    m = builder.variable(n)
    output = put(builder, program, [builder.linear(((1, builder.variable(i)), (1, m))) for i in range(n)])
    whole = Program(tuple(builder.instructions), output[program.output], n + 1)
    return shifts(whole, m)[whole.output].additive == ZERO


def scale_invariant(family: Family) -> Entry:
    """Whether f(c z) = f(z) for all z and all c > 0."""
    if all(degree(p) == ZERO and derive(p)[p.output].defined for p in family.programs):
        return Entry("yes", Ground.PROVED, "it is homogeneous of degree 0 in the logits")
    if family.domain != REALS:
        return Entry("-", Ground.UNKNOWN, "the outputs do not range over all real numbers")
    if any(_differ(p, x, [2 * v for v in x]) for p in family.programs for x in _points(p.variables)):
        return Entry("no", Ground.REFUTED, "two exact points with different values, in ball arithmetic")
    if all(degree(p) == ZERO for p in family.programs):
        return Entry("yes, where defined", Ground.PROVED, "it is homogeneous of degree 0 in the logits")
    return Entry("unknown", Ground.UNKNOWN, "it is so where tried, and no rule proves it")


def degree(program: Program) -> fmpq | None:
    """The program's degree of positive homogeneity in its variables; None where it has none that is found.

    >>> b = Builder()
    >>> degree(b.build(b.absolute(b.variable(0)), 1))
    1
    """
    found: list[fmpq | None] = []
    for op, args, constants in program.instructions:
        inner = [found[a] for a in args]
        found.append(_degree(op, inner, constants))
    return found[program.output]


def _degree(op: str, inner: Sequence[fmpq | None], constants: Sequence[fmpq]) -> fmpq | None:
    if op == "variable":
        return ONE
    if op == "constant":
        return ZERO
    if not inner or any(d is None for d in inner):
        return None
    known = [d for d in inner if d is not None]
    same = known[0] if all(d == known[0] for d in known) else None
    if op == "linear":
        return same if same == ZERO or constants[-1] == ZERO else None
    if op == "multiply":
        return known[0] + known[1]
    if op == "power":
        return known[0] * constants[0]
    if op in ("step", "step_closed"):
        return ZERO
    if op == "select":
        return known[1] if known[0] == ZERO and known[1] == known[2] else None
    if op in _KEEP:
        return same
    return ZERO if same == ZERO and op not in ("opaque", "infinity") else None


_KEEP: Mapping[str, None] = {"abs": None, "max": None}


def _points(n: int) -> Iterator[list[fmpq]]:
    yield [fmpq(1 + i, 2) for i in range(n)]
    yield [fmpq(-3 + 2 * (i % 3), 2) for i in range(n)]
    yield [fmpq((-1) ** i * 4) for i in range(n)]
    yield [fmpq((-1) ** (i + 1), 4) for i in range(n)]


def _differ(program: Program, x: Sequence[fmpq], y: Sequence[fmpq]) -> bool:
    first, second = value(program, x), value(program, y)
    return bool(first < second or second < first)
