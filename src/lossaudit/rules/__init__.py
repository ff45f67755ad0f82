"""The rules: one file and one page each, found by looking into this folder."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType

from lossaudit.rules.rule import Problem, Remedy, Rule

__all__ = ["RULES", "Problem", "Remedy", "Rule", "find", "page"]


def _discover() -> Mapping[str, Rule]:
    """Every `RULE` of a module in this folder, by name, in the order of the codes."""
    modules = (import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__))
    rules = [module.RULE for module in modules if hasattr(module, "RULE")]
    return MappingProxyType({rule.name: rule for rule in sorted(rules, key=lambda rule: rule.code)})


RULES: Mapping[str, Rule] = _discover()


def find(name_or_code: str) -> Rule | None:
    """The rule with this name (`mse-on-softmax`) or code (`LA104`), in any case; None where there is none."""
    wanted = name_or_code.strip().lower()
    return next((rule for rule in RULES.values() if wanted in (rule.name, rule.code.lower())), None)


def page(rule: Rule) -> str:
    """The rule's page, Markdown."""
    file = rule.name.replace("-", "_") + ".md"
    return Path(__file__).with_name(file).read_text(encoding="utf-8")
