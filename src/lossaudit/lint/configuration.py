"""`[tool.lossaudit]` of the nearest pyproject.toml, and what the command line says instead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from lossaudit.errors import UsageError
from lossaudit.lint import paths

INCLUDE = ("*.py", "*.ipynb")
EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)  # ruff's. Tests are no part of it: they train too, and bugs of public projects stand there.


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project asks for. Each field is a key of `[tool.lossaudit]`, but for `folder` and `file`.

    Attributes:
        folder: What patterns and paths are relative to (absolute).
        file: Where the settings come from, for messages; `""` for none.
        select, ignore, extend_select: Rules by name, code, prefix of a code, or ALL.
        per_file_ignores: Patterns of files, with the rules that are not reported in them.
        include, exclude, extend_exclude: Patterns as in a `.gitignore`.
        src: Folders in which absolute imports start, besides the project's root and its `src`.
    """

    folder: str
    file: str = ""
    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    include: tuple[str, ...] = INCLUDE
    exclude: tuple[str, ...] = EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    baseline: str = ""
    src: tuple[str, ...] = ()

    @property
    def names_rules(self) -> bool:
        """Whether rules are named somewhere: then the names are to be checked."""
        return self.select != ("ALL",) or bool(self.ignore or self.extend_select or self.per_file_ignores)


KEYS = tuple(each.name.replace("_", "-") for each in fields(Settings) if each.name not in ("folder", "file"))


def load(targets: tuple[str, ...], *, config: str | None = None, isolated: bool = False) -> Settings:
    """The settings for these paths.

    Args:
        targets: What is linted: the search goes upwards from the folder that holds all of it.
        config: A file to read instead.
        isolated: Read no file at all.

    Raises:
        UsageError: The file cannot be read, is no TOML, or holds a key or a value that is none.
    """
    start = paths.common_folder(targets)
    if isolated:
        return Settings(paths.project_root(start) or start)
    if config is not None:
        table = _table(config, required=True)
        return _settings(config, table or {})
    folder = start
    while True:
        file = os.path.join(folder, "pyproject.toml")
        table = _table(file, required=False)
        if table is not None:
            return _settings(paths.shown(file), table)
        if os.path.dirname(folder) == folder:
            return Settings(paths.project_root(start) or start)
        folder = os.path.dirname(folder)


def _table(file: str, *, required: bool) -> Mapping[str, Any] | None:
    """`[tool.lossaudit]` of a file; of one that is not called pyproject.toml, all of it."""
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError as error:
        if required:
            raise UsageError(f"--config {file}: cannot be read ({error.strerror}); name another file") from None
        return None
    if b"lossaudit" not in data and not required:
        return None
    import tomllib  # here, since most folders need none

    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{paths.shown(file)} is no TOML: {error}") from None
    tool = document.get("tool", {})
    table = tool.get("lossaudit") if isinstance(tool, dict) else None
    if table is None and required and os.path.basename(file) != "pyproject.toml":
        table = document
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{paths.shown(file)}: tool.lossaudit is no table")
    return table


def _settings(file: str, table: Mapping[str, Any]) -> Settings:
    given = {key.replace("-", "_"): _value(file, key, value) for key, value in table.items()}
    return Settings(os.path.dirname(os.path.abspath(file)), file, **given)


def _value(file: str, key: str, value: Any) -> Any:
    """The value of a key.

    Raises:
        UsageError: There is no such key, or its value is of another kind.
    """
    if key not in KEYS:
        raise UsageError(f"{file}: [tool.lossaudit] has no key {key!r}; {_hint(key)}")
    if key == "baseline":
        return _wanted(file, key, value, isinstance(value, str), "a path")
    if key == "per-file-ignores":
        _wanted(file, key, value, isinstance(value, dict), 'a table of lists, such as {"tests/**" = ["LA1"]}')
        return {pattern: _strings(file, f"{key}.{pattern!r}", rules) for pattern, rules in value.items()}
    return _strings(file, key, value)


def _strings(file: str, key: str, value: Any) -> tuple[str, ...]:
    good = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return tuple(_wanted(file, key, value, good, "a list of strings"))


def _wanted(file: str, key: str, value: Any, good: bool, kind: str) -> Any:
    if not good:
        raise UsageError(f"{file}: {key} in [tool.lossaudit] must be {kind}")
    return value


def _hint(key: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.replace("_", "-"), KEYS, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(KEYS)}"
