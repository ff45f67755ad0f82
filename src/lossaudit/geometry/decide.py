"""Is a program convex on its domain? Cheap exact routes first, then search, then the dearer routes.

Each route answers for one row (`rows`) with a certificate, a confirmed counterexample, or nothing. No route is trusted:
`lossaudit.recheck` replays what they return.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flint import arb, fmpq

from lossaudit.geometry import program as programs
from lossaudit.geometry.composition import prove_by_facts
from lossaudit.geometry.evaluate import balls
from lossaudit.geometry.facts import Stop
from lossaudit.geometry.interval import rational
from lossaudit.geometry.piecewise import prove_by_pieces
from lossaudit.geometry.program import Program, pruned
from lossaudit.geometry.quick import refute_by_bound
from lossaudit.geometry.refute import Counterexample, confirm, largest_box, refute
from lossaudit.geometry.refute import certificate as witnessed
from lossaudit.geometry.ring import prove_by_margin, prove_by_ring
from lossaudit.geometry.rows import Part, parts
from lossaudit.geometry.shift import prove_by_shift
from lossaudit.verdict import Certificate, Status

_PROOFS: tuple[Callable[[Program], Certificate | None], ...] = (
    prove_by_shift,
    prove_by_pieces,
    prove_by_margin,
)


_LARGEST_FOR_REGION = 1_000  # instructions


@dataclass(frozen=True, slots=True)
class Decision:
    """What was found out about a program.

    Attributes:
        certificate: Of the proof or of the refutation; None when undecided.
        counterexample: Two points and their midpoint, where one was found.
        stop: Where the composition stopped, for what is not proved; it speaks about `row`.
        row: The row that was refuted, or that stayed undecided.
    """

    status: Status
    certificate: Certificate | None = None
    counterexample: Counterexample | None = None
    stop: Stop | None = None
    row: Part | None = None


def decide(program: Program, starts: Sequence[Sequence[float]] = ()) -> Decision:
    """Prove a program convex on its domain, refute it, or say where the proof stopped.

    Args:
        program: To be decided. With `through_affine` set it may be proved, never refuted.
        starts: Points in the domain at which the search for a counterexample begins as well.
    """
    found = parts(program)
    if not found or not _constants_have_values(program, found):
        whole = prove_by_facts(program)
        return (
            Decision(Status.PROVED, whole) if isinstance(whole, Certificate) else Decision(Status.UNDECIDED, stop=whole)
        )
    distinct: dict[Program, list[Part]] = {}
    for part in found:
        distinct.setdefault(part.program, []).append(part)
    proofs: list[tuple[Certificate, list[Part]]] = []
    open_row: Decision | None = None
    for row, members in distinct.items():
        near = [[start[v] for v in members[0].variables] for start in starts]
        decision = _decide_row(row, near)
        if decision.status is Status.PROVED and decision.certificate is not None:
            proofs.append((decision.certificate, members))
            continue
        decision = replace(decision, row=members[0])
        if decision.status is Status.REFUTED:
            return _lift(program, decision, starts)
        open_row = open_row or decision
    if open_row is not None:
        return open_row
    return Decision(Status.PROVED, _joined(program, proofs))


def _constants_have_values(program: Program, found: Sequence[Part]) -> bool:
    """Whether the terms that depend on no variable, and so belong to no row, have a value."""
    output = program.instructions[program.output]
    if output.op != "linear":
        return True
    in_rows = {term for part in found for term in part.terms}
    left = (arg for term, arg in enumerate(output.args) if term not in in_rows)
    alone = (pruned(replace(program, output=arg, steps=())) for arg in left)
    return all(balls(p, [arb(0)] * p.variables)[p.output].is_finite() for p in alone)


def region(program: Program) -> fmpq | None:
    """A radius R such that a program that is not convex everywhere is proved convex for all variables in [-R, R].

    Only the cheap routes are asked, for small programs; None where none succeeds.
    """
    if len(program.instructions) > _LARGEST_FOR_REGION:
        return None

    def proved(limited: Program) -> bool:
        return all(_by_cheap_routes(row) for row in {part.program for part in parts(limited)})

    return largest_box(program, proved, [fmpq(2) ** k for k in range(-2, 8)])


def _by_cheap_routes(row: Program) -> bool:
    return isinstance(prove_by_facts(row), Certificate) or any(prove(row) is not None for prove in _PROOFS[:2])


def _decide_row(row: Program, starts: Sequence[Sequence[float]]) -> Decision:
    by_facts = prove_by_facts(row)
    if isinstance(by_facts, Certificate):
        return Decision(Status.PROVED, by_facts)
    for prove in _PROOFS:
        certificate = prove(row)
        if certificate is not None:
            return Decision(Status.PROVED, certificate)
    if row.through_affine:
        return Decision(Status.UNDECIDED, stop=by_facts)
    for deep in (False, True):
        counterexample = refute(row, deep=deep, starts=starts)
        if counterexample is not None:
            return Decision(Status.REFUTED, witnessed(row, counterexample), counterexample, by_facts)
        if not deep:
            bounded = refute_by_bound(row)
            if bounded is not None:
                return Decision(Status.REFUTED, bounded, stop=by_facts)
            certificate = prove_by_ring(row)
            if certificate is not None:
                return Decision(Status.PROVED, certificate)
    return Decision(Status.UNDECIDED, stop=by_facts)


def _joined(program: Program, proofs: Sequence[tuple[Certificate, Sequence[Part]]]) -> Certificate:
    """One certificate for the whole sum."""
    if len(proofs) == 1 and len(proofs[0][1]) == 1 and proofs[0][1][0].program.instructions == program.instructions:
        return proofs[0][0]
    rows = [
        {
            "certificate": {"rule": certificate.rule, "data": certificate.data},
            "parts": [
                {"terms": list(part.terms), "variables": list(part.variables), "places": list(part.places)}
                for part in members
            ],
        }
        for certificate, members in proofs
    ]
    count = sum(len(members) for _, members in proofs)
    steps = [step for certificate, _ in proofs for step in certificate.steps]
    if count > 1:
        steps.append(
            f"the whole is a sum of {count} such functions of disjoint variables: convex, since each of them is"
        )
    return Certificate("rows", {"program": programs.as_json(program), "rows": rows}, tuple(steps))


def _lift(program: Program, decision: Decision, starts: Sequence[Sequence[float]]) -> Decision:
    """A row's counterexample as one of the whole: all other variables stay where they are."""
    part, found = decision.row, decision.counterexample
    if part is None or decision.certificate is None:
        return decision
    if found is None:  # by a bound: the certificate speaks about the row
        said = "this is one row of a sum over disjoint variables, which is convex only if every row is"
        steps = (*decision.certificate.steps, *((said,) if part.program.instructions != program.instructions else ()))
        return replace(decision, certificate=replace(decision.certificate, steps=steps))
    resting = [*_resting(program), *(tuple(rational(float(x)) for x in start) for start in starts)]
    for rest in resting:
        a, b = list(rest), list(rest)
        for own, whole in enumerate(part.variables):
            a[whole], b[whole] = found.a[own], found.b[own]
        lifted = confirm(program, a, b)
        if lifted is not None:
            return replace(decision, certificate=witnessed(program, lifted), counterexample=lifted)
    return Decision(Status.UNDECIDED, stop=decision.stop, row=part)


def _resting(program: Program) -> list[tuple[fmpq, ...]]:
    values = [x for x in (fmpq(0), fmpq(1), fmpq(1, 2), fmpq(-1)) if program.domain.contains(x)]
    return [(x,) * program.variables for x in values]
