"""The outcome of `lossaudit lint` for machines: one JSON object, described in docs/lint-formats.md.

A field is never taken away or given another meaning without a new number in `"schema"`; fields may be added.
"""

from __future__ import annotations

import json
from typing import TypeAlias

from lossaudit import __version__
from lossaudit.finding import Finding, Fix
from lossaudit.pairing import Pairing, Place, Unresolved
from lossaudit.report import lint_wording as wording
from lossaudit.result import LintResult, Problem

SCHEMA = 1

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """The result as a JSON object, keys sorted, in ASCII. What is not known is null."""
    read, missed = wording.read_and_missed(result)
    losses = (
        _loss(term.alternatives, term.unresolved, objective.place)
        for objective in result.reading.objectives
        for term in objective.terms
    )
    document: dict[str, Json] = {
        "tool": "lossaudit",
        "version": __version__,
        "kind": "lint",
        "schema": SCHEMA,
        "files": list(result.files),
        "findings": [_finding(finding) for finding in result.findings],
        "losses": list(losses),
        "unresolved": [_unresolved(each) for each in wording.elsewhere(result)],
        "problems": [_problem(problem) for problem in result.problems],
        "counts": {
            "files": len(result.files),
            "findings": len(result.findings),
            "hidden": result.hidden,
            "pairings_read": read,
            "pairings_not_understood": missed,
        },
    }
    return json.dumps(document, sort_keys=True, allow_nan=False, indent=1)


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "code": finding.code,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "why": finding.why,
        "places": [_place(place) for place in finding.places],
        "evidence": list(finding.evidence),
        "fix": _fix(finding.fix) if finding.fix is not None else None,
        "url": wording.rule_page(finding.rule),
    }


def _fix(fix: Fix) -> Json:
    edits: list[Json] = [{"place": _place(edit.place), "text": edit.text} for edit in fix.edits]
    return {
        "title": fix.title,
        "before": fix.before,
        "after": fix.after,
        "edits": edits,
        "keeps_values": fix.keeps_values,
    }


def _place(place: Place | None) -> Json:
    if place is None:
        return None
    return {
        "path": place.path,
        "cell": place.cell,
        "line": place.line or None,
        "column": place.col or None,
        "end_line": place.end_line or None,
        "end_column": place.end_col or None,
        "scope": place.scope,
    }


def _loss(alternatives: tuple[Pairing, ...], unresolved: tuple[Unresolved, ...], place: Place) -> Json:
    return {
        "place": _place(place),
        "understood": bool(alternatives),
        "alternatives": [_pairing(pairing) for pairing in alternatives],
        "unresolved": [_unresolved(each) for each in unresolved],
    }


def _pairing(pairing: Pairing) -> Json:
    target = pairing.target
    encodings: Json = None if target is None else [*sorted(encoding.value for encoding in target.encodings)]
    return {
        "loss": pairing.loss.loss,
        "name": pairing.loss.name,
        "framework": pairing.framework,
        "backend": pairing.backend,
        "guards": list(pairing.guards),
        "source": pairing.prediction.source.value,
        "steps": [{"op": step.op, "place": _place(step.place)} for step in pairing.prediction.steps],
        "target": encodings,
        "trained": pairing.trained,
    }


def _unresolved(each: Unresolved) -> Json:
    return {"what": each.what, "reason": each.reason, "place": _place(each.place), "ops": list(each.ops)}


def _problem(problem: Problem) -> Json:
    return {
        "path": problem.path,
        "line": problem.line or None,
        "message": problem.message,
        "skipped": problem.skipped,
    }
