"""Facts of every instruction of a program in one pass, and the proof of convexity that they make.

Each instruction's facts follow from those of its arguments, by one of these rules. `r` is a range, `c`, `l`, `k` are
the curvatures of f, of log f (where f > 0 is proved) and of log(1 - f) (where f < 1 is proved).

- leaves: a variable is affine and ranges over the domain; a constant is constant. Of anything that is not a primitive,
  or that is not proved to have a value on the whole domain, nothing is known.
- `composition`: a convex function (on the box of its arguments' ranges) of arguments each of which is affine, or
  convex where it is non-decreasing, or concave where it is non-increasing, is convex; the mirror image for concave.
- `sum`: c of a linear combination is what its terms have in common, negated where the coefficient is negative.
- `log-convex`: f is convex if log f is; log f is concave if f is concave (and the same for 1 - f).
- logarithms, see `logarithms`; relations between an instruction and its arguments' arguments, see `relations`;
  degree-2 parts of sums, see `quadratic`.
- a composite (one with an `expansion`) has the curvatures that this engine proves of its expansion, or, if its cases
  meet smoothly, of its `slope`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

from flint import fmpq

from lossaudit.geometry.explanation import explain, steps
from lossaudit.geometry.facts import Facts, Stop
from lossaudit.geometry.interval import REALS, Interval, point
from lossaudit.geometry.known import AFFINE, CONCAVE, CONSTANT, CONVEX, NEGATED, Given, Known, Shape
from lossaudit.geometry.logarithms import (
    complement_of_exp,
    complement_of_quotient,
    complement_of_reciprocal,
    log_of_complement,
    log_of_sum,
    mass_between,
)
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Builder, Instruction, Program, as_json
from lossaudit.geometry.quadratic import quadratic_part
from lossaudit.geometry.ranges import meet, sign
from lossaudit.geometry.relations import (
    even_softplus,
    is_norm,
    product_curvature,
    quotient,
    range_of_differences,
    range_of_quotient,
    sum_inside_max,
)
from lossaudit.geometry.slope import SMOOTH, curvature_by_slope, slope_of
from lossaudit.verdict import Certificate

Found: TypeAlias = tuple[Interval, Shape]
Rule: TypeAlias = Callable[[Known, Instruction, Interval], Found]
ZERO, ONE = fmpq(0), fmpq(1)


def derive(program: Program) -> tuple[Facts, ...]:
    """What is proved of each instruction, over the program's whole domain.

    >>> b = Builder()
    >>> x = b.variable(0)
    >>> f = b.minus(b.log(b.scale(1, b.exp(x), 1)), x)   # log(1 + exp(x)) - x, the logistic loss as people write it
    >>> facts = derive(b.build(f, 1))[-1]
    >>> facts.curvature
    <Curvature.CONVEX: 1>
    """
    known = propagate(program)
    return tuple(known.facts(i) for i in range(len(program.instructions)))


def prove_by_facts(program: Program) -> Certificate | Stop:
    """A proof that the program's value is convex, or where the proof stopped."""
    known = propagate(program)
    if known.defined[program.output] and known.curvature[program.output] & CONVEX:
        return Certificate("facts", {"program": as_json(program), "claims": claims(known)}, steps(program, known))
    return explain(program, known)


def propagate(program: Program) -> Known:
    """The facts in columns, for engines that work on."""
    return _pass(program.instructions, program.domain, {})


def claims(known: Known) -> list[dict[str, Any]]:
    """The facts as JSON data, for a certificate."""
    return [
        {
            "range": as_data(range),
            "curvature": curvature,
            "log": log,
            "complement": complement,
            "defined": defined,
            "rule": rule,
        }
        for range, curvature, log, complement, defined, rule in zip(
            known.ranges, known.curvature, known.log, known.complement, known.defined, known.rule, strict=True
        )
    ]


def as_data(x: Interval) -> list[str | bool | None]:
    """An interval as JSON data."""
    return [
        None if x.low is None else str(x.low),
        None if x.high is None else str(x.high),
        x.low_open,
        x.high_open,
    ]


def _pass(instructions: Sequence[Instruction], domain: Interval, given: Mapping[int, Given]) -> Known:
    known = Known(instructions)
    variable = Shape(AFFINE, rule="variable")
    first: dict[Hashable, int] = {}  # the first instruction of each kind
    for index, instruction in enumerate(instructions):
        op, _, constants = instruction
        kind = given[index] if index in given else _kind(known, instruction)
        like = index if kind is None else first.setdefault(kind, index)
        if like != index:
            known.copy(like)
        elif op == "variable":
            known.append(domain, variable)
        elif op == "constant":
            known.append(point(constants[0]), Shape(CONSTANT, rule="constant"))
        elif index in given:
            known.append(given[index].range, given[index].shape)
        else:
            _derive_next(known, instruction)
        known.like.append(like)
    return known


