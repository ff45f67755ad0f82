"""SARIF 2.1.0, the format that code scanning reads.

A notebook is one artifact; a finding names the cell in its message, and its region is the line of the notebook's JSON
text, since a region has no cells. Columns count code points, as Python does.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from lossaudit import __version__
from lossaudit import rules as house
from lossaudit.finding import Finding, Fix, Severity
from lossaudit.pairing import Place
from lossaudit.report import excerpt
from lossaudit.report import lint_wording as wording
from lossaudit.report.wording import one_line
from lossaudit.result import LintResult, Problem
from lossaudit.rules.rule import Rule

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "SRCROOT"
_FINGERPRINT = "lossauditFinding/v1"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(result: LintResult, *, root: str = ".", colour: bool = False) -> str:
    """One run, as JSON text.

    Args:
        result: What to write.
        root: The root of the repository, to which paths are written relative; in a workflow of GitHub it is known.
        colour: Without effect here.
    """
    root = wording.repository(root)
    names = wording.names(result.reading)
    seen: Counter[str] = Counter()
    results: list[Json] = [_result(finding, names, root, seen) for finding in result.findings]
    mentioned = dict.fromkeys(place.path for finding in result.findings for place in finding.places)
    read, missed = wording.read_and_missed(result)
    notifications: list[Json] = [_notification(problem, root) for problem in result.problems]
    run: dict[str, Json] = {
        "tool": {"driver": _driver()},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"uri": _directory(root)}},
        "artifacts": [_artifact(path, root) for path in mentioned],
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "results": results,
        "properties": {"files": len(result.files), "pairingsRead": read, "pairingsNotUnderstood": missed},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, allow_nan=False)


def _driver() -> Json:
    return {
        "name": "lossaudit",
        "informationUri": wording.REPOSITORY,
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in house.RULES.values()],
    }


def _rule(rule: Rule) -> Json:
    text = rule.summary[0].upper() + rule.summary[1:] + "."
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} See: lossaudit explain {rule.name}", "markdown": house.page(rule)},
        "helpUri": wording.rule_page(rule.name),
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"tags": ["loss", "machine-learning"]},
    }


def _result(finding: Finding, names: Mapping[Place, str], root: str, seen: Counter[str]) -> Json:
    made: dict[str, Json] = {
        "ruleId": finding.code,
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_location(place, root) for place in finding.places[:1]],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, root, seen)},
        "properties": {
            "confidence": finding.confidence.value,
            "evidence": [one_line(each) for each in finding.evidence],
        },
    }
    codes = [rule.code for rule in house.RULES.values()]
    if finding.code in codes:
        made["ruleIndex"] = codes.index(finding.code)
    related: list[Json] = [
        {**_location(place, root), "id": number, "message": {"text": _called(place, names)}}
        for number, place in enumerate(finding.places[1:], 1)
    ]
    if related:
        made["relatedLocations"] = related
    if finding.fix is not None and (fix := _fix(finding.fix, root)) is not None:
        made["fixes"] = [fix]
    return made


def _message(finding: Finding) -> str:
    place = finding.places[0] if finding.places else None
    cell = f"Cell {place.cell}, line {place.line}: " if place is not None and place.cell is not None else ""
    fix = f" Fix: {one_line(finding.fix.title)}." if finding.fix is not None else ""
    return f"{cell}{wording.reason(finding)}.{fix}"


def _called(place: Place, names: Mapping[Place, str]) -> str:
    """What stands at a place; in a notebook with its cell."""
    cell = f" (cell {place.cell}, line {place.line})" if place.cell is not None else ""
    return names.get(place, "see here") + cell


def _location(place: Place, root: str) -> dict[str, Json]:
    physical: dict[str, Json] = {"artifactLocation": _artifact_location(place.path, root)}
    region = _region(place, root)
    if region:
        physical["region"] = region
    location: dict[str, Json] = {"physicalLocation": physical}
    if place.scope:
        location["logicalLocations"] = [{"fullyQualifiedName": one_line(place.scope), "kind": "function"}]
    return location


def _region(place: Place, root: str) -> dict[str, Json]:
    """The span, as far as it is known. An end column is that behind the last character, as ours is."""
    line = excerpt.file_line(place, root)
    if not line:
        return {}
    if place.cell is not None:
        return {"startLine": line}
    region: dict[str, Json] = {"startLine": line}
    if place.end_line >= line:
        region["endLine"] = place.end_line
    if place.col:
        region["startColumn"] = place.col
        if place.end_line > line or (place.end_line == line and place.end_col > place.col):
            region["endColumn"] = place.end_col or 1
    return region


def _artifact(path: str, root: str) -> Json:
    notebook = path.lower().endswith(wording.NOTEBOOK)
    kind: dict[str, Json] = {"mimeType": "application/x-ipynb+json"} if notebook else {"mimeType": "text/x-python"}
    return {"location": _artifact_location(path, root), "sourceLanguage": "python", **kind}


def _artifact_location(path: str, root: str) -> dict[str, Json]:
    uri, inside = _uri(path, root)
    return {"uri": uri, "uriBaseId": _BASE} if inside else {"uri": uri}


def _uri(path: str, root: str) -> tuple[str, bool]:
    """The path as the URI of an artifact, and whether it is relative to the root.

    >>> _uri("a b.py", "."), _uri("<model>", ".")
    (('a%20b.py', True), ('%3Cmodel%3E', False))
    """
    if path == "-" or path.startswith("<"):  # standard input, a live model
        return _quoted(path), False
    shown = wording.relative(path, root)
    if not os.path.isabs(shown):
        return _quoted(shown), True
    return f"file://{'' if shown.startswith('/') else '/'}{_quoted(shown)}", False


def _quoted(path: str) -> str:
    """Percent-encoded bytes, those of the file system where the path has them."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"))


def _directory(root: str) -> str:
    return Path(os.path.abspath(root)).as_uri().rstrip("/") + "/"


def _fix(fix: Fix, root: str) -> Json:
    """The edits as replacements; None where there is none, or where a cell would have to be edited inside its JSON."""
    if not fix.edits or any(edit.place.cell is not None or not edit.place.line for edit in fix.edits):
        return None
    changes: list[Json] = []
    for path in dict.fromkeys(edit.place.path for edit in fix.edits):
        replacements: list[Json] = [
            {"deletedRegion": _deleted(edit.place), "insertedContent": {"text": edit.text}}
            for edit in fix.edits
            if edit.place.path == path
        ]
        changes.append({"artifactLocation": _artifact_location(path, root), "replacements": replacements})
    return {"description": {"text": one_line(fix.title)}, "artifactChanges": changes}


def _deleted(place: Place) -> Json:
    return {
        "startLine": place.line,
        "startColumn": place.col or 1,
        "endLine": place.end_line or place.line,
        "endColumn": place.end_col or place.col or 1,
    }


def _fingerprint(finding: Finding, root: str, seen: Counter[str]) -> str:
    """Equal for the same finding after lines were added above: rule, file, function, and the text of its lines.

    Equal findings of one file are numbered in the order of the file.
    """
    parts = [finding.code]
    for place in finding.places:
        text = excerpt.line(place, root) or ""
        parts += [_uri(place.path, root)[0], place.scope, " ".join(text.split())]
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _notification(problem: Problem, root: str) -> Json:
    physical: dict[str, Json] = {"artifactLocation": _artifact_location(problem.path, root)}
    if problem.line:
        physical["region"] = {"startLine": problem.line}
    message = one_line(problem.message) or "not linted"
    level = "error" if problem.skipped else "warning"
    return {"level": level, "message": {"text": message}, "locations": [{"physicalLocation": physical}]}
