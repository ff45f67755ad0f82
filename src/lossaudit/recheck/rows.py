"""Rule `rows`: a sum of functions of disjoint variables, each proved convex by a certificate of its own.

Rows that are the same but for the names of their variables share one certificate; a part says where in the whole the
instructions of the row's program stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, fmpq

from lossaudit.recheck.intervals import ONE
from lossaudit.recheck.programs import Program, ball, needed, read, sequence, whole
from lossaudit.recheck.refusal import demand

Prove = Callable[[Any], frozenset[str]]
_IN_ANY_ORDER = frozenset({"multiply", "max", "logsumexp"})


def rows(data: Any, program: Program, prove: Prove) -> frozenset[str]:
    """Every term that varies belongs to exactly one part, and no two parts share a variable.

    Raises:
        Refusal: It is not so, or a row's certificate does not hold.
    """
    op, args, constants = program.instructions[program.output]
    terms = list(zip(constants, args, strict=False)) if op == "linear" else [(ONE, program.output)]
    varies: list[bool] = []
    for instruction in program.instructions:
        varies.append(instruction.op == "variable" or any(varies[a] for a in instruction.args))
    left = {t for t, (_, arg) in enumerate(terms) if varies[arg]}
    for t, (_, arg) in enumerate(terms):
        demand(t in left or _value_of(program, arg).is_finite(), "a term without variables has no value")
    axioms: frozenset[str] = frozenset()
    used: set[int] = set()
    for entry in sequence(data["rows"]):
        row = read(entry["certificate"]["data"]["program"])
        axioms |= prove(entry["certificate"])
        for part in sequence(entry["parts"]):
            given = sequence(part["terms"])
            demand(bool(given) == (op == "linear"), "the terms of a part are not given")
            chosen = [whole(t, len(terms)) for t in given] or [0]
            demand(len(set(chosen)) == len(chosen) and set(chosen) <= left, "a term is in two parts, or does not vary")
            left -= set(chosen)
            variables = [whole(v, program.variables) for v in sequence(part["variables"], row.variables)]
            demand(len(set(variables)) == len(variables), "a part names a variable twice")
            demand(not used & set(variables), "two parts share a variable")
            used |= set(variables)
            _stands_there(program, row, [terms[t] for t in chosen], variables, sequence(part["places"]))
    demand(not left, "a term is in no part")
    return axioms


def _value_of(program: Program, root: int) -> arb:
    """The value of an instruction that depends on no variable."""
    code = program.instructions
    values: dict[int, arb] = {}
    for i in sorted(needed(code, [root])):
        op, args, constants = code[i]
        values[i] = arb(constants[0]) if op == "constant" else ball(op, [values[a] for a in args], constants)
    return values[root]


def _stands_there(
    program: Program, row: Program, terms: Sequence[tuple[fmpq, int]], variables: Sequence[int], places: Sequence[Any]
) -> None:
    """Check that a row's program is the sum of these terms, up to an added constant.

    Raises:
        Refusal: It is not.
    """
    at = [whole(place, len(program.instructions)) for place in places]
    demand(row.domain == program.domain, "a row has another domain")
    demand(len(row.instructions) - 1 <= len(at) <= len(row.instructions), "a row's places do not fit its program")
    for index, place in enumerate(at):
        demand(_alike(program, row, index, place, variables, at), "a row's instruction is not the one at its place")
    expected: dict[int, fmpq] = {}
    for coefficient, arg in terms:
        expected[arg] = expected.get(arg, fmpq(0)) + coefficient
    if row.output < len(at):
        demand(expected == {at[row.output]: ONE}, "a row is not what its terms are")
        return
    op, args, constants = row.instructions[row.output]
    demand(op == "linear" and all(a < len(at) for a in args), "a row's program is not a sum")
    demand(_coefficients(args, constants, at) == expected, "a row is not the sum of its terms")


def _alike(program: Program, row: Program, index: int, place: int, variables: Sequence[int], at: Sequence[int]) -> bool:
    """Whether one instruction of a row is the one of the whole at its place, argument by argument."""
    op, args, constants = row.instructions[index]
    there = program.instructions[place]
    if op != there.op or op == "opaque":
        return False
    if op == "variable":
        return variables[int(constants[0].p)] == int(there.constants[0].p)
    if op == "linear":
        mine = _coefficients(args, constants, at)
        theirs = _coefficients(there.args, there.constants, range(len(program.instructions)))
        return mine == theirs and constants[-1] == there.constants[-1]
    ours = [at[a] for a in args]
    if op in _IN_ANY_ORDER:
        return sorted(ours) == sorted(there.args) and constants == there.constants
    return tuple(ours) == tuple(there.args) and constants == there.constants


def _coefficients(args: Sequence[int], constants: Sequence[fmpq], at: Sequence[int]) -> dict[int, fmpq]:
    total: dict[int, fmpq] = {}
    for coefficient, arg in zip(constants, args, strict=False):
        total[at[arg]] = total.get(at[arg], fmpq(0)) + coefficient
    return total
