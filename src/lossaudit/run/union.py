"""One result of several processes that trained together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lossaudit.finding import Finding, Severity
from lossaudit.result import PairingResult, Result

_SEVERITIES = tuple(Severity)


def union(result: Result, others: tuple[Result, ...]) -> Result:
    """The parent's result with what its children saw; what several saw at one place is shown once."""
    if not others:
        return result
    everything = (result, *others)
    trained = sum(1 for other in others if other.backwards)
    pairings = _once(item for each in everything for item in each.pairings)
    unnamed = _once(item for each in everything for item in each.unnamed)
    findings: dict[object, Finding] = {}
    for finding in (finding for each in everything for finding in each.findings):
        key = (finding.rule, finding.places[:1])
        worst = findings.get(key)
        if worst is None or _SEVERITIES.index(finding.severity) < _SEVERITIES.index(worst.severity):
            findings[key] = finding
    unresolved = {(item.what, str(item.place)): item for each in everything for item in each.unresolved}
    objectives = {str(item.place): item for each in reversed(everything) for item in each.objectives}
    notes = dict.fromkeys(note for each in everything for note in each.notes)
    return replace(
        result,
        objectives=tuple(objectives.values()),
        pairings=pairings,
        unnamed=unnamed,
        findings=tuple(sorted(findings.values(), key=lambda item: _SEVERITIES.index(item.severity))),
        unresolved=tuple(unresolved.values()),
        backwards=sum(each.backwards for each in everything),
        sampled=sum(each.sampled for each in everything),
        steps=max(each.steps for each in everything),
        versions={**others[0].versions, **result.versions},
        notes=(*notes, f"{trained} child processes watched"),
    )


def _once(items: Iterable[PairingResult]) -> tuple[PairingResult, ...]:
    """Each pairing of each place once: the first process that saw it speaks for the others."""
    seen: dict[object, PairingResult] = {}
    for item in items:
        loss = item.pairing.loss
        key = (item.where, loss.loss, str(loss.place), tuple(step.op for step in item.pairing.prediction.steps))
        seen.setdefault(key, item)
    return tuple(seen.values())
