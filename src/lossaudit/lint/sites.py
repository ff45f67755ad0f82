"""One loss is one site, however many files lead to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from lossaudit.finding import Finding
from lossaudit.pairing import Objective, Pairing, Place, Reading, Unresolved

Spot = tuple[str, int, int, int]


def merged(readings: Iterable[Reading], linted: Collection[str]) -> Reading:
    """Every loss that was met, once: understood where one of the readings understood it.

    A helper's loss says nothing when its own file is read, and all when the file that calls it is.

    Args:
        readings: Of one file each; a file's losses may be met again in the reading of a file that imports it.
        linted: Paths of the files that were asked for. What stands elsewhere counts when these lead to it.
    """
    sites: dict[Spot, Objective] = {}
    elsewhere: dict[Unresolved, None] = {}
    for reading in readings:
        for objective in reading.objectives:
            if _touches(objective, linted):
                spot = _spot(_place(objective))
                sites[spot] = _joined(sites[spot], objective) if spot in sites else objective
        elsewhere.update(dict.fromkeys(each for each in reading.unresolved if _is_in(each.place, linted)))
    return Reading(tuple(sites[spot] for spot in sorted(sites)), tuple(elsewhere))


def once(findings: Iterable[Finding], linted: Collection[str]) -> list[Finding]:
    """Each finding once, by path and line, with at least one place in the linted files."""
    found: dict[tuple[str, tuple[Spot, ...]], Finding] = {}
    for finding in findings:
        if any(_is_in(place, linted) for place in finding.places):
            found.setdefault((finding.rule, tuple(map(_spot, finding.places[:2]))), finding)  # loss and head
    return sorted(found.values(), key=order)


def order(finding: Finding) -> tuple[Spot, str, tuple[Spot, ...]]:
    """By path and line of the first place, then by code and the other places."""
    spots = tuple(map(_spot, finding.places))
    return (spots[0] if spots else ("", 0, 0, 0), finding.code, spots[1:])


def _spot(place: Place) -> Spot:
    return place.path, place.cell or 0, place.line, place.col


def _joined(one: Objective, other: Objective) -> Objective:
    """Both readings of a site as one term: what was understood, from either; else why it was not."""
    understood = [each for each in (one, other) if any(term.alternatives for term in each.terms)]
    if len(understood) < 2:
        return next(iter(understood), one)
    terms = (*one.terms, *other.terms)
    alternatives: list[Pairing] = []
    unresolved: list[Unresolved] = []
    for term in terms:
        alternatives += [each for each in term.alternatives if each not in alternatives]
        unresolved += [each for each in term.unresolved if each not in unresolved]
    return replace(one, terms=(replace(terms[0], alternatives=tuple(alternatives), unresolved=tuple(unresolved)),))


def _place(objective: Objective) -> Place:
    """Where the loss stands: the objective's own place may be that of a later `backward()`."""
    for term in objective.terms:
        uses = (*(pairing.loss for pairing in term.alternatives), *term.unresolved)
        return next((use.place for use in uses if use.place is not None), objective.place)
    return objective.place


def _touches(objective: Objective, linted: Collection[str]) -> bool:
    if _is_in(_place(objective), linted):
        return True
    steps = (step for term in objective.terms for pairing in term.alternatives for step in pairing.prediction.steps)
    return any(_is_in(step.place, linted) for step in steps)


def _is_in(place: Place | None, linted: Collection[str]) -> bool:
    """Whether a place, or a call that leads to it, stands in one of the files."""
    return place is not None and (place.path in linted or any(call.path in linted for call in place.via))
