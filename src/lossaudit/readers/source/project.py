"""The linted tree: which file an import means."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

from lossaudit.readers.source.text import Text, Unreadable, load

_KEPT_CHARACTERS = 500_000  # of parsed files: a tree takes about a hundred bytes per character
_KEPT_FOLDERS = 4096


@dataclass(slots=True)
class Project:
    """Files that imports may reach, each loaded at most once as long as there is room.

    An import is looked up where Python would find it: beside a script, in the folder that holds the importer's package,
    in the folders above up to the root, then in the roots. Nothing outside the roots and the importer's own package is
    ever read.

    Attributes:
        roots: Folders from which absolute imports start, in order: the project's root, its `src`, the linted folders.
    """

    roots: tuple[str, ...]
    _texts: dict[str, Text | Unreadable] = field(default_factory=dict[str, "Text | Unreadable"], init=False, repr=False)
    _characters: int = field(default=0, init=False, repr=False)
    _names: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]], init=False, repr=False)
    _found: dict[tuple[str, int, str], str | None] = field(
        default_factory=dict[tuple[str, int, str], "str | None"], init=False, repr=False
    )
    _real_roots: tuple[str, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        self._real_roots = tuple(os.path.realpath(root) for root in self.roots)

    def text(self, path: str) -> Text:
        """The parsed file.

        Raises:
            lossaudit.readers.source.text.Unreadable: It cannot be read or parsed.
        """
        known = self._texts.pop(path, None)
        if known is None:
            try:
                known = load(path)
            except Unreadable as error:
                known = error.with_traceback(None)
            self._characters += _size(known)
        self._texts[path] = known  # the newest stands last
        while self._characters > _KEPT_CHARACTERS and len(self._texts) > 1:
            self._characters -= _size(self._texts.pop(next(iter(self._texts))))
        if isinstance(known, Unreadable):
            raise known
        return known

    def add(self, text: Text) -> None:
        """Know a file that is not on the disk: standard input."""
        self._texts[text.path] = text
        self._characters += _size(text)

    def resolve(self, module: str, level: int, importer: str) -> str | None:
        """The file of the linted tree that an import means, or None.

        Args:
            module: `a.b.c` of `import a.b.c` and of `from a.b.c import x`; `""` of `from . import x`. Whether `x` is a
                module is asked with `a.b.c.x`.
            level: The dots before it.
            importer: The importing file.

        Returns:
            A module's file or a package's `__init__.py`, absolute when `importer` is, else as seen from the working
            directory. None for the standard library, for what is not in the tree, and for a package without
            `__init__.py` (what is in it is found by its full name).
        """
        key = (module, level, os.path.dirname(importer))
        if key not in self._found:
            if len(self._found) > _KEPT_FOLDERS:
                self._found.clear()
            found = self._search(tuple(module.split(".")) if module else (), level, os.path.abspath(key[2]))
            self._found[key] = found if found is None or os.path.isabs(importer) else _shown(found)
        return self._found[key]

    def _search(self, parts: tuple[str, ...], level: int, folder: str) -> str | None:
        if not all(part.isidentifier() for part in parts):
            return None
        top = self._above_package(folder)
        if level:
            base = folder
            for _ in range(level - 1):
                base = os.path.dirname(base)
            return self._module(base, parts, top)
        if not parts or parts[0] in sys.stdlib_module_names:
            return None
        found = (self._module(base, parts, top) for base in self._bases(folder, top))
        return next((path for path in found if path), None)

    def _bases(self, folder: str, top: str) -> list[str]:
        """Where absolute imports of a file in the folder may start, first to last."""
        bases = [top]
        while self._within(os.path.dirname(bases[-1])) and os.path.dirname(bases[-1]) != bases[-1]:
            bases.append(os.path.dirname(bases[-1]))
        bases.extend(os.path.abspath(root) for root in self.roots)
        bases.append(folder)  # a script inside a package
        return list(dict.fromkeys(bases))

    def _above_package(self, folder: str) -> str:
        """The folder that holds the package to which the folder belongs; the folder itself when it is no package."""
        while "__init__.py" in self._listing(folder) and os.path.dirname(folder) != folder:
            folder = os.path.dirname(folder)
        return folder

    def _module(self, base: str, parts: tuple[str, ...], top: str) -> str | None:
        """The file of a module below a folder, as Python looks for it: package, then module, then plain folder."""
        for index, part in enumerate(parts):
            names = self._listing(base)
            inside = os.path.join(base, part)
            if part in names and "__init__.py" in self._listing(inside):
                base = inside
            elif f"{part}.py" in names:
                found = f"{inside}.py"
                return found if index == len(parts) - 1 and self._allowed(found, top) else None
            elif part in names:
                base = inside
            else:
                return None
        found = os.path.join(base, "__init__.py")
        return found if "__init__.py" in self._listing(base) and self._allowed(found, top) else None

    def _listing(self, folder: str) -> frozenset[str]:
        """The names in a folder; none when it cannot be read."""
        names = self._names.get(folder)
        if names is None:
            if len(self._names) > _KEPT_FOLDERS:
                self._names.clear()
            try:
                names = frozenset(os.listdir(folder))
            except (OSError, ValueError):
                names = frozenset()
            self._names[folder] = names
        return names

    def _within(self, folder: str) -> bool:
        real = os.path.realpath(folder)
        return any(_is_in(real, root) for root in self._real_roots)

    def _allowed(self, path: str, top: str) -> bool:
        """Whether a file, symbolic links followed, lies in the roots or beside the importer's package."""
        return self._within(path) or _is_in(os.path.realpath(path), os.path.realpath(top))


def _size(text: Text | Unreadable) -> int:
    return len(text.text) if isinstance(text, Text) else 1000


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _shown(path: str) -> str:
    """Relative to the working directory where it is below it."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    return path.removeprefix(here)
