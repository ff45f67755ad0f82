"""Rule `facts`: every claim about an instruction follows from the claims about its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lossaudit.recheck.claims import AFFINE, CONSTANT, CONVEX, NOTHING, Claim, completed, read_claim, together
from lossaudit.recheck.intervals import only
from lossaudit.recheck.operations import OPERATIONS
from lossaudit.recheck.patterns import PATTERNS, Known
from lossaudit.recheck.programs import Program, sequence
from lossaudit.recheck.refusal import Refusal, demand


def check_claims(program: Program, data: Any) -> tuple[list[Claim], frozenset[str]]:
    """The claims about all instructions of a program, and what is trusted for them.

    Raises:
        Refusal: A claim is not well formed, or says more than follows.
    """
    claims = [read_claim(item) for item in sequence(data, len(program.instructions))]
    known = Known(program.instructions, claims)
    truth = _truth_values(program)
    axioms: set[str] = set()
    for index, claim in enumerate(claims):
        if not claim.defined:
            continue
        for found, trusted in _consequences(program, known, index, truth):
            if found.implies(claim):
                axioms.update(trusted)
                break
        else:
            raise Refusal(f"the claim about {program.instructions[index].op} {index} does not follow")
    return claims, frozenset(axioms)


def derived(program: Program) -> tuple[list[Claim], frozenset[str]]:
    """All that follows about each instruction, without claims to follow; and what is trusted for it."""
    claims: list[Claim] = []
    known = Known(program.instructions, claims)
    truth = _truth_values(program)
    axioms: set[str] = set()
    for index in range(len(program.instructions)):
        claims.append(NOTHING)
        for found, trusted in _consequences(program, known, index, truth):
            claims[index] = found._replace(range=found.range.shortened())
            axioms.update(trusted)
    return claims, frozenset(axioms)


def _consequences(
    program: Program, known: Known, index: int, truth: Sequence[bool]
) -> Iterator[tuple[Claim, tuple[str, ...]]]:
    """What follows about one instruction from the claims about those before it: more and more, and by what."""
    op, args, constants = program.instructions[index]
    if op == "variable":
        yield completed(Claim(program.domain, AFFINE, defined=True)), ("exact",)
    if op == "constant":
        yield completed(Claim(only(constants[0]), CONSTANT, defined=True)), ("exact",)
    given = [completed(known.claims[a]) for a in args]
    has_values = truth[args[0]] if op == "select" else all(f.defined for f in given)
    if op not in OPERATIONS or not has_values:
        return
    found, axioms = OPERATIONS[op].facts(given, constants), OPERATIONS[op].axioms
    if not found.defined:
        return
    if all(f.constant for f in given):
        found = completed(found._replace(curvature=CONSTANT))
    yield found, axioms
    for pattern in PATTERNS.get(op, ()):
        more = pattern.facts(known, index)
        if more is not None:
            found, axioms = together(found, more), axioms + pattern.axioms
            yield found, axioms


def _truth_values(program: Program) -> list[bool]:
    """Which instructions are 0 or 1 wherever they have a value."""
    found: list[bool] = []
    for op, args, constants in program.instructions:
        if op == "constant":
            found.append(constants[0] in (0, 1))
        elif op == "linear":  # not x
            found.append(constants == (-1, 1) and found[args[0]])
        else:
            found.append(op in ("step", "step_closed") or (op in ("multiply", "max") and all(found[a] for a in args)))
    return found


def convex_by_facts(program: Program, data: Any) -> frozenset[str]:
    """What is trusted for a program's convexity, which its claims show.

    Raises:
        Refusal: They do not.
    """
    claims, axioms = check_claims(program, data)
    shown = claims[program.output]
    demand(shown.defined and bool(shown.curvature & CONVEX), "the value is not claimed to be convex everywhere")
    return axioms
