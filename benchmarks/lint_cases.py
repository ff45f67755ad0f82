"""Labelled cases of public code: which of them the linter finds, and where it is wrong.

A case is one line of JSON: repository, path, commit, rule, verdict (`bug` or `ok`), lines (of a notebook, in their
cell), why.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lint_corpus import ALARMING, Seen, examine, manifest, places, programs, shown
from lossaudit.finding import Finding
from lossaudit.pairing import Pairing, Place, Unresolved

_NEAR = 3  # lines: a statement may begin or end so far from the labelled one
_IMPORTERS = 6

ALSO = {
    # a case's rule -> ours, where the names differ or one mistake has two names
    "softmax-wrong-dim": {"softmax-over-batch"},
    "log-of-softmax": {"log-of-softmax", "log-of-sigmoid", "unstable-log"},
    "keras-softmax-bce": {"keras-softmax-bce", "bce-on-softmax"},
    "keras-sigmoid-cce": {"keras-sigmoid-cce", "sigmoid-before-ce"},
    "sigmoid-before-ce": {"sigmoid-before-ce", "keras-sigmoid-cce"},
    # logits are declared where a sigmoid stands before a softmax loss: both names say so
    "keras-from-logits-true-on-probs": {"keras-from-logits-true-on-probs", "keras-sigmoid-cce", "sigmoid-before-ce"},
    # arguments in the wrong order are also no log-probabilities
    "kl-input-not-log": {"kl-input-not-log", "kl-swapped"},
    # the second softmax may be the loss's own
    "nested-softmax": {"nested-softmax", "double-softmax"},
}
LEVELS = {  # of the table of the research note
    "log-of-softmax": "info",
    "log-softmax-before-ce": "info",
    "kl-mean-reduction": "info",
}


@dataclass(frozen=True)
class Case:
    repo: str
    path: str
    rule: str
    verdict: str
    lines: tuple[int, ...]
    why: str
    framework: str

    @property
    def counted(self) -> bool:
        """Whether the recall that matters counts it: a bug of a rule that is an error or a warning."""
        return self.verdict == "bug" and LEVELS.get(self.rule, "error") != "info"

    def __str__(self) -> str:
        return f"{self.repo}/{self.path} {self.rule} {list(self.lines)}"


def load(cases: Path) -> list[Case]:
    found = (json.loads(line) for line in cases.read_text().splitlines() if line.strip())
    return [
        Case(
            *(case[key] for key in ("repo", "path", "rule", "verdict")),
            tuple(case["lines"]),
            case["why"],
            case["framework"],
        )
        for case in found
    ]


def near(case: Case, place: Place) -> bool:
    """Whether a place is one that the case names, or next to it."""
    lines = range(place.line - _NEAR, max(place.line, place.end_line) + _NEAR + 1)
    return place.path == case.path and any(line in lines for line in case.lines)


def matches(case: Case, finding: Finding) -> bool:
    return finding.rule in ALSO.get(case.rule, {case.rule}) and any(near(case, place) for place in places(finding))


def run(cases: Path, corpus: Path) -> None:
    """Print recall by rule, the misses with their reason, and every false alarm."""
    folders = {repo.name: repo.folder for repo in manifest(corpus)}
    table: dict[tuple[str, str], Counter[str]] = {}
    misses: list[tuple[Case, Seen]] = []
    alarms: list[tuple[Case, Finding]] = []
    known: dict[tuple[str, str], Seen] = {}
    for case in load(cases):
        if (case.repo, case.path) not in known:
            known[case.repo, case.path] = examine(folders[case.repo], case.path)
        seen = known[case.repo, case.path]
        if case.verdict == "bug":
            hit = any(matches(case, finding) for finding in seen.findings) or _through_importers(
                case, seen, folders[case.repo]
            )
            row = table.setdefault(("counted" if case.counted else "info", case.rule), Counter())
            row.update(("bugs", "found") if hit else ("bugs",))
            if not hit:
                misses.append((case, seen))
        else:
            alarms.extend((case, finding) for finding in _alarms(case, seen))
    _report(table, misses, alarms)
    _slowest(known)


def _through_importers(case: Case, seen: Seen, folder: str) -> bool:
    """Whether linting a file that names this one's module finds the bug: the loss may stand there."""
    if list(_near_pairings(case, seen)) or list(_near_unresolved(case, seen)):
        return False
    name = re.compile(rf"\b{re.escape(Path(case.path).stem)}\b".encode())
    others = (path for path in programs(folder) if path != case.path and path.endswith(".py"))
    importers = [path for path in others if name.search(Path(folder, path).read_bytes())][:_IMPORTERS]
    return any(matches(case, finding) for path in importers for finding in examine(folder, path).findings)


