"""Programs as certificates hold them: read strictly, extracted, and evaluated in balls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq, fmpz

from lossaudit.recheck.intervals import Interval
from lossaudit.recheck.refusal import Refusal, demand

LARGEST = 1_000_000
"""Programs with more instructions are not read."""

_DIGITS = 8_000  # of a number; the longest float64 has about 1,100
_FRACTION = re.compile(r"(-?[0-9]+)(?:/([1-9][0-9]*))?")

# Arguments and constants of each operation; None: one or more arguments, and for `linear` one constant more.
_SIGNATURES: Mapping[str, tuple[int | None, int]] = MappingProxyType(
    {
        **dict.fromkeys(("variable", "constant", "infinity"), (0, 1)),
        **dict.fromkeys(("exp", "log", "softplus", "sigmoid", "tanh", "xlogx", "abs"), (1, 0)),
        **dict.fromkeys(("step", "step_closed", "sin", "cos", "atan", "erf", "lgamma"), (1, 0)),
        **dict.fromkeys(("logsumexp", "max"), (None, 0)),
        "multiply": (2, 0),
        "power": (1, 1),
        "huber": (1, 1),
        "select": (3, 0),
    }
)


class Instruction(NamedTuple):
    """One scalar operation; its arguments come before it."""

    op: str
    args: tuple[int, ...]
    constants: tuple[fmpq, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A real function of `variables` real variables, each of which ranges over `domain` independently."""

    instructions: tuple[Instruction, ...]
    output: int
    variables: int
    domain: Interval


def number(text: Any) -> fmpq:
    """The fraction that is written there.

    >>> number("-3/4")
    -3/4

    Raises:
        Refusal: It is not a fraction in digits.
    """
    match = _FRACTION.fullmatch(text) if isinstance(text, str) and len(text) <= _DIGITS else None
    if match is None:
        raise Refusal("a number is not written as a fraction")
    return fmpq(fmpz(match[1]), fmpz(match[2] or "1"))


def whole(data: Any, below: int) -> int:
    """A natural number under a limit.

    Raises:
        Refusal: It is anything else.
    """
    if type(data) is not int or not 0 <= data < below:  # True is an int elsewhere
        raise Refusal("an index is out of range")
    return data


def sequence(data: Any, length: int | None = None) -> list[Any]:
    """A list, of this length.

    Raises:
        Refusal: It is anything else.
    """
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        raise Refusal("a list is missing")
    items: Sequence[Any] = data
    demand(length is None or len(items) == length, "a list has the wrong length")
    return list(items)


def interval(data: Any) -> Interval:
    """An interval out of [low, high, low_open, high_open].

    Raises:
        Refusal: It is not one, or it is empty.
    """
    low, high, low_open, high_open = sequence(data, 4)
    demand(type(low_open) is bool and type(high_open) is bool, "the end of an interval is neither open nor closed")
    ends = Interval(None if low is None else number(low), None if high is None else number(high), low_open, high_open)
    demand((ends.low is not None or low_open) and (ends.high is not None or high_open), "infinity is no number")
    empty = ends.low is not None and not (ends.contains(ends.low) if ends.low == ends.high else True)
    crossed = ends.low is not None and ends.high is not None and ends.low > ends.high
    demand(not empty and not crossed, "an interval is empty")
    return ends


def read(data: Any) -> Program:
    """The program in JSON data, as `geometry.program.as_json` writes it.

    Raises:
        Refusal: It is not well formed: unknown operations, wrong numbers of arguments, arguments that do not come
            before the instruction, anything that is not an exact number.
    """
    demand(isinstance(data, Mapping), "there is no program")
    variables = whole(data["variables"], LARGEST * 10)
    rows = sequence(data["instructions"])
    demand(len(rows) <= LARGEST, "the program is too large")
    instructions = tuple(_instruction(row, index, variables) for index, row in enumerate(rows))
    return Program(instructions, whole(data["output"], len(rows)), variables, interval(data["domain"]))


def _instruction(row: Any, index: int, variables: int) -> Instruction:
    op, given, numbers = sequence(row, 3)
    demand(isinstance(op, str), "an operation has no name")
    args = tuple(whole(arg, index) for arg in sequence(given))
    constants = tuple(number(text) for text in sequence(numbers))
    if op == "linear":
        fits = len(constants) == len(args) + 1
    elif op == "opaque":
        fits = True
    else:
        demand(op in _SIGNATURES, f"there is no operation {op[:40]!r}")
        wanted, exact = _SIGNATURES[op]
        fits = len(constants) == exact and (len(args) >= 1 if wanted is None else len(args) == wanted)
    demand(fits, f"{op} has the wrong number of arguments or constants")
    demand(op != "huber" or constants[0] > 0, "the delta of huber is not positive")
    if op == "variable":
        demand(constants[0].q == 1 and 0 <= constants[0] < variables, "a variable is out of range")
    return Instruction(op, args, constants)


def needed(instructions: Sequence[Instruction], roots: Iterable[int]) -> list[int]:
    """The instructions that some values depend on, in their order."""
    wanted = set(roots)
    for index in range(max(wanted, default=-1), -1, -1):
        if index in wanted:
            wanted.update(instructions[index].args)
    return sorted(wanted)


