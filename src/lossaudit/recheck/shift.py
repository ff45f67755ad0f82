"""Rule `shift`: the value changes by exactly k m if one instruction m is replaced by 0.

With m set free, each instruction is a function F of m and the variables. F is additive if F = F|_{m=0} + k m for all m,
and multiplicative if F = F|_{m=0} exp(k m); then it has values wherever F|_{m=0} does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from flint import fmpq

from lossaudit.recheck.claims import CONCAVE, CONVEX
from lossaudit.recheck.facts import derived
from lossaudit.recheck.intervals import ONE, ZERO
from lossaudit.recheck.normal import Names
from lossaudit.recheck.programs import Program, needed, number, read, whole
from lossaudit.recheck.refusal import demand


class Shift(NamedTuple):
    """How a function depends on m: the k of each kind that it is of."""

    additive: fmpq | None = None
    multiplicative: fmpq | None = None


FIXED = Shift(ZERO, ZERO)
NEITHER = Shift()


def shift(data: Any, program: Program, prove: Callable[[Any], frozenset[str]]) -> frozenset[str]:
    """F|_{m=0} is proved convex by a certificate, and k m is convex.

    Raises:
        Refusal: One of these does not hold.
    """
    atom = whole(data["atom"], len(program.instructions))
    k = number(data["coefficient"])
    demand(shifts(program, atom)[program.output].additive == k, "the value does not change by k m")
    before = needed(program.instructions, [atom])
    inner = Program(tuple(program.instructions[: atom + 1]), atom, program.variables, program.domain)
    claims, axioms = derived(inner)
    demand(all(claims[i].defined for i in before), "m is not shown to have a value everywhere")
    wanted = 0 if k == 0 else CONVEX if k > 0 else CONCAVE
    demand(not wanted & ~claims[atom].curvature, "k m is not shown to be convex")
    rest = read(data["proof"]["data"]["program"])
    names = Names()
    same = (
        names.of(program.instructions, {atom: ZERO})[program.output] == names.of(rest.instructions)[rest.output]
        and rest.variables == program.variables
        and rest.domain == program.domain
    )
    demand(same, "the proof within is not about the program with 0 for m")
    return axioms | prove(data["proof"])


def shifts(program: Program, atom: int) -> list[Shift]:
    """How each instruction depends on m."""
    found: list[Shift] = []
    depends: list[bool] = []
    for index, (op, args, constants) in enumerate(program.instructions):
        depends.append(index == atom or any(depends[a] for a in args))
        given = [found[a] for a in args]
        if index == atom:
            found.append(Shift(additive=ONE))
        elif not depends[index] or (all(x.additive == ZERO for x in given) and op != "opaque"):
            found.append(FIXED)
        elif op in _RULES and NEITHER not in given:
            found.append(_also(_RULES[op](given, constants)))
        else:
            found.append(NEITHER)
    return found


def _also(x: Shift) -> Shift:
    return FIXED if ZERO in x else x


def _linear(given: Sequence[Shift], constants: Sequence[fmpq]) -> Shift:
    terms = [(c, x) for c, x in zip(constants, given, strict=False) if c != 0]
    factor = None
    if constants[-1] == 0:
        factor = _same([x.multiplicative for _, x in terms])
    total = ZERO
    for c, x in terms:
        if x.additive is None:
            return Shift(None, factor)
        total += c * x.additive
    return Shift(total, factor)


def _same(values: Sequence[fmpq | None]) -> fmpq | None:
    return values[0] if values and all(v is not None and v == values[0] for v in values) else None


def _alike(given: Sequence[Shift], _: Sequence[fmpq]) -> Shift:
    return Shift(_same([x.additive for x in given]), _same([x.multiplicative for x in given]))


def _product(given: Sequence[Shift], _: Sequence[fmpq]) -> Shift:
    x, y = (f.multiplicative for f in given)
    return NEITHER if x is None or y is None else Shift(None, x + y)


def _power(given: Sequence[Shift], constants: Sequence[fmpq]) -> Shift:
    k = given[0].multiplicative
    return NEITHER if k is None else Shift(None, constants[0] * k)


def _sign(given: Sequence[Shift], _: Sequence[fmpq]) -> Shift:
    return NEITHER if given[0].multiplicative is None else FIXED


def _select(given: Sequence[Shift], constants: Sequence[fmpq]) -> Shift:
    condition, *branches = given
    return _alike(branches, constants) if condition == FIXED else NEITHER


_RULES: Mapping[str, Callable[[Sequence[Shift], Sequence[fmpq]], Shift]] = MappingProxyType(
    {
        "linear": _linear,
        "multiply": _product,
        "power": _power,
        "exp": lambda given, _: Shift(None, given[0].additive),
        "log": lambda given, _: Shift(given[0].multiplicative),
        "logsumexp": lambda given, _: Shift(_same([x.additive for x in given])),
        "max": _alike,
        "abs": lambda given, _: Shift(None, given[0].multiplicative),
        "step": _sign,
        "step_closed": _sign,
        "select": _select,
    }
)
