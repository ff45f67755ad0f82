"""Which lines a branch has changed: findings on other lines are not its own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable

from lossaudit.errors import UsageError
from lossaudit.finding import Finding
from lossaudit.lint import paths
from lossaudit.lint.notebook_text import lines_of
from lossaudit.pairing import Place
from lossaudit.readers.source.text import LARGEST_NOTEBOOK, Unreadable, read_bytes

_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def since(reference: str, findings: Iterable[Finding], folder: str) -> list[Finding]:
    """The findings with at least one place on a line that the working tree has changed since a branch left `reference`.

    Args:
        reference: A commit, by any name that git knows.
        findings: All of them.
        folder: Where the linted files lie; the reference is looked up here also when there are no findings.

    Raises:
        UsageError: There is no git, no repository, or no such reference.
    """
    changes = _Changes(reference, folder)
    return [finding for finding in findings if any(map(changes.touch, finding.places))]


class _Changes:
    """Changed lines of the files that are asked about, by one `git diff` a file."""

    def __init__(self, reference: str, folder: str) -> None:
        self._reference = reference
        self._bases: dict[str, str] = {}
        self._lines: dict[str, frozenset[int] | None] = {}
        self._base(folder)

    def touch(self, place: Place) -> bool:
        lines = self._changed(place.path)
        if lines is None:
            return True
        first, last = place.line, max(place.line, place.end_line)
        if place.cell is None:
            return any(line in lines for line in range(first, last + 1))
        rows = _rows(place.path)
        return any(rows.get((place.cell, line), 0) in lines for line in range(first, last + 1))

    def _changed(self, path: str) -> frozenset[int] | None:
        """Lines of a file that were added or changed; None for a new file: all of them."""
        if path not in self._lines:
            self._lines[path] = None if path == paths.STDIN else self._diff(os.path.realpath(path))
        return self._lines[path]

    def _diff(self, path: str) -> frozenset[int] | None:
        folder = os.path.dirname(path)
        base = self._base(folder)
        if not _git(folder, "ls-files", "--", path).stdout:
            return None
        command = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "-U0", base, "--", path)
        changed: set[int] = set()
        for start, count in _HUNK.findall(_git(folder, *command).stdout):
            changed.update(range(int(start), int(start) + int(count or 1)))
        return frozenset(changed)

    def _base(self, folder: str) -> str:
        """Where the branch left the reference."""
        if folder not in self._bases:
            word = self._reference
            if word.startswith("-") or _git(folder, "rev-parse", "--verify", "-q", f"{word}^{{commit}}").returncode:
                if _git(folder, "rev-parse", "--git-dir").returncode:
                    raise UsageError(f"--changed-since {word}: {paths.shown(folder)} is in no git repository")
                raise UsageError(f"--changed-since {word}: git knows no such commit; fetch it, or name another")
            found = _git(folder, "merge-base", word, "HEAD").stdout.decode().strip()
            self._bases[folder] = found or word  # without a common history: compared as it is
        return self._bases[folder]


def _git(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(("git", "-C", folder, *arguments), capture_output=True, check=False)
    except OSError as error:
        raise UsageError(f"--changed-since needs git, and it cannot be run ({error.strerror})") from None


def _rows(path: str) -> dict[tuple[int, int], int]:
    try:
        return lines_of(read_bytes(path, LARGEST_NOTEBOOK).decode("utf-8", errors="replace"))
    except Unreadable:
        return {}
