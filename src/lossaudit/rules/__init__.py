"""The rules: one file and one page each, found by looking into this folder.

The rules themselves are loaded when they are first asked for: pages are also read by who judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossaudit.rules.rule import Problem, Remedy, Rule

    RULES: Mapping[str, Rule]

__all__ = ["RULES", "Problem", "Remedy", "Rule", "find", "page", "pages"]

_HEADING = re.compile(r"# (?P<name>\S+) \((?P<code>LA\d+)\)")


def __getattr__(name: str) -> object:
    if name == "RULES":
        return _discover()
    if name in ("Problem", "Remedy", "Rule"):
        return getattr(import_module(f"{__name__}.rule"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _discover() -> Mapping[str, Rule]:
    """Every `RULE` of a module in this folder, by name, in the order of the codes."""
    from pkgutil import iter_modules

    modules = (import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__))
    rules = [module.RULE for module in modules if hasattr(module, "RULE")]
    return MappingProxyType({rule.name: rule for rule in sorted(rules, key=lambda rule: rule.code)})


def find(name_or_code: str) -> Rule | None:
    """The rule with this name (`mse-on-softmax`) or code (`LA104`), in any case; None where there is none."""
    wanted = name_or_code.strip().lower()
    return next((rule for rule in _discover().values() if wanted in (rule.name, rule.code.lower())), None)


def page(rule: Rule) -> str:
    """The rule's page, Markdown."""
    return pages()[rule.name][1]


@cache
def pages() -> Mapping[str, tuple[str, str]]:
    """By the name of a rule: its code and its page, in the order of the codes. No rule is loaded for it.

    >>> pages()["mse-on-softmax"][0]
    'LA104'
    """
    found: dict[str, tuple[str, str]] = {}
    for file in Path(__file__).parent.glob("*.md"):
        text = file.read_text(encoding="utf-8")
        heading = _HEADING.match(text)
        if heading is not None:
            found[heading["name"]] = heading["code"], text
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: item[1])))