def _kind(known: Known, instruction: Instruction) -> Hashable:
    """Equal for instructions that are the same function, each of one variable; None for anything else."""
    op, args, constants = instruction
    if op == "variable":
        return op
    if len(args) == 1:
        (arg,) = args
    elif len(args) == 2:
        x, y = args
        if known.instructions[x].op == "constant":
            arg = y
        elif known.instructions[y].op == "constant":
            arg = x
        else:
            return None
    else:
        return None
    numbers = tuple([int(part) for c in constants for part in (c.p, c.q)])
    return op, known.like[arg], tuple([a for a in args if a != arg]), args[0] == arg, numbers


def _derive_next(known: Known, instruction: Instruction) -> None:
    op, args, constants = instruction
    primitive = PRIMITIVES.get(op)
    if primitive is None or not all(known.defined[a] for a in args):
        known.nothing()
        return
    boxes = [known.ranges[a] for a in args]
    if not primitive.defined(boxes, constants):
        known.nothing()
        return
    rule = _composite if primitive.expansion is not None else RULES.get(op, _composition)
    range, shape = rule(known, instruction, primitive.range(boxes, constants))
    if all(known.curvature[a] == CONSTANT for a in args):
        shape = Shape(CONSTANT, rule="constant")
    known.append(range, shape)


def _composed(known: Known, instruction: Instruction) -> int:
    """The curvature by the composition rule alone."""
    op, args, constants = instruction
    primitive = PRIMITIVES[op]
    boxes = [known.ranges[a] for a in args]
    own = int(primitive.curvature(boxes, constants))
    if own in (0, CONSTANT):
        return own
    inner = [known.curvature[a] for a in args]
    return composed(own, zip(inner, primitive.monotone(boxes, constants), strict=True))


def composed(own: int, arguments: Iterable[tuple[int, int]]) -> int:
    """The composition rule: the curvature of a function after its arguments, with their curvature and its direction."""
    own &= AFFINE
    for inner, direction in arguments:
        if inner & AFFINE != AFFINE:
            own &= inner if direction > 0 else (NEGATED[inner] if direction < 0 else 0)
    return own


def _composition(known: Known, instruction: Instruction, range: Interval) -> Found:
    return range, Shape(_composed(known, instruction), rule="composition")


def _composite(known: Known, instruction: Instruction, range: Interval) -> Found:
    """Proved once of its expansion, for arguments of which the same is known."""
    op, args, constants = instruction
    found, shape = expanded(op, constants, tuple([known.given(a) for a in args]))
    return meet(range, found), shape


@lru_cache(maxsize=4096)
def expanded(op: str, constants: tuple[fmpq, ...], given: tuple[Given, ...]) -> Found:
    """Range and curvatures of a composite, proved of its expansion with arguments of which this is given."""
    expansion = PRIMITIVES[op].expansion
    if expansion is None:
        return REALS, Shape()
    builder = Builder()
    args = [builder.opaque("argument") for _ in given]
    output = expansion(builder, args, constants)
    known = _pass(builder.instructions, REALS, dict(zip(args, given, strict=True)))
    if not known.defined[output]:
        return REALS, Shape()
    rule, curvature = f"expansion of {op}", known.curvature[output]
    if not curvature and op in SMOOTH:
        rule, curvature = "slope", _by_slope(op, constants, given[0])
    return known.ranges[output], Shape(curvature, known.log[output], known.complement[output], rule)


def _by_slope(op: str, constants: tuple[fmpq, ...], given: Given) -> int:
    """The curvature of a smooth composite of one argument."""
    builder = Builder()
    arg, slope = slope_of(builder, op, constants)
    ranges = _pass(builder.instructions, REALS, {arg: given}).ranges
    own, direction = curvature_by_slope(builder, arg, slope, ranges)
    return composed(own, [(given.curvature, direction)])


