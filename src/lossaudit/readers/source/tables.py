"""All handlers of all frameworks, found by dotted name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind
from lossaudit.readers.source.frameworks import Framework, Handler, Method, OfValue

# Frameworks whose tables are loaded when a program first names them, by the first part of the name.
_LATER: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("keras", "tensorflow", "tf_keras", "tf_slim"), ("keras", "tensorflow")),
    **dict.fromkeys(("jax", "flax", "optax", "haiku", "equinox"), ("jax",)),
}


@dataclass(slots=True)
class Tables:
    """Handlers by canonical name.

    Attributes:
        calls, methods: Of all frameworks.
        values: What methods of values that are no objects do, by their type (`Tensor`, `Opaque`, `Items`).
        roots: Framework by the first part of a dotted name.
        aliases: Other spellings of a prefix, longest first.
    """

    calls: dict[str, Handler] = field(default_factory=dict)
    methods: dict[tuple[str, str], Method] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    aliases: tuple[tuple[str, str], ...] = ()
    values: dict[tuple[type, str], OfValue] = field(default_factory=dict)
    _names: dict[str, tuple[str, str]] = field(default_factory=dict)

    @staticmethod
    def of(frameworks: Iterable[Framework]) -> Tables:
        made = Tables()
        for framework in frameworks:
            made.add(framework)
        return made

    def add(self, framework: Framework) -> None:
        self.calls.update(framework.calls)
        self.methods.update(framework.methods)
        self.values.update(framework.values)
        self.roots.update(dict.fromkeys(framework.roots, framework.name))
        aliases = {**dict(self.aliases), **framework.aliases}
        self.aliases = tuple(sorted(aliases.items(), key=lambda pair: -len(pair[0])))

    def canonical(self, path: str) -> tuple[str, str]:
        """The framework of a dotted name (`""` for none) and its name without aliases."""
        found = self._names.get(path)
        if found is None:
            found = self._names[path] = self._canonical(path)
        return found

    def _canonical(self, path: str) -> tuple[str, str]:
        for alias, prefix in self.aliases:
            if path == alias or path.startswith(alias + "."):
                path = prefix + path[len(alias) :]
                break
        root = path.partition(".")[0]
        for name in () if root in self.roots else _LATER.get(root, ()):
            self.add(import_module(f"{__package__}.frameworks.{name}").FRAMEWORK)
        return catalogue.framework_of(path) or (self.roots.get(root, ""), path)

    def method(self, path: str, name: str) -> Method | None:
        return self.methods.get((self.canonical(path)[1], name))

    def knows(self, path: str) -> bool:
        """Whether a dotted name means something here."""
        framework, name = self.canonical(path)
        return name in self.calls or bool(framework and catalogue.find(framework, name))

    def is_container(self, path: str) -> bool:
        """Whether the methods of this class are in the tables, so that an unknown one is a method too."""
        return (self.canonical(path)[1], "__getitem__") in self.methods


@cache
def methods_of_tensors() -> Mapping[str, str]:
    """Names of tensor methods in torch that nothing else has, so that an unknown receiver must be a tensor."""
    kinds = catalogue.spellings("torch", Kind.METHOD)
    return {spelling.path.rpartition(".")[2]: spelling.path for spelling, _ in kinds}
