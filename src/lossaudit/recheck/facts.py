"""Rule `facts`: every claim about an instruction follows from the claims about its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lossaudit.recheck.claims import AFFINE, CONSTANT, CONVEX, Claim, completed, read_claim, together
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
    truth = _truth_values(program)
    known = Known(program.instructions, claims)
    axioms: set[str] = set()
    for index, claim in enumerate(claims):
        if claim.defined:
            axioms.update(_follows(program, known, index, truth))
    return claims, frozenset(axioms)


def _follows(program: Program, known: Known, index: int, truth: Sequence[bool]) -> tuple[str, ...]:
    """What is trusted for one claim.

    Raises:
        Refusal: It does not follow.
    """
    op, args, constants = program.instructions[index]
    claim = known.claims[index]
    if op in ("variable", "constant"):
        reach, bits = (program.domain, AFFINE) if op == "variable" else (only(constants[0]), CONSTANT)
        demand(
            completed(Claim(reach, bits, defined=True)).implies(claim), f"the claim about {op} {index} is too strong"
        )
        return ("exact",)
    demand(op in OPERATIONS, f"nothing is known of {op} {index}")
    given = [completed(known.claims[a]) for a in args]
    if op == "select":
        demand(truth[args[0]], f"the condition of select {index} is not 0 or 1")
    elif not all(f.defined for f in given):
        raise Refusal(f"{op} {index} has an argument without values")
    found = OPERATIONS[op].facts(given, constants)
    if found.defined and all(f.constant for f in given):
        found = completed(found._replace(curvature=CONSTANT))
    axioms = OPERATIONS[op].axioms
    if found.implies(claim):
        return axioms
    for pattern in PATTERNS.get(op, ()):
        more = pattern.facts(known, index)
        if found.defined and more is not None:
            found = together(found, more)
            axioms += pattern.axioms
            if found.implies(claim):
                return axioms
    raise Refusal(f"the claim about {op} {index} does not follow")


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
