"""Prove a loss convex as it is written, refute it, or say where the proof stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from lossaudit.errors import LossauditError, UsageError
from lossaudit.geometry.decide import Decision, decide, region
from lossaudit.geometry.interval import NONNEGATIVE, POSITIVE, REALS, UNIT, Interval, rational
from lossaudit.geometry.lowering import Lowered
from lossaudit.geometry.program import Program
from lossaudit.proving.frameworks import subject_of
from lossaudit.proving.validation import compare
from lossaudit.record.recorded import Recorded
from lossaudit.verdict import Scope, Status, Verdict, Witness

if TYPE_CHECKING:
    from lossaudit.proving.frameworks import Subject

DOMAINS: Mapping[str, tuple[Interval, str]] = MappingProxyType(
    {
        "reals": (REALS, "all real values"),
        "positive": (POSITIVE, "all values > 0"),
        "nonnegative": (NONNEGATIVE, "all values >= 0"),
        "unit": (UNIT, "all values between 0 and 1"),
    }
)
Domain = str | tuple[float | None, float | None] | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A subject as a program.

    Attributes:
        used: For each variable of the program, its position among the subject's flat variables; `ATOM` for one that is
            an affine function of them.
        deviates: Where the code differs from the function that it means; empty if nowhere.
    """

    program: Program
    used: tuple[int, ...]
    recorded: Recorded
    deviates: tuple[str, ...]
    points: int = 0


def prove(
    function: Callable[..., Any],
    *arguments: Any,
    wrt: Any = 0,
    domain: Domain = None,
    described: Scope | None = None,
    framework: str | None = None,
) -> Verdict:
    """Decide whether a loss is convex in one of its arguments, or in parameters of a module.

    Args:
        function: Returns one number; or a module that does.
        arguments: An example of its arguments. Their values do not matter but for those that are held fixed.
        wrt: Position of the argument, a parameter's name, a list of either, or `"all"` for all parameters jointly.
        domain: Where the variables range: None for all real numbers, a name of `DOMAINS`, or a pair of closed ends.
        described: What the verdict is to say of its scope, for losses known by name.
        framework: `"torch"` or `"jax"`; None: that of the arguments.

    Raises:
        UsageError: The function cannot be recorded at this example.
    """
    interval, where = domain_of(domain)
    subject = subject_of(function, arguments, wrt, framework)
    scope = described or Scope(subject.words, subject.described, subject.shape, subject.fixed)
    scope = replace(scope, domain=where)
    try:
        return _noted(_both(subject, interval, scope), subject.notes)
    except Mismatch as reason:
        return Verdict("convex", Status.UNDECIDED, scope, str(reason), notes=subject.notes)


def _noted(verdict: Verdict, notes: Sequence[str]) -> Verdict:
    return replace(verdict, notes=(*verdict.notes, *notes))


def _both(subject: Subject, domain: Interval, scope: Scope) -> Verdict:
    """The verdict about the function that is meant; how the code differs, if that changes the answer, is a note."""
    ideal = record(subject, domain, "ideal")
    if not ideal.deviates:
        return _verdict(subject, ideal, scope)
    as_coded = record(subject, domain, "as coded")
    verdict = _verdict(subject, replace(ideal, points=as_coded.points), scope)
    coded = _verdict(subject, as_coded, replace(scope, semantics="as coded"))
    if coded.status is verdict.status:
        return verdict
    how = {Status.PROVED: "convex", Status.REFUTED: "not convex", Status.UNDECIDED: "undecided"}[coded.status]
    return replace(verdict, notes=(f"as coded it is {how}: {'; '.join(ideal.deviates)}",))


def record(subject: Subject, domain: Interval, semantics: str) -> Recording:
    """Run the subject once, take what it computes apart, and compare the two."""
    lowering = Lowered(semantics)
    recorded = subject.record(lowering)
    lowered = lowering.program(recorded.output, domain)
    recording = Recording(lowered.program, lowered.used, recorded, tuple(dict.fromkeys(lowering.deviates)))
    compared = semantics == "as coded" or not recording.deviates
    return replace(recording, points=_compared(subject, recording)) if compared else recording


