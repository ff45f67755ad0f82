"""A comment that silences a rule that there is none of, or does not say which."""

from __future__ import annotations

from lossaudit import rules as house
from lossaudit.catalogue import nearest
from lossaudit.finding import Severity
from lossaudit.rules.rule import Problem, Remedy, Rule
from lossaudit.rules.suppression import Comment

WHY = "the comment silences nothing, and the reader believes that it does"


def check(comment: Comment) -> Problem | None:
    if not comment.names:
        word = "ignore-file" if comment.whole_file else "ignore"
        return Problem(
            message=f"the comment names no rule; write which one it means: `# lossaudit: {word}[mse-on-softmax]`",
            why=WHY,
            places=(comment.place,),
        )
    unknown = [name for name in comment.names if house.find(name) is None]
    if not unknown:
        return None
    known = [form for rule in house.RULES.values() for form in (rule.name, rule.code)]
    near = nearest(unknown[0], known)
    advice = f"write {near[0]}, if that is meant, or take the name out" if near else "take the name out"
    return Problem(
        message=f"no rule is called {' or '.join(map(repr, unknown))}",
        why=WHY,
        places=(comment.place,),
        remedy=Remedy(title=advice),
    )


RULE = Rule(
    name="unknown-suppression",
    code="LA911",
    severity=Severity.WARNING,
    summary="a `lossaudit: ignore` comment that names no rule, or one that does not exist",
    check_comment=check,
)
