"""Findings of old code, written down once, so that only new ones are reported.

An entry is a path, a rule, and the text at the finding's first place without white space, with how often that occurs:
neither lines that move nor a formatter bring an old finding back.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from lossaudit.errors import UsageError
from lossaudit.finding import Finding
from lossaudit.lint import paths
from lossaudit.lint.examine import file_of
from lossaudit.lint.files import replace_file
from lossaudit.pairing import Place
from lossaudit.readers.source.text import Unreadable, load
from lossaudit.result import Problem
from lossaudit.rules.source import File

SCHEMA = 1
Entry: TypeAlias = tuple[str, str, str]  # path, rule, text


def read(file: str) -> Counter[Entry]:
    """The entries of a baseline.

    Raises:
        UsageError: It cannot be read, or is no baseline.
    """
    try:
        with open(file, encoding="utf-8") as opened:
            document: Any = json.load(opened)
        entries = document["findings"]
        return Counter({(each["path"], each["rule"], each["text"]): int(each["count"]) for each in entries})
    except OSError as error:
        hint = "write it with --write-baseline" if isinstance(error, FileNotFoundError) else "name another file"
        raise UsageError(f"--baseline {file}: cannot be read ({error.strerror}); {hint}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"--baseline {file}: is no baseline of lossaudit; write a new one with --write-baseline"
        ) from None


def write(file: str, findings: Iterable[Finding]) -> int:
    """Write the findings down, and return how many there are.

    Raises:
        UsageError: The file cannot be written.
    """
    counts = Counter(_entries(findings, file))
    entries = [
        {"path": path, "rule": rule, "text": text, "count": count}
        for (path, rule, text), count in sorted(counts.items())
    ]
    document = {"tool": "lossaudit", "kind": "baseline", "schema": SCHEMA, "findings": entries}
    try:
        replace_file(file, (json.dumps(document, indent=1) + "\n").encode())
    except OSError as error:
        raise UsageError(f"--baseline {file}: cannot be written ({error.strerror}); name another file") from None
    return counts.total()


def new(findings: list[Finding], file: str, linted: Iterable[str]) -> tuple[list[Finding], tuple[Problem, ...]]:
    """The findings that the baseline does not hold; and one line when entries of the linted files are out of date."""
    left = read(file)
    kept: list[Finding] = []
    for finding, entry in zip(findings, _entries(findings, file), strict=True):
        if left[entry] > 0:
            left[entry] -= 1
        else:
            kept.append(finding)
    seen = {_relative(path, file) for path in linted}
    stale = sum(count for (path, _, _), count in left.items() if path in seen or not _exists(path, file))
    if not stale:
        return kept, ()
    many = f"{stale} entries are" if stale > 1 else "1 entry is"
    return kept, (Problem(file, f"{many} out of date: write it anew with --write-baseline", skipped=False),)


def _entries(findings: Iterable[Finding], file: str) -> list[Entry]:
    source = lru_cache(maxsize=4)(_source)  # findings come file by file
    entries: list[Entry] = []
    for finding in findings:
        place = next(iter(finding.places), Place("", 0))
        entries.append((_relative(place.path, file), finding.rule, _text(source(place.path), place)))
    return entries


def _source(path: str) -> File | None:
    try:
        return file_of(load(path))
    except Unreadable:
        return None


def _text(source: File | None, place: Place) -> str:
    """What stands at a place, without white space; `""` where it cannot be read."""
    if source is None:
        return ""
    low, high = source.place_span(place)
    return "".join(source.text[low:high].split())


def _relative(path: str, file: str) -> str:
    """The path as seen from the baseline's folder, so that it holds in every clone."""
    if path == paths.STDIN:
        return path
    return os.path.relpath(os.path.realpath(path), os.path.dirname(os.path.realpath(file))).replace(os.sep, "/")


def _exists(path: str, file: str) -> bool:
    return os.path.lexists(os.path.join(os.path.dirname(os.path.abspath(file)), path))