def _linear(known: Known, instruction: Instruction, range: Interval) -> Found:
    _, args, constants = instruction
    curvature, rule = CONSTANT, "sum"
    for c, a in zip(constants, args, strict=False):
        if c.p > 0:
            curvature &= known.curvature[a]
        elif c:
            curvature &= NEGATED[known.curvature[a]]
    if not curvature:
        found = quadratic_part(known, zip(constants, args, strict=False), constants[-1])
        if found is not None:
            curvature, rule, range = found[0], "quadratic", meet(range, found[1])
        else:
            curvature, rule = even_softplus(known, args, constants), "even softplus"
    if not curvature:
        curvature, rule = sum_inside_max(known, args, constants), "sum inside max"
    range = range_of_differences(known, args, constants, range)
    mass = mass_between(known, args, constants)
    if mass is not None:
        range = meet(range, mass[0])
    log = log_of_sum(known, args, constants[:-1], constants[-1]) if range.positive else 0
    log |= mass[1] if mass is not None else 0
    complement = log_of_complement(known, args, constants) if range.high is not None and range.high <= ONE else 0
    return range, Shape(curvature, log, complement, rule)


def _multiply(known: Known, instruction: Instruction, range: Interval) -> Found:
    x, y = instruction.args
    curvature, rule, complement = 0, "product", 0
    for constant, other in ((x, y), (y, x)):
        if known.curvature[constant] == CONSTANT:
            side, inner = sign(known.ranges[constant]), known.curvature[other]
            curvature |= inner if side > 0 else (NEGATED[inner] if side < 0 else AFFINE * known.affine(other))
    if not curvature and known.affine(x) and known.affine(y):
        found = quadratic_part(known, [(ONE, len(known.ranges))], ZERO)
        if found is not None:
            curvature, rule, range = found[0], "quadratic", meet(range, found[1])
    elif not curvature:
        curvature = product_curvature(known, x, y)
    parts = quotient(known, x, y)
    if parts is not None:
        range = range_of_quotient(known, *parts, range)
        complement = complement_of_quotient(known, *parts)
    return range, Shape(curvature, known.log[x] & known.log[y], complement, rule)


def _power(known: Known, instruction: Instruction, range: Interval) -> Found:
    (x,), (r,) = instruction.args, instruction.constants
    curvature, rule = _composed(known, instruction), "composition"
    if not curvature & CONVEX and is_norm(known, x, r):
        curvature, rule = curvature | CONVEX, "norm"
    log = known.log[x] if r > ZERO else NEGATED[known.log[x]]
    complement = complement_of_reciprocal(known, x) if r == -ONE else 0
    return range, Shape(curvature, log, complement, rule)


def _exp(known: Known, instruction: Instruction, range: Interval) -> Found:
    (x,) = instruction.args
    complement = complement_of_exp(known, x) if known.ranges[x].negative else 0
    return range, Shape(_composed(known, instruction), known.curvature[x], complement, "composition")


def _log(known: Known, instruction: Instruction, range: Interval) -> Found:
    return range, Shape(known.log[instruction.args[0]], rule="log of log-curved")


def _abs(known: Known, instruction: Instruction, range: Interval) -> Found:
    return range, Shape(_composed(known, instruction), known.log[instruction.args[0]], rule="composition")


def _max(known: Known, instruction: Instruction, range: Interval) -> Found:
    """The largest of log-convex functions is log-convex, and 1 minus it is the least of the 1 - f_i."""
    args = instruction.args
    for a in args:
        low = known.ranges[a].low
        if low is not None and all(b == a or _not_above(known.ranges[b], low) for b in args):
            return known.ranges[a], Shape(known.curvature[a], known.log[a], known.complement[a], "largest")
    log, complement = CONVEX, CONCAVE
    for a in args:
        log &= known.log[a]
        complement &= known.complement[a]
    return range, Shape(_composed(known, instruction), log, complement, "composition")


def _not_above(x: Interval, limit: fmpq) -> bool:
    return x.high is not None and x.high <= limit


def _select(known: Known, instruction: Instruction, range: Interval) -> Found:
    """Where the condition is decided, the branch that it takes."""
    condition, *branches = instruction.args
    for taken, decided in zip(branches, (point(1), point(0)), strict=True):
        if known.ranges[condition] == decided:
            return known.ranges[taken], Shape(
                known.curvature[taken], known.log[taken], known.complement[taken], "decided case"
            )
    return range, Shape()


def _erf(known: Known, instruction: Instruction, range: Interval) -> Found:
    """1 - erf(u) is decreasing and log-concave in u."""
    complement = CONCAVE if known.curvature[instruction.args[0]] & CONVEX else 0
    return range, Shape(_composed(known, instruction), 0, complement, "composition")


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "linear": _linear,
        "multiply": _multiply,
        "power": _power,
        "exp": _exp,
        "log": _log,
        "abs": _abs,
        "max": _max,
        "select": _select,
        "erf": _erf,
    }
)
"""Operations of which more is known than the composition rule says."""
