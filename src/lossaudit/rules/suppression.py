"""`# lossaudit: ignore[mse-on-softmax]`: a comment that silences a finding on its line."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable

from lossaudit.pairing import Place
from lossaudit.rules.rule import Rule

_COMMENT = re.compile(r"#\s*lossaudit:\s*ignore\[([^\]]*)\]")


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
