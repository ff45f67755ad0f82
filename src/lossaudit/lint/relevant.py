"""Which files are worth reading: those that mention a loss and a framework, and those that lead to them by an import.

Bytes are searched, nothing is parsed: in a large tree most files have nothing to do with losses. A file that is left
out may still be read where another one imports it.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from lossaudit.lint import paths

# One of these stands, in any case, wherever a loss is named, trained on, or written out.
LOSSES = (
    b"loss",
    b"criterion",
    b"entropy",
    b"objective",
    b"backward",
    b"compile(",
    b"divergence",
    b"kl_div",
    b"kldiv",
    b"nll",
    b"squared_error",
    b"value_and_grad",
    b"jax.grad",
    b"minimize(",
    b"gradienttape",
    b"likelihood",
    b"softmax",  # a head that may be wrong by itself
    b"log_prob",
)
FRAMEWORKS = (b"torch", b"lightning", b"transformers", b"keras", b"tensorflow", b"jax", b"flax", b"optax")
# Files of these are no part of the linted tree: the tables of the reader stand for them.
_LIBRARIES = frozenset((*(name.decode() for name in FRAMEWORKS), "torchvision", "numpy", "scipy", "sklearn", "pandas"))
_LARGEST = 50_000_000  # bytes of a file that are looked at
_IMPORT = re.compile(
    rb"\n[ \t\"]*(?:import[ \t]+([^\n#;]*)|from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*))"
)
_PLAIN = re.compile(rb"(?:^|,)\s*([A-Za-z_][\w.]*)")
_NAMES = re.compile(rb"(?:^|[,(])\s*([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Glance:
    """What the bytes of a file say.

    Attributes:
        loss: Whether a loss is mentioned.
        framework: Whether a framework is mentioned.
        commented: Whether one of our comments may stand in it.
        imports: Dotted names that are imported, with their leading dots; not asked of a file that mentions both.
    """

    loss: bool
    framework: bool
    commented: bool = False
    imports: tuple[str, ...] = ()


def glance(data: bytes) -> Glance:
    """Look at the bytes of a file.

    >>> glance(b"from engine import fit")
    Glance(loss=False, framework=False, commented=False, imports=('engine', 'engine.fit'))
    >>> glance(b"torch.nn.CrossEntropyLoss()").loss
    True
    """
    lower = data.lower()
    loss = any(word in lower for word in LOSSES)
    framework = any(word in lower for word in FRAMEWORKS)
    imports = () if loss and framework else tuple(dict.fromkeys(_imports(data)))
    return Glance(loss, framework, loss and b"lossaudit:" in data, imports)


def look(path: str) -> Glance:
    """Look at a file. Of one that cannot be read, all is possible: the reader says why it cannot be."""
    try:
        with open(path, "rb") as file:
            return glance(file.read(_LARGEST))
    except OSError:
        return Glance(True, True)


def relevant(glances: Mapping[str, Glance], roots: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The files worth reading.

    A file leads to a loss when it mentions one or imports a file that leads to one; it has to do with a framework when
    it mentions one or imports a file that does. Both must hold: `main.py` with `fit(Net())` is read, though both are
    written elsewhere, and a statistics library that has losses of its own is not.

    Args:
        glances: By path. What these files import is looked at too.
        roots: Of each path, the folders where its absolute imports may start.
    """
    tree = _Tree()
    seen = dict(glances)
    starts = dict(roots)
    imported: dict[str, frozenset[str]] = {}
    waiting = list(seen)
    while waiting:
        path = waiting.pop()
        if seen[path].imports:
            imported[path] = tree.imported(path, seen[path].imports, starts.get(path, ()))
        for file in imported.get(path, ()):
            if file not in seen:
                seen[file], starts[file] = look(file), starts.get(path, ())
                waiting.append(file)
    leads = _leading({path for path, each in seen.items() if each.loss}, imported)
    framework = {path for path, each in seen.items() if each.framework}
    worth = (path for path in leads if path in framework or framework & imported.get(path, frozenset()))
    return frozenset(path for path in worth if path in glances)


def _leading(reached: set[str], imported: Mapping[str, frozenset[str]]) -> set[str]:
    """`reached`, and all files that import one of these, directly or by way of others."""
    importers: dict[str, list[str]] = defaultdict(list)
    for path, files in imported.items():
        for file in files:
            importers[file].append(path)
    waiting = list(reached)
    while waiting:
        new = [path for path in importers[waiting.pop()] if path not in reached]
        reached.update(new)
        waiting += new
    return reached


def _imports(data: bytes) -> Iterator[str]:
    for plain, module, names in _IMPORT.findall(b"\n" + data):
        if plain:
            yield from (name.decode(errors="replace") for name in _PLAIN.findall(plain))
            continue
        start = module.decode(errors="replace")
        yield start
        yield from (f"{start}{'' if start.endswith('.') else '.'}{name.decode()}" for name in _NAMES.findall(names))


class _Tree:
    """Which files on disk an import may mean; folders are listed once."""

    def __init__(self) -> None:
        self._shown = cache(paths.shown)
        self._names = cache(_names_in)

    def imported(self, path: str, imports: Iterable[str], roots: tuple[str, ...]) -> frozenset[str]:
        here = os.path.dirname(path)
        found: set[str] = set()
        for name in imports:
            dots = len(name) - len(name.lstrip("."))
            parts = [part for part in name[dots:].split(".") if part]
            if not dots and (not parts or parts[0] in _LIBRARIES or parts[0] in sys.stdlib_module_names):
                continue
            starts = (os.path.join(here, *[".."] * (dots - 1)),) if dots else (here, *roots)
            for start in starts:
                found.update(self._files(self._shown(start), parts))
        return frozenset(found)

    def _files(self, folder: str, parts: list[str]) -> Iterator[str]:
        """The module, or the package's own file."""
        for part in parts[:-1]:
            if part not in self._names(folder):
                return
            folder = _joined(folder, part)
        last = parts[-1:]
        for part in last:
            if f"{part}.py" in self._names(folder):
                yield _joined(folder, f"{part}.py")
            if part not in self._names(folder):
                return
            folder = _joined(folder, part)
        if "__init__.py" in self._names(folder):
            yield _joined(folder, "__init__.py")


def _joined(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}{os.sep}{name}"


def _names_in(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()
