"""Which files are meant: arguments, folders walked as ruff walks them, `.gitignore` as git reads it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from lossaudit.lint import gitignore, paths
from lossaudit.lint.configuration import Settings
from lossaudit.lint.gitignore import Patterns, as_bytes
from lossaudit.result import Problem


@dataclass(slots=True)
class Found:
    """What there is to lint.

    Attributes:
        files: Each once, as output names it, sorted.
        problems: What was asked for and is not there, or cannot be entered.
    """

    files: list[str] = field(default_factory=list[str])
    problems: list[Problem] = field(default_factory=list[Problem])


def discover(targets: tuple[str, ...], settings: Settings, *, force_exclude: bool = False) -> Found:
    """The files that `targets` mean.

    Args:
        targets: Files, folders, or `-` for standard input. A file or folder that is named is linted, whatever the
            patterns say; what lies below a named folder obeys them.
        settings: Patterns, relative to its folder.
        force_exclude: Let the patterns decide over named files too: pre-commit names every file.
    """
    found = Found()
    rules = _Rules(settings)
    files: dict[str, bool] = {}  # with whether it is a link
    for target in targets:
        if target == paths.STDIN:
            files[target] = False
            continue
        whole = os.path.abspath(target)
        if force_exclude and rules.excluded_with_parents(whole):
            continue
        try:
            mode = os.stat(whole).st_mode
        except OSError as error:
            found.problems.append(Problem(paths.shown(target), _reason(error)))
            continue
        if stat.S_ISDIR(mode):
            for path, link in _walk(whole, rules, found):
                files.setdefault(paths.shown(path), link)
        elif stat.S_ISREG(mode):
            files.setdefault(paths.shown(whole), os.path.islink(whole))
        else:
            found.problems.append(Problem(paths.shown(target), "is neither a file nor a folder: name one, or -"))
    found.files = sorted(_once(files))
    return found


class _Rules:
    """The settings' patterns, and the `.gitignore` files of each folder, read once."""

    def __init__(self, settings: Settings) -> None:
        base = _slashed(settings.folder)
        self._exclude = gitignore.compiled(map(as_bytes, (*settings.exclude, *settings.extend_exclude)), base)
        self._include = gitignore.compiled(map(as_bytes, settings.include), base)
        self._above: dict[str, tuple[Patterns, ...]] = {}

    def includes(self, path: str) -> bool:
        return self._include is not None and bool(self._include.decide(_slashed(path), False))

    def excluded(self, path: str, folder: bool, files: tuple[Patterns, ...]) -> bool:
        whole = _slashed(path)
        if self._exclude is not None and self._exclude.decide(whole, folder):
            return True
        return gitignore.ignored(files, whole, folder)

    def excluded_with_parents(self, path: str) -> bool:
        """Whether a walk from the top of the repository would not have met the path."""
        parent = os.path.dirname(path)
        return parent != path and (
            self.excluded(path, os.path.isdir(path), self.files(parent)) or self.excluded_with_parents(parent)
        )

    def files(self, folder: str) -> tuple[Patterns, ...]:
        """The `.gitignore` files that speak of what lies in `folder`, outermost first: up to the repository's top."""
        if folder not in self._above:
            top = os.path.lexists(os.path.join(folder, ".git"))
            parent = os.path.dirname(folder)
            above = () if top or parent == folder else self.files(parent)
            self._above[folder] = (*above, *(_exclude_file(folder) if top else ()), *_here(folder))
        return self._above[folder]


def _here(folder: str) -> tuple[Patterns, ...]:
    made = gitignore.load(os.path.join(folder, ".gitignore"), _slashed(folder))
    return () if made is None else (made,)


def _exclude_file(top: str) -> tuple[Patterns, ...]:
    """`info/exclude` of the repository; in a linked work tree, `.git` is a file that says where that is."""
    git = os.path.join(top, ".git")
    if os.path.isfile(git):
        git = os.path.join(top, _line(git).removeprefix("gitdir:").strip())
        git = os.path.join(git, _line(os.path.join(git, "commondir")))
    made = gitignore.load(os.path.join(git, "info", "exclude"), _slashed(top))
    return () if made is None else (made,)


def _line(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            return opened.readline().rstrip("\n")
    except OSError:
        return ""


def _walk(folder: str, rules: _Rules, found: Found) -> Iterator[tuple[str, bool]]:
    """Files below a folder. Links to folders are not followed, as git does not: no walk runs in a circle."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            found.problems.append(Problem(paths.shown(here), _reason(error)))
            continue
        names = {entry.name for entry in entries}
        if here != folder and "pyvenv.cfg" in names:
            continue  # a virtual environment of any name
        files = rules.files(here)
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not rules.includes(entry.path):
                continue
            if rules.excluded(entry.path, is_folder, files):
                continue
            if is_folder:
                waiting.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path, False
            elif entry.is_symlink() and not os.path.isdir(entry.path) and _readable_link(entry.path, found):
                yield entry.path, True


def _readable_link(path: str, found: Found) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        found.problems.append(Problem(paths.shown(path), _reason(error)))
        return False


def _once(files: dict[str, bool]) -> Iterator[str]:
    """Without the links to a file that is there under its own name, or under an earlier link's."""
    taken = {path for path, link in files.items() if not link}
    for path in sorted(path for path, link in files.items() if link):
        real = paths.shown(os.path.realpath(path))
        if real not in taken:
            taken.add(real)
            yield path
    yield from (path for path, link in files.items() if not link)


def _reason(error: OSError) -> str:
    """Why a path cannot be linted, in one clause."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied"
    return f"cannot be read: {error.strerror or error}"


def _slashed(path: str) -> str:
    return as_bytes(path.replace(os.sep, "/").rstrip("/"))