def same_function(a: Program, b: Program, renamed: Mapping[int, int] | None = None) -> bool:
    """Whether two programs are the same, up to the order and number of their instructions.

    Args:
        a: One program.
        b: The other.
        renamed: What the variables of `a` are called in `b`; the same when None.
    """
    if a.domain != b.domain or (renamed is None and a.variables != b.variables):
        return False
    partner: dict[int, int] = {}
    stack = [(a.output, b.output)]
    while stack:
        i, j = stack.pop()
        if i in partner:
            if partner[i] != j:
                return False
            continue
        partner[i] = j
        x, y = a.instructions[i], b.instructions[j]
        if x.op == "variable" and renamed is not None:
            if y.op != "variable" or renamed.get(int(x.constants[0].p)) != int(y.constants[0].p):
                return False
        elif x.op != y.op or x.constants != y.constants or len(x.args) != len(y.args):
            return False
        stack.extend(zip(x.args, y.args, strict=True))
    return True


# ---- Values in balls ---------------------------------------------------------------------------------------------


def at_ends(value: Callable[[arb], arb], x: arb) -> arb:
    """The values of a monotone function on a ball."""
    return value(x) if x.is_exact() else value(x.lower()).union(value(x.upper()))


def power(x: arb, r: fmpq) -> arb:
    """x^r: every x for r = 0, 1, 2, ...; x != 0 for r = -1, -2, ...; x >= 0 or x > 0 for the rest."""
    if r.q == 1 and abs(r) <= 1 << 12:
        result, base = arb(1), abs(x) if r.p % 2 == 0 else x
        for bit in bin(abs(int(r.p)))[2:]:
            result = result * result
            if bit == "1":
                result = result * base
        return result if r >= 0 else 1 / result
    if x == 0 and r > 0:
        return arb(0)
    if r == fmpq(1, 2):
        return x.sqrt()
    return (x.log() * arb(r)).exp()


def _step(x: arb) -> arb:
    if x > 0:
        return arb(1)
    return arb(0) if x <= 0 else arb(0.5, 0.5)


def _step_closed(x: arb) -> arb:
    if x >= 0:
        return arb(1)
    return arb(0) if x < 0 else arb(0.5, 0.5)


def _select(condition: arb, x: arb, y: arb) -> arb:
    if condition == 1:
        return x
    return y if condition == 0 else x.union(y)


def _huber(x: arb, delta: fmpq) -> arb:
    """x^2 / 2 up to |x| = delta, then delta (|x| - delta / 2): it rises with |x|."""

    def at(size: arb) -> arb:
        short = size.min(arb(delta))
        return short * (size - short / 2)

    size = abs(x)
    return at(size) if size.is_exact() else at(size.abs_lower()).union(at(size.abs_upper()))


def _max(xs: Sequence[arb]) -> arb:
    top = xs[0]
    for x in xs[1:]:
        top = top.max(x)
    return top


def _positive_only(value: Callable[[arb], arb]) -> Callable[[arb], arb]:
    return lambda x: value(x) if x > 0 else arb("nan")


SCALAR: Mapping[str, Callable[[arb], arb]] = MappingProxyType(
    {
        "exp": arb.exp,
        "log": _positive_only(arb.log),
        "softplus": lambda x: at_ends(lambda u: u.exp().log1p(), x),
        "sigmoid": lambda x: at_ends(lambda u: 1 / (1 + (-u).exp()), x),
        "tanh": lambda x: at_ends(arb.tanh, x),
        "xlogx": lambda x: arb(0) if x == 0 else x * _positive_only(arb.log)(x),
        "abs": abs,
        "step": _step,
        "step_closed": _step_closed,
        "sin": arb.sin,
        "cos": arb.cos,
        "atan": arb.atan,
        "erf": arb.erf,
        "lgamma": _positive_only(arb.lgamma),
    }
)


def ball(op: str, xs: Sequence[arb], constants: Sequence[fmpq]) -> arb:
    """A ball around all values of an operation on balls; not finite where some member has no value."""
    if not all(x.is_finite() for x in xs) and op != "select":
        return arb("nan")
    if op in SCALAR:
        return SCALAR[op](xs[0])
    several: Mapping[str, Callable[[], arb]] = {
        "linear": lambda: sum((c * x for c, x in zip(constants, xs, strict=False)), arb(constants[-1])),
        "multiply": lambda: xs[0] * xs[1],
        "power": lambda: power(xs[0], constants[0]),
        "huber": lambda: _huber(xs[0], constants[0]),
        "logsumexp": lambda: sum((x.exp() for x in xs), arb(0)).log(),
        "max": lambda: _max(xs),
        "select": lambda: _select(*xs),
        "constant": lambda: arb(constants[0]),
    }
    return several[op]() if op in several else arb("nan")


def balls(program: Program, point: Sequence[arb], bits: int) -> list[arb]:
    """A ball around the value of every instruction, for all points in a box of balls."""
    values: list[arb] = []
    with ctx.workprec(bits):
        for op, args, constants in program.instructions:
            if op == "variable":
                values.append(arb(point[int(constants[0].p)]))
            else:
                values.append(ball(op, [values[a] for a in args], constants))
    return values
