"""Patterns of `.gitignore` files, with git's own meaning (gitignore(5)); also the patterns of our configuration.

Git compares bytes: patterns and paths are here text in which each character stands for one byte.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_SPECIAL = frozenset("*?[\\")
_NEVER = "(?!)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of a `.gitignore`, or several neighbours of one kind.

    Attributes:
        regex: Of the name, or of the path below the file's folder where it is `anchored`.
        negated: The line began with `!`.
        folders: The line ended with `/`: it means folders only.
    """

    regex: re.Pattern[str]
    negated: bool
    anchored: bool
    folders: bool


@dataclass(frozen=True, slots=True)
class Patterns:
    """The lines of one file. `base` is the folder to which they speak, with `/` and without one at the end."""

    base: str
    lines: tuple[Pattern, ...]

    def decide(self, path: str, folder: bool) -> bool | None:
        """Whether `path` (below `base`) is ignored; None when no line speaks of it. The last line that does, wins."""
        below = path[len(self.base) + 1 :] if self.base else path
        name = path.rpartition("/")[2]
        for line in reversed(self.lines):
            if (folder or not line.folders) and line.regex.fullmatch(below if line.anchored else name):
                return not line.negated
        return None


def ignored(files: Sequence[Patterns], path: str, folder: bool) -> bool:
    """Whether `path` itself is ignored by these files, outermost first; the innermost that speaks of it decides."""
    decisions = (patterns.decide(path, folder) for patterns in reversed(files))
    return next((decision for decision in decisions if decision is not None), False)


def as_bytes(path: str) -> str:
    """A path in the form that patterns compare.

    >>> as_bytes("é.py")
    'Ã©.py'
    """
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def load(file: str, base: str) -> Patterns | None:
    """The patterns of a file; None when it is not there, cannot be read, or says nothing."""
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError:
        return None
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n")
    return compiled((line.removesuffix("\r") for line in lines), base)


def compiled(lines: Iterable[str], base: str) -> Patterns | None:
    """Patterns of lines, None where no line is one.

    >>> compiled(["*.log", "!keep.log", "/build/"], "").decide("deep/keep.log", folder=False)
    False
    """
    made = [pattern for pattern in map(parse, lines) if pattern is not None]
    runs = groupby(made, key=lambda each: (each.negated, each.anchored, each.folders))
    joined = tuple(Pattern(_either(run), *kind) for kind, run in runs)
    return Patterns(base, joined) if made else None


def _either(patterns: Iterable[Pattern]) -> re.Pattern[str]:
    """One expression for neighbours that mean the same: a walk asks it for every file."""
    return re.compile("|".join(each.regex.pattern for each in patterns), re.DOTALL)


def parse(line: str) -> Pattern | None:
    """The pattern on a line; None for a comment or an empty line."""
    if line.startswith("#"):
        return None
    text = _without_trailing_spaces(line)
    negated = text.startswith("!")
    text = text[negated:]
    folders = text.endswith("/")
    text = text[: len(text) - folders]
    if not text:
        return None
    anchored = "/" in text
    return Pattern(re.compile(_regex(text.removeprefix("/"), anchored), re.DOTALL), negated, anchored, folders)


def _without_trailing_spaces(line: str) -> str:
    """Spaces at the end do not count, unless a backslash stands before them."""
    end = index = 0
    while index < len(line):
        step = 2 if line[index] == "\\" else 1
        if line[index] != " ":
            end = index + step
        index += step
    return line[:end]


def _regex(glob: str, path: bool) -> str:
    """The regular expression of a glob; in a `path`, wildcards do not cross a `/`."""
    one = "[^/]" if path else "."
    # Git compares the part before the first wildcard as plain text, and begins to match behind it.
    start = next((index for index, char in enumerate(glob) if char in _SPECIAL), len(glob))
    made: list[str] = []
    index = 0
    while index < len(glob):
        char = glob[index]
        if char == "*":
            end = index + len(glob[index:]) - len(glob[index:].lstrip("*"))
            free = index == start or glob[index - 1] == "/"
            if path and end - index > 1 and free and (end == len(glob) or glob.startswith(("/", "\\/"), end)):
                if glob.startswith("/", end):
                    made.append("(?:.*/)?")
                    end += 1
                else:
                    made.append(".*")
            else:
                made.append(f"{one}*")
            index = end
        elif char == "?":
            made.append(one)
            index += 1
        elif char == "[":
            text, index = _bracket(glob, index, path)
            made.append(text)
        elif char == "\\":
            made.append(re.escape(glob[index + 1]) if index + 1 < len(glob) else _NEVER)
            index += 2
        else:
            made.append(re.escape(char))
            index += 1
    return "".join(made)


def _bracket(glob: str, start: int, path: bool) -> tuple[str, int]:
    """The set that begins at `start`, and the index behind it; one that never ends matches nothing."""
    index = start + 1
    negated = glob[index : index + 1] in ("!", "^")
    index += negated
    inside: list[str] = []
    first, last = True, ""  # the last plain character, which a range may begin with
    while index < len(glob) and (first or glob[index] != "]"):
        first = False
        if glob.startswith("[:", index):
            end = glob.find("]", index + 2)
            if end > index + 2 and glob[end - 1] == ":":
                name = glob[index + 2 : end - 1]
                if name not in _CLASSES:
                    return _NEVER, len(glob)
                inside.append(_CLASSES[name])
                index, last = end + 1, ""
                continue
            if end < 0:
                return _NEVER, len(glob)
        if glob[index] == "-" and last and index + 1 < len(glob) and glob[index + 1] != "]":
            upper, index = _character(glob, index + 1)
            if last <= upper:
                inside.append(f"{re.escape(last)}-{re.escape(upper)}")
            last = ""
            continue
        last, index = _character(glob, index)
        inside.append(re.escape(last))
    if index >= len(glob):
        return _NEVER, len(glob)
    body = "".join(inside)
    matched = f"[^{body}]" if negated else f"[{body}]" if body else _NEVER
    return (f"(?!/){matched}" if path else matched), index + 1


def _character(glob: str, index: int) -> tuple[str, int]:
    """The character at `index`, taken plainly behind a backslash, and the index behind it."""
    if glob[index] == "\\" and index + 1 < len(glob):
        return glob[index + 1], index + 2
    return glob[index], index + 1
