"""Rule `rows`: a sum of functions of disjoint variables, each proved convex by a certificate of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import fmpq

from lossaudit.recheck.intervals import ONE
from lossaudit.recheck.programs import Instruction, Program, needed, read, same_function, sequence, whole
from lossaudit.recheck.refusal import demand

Prove = Callable[[Any], frozenset[str]]


def rows(data: Any, program: Program, prove: Prove) -> frozenset[str]:
    """The output is a sum, its terms fall into groups, and each group's function is proved convex.

    A group's program is the sum of its terms, with the coefficients of the whole and any bias; its variables are
    those that its terms depend on, in their order.

    Raises:
        Refusal: One of these does not hold.
    """
    op, args, constants = program.instructions[program.output]
    demand(op == "linear", "the value is not a sum")
    coefficients: dict[int, fmpq] = {}
    for c, arg in zip(constants, args, strict=False):
        coefficients[arg] = coefficients.get(arg, fmpq(0)) + c
    axioms: frozenset[str] = frozenset()
    used: set[int] = set()
    left = set(args)
    for part in sequence(data["parts"]):
        group = [whole(arg, len(program.instructions)) for arg in sequence(part["args"])]
        demand(len(set(group)) == len(group) and set(group) <= left, "the groups of terms overlap")
        left -= set(group)
        variables = variables_of(program, group)
        demand(not used & set(variables), "two groups depend on the same variable")
        used |= set(variables)
        inner = read(part["certificate"]["data"]["program"])
        _same_sum(program, inner, {arg: coefficients[arg] for arg in group}, variables)
        axioms |= prove(part["certificate"])
    demand(not left, "a term is in no group")
    return axioms


def variables_of(program: Program, roots: Sequence[int]) -> list[int]:
    """The variables that some instructions depend on."""
    code = program.instructions
    return sorted({int(code[i].constants[0].p) for i in needed(code, roots) if code[i].op == "variable"})


def _same_sum(program: Program, inner: Program, terms: Mapping[int, fmpq], variables: Sequence[int]) -> None:
    """Check that the inner program is the sum of these terms.

    Raises:
        Refusal: It is not.
    """
    demand(inner.variables == len(variables), "a group's program has other variables")
    op, _, constants = inner.instructions[inner.output]
    outer: Sequence[Instruction] = program.instructions
    if len(terms) == 1 and next(iter(terms.values())) == ONE and op != "linear":
        root = next(iter(terms))
    else:  # put the group's sum, with the inner bias, at the end
        demand(op == "linear", "a group's program is not a sum")
        order = sorted(terms)
        root = len(outer)
        outer = (*outer, Instruction("linear", tuple(order), (*(terms[i] for i in order), constants[-1])))
    asked = Program(tuple(outer), root, program.variables, program.domain)
    renamed = {old: new for new, old in enumerate(variables)}
    demand(same_function(asked, inner, renamed), "a group's program is not what its terms are")
