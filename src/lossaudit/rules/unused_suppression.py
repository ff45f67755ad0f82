"""A comment that silences a finding which is not there."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.rules.rule import Problem, Remedy, Rule
from lossaudit.rules.suppression import Comment


def check(comment: Comment) -> Problem | None:
    if not comment.unused:
        return None
    names = ", ".join(comment.unused)
    return Problem(
        message=f"nothing that reading the source can find is silenced by {names} here",
        why="a comment that outlives its finding hides the next one",
        places=(comment.place,),
        remedy=Remedy(title=f"take {names} out of the comment, unless it is there for `lossaudit run`"),
    )


RULE = Rule(
    name="unused-suppression",
    code="LA912",
    severity=Severity.INFO,  # what only a run can see (targets, values) may need the comment after all
    summary="a `lossaudit: ignore` comment that silences nothing",
    check_comment=check,
)
