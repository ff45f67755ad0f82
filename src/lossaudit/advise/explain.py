"""Explains a rule: its page, with a headline."""

from __future__ import annotations

from difflib import get_close_matches

from lossaudit import rules
from lossaudit.errors import UsageError


def explain(name: str) -> str:
    """The page of a rule, Markdown.

    Args:
        name: Name (`mse-on-softmax`) or code (`LA104`), in any case.

    Raises:
        UsageError: No rule is called so; the message suggests the three nearest.

    >>> explain("la104").splitlines()[0]
    '# mse-on-softmax (LA104)'
    """
    rule = rules.find(name)
    if rule is None:
        raise UsageError(f"no rule is called {name!r}; the nearest are {', '.join(nearest(name))}")
    return rules.page(rule)


def nearest(name: str, count: int = 3) -> tuple[str, ...]:
    """The names of the rules that are most like `name`, best first.

    >>> nearest("mse-softmax", 1)
    ('mse-on-softmax',)
    """
    wanted = name.strip().lower()
    spelled = {form: rule.name for rule in rules.RULES.values() for form in (rule.name, rule.code.lower())}
    close = get_close_matches(wanted, spelled, n=len(spelled), cutoff=0.0)
    return tuple(dict.fromkeys(spelled[form] for form in close))[:count]
