"""Other linters on the same files: recall on the labelled bugs, alarms on sound code, reports in all, time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lint_cases import Case, load, matches, near
from benchmarks.lint_corpus import ALARMING, examine, manifest, places, programs
from lossaudit.pairing import Place

Report = tuple[str, Place]  # a code and where


@dataclass(frozen=True)
class Tool:
    """A linter: its command for some paths, how to read its answer, and which of its codes speak of losses."""

    command: Callable[[str, list[str]], list[str]]
    reports: Callable[[str], Iterator[Report]]
    codes: frozenset[str]


def _preflight(out: str) -> Iterator[Report]:
    for found in json.loads(out or "{}").get("diagnostics", []):
        yield found["code"], Place(found["path"], found["line"], end_line=found["end_line"])


def _torchfix(out: str) -> Iterator[Report]:
    for path, line, code in re.findall(r"^(.*?):(\d+):\d+: (TOR\d+)", out, re.MULTILINE):
        yield code, Place(path, int(line))


TOOLS = {
    "torch-preflight": Tool(
        lambda program, paths: [program, "check", "--format", "json", "--select", "TG005,TG006", "-j", "1", *paths],
        _preflight,
        frozenset({"TG005", "TG006"}),
    ),
    "torchfix": Tool(
        lambda program, paths: [program, "--select", "ALL", "-j", "1", *paths],
        _torchfix,
        frozenset({"TOR108"}),  # log-sum-exp; it has no rule on heads and losses
    ),
}


def run(cases: Path, corpus: Path, programs_of: dict[str, str], everywhere: bool) -> None:
    """Print a line per tool over the PyTorch `.py` cases; with `everywhere`, its reports in the whole corpus too."""
    folders = {repo.name: repo.folder for repo in manifest(corpus)}
    chosen = [case for case in load(cases) if case.framework in {"pytorch", "torch", "lightning"}]
    chosen = [case for case in chosen if case.path.endswith(".py")]
    bugs = [case for case in chosen if case.counted]
    sound = [case for case in chosen if case.verdict == "ok"]
    print(f"{len(bugs)} bugs (errors and warnings) and {len(sound)} sound places in PyTorch .py files")
    print(f"{'tool':16} found  recall  alarms on sound code  seconds")
    start = time.perf_counter()
    seen = {(case.repo, case.path): examine(folders[case.repo], case.path) for case in chosen}
    took = time.perf_counter() - start
    found = sum(any(matches(case, each) for each in seen[case.repo, case.path].findings) for case in bugs)
    alarms = sum(
        any(
            finding.severity in ALARMING and any(near(case, place) for place in places(finding))
            for finding in seen[case.repo, case.path].findings
        )
        for case in sound
    )
    print(f"{'lossaudit':16} {found:5} {found / len(bugs):7.0%} {alarms:21} {took:8.1f}  (in process)")
    for name, program in programs_of.items():
        _one(name, program, bugs, sound, folders)
        if everywhere:
            _everywhere(name, program, folders)


def _one(name: str, program: str, bugs: list[Case], sound: list[Case], folders: dict[str, str]) -> None:
    tool = TOOLS[name]
    paths: dict[str, set[str]] = {}
    for case in (*bugs, *sound):
        paths.setdefault(case.repo, set()).add(case.path)
    start = time.perf_counter()
    reports = {repo: _reports(tool, program, folders[repo], sorted(files)) for repo, files in paths.items()}
    took = time.perf_counter() - start
    found = sum(any(near(case, place) for _, place in reports[case.repo]) for case in bugs)
    alarms = sum(any(near(case, place) for _, place in reports[case.repo]) for case in sound)
    print(f"{name:16} {found:5} {found / len(bugs):7.0%} {alarms:21} {took:8.1f}")


def _reports(tool: Tool, program: str, folder: str, paths: list[str]) -> list[Report]:
    done = subprocess.run(tool.command(program, paths), cwd=folder, capture_output=True, text=True, check=False)
    return [report for report in tool.reports(done.stdout) if report[0] in tool.codes]


def _everywhere(name: str, program: str, folders: dict[str, str]) -> None:
    start, total = time.perf_counter(), 0
    for folder in folders.values():
        paths = [path for path in programs(folder) if path.endswith(".py")]
        mentioning = [path for path in paths if re.search(rb"(?i)loss|criterion", Path(folder, path).read_bytes())]
        for first in range(0, len(mentioning), 200):
            for code, place in _reports(TOOLS[name], program, folder, mentioning[first : first + 200]):
                print(f"    {name} {code} {os.path.basename(folder)}/{place}")
                total += 1
    print(f"  {name}: {total} reports in all .py files that mention a loss, {time.perf_counter() - start:.0f} s")