def _compared(subject: Subject, recording: Recording) -> int:
    """At how many points the program and the user's code agree.

    Raises:
        Mismatch: They do not.
    """
    if recording.program.through_affine:
        return 0  # the values of the affine functions are not kept
    example = [subject.example[v] for v in recording.used]
    found = compare(
        recording.program,
        lambda point: subject.value(_filled(subject, recording, point)),
        example,
        subject.epsilon,
    )
    if found.mismatch is None:
        return found.points
    if recording.recorded.escapes:  # which says why
        raise Mismatch(_escaped(recording.recorded.escapes))
    point, ours, theirs = found.mismatch
    shown = ", ".join(f"{x:g}" for x in point[:8]) + (", ..." if len(point) > 8 else "")
    raise Mismatch(f"the recorded operations give {ours:.9g} at ({shown}), your code gives {theirs:.9g}")


class Mismatch(LossauditError):
    """The program is not the user's code."""


def _verdict(subject: Subject, recording: Recording, scope: Scope) -> Verdict:
    """Decide a recording, and put the answer in the user's terms."""
    program, escapes = recording.program, recording.recorded.escapes
    scope = replace(scope, points=recording.points)
    decision = decide(program, [[subject.example[v] for v in recording.used]] if not program.through_affine else ())
    if decision.status is Status.REFUTED:
        witness = _witness(subject, recording, decision)
        if escapes and (witness is None or witness.hidden_by_rounding is not False):
            return Verdict("convex", Status.UNDECIDED, scope, _escaped(escapes))
        reason = "at the midpoint of two points the loss lies strictly above the chord, so it is not convex"
        radius = region(program)
        within = None if radius is None else float(arb(radius))
        return Verdict("convex", Status.REFUTED, scope, reason, decision.certificate, witness, within)
    if decision.status is Status.PROVED and decision.certificate is not None and not escapes:
        steps = decision.certificate.steps
        return Verdict("convex", Status.PROVED, scope, steps[-1] if steps else "", decision.certificate)
    return Verdict("convex", Status.UNDECIDED, scope, _escaped(escapes) if escapes else _stopped(program, decision))


def _escaped(escapes: Sequence[str]) -> str:
    return f"stopped at: {escapes[0]}; nothing is proved past a place where the code looks at values"


def _stopped(program: Program, decision: Decision) -> str:
    """Where the proof stopped, in the words of the user's program."""
    stop, row = decision.stop, decision.row
    if stop is None or row is None:
        return "no rule proves it, and no counterexample was found"
    inside = stop.instruction < len(row.places)
    index = row.places[stop.instruction] if inside else program.output
    step = next((step for step in program.steps if index in step.outputs), None)
    where = program.instructions[index].op if step is None else step.spelled
    at = f" (line {step.place.line})" if step is not None and step.place is not None else ""
    hint = f"; {stop.sufficient}" if stop.sufficient else ""
    return f"stopped at: {where}{at}: {stop.why}{hint}"


def _witness(subject: Subject, recording: Recording, decision: Decision) -> Witness | None:
    found = decision.counterexample
    if found is None:
        return None
    a, b = (_filled(subject, recording, [float(arb(x)) for x in point]) for point in (found.a, found.b))
    middle = tuple((x + y) / 2 for x, y in zip(a, b, strict=True))
    at_a, at_middle, at_b = (subject.value(point) for point in (a, middle, b))
    return Witness(a, b, middle, _down(found.gap), found.values, as_coded_gap=at_middle - (at_a + at_b) / 2)


def _filled(subject: Subject, recording: Recording, point: Sequence[float]) -> tuple[float, ...]:
    """A point of the program as a point of the subject: what the loss does not use stays as in the example."""
    values = list(subject.example)
    for variable, x in zip(recording.used, point, strict=True):
        values[variable] = x
    return tuple(values)


def _down(x: fmpq) -> float:
    """The largest float that is not above x."""
    near = float(arb(x))
    return near if rational(near) <= x else math.nextafter(near, -math.inf)


def domain_of(domain: Domain) -> tuple[Interval, str]:
    """The interval in which each variable ranges, and in words."""
    if domain is None:
        return DOMAINS["reals"]
    if isinstance(domain, str):
        if domain not in DOMAINS:
            raise UsageError(f"there is no domain {domain!r}; there is {', '.join(DOMAINS)}, or a pair of numbers")
        return DOMAINS[domain]
    low, high = domain
    ends = tuple(None if end is None else rational(float(end)) for end in (low, high))
    if ends[0] is not None and ends[1] is not None and not ends[0] < ends[1]:
        raise UsageError(f"domain=({low}, {high}): the first end must be below the second")
    words = f"all values in [{'-inf' if low is None else low}, {'inf' if high is None else high}]"
    return Interval(ends[0], ends[1], low_open=low is None, high_open=high is None), words
