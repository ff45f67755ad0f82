"""Rule `facts`: every claim about an instruction follows from the claims about its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lossaudit.recheck.claims import AFFINE, CONSTANT, CONVEX, NOTHING, Claim, completed, read_claim, together
from lossaudit.recheck.intervals import Interval, only
from lossaudit.recheck.operations import OPERATIONS
from lossaudit.recheck.patterns import PATTERNS, Known
from lossaudit.recheck.programs import Instruction, Program, sequence
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
        for found, trusted in _consequences(program.domain, known, index, truth):
            if found.implies(claim):
                axioms.update(trusted)
                break
        else:
            raise Refusal(f"the claim about {program.instructions[index].op} {index} does not follow")
    return claims, frozenset(axioms)


@dataclass(slots=True)
class Derivation:
    """All that follows about each instruction of a program that grows, without claims to follow.

    Attributes:
        domain: Of the variables.
        code: The instructions so far.
        claims: What is known of each.
        axioms: What is trusted for that.
    """

    domain: Interval
    code: list[Instruction] = field(default_factory=list[Instruction])
    claims: list[Claim] = field(default_factory=list[Claim])
    axioms: set[str] = field(default_factory=set[str])
    _truth: list[bool] = field(default_factory=list[bool])

    def append(self, instruction: Instruction) -> Claim:
        """Add the next instruction."""
        index = len(self.code)
        self.code.append(instruction)
        self.claims.append(NOTHING)
        self._truth.append(_is_truth_value(instruction, self._truth))
        known = Known(self.code, self.claims)
        for found, trusted in _consequences(self.domain, known, index, self._truth):
            self.claims[index] = found._replace(range=found.range.shortened())
            self.axioms.update(trusted)
        return self.claims[index]


def derived(program: Program) -> tuple[list[Claim], frozenset[str]]:
    """All that follows about each instruction, without claims to follow; and what is trusted for it."""
    derivation = Derivation(program.domain)
    for instruction in program.instructions:
        derivation.append(instruction)
    return derivation.claims, frozenset(derivation.axioms)


def _consequences(
    domain: Interval, known: Known, index: int, truth: Sequence[bool]
) -> Iterator[tuple[Claim, tuple[str, ...]]]:
    """What follows about one instruction from the claims about those before it: more and more, and by what."""
    op, args, constants = known.code[index]
    if op == "variable":
        yield completed(Claim(domain, AFFINE, defined=True)), ("exact",)
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
    for instruction in program.instructions:
        found.append(_is_truth_value(instruction, found))
    return found


def _is_truth_value(instruction: Instruction, before: Sequence[bool]) -> bool:
    op, args, constants = instruction
    if op == "constant":
        return constants[0] in (0, 1)
    if op == "linear":  # not x
        return constants == (-1, 1) and before[args[0]]
    return op in ("step", "step_closed") or (op in ("multiply", "max") and all(before[a] for a in args))


def convex_by_facts(program: Program, data: Any) -> frozenset[str]:
    """What is trusted for a program's convexity, which its claims show.

    Raises:
        Refusal: They do not.
    """
    claims, axioms = check_claims(program, data)
    shown = claims[program.output]
    demand(shown.defined and bool(shown.curvature & CONVEX), "the value is not claimed to be convex everywhere")
    return axioms
