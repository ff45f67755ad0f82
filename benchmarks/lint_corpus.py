"""The public repositories that the linter is measured on: where they lie, and what it says of their files.

Their code is never part of this project. A folder holds one work tree per repository and a file `MANIFEST`, a line
each: repository, commit, folder, note, parted by tabs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from lossaudit.finding import Finding, Severity
from lossaudit.pairing import Objective, Pairing, Place, Reading
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.reader import read
from lossaudit.readers.source.text import Unreadable
from lossaudit.rules.judge import judge_reading

LABELS = Path(__file__).with_name("lint_labels.jsonl")
_MOST_SECONDS = 60.0
_LOSS = re.compile(rb"(?i)loss|criterion|entropy|\.compile\(")
ALARMING = (Severity.ERROR, Severity.WARNING)
_SKIPPED = frozenset({".git", "node_modules", "site-packages", ".venv", "venv"})


class Repo(NamedTuple):
    name: str
    commit: str
    folder: str


@dataclass(frozen=True)
class Seen:
    """What the linter said of one file; `crash` is a mistake of its own."""

    path: str
    findings: tuple[Finding, ...] = ()
    reading: Reading = field(default_factory=Reading)
    problem: str = ""
    crash: str = ""
    seconds: float = 0.0


def manifest(corpus: Path) -> list[Repo]:
    lines = (corpus / "MANIFEST").read_text().splitlines()
    return [Repo(*line.split("\t")[:3]) for line in lines]


def examine(root: str, path: str, project: Project | None = None) -> Seen:
    """Lint one file of a repository; `path` as seen from its root."""
    os.chdir(root)
    start = time.perf_counter()
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, _MOST_SECONDS)
    try:
        reading = read(path, project or Project((".", "src")))
        findings = judge_reading(reading)
    except Unreadable as error:
        return Seen(path, problem=error.reason, seconds=time.perf_counter() - start)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__}: {str(error)[:100]} at {Path(last.filename).name}:{last.lineno}"
        return Seen(path, crash=kind, seconds=time.perf_counter() - start)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return Seen(path, findings, reading, seconds=time.perf_counter() - start)


def _late(*_: object) -> None:
    raise TimeoutError


def programs(root: str) -> Iterator[str]:
    """Python files and notebooks below a folder, as seen from it."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(files):
            if name.endswith((".py", ".ipynb")):
                yield os.path.relpath(os.path.join(folder, name), root)


def places(finding: Finding) -> Iterator[Place]:
    """All places of a finding, the ways that lead there too."""
    for place in finding.places:
        yield place
        yield from place.via


def shown(pairing: Pairing) -> str:
    """A pairing in one line: `cross_entropy <- softmax@45 <- affine`."""
    steps = [f"{step.op}@{step.place.line if step.place else '?'}" for step in reversed(pairing.prediction.steps)]
    source = pairing.prediction.source.value + (f" ({pairing.prediction.reason})" if pairing.prediction.reason else "")
    guards = f" if {' and '.join(pairing.guards)}" if pairing.guards else ""
    return " <- ".join([pairing.loss.loss or f"written {pairing.loss.name}", *steps, source]) + guards[:200]


@dataclass(frozen=True, order=True)
class Spot:
    """What a label names."""

    repo: str
    path: str
    cell: int
    line: int
    rule: str


def labels() -> dict[Spot, str]:
    """What two readers said of each finding (`right`, `wrong`, `unsure`), by place and rule."""
    if not LABELS.exists():
        return {}
    found = (json.loads(line) for line in LABELS.read_text().splitlines() if line.strip())
    return {
        Spot(*(label[key] for key in ("repo", "path", "cell", "line", "rule"))): label["verdict"] for label in found
    }


def mentions_loss(path: Path) -> bool:
    """Whether a file names anything like a loss: the denominator of the research note."""
    return _LOSS.search(path.read_bytes()) is not None


