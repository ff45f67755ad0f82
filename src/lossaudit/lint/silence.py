"""What the comments silence, and which comments are themselves worth a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lossaudit import rules as house
from lossaudit.finding import Confidence, Finding
from lossaudit.rules.judge import finding_of
from lossaudit.rules.suppression import Comment


def silenced(findings: Iterable[Finding], comments: Sequence[Comment]) -> tuple[list[Finding], frozenset[int], int]:
    """Take out what a comment at one of a finding's places names.

    Returns:
        What is left; the comments' names that silenced something, as positions in `named(comments)`; how much is gone.
    """
    left: list[Finding] = []
    used: set[int] = set()
    gone = 0
    places = named(comments)
    for finding in findings:
        forms = (finding.rule, finding.code.lower())
        hits = [
            index
            for index, (comment, name) in enumerate(places)
            if name in forms and any(map(comment.covers, finding.places))
        ]
        used.update(hits)
        gone += bool(hits)
        left += [] if hits else [finding]
    return left, frozenset(used), gone


def named(comments: Iterable[Comment]) -> list[tuple[Comment, str]]:
    """Each name of each comment."""
    return [(comment, name) for comment in comments for name in comment.names or ()]


def remarks(comments: Sequence[Comment], used: frozenset[int], asked: frozenset[str]) -> list[Finding]:
    """What is to be said about the comments themselves.

    Args:
        comments: Those of the linted files.
        used: Positions in `named(comments)` that silenced something.
        asked: Names of the rules that looked.
    """
    idle = {entry for index, entry in enumerate(named(comments)) if index not in used and _could_find(entry[1], asked)}
    rules = [rule for rule in house.RULES.values() if rule.check_comment is not None and rule.name in asked]
    found: list[Finding] = []
    for comment in comments:
        judged = replace(comment, unused=tuple(name for name in comment.names or () if (comment, name) in idle))
        for rule in rules:
            problem = rule.check_comment(judged) if rule.check_comment is not None else None
            found += [finding_of(rule, problem, Confidence.HIGH)] if problem is not None else []
    return found


def _could_find(name: str, asked: frozenset[str]) -> bool:
    """Whether the rule was asked, and reading source text can make it fire."""
    rule = house.find(name)
    return rule is not None and rule.name in asked and not rule.needs_run and rule.check_comment is None
