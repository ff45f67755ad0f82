"""Which rules look, and what of theirs is reported in which file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossaudit.errors import UsageError
from lossaudit.lint import gitignore
from lossaudit.lint.configuration import Settings
from lossaudit.lint.gitignore import Patterns, as_bytes

if TYPE_CHECKING:
    from lossaudit.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules' names that are on, and those that are off in the files of a pattern."""

    names: frozenset[str]
    off_in: tuple[tuple[Patterns, frozenset[str]], ...] = ()

    def reports(self, rule: str, path: str) -> bool:
        """Whether a finding of the rule in a file (absolute, with `/`) is reported."""
        return rule in self.names and not any(
            rule in names and patterns.decide(as_bytes(path), False) for patterns, names in self.off_in
        )


def select(settings: Settings) -> Selection:
    """The selection that the settings ask for: everything that is selected and not ignored.

    Raises:
        UsageError: A word names no rule; the nearest names are suggested.
    """
    chosen = _named(settings.select, settings, "select") | _named(settings.extend_select, settings, "extend-select")
    return Selection(
        chosen - _named(settings.ignore, settings, "ignore"), tuple(_off(settings.per_file_ignores, settings))
    )


def _off(table: Mapping[str, tuple[str, ...]], settings: Settings) -> Iterable[tuple[Patterns, frozenset[str]]]:
    base = as_bytes(settings.folder.replace("\\", "/").rstrip("/"))
    for pattern, words in table.items():
        patterns = gitignore.compiled([as_bytes(pattern)], base)
        names = _named(words, settings, "per-file-ignores")
        if patterns is not None:
            yield patterns, names


def _named(words: Iterable[str], settings: Settings, key: str) -> frozenset[str]:
    from lossaudit.rules import RULES

    found: set[str] = set()
    for word in words:
        wanted = word.strip().lower()
        names = {rule.name for rule in RULES.values() if _means(wanted, rule)}
        if not names:
            raise UsageError(f"{_where(settings, key)}: no rule is called {word!r}; {_hint(wanted)}")
        found |= names
    return frozenset(found)


def _means(word: str, rule: Rule) -> bool:
    """A name, a code, the beginning of codes (`LA`, `LA1`, `LA10`), or all."""
    return word in (rule.name, "all") or (word.startswith("la") and rule.code.lower().startswith(word))


def _where(settings: Settings, key: str) -> str:
    return f"{settings.file}, {key}" if settings.file else f"--{key}"


def _hint(word: str) -> str:
    from lossaudit.catalogue import nearest
    from lossaudit.rules import RULES

    near = nearest(word, [form for rule in RULES.values() for form in (rule.name, rule.code.lower())])
    return f"did you mean {' or '.join(near)}?" if near else "`lossaudit rules` lists them"
