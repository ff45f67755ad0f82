"""`# lossaudit: ignore[mse-on-softmax]`: a comment that silences a finding on its line."""

from __future__ import annotations

import io
import linecache
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

from lossaudit.pairing import Place
from lossaudit.rules.rule import Rule

_COMMENT = re.compile(r"#\s*lossaudit:\s*ignore\[([^\]]*)\]")
_ANY = re.compile(r"#\s*lossaudit:\s*ignore(?P<file>-file)?(?![\w-])\s*(?:\[(?P<names>[^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of a file.

    Attributes:
        names: What stands in the brackets, in lower case; None for a comment without brackets, which silences nothing.
        whole_file: `ignore-file[...]`: it speaks of all lines of the file.
        unused: Those names whose rules were asked and found nothing where the comment stands.
    """

    place: Place
    names: tuple[str, ...] | None
    whole_file: bool = False
    unused: tuple[str, ...] = ()

    def covers(self, place: Place) -> bool:
        """Whether it stands on the lines of a place, or speaks of the whole file."""
        if place.path != self.place.path:
            return False
        same_cell = place.cell == self.place.cell and place.line <= self.place.line <= max(place.line, place.end_line)
        return self.whole_file or (bool(place.line) and same_cell)


def comments(path: str, text: str) -> tuple[Comment, ...]:
    """The comments of a Python text that are meant for us, with lines of that text.

    >>> [(found.place.line, found.names) for found in comments("a.py", "x = 1  # lossaudit: ignore[LA101, stuck]")]
    [(1, ('la101', 'stuck'))]
    >>> comments("a.py", "x = '# lossaudit: ignore[stuck]'")
    ()
    """
    if "lossaudit:" not in text:
        return ()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return ()
    found: list[Comment] = []
    for token in tokens:
        if token.type == tokenize.COMMENT:
            found += (_comment(path, token.start, match) for match in _ANY.finditer(token.string))
    return tuple(found)


def _comment(path: str, start: tuple[int, int], match: re.Match[str]) -> Comment:
    line, column = start
    place = Place(path, line, column + match.start() + 1, line, column + match.end() + 1)
    inside = match["names"]
    names = None if inside is None else tuple(name.strip().lower() for name in inside.split(",") if name.strip())
    return Comment(place, names, match["file"] is not None)


def names_on(place: Place) -> frozenset[str]:
    """Rules, by name or code in lower case, that a comment on the lines of `place` silences."""
    if not place.line:
        return frozenset()
    lines = range(place.line, max(place.line, place.end_line) + 1)
    texts = (linecache.getline(place.path, number) for number in lines)
    found = (name for text in texts for inside in _COMMENT.findall(text) for name in inside.split(","))
    return frozenset(name.strip().lower() for name in found)


def is_suppressed(rule: Rule, places: Iterable[Place]) -> bool:
    """Whether a comment at one of `places` names the rule."""
    return any({rule.name, rule.code.lower()} & names_on(place) for place in places)