def run(corpus: Path, only: list[str], out: Path | None, processes: int) -> None:
    """Lint the files that mention a loss; print what was read, found and labelled; write the findings for labelling."""
    repos = [repo for repo in manifest(corpus) if not only or repo.name in only]
    files, problems, crashes, losses, resolved = 0, 0, Counter[str](), 0, 0
    reasons = Counter[str]()
    found: dict[Spot, tuple[Finding, Repo]] = {}
    slow: list[tuple[float, str]] = []
    with ProcessPoolExecutor(processes) as pool:
        for repo in repos:
            start = time.perf_counter()
            paths = [path for path in programs(repo.folder) if mentions_loss(Path(repo.folder, path))]
            parts = [paths[first : first + 10] for first in range(0, len(paths), 10)]
            for seen in chain.from_iterable(pool.map(_examine_all, [repo.folder] * len(parts), parts)):
                files += 1
                problems += bool(seen.problem)
                crashes[seen.crash] += bool(seen.crash)
                slow.append((seen.seconds, f"{repo.name}/{seen.path}"))
                for objective in seen.reading.objectives:
                    losses += 1
                    resolved += is_resolved(objective)
                    for term in objective.terms if not is_resolved(objective) else ():
                        reasons.update(unresolved.reason[:60] for unresolved in term.unresolved)
                for finding in seen.findings:
                    place = finding.places[0]
                    found[Spot(repo.name, place.path, place.cell or 0, place.line, finding.rule)] = (finding, repo)
            print(f"{repo.name}: {len(paths)} files, {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
            if out is not None:
                _write(found, out)
    print(f"{files} files, {problems} not readable, {losses} losses met, {resolved / max(losses, 1):.1%} resolved")
    print(f"slowest: {', '.join(f'{name} {seconds:.1f} s' for seconds, name in sorted(slow)[-5:][::-1])}")
    for name, counts in (("crash", crashes), ("not understood", reasons)):
        for what, count in counts.most_common(25):
            if what and count:
                print(f"  {name} {count:5d}  {what}")
    _by_rule(found)


def is_resolved(objective: Objective) -> bool:
    """Whether a pairing was understood at this loss."""
    return any(term.alternatives for term in objective.terms)


def _examine_all(root: str, paths: list[str]) -> list[Seen]:
    os.chdir(root)
    project = Project((".", "src"))
    return [examine(root, path, project) for path in paths]


def _by_rule(found: dict[Spot, tuple[Finding, Repo]]) -> None:
    known = labels()
    table: dict[tuple[str, str], Counter[str]] = {}
    for spot, (finding, _) in found.items():
        row = table.setdefault((finding.severity.value, spot.rule), Counter())
        row[known.get(spot, "unlabelled")] += 1
    print(f"{'level':8} {'rule':36} findings  right  wrong  unsure  unlabelled  precision")
    for (level, rule), row in sorted(table.items()):
        judged = row["right"] + row["wrong"]
        precision = f"{row['right'] / judged:.0%}" if judged else "-"
        counts = f"{row['right']:6} {row['wrong']:6} {row['unsure']:7} {row['unlabelled']:11}"
        print(f"{level:8} {rule:36} {row.total():8} {counts}  {precision:>9}")


def _write(found: dict[Spot, tuple[Finding, Repo]], out: Path) -> None:
    """Findings as JSONL, one to be labelled per line: nothing of the code."""
    known = labels()
    with out.open("w") as file:
        for spot, (finding, repo) in sorted(found.items(), key=lambda item: item[0]):
            line = {
                "repo": spot.repo,
                "commit": repo.commit,
                "path": spot.path,
                "cell": spot.cell,
                "line": spot.line,
                "rule": spot.rule,
                "level": finding.severity.value,
                "verdict": known.get(spot, ""),
                "places": [f"{place.path}:{place.cell or ''}:{place.line}" for place in finding.places],
                "message": finding.message,
            }
            file.write(json.dumps(line) + "\n")