def _alarms(case: Case, seen: Seen) -> Iterator[Finding]:
    """Errors and warnings where there is nothing wrong. Lines of a notebook mean little without their cell: by rule."""
    for finding in seen.findings:
        same = not case.path.endswith(".ipynb") or finding.rule in ALSO.get(case.rule, {case.rule})
        if same and finding.severity in ALARMING and any(near(case, place) for place in places(finding)):
            yield finding


def _report(
    table: dict[tuple[str, str], Counter[str]], misses: list[tuple[Case, Seen]], alarms: list[tuple[Case, Finding]]
) -> None:
    print(f"{'':8} {'rule':36} bugs found recall")
    for (level, rule), row in sorted(table.items()):
        print(f"{level:8} {rule:36} {row['bugs']:4} {row['found']:5} {row['found'] / row['bugs']:6.0%}")
    counted = sum((row for (level, _), row in table.items() if level == "counted"), Counter[str]())
    print(f"recall of errors and warnings: {counted['found']} of {counted['bugs']}", end=" ")
    print(f"= {counted['found'] / max(counted['bugs'], 1):.0%}; false alarms on sound code: {len(alarms)}")
    for case, finding in alarms:
        print(
            f"FALSE ALARM {case}\n    {finding.rule} at {finding.places[0]}: {finding.message}\n    sound: {case.why}"
        )
    for case, seen in sorted(misses, key=lambda miss: _reason(*miss)):
        print(f"MISS [{_reason(case, seen)}] {case}{'' if case.counted else ' (info)'}\n    {case.why}")
        for line in dict.fromkeys(_details(case, seen)):
            print(f"      {line}")


def _reason(case: Case, seen: Seen) -> str:
    """Why a bug was missed, as far as the reading shows it."""
    if seen.crash:
        return f"crash: {seen.crash}"
    if seen.problem:
        return f"not readable: {seen.problem}"
    if any(finding.rule in ALSO.get(case.rule, {case.rule}) for finding in seen.findings):
        return "found elsewhere in the file"
    if any(finding.severity in ALARMING for finding in _near_findings(case, seen)):
        return "another rule"
    if list(_near_pairings(case, seen)):
        return "read, but no rule says that it is wrong"
    if list(_near_unresolved(case, seen)):
        return "not understood"
    return "no loss met"


def _near_findings(case: Case, seen: Seen) -> Iterator[Finding]:
    return (finding for finding in seen.findings if any(near(case, place) for place in places(finding)))


def _near_pairings(case: Case, seen: Seen) -> Iterator[Pairing]:
    for pairing in seen.reading.pairings:
        spots = [pairing.loss.place, *(step.place for step in pairing.prediction.steps)]
        if any(near(case, each) for place in spots if place for each in (place, *place.via)):
            yield pairing


def _near_unresolved(case: Case, seen: Seen) -> Iterator[Unresolved]:
    everything = list(seen.reading.unresolved)
    for objective in seen.reading.objectives:
        everything += [each for term in objective.terms for each in term.unresolved]
    return (each for each in everything if each.place is None or near(case, each.place) or not each.place.line)


def _details(case: Case, seen: Seen) -> Iterator[str]:
    for finding in seen.findings:
        if finding.rule in ALSO.get(case.rule, {case.rule}) or finding in _near_findings(case, seen):
            yield f"says {finding.rule} ({finding.severity.value}) at {', '.join(map(str, places(finding)))}"
    for pairing in _near_pairings(case, seen):
        yield f"read at {pairing.loss.place}: {shown(pairing)}"
    for unresolved in _near_unresolved(case, seen):
        yield f"not understood at {unresolved.place}: {unresolved.what}: {unresolved.reason}"


def _slowest(known: dict[tuple[str, str], Seen]) -> None:
    slow = sorted(known.items(), key=lambda item: -item[1].seconds)[:3]
    print("slowest:", ", ".join(f"{repo}/{path} {seen.seconds:.1f} s" for (repo, path), seen in slow))
