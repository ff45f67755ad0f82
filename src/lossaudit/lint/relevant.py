"""Which files are worth reading: those that mention a loss and a framework, and those that lead to them by an import.

Bytes are searched, nothing is parsed: in a large tree most files have nothing to do with losses. A file that is left
out may still be read where another one imports it.
"""

from __future__ import annotations

import os
import re
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
    b"log_softmax",
    b"log_prob",
)
FRAMEWORKS = (b"torch", b"lightning", b"transformers", b"keras", b"tensorflow", b"jax", b"flax", b"optax")
# Files of these are no part of the linted tree: the tables of the reader stand for them.
_LIBRARIES = frozenset((*(name.decode() for name in FRAMEWORKS), "torchvision", "numpy", "scipy", "sklearn", "pandas"))
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


def relevant(glances: Mapping[str, Glance], roots: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The files worth reading.

    A file leads to a loss when it mentions one or imports a file that leads to one; it has to do with a framework when
    it mentions one or imports a file that does. Both must hold: `main.py` with `fit(Net())` is read, though both are
    written elsewhere, and a statistics library that has losses of its own is not.

    Args:
        glances: By path.
        roots: Of each path, the folders where its absolute imports may start.
    """
    files = _Files(frozenset(glances))
    imported = {
        path: files.imported(path, seen.imports, roots.get(path, ())) for path, seen in glances.items() if seen.imports
    }
    leads = _leading({path for path, seen in glances.items() if seen.loss}, imported)
    framework = {path for path, seen in glances.items() if seen.framework}
    return frozenset(path for path in leads if path in framework or framework & imported.get(path, frozenset()))


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


class _Files:
    """Which files of the tree an import may mean."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._shown = cache(paths.shown)

    def imported(self, path: str, imports: Iterable[str], roots: tuple[str, ...]) -> frozenset[str]:
        here = os.path.dirname(path)
        found: set[str] = set()
        for name in imports:
            dots = len(name) - len(name.lstrip("."))
            parts = [part for part in name[dots:].split(".") if part]
            if not dots and parts and parts[0] in _LIBRARIES:
                continue
            starts = (os.path.join(here, *[".."] * (dots - 1)),) if dots else (here, *roots)
            for start in starts:
                folder = self._shown(start)
                whole = os.sep.join([folder, *parts] if folder != "." else parts)
                found.update(self._known & {f"{whole}.py", f"{whole}{os.sep}__init__.py"})
        return frozenset(found)
