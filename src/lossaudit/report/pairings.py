"""What was understood and what was not: what `lossaudit lint --show-pairings` prints."""

from __future__ import annotations

from lossaudit.pairing import (
    Basis,
    Flow,
    Objective,
    Pairing,
    Place,
    Source,
    Step,
    Target,
    TargetEncoding,
    Term,
    Unresolved,
)
from lossaudit.report import lint_wording as wording
from lossaudit.report.wording import one_line
from lossaudit.result import LintResult

_SOURCES = {
    Source.AFFINE: "affine layer",
    Source.NETWORK: "network",
    Source.LABELS: "labels",
    Source.CONSTANT: "constant",
    Source.OPAQUE: "hidden",
    Source.UNKNOWN: "unknown",
}


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """Every loss that was met, with the way of its prediction back to the source, or why it was not understood.

    A line is `path:line  loss <- last step (place) <- ... <- source; target: encoding`. Where several pairings may be
    met at one place, each has a line of its own, with the condition under which it is taken.
    """
    blocks = [_term(objective, term) for objective in result.reading.objectives for term in objective.terms]
    blocks += [[_unresolved(each, "")] for each in wording.elsewhere(result)]
    once = dict.fromkeys("\n".join(block) for block in blocks)
    return "\n".join([*once, *wording.closing(result)])


def _term(objective: Objective, term: Term) -> list[str]:
    """The lines of one loss; what would be said twice is said once."""
    place = objective.place
    missed = dict.fromkeys(_unresolved(each, wording.spot(place)) for each in term.unresolved)
    read = dict.fromkeys(_pairing(each, place) for each in term.alternatives)
    if not read:
        return list(missed) or [f"{wording.spot(place)}  not understood: no reason is known"]
    first = term.alternatives[0]
    where = wording.spot(first.loss.place or place)
    if len(read) == 1 and not missed:
        return [f"{where}  {next(iter(read))}"]
    return [
        f"{where}  {wording.title(first)}, one of {len(read) + len(missed)}:",
        *(f"  {each}" for each in (*read, *missed)),
    ]


def _pairing(pairing: Pairing, place: Place) -> str:
    guards = " and ".join(one_line(guard) for guard in pairing.guards)
    first = pairing.loss.place or place
    chain = " <- ".join([wording.title(pairing), *_way(pairing.prediction, first)])
    cut = "" if pairing.trained else "; no gradient reaches a parameter"
    return f"{f'if {guards}: ' if guards else ''}{chain}; {_target(pairing.target)}{cut}"


def _way(flow: Flow, first: Place) -> list[str]:
    """From the loss back to the source."""
    steps = [_step(step, first) for step in reversed(flow.steps) if step.op != "identity"]
    reason = f" ({one_line(flow.reason)})" if flow.reason else ""
    return [*steps, f"{_SOURCES[flow.source]}{reason}"]


def _step(step: Step, first: Place) -> str:
    return f"{one_line(step.op)} ({wording.beside(step.place, first)})" if step.place is not None else one_line(step.op)


def _target(target: Target | None) -> str:
    """The encoding where it was seen; what a loss only asks for says nothing of what it is given."""
    if target is None:
        return "no target"
    seen = target.encodings if target.basis is not Basis.DECLARED else frozenset[TargetEncoding]()
    return f"target: {' or '.join(sorted(each.value for each in seen)) or _SOURCES[target.flow.source]}"


def _unresolved(each: Unresolved, default: str) -> str:
    place = wording.spot(each.place) if each.place is not None else default
    ops = f" (operations: {', '.join(each.ops)})" if each.ops else ""
    return one_line(f"{place}  {each.what}  not understood: {each.reason}{ops}".strip())
