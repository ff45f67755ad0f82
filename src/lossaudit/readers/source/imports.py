"""Imports: a module of the linted tree is run once; anything else is an external name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lossaudit.readers.source import statements
from lossaudit.readers.source.frame import Frame
from lossaudit.readers.source.text import Text, Unreadable
from lossaudit.readers.source.values import External, Literal, Module, Opaque, Value

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

_DEEPEST = 12
STAR = "*"
"""The cell of a module that holds the external modules of which it imported everything."""


def module(run: Interpreter, path: str, name: str) -> Module:
    """The module of a file, run when it is asked for first."""
    found = run.modules.get(path)
    if found is not None:
        return found
    text = run.texts[path] = run.project.text(path)
    made = run.modules[path] = Module(path, run.store.new())
    run.store.set(made.scope, "__name__", Literal(name))
    run.store.set(made.scope, "__file__", Opaque("the path of this file"))
    frame = Frame(text.tree, made, made.scope, "", (), 0)
    guards = run.guards[:]
    del run.guards[:]
    quiet, run.without_gradient = run.without_gradient, 0
    run.frames.append(frame)
    try:
        statements.run_body(run, text.tree.body)
    finally:
        run.frames.pop()
        run.guards[:] = guards
        run.without_gradient = quiet
    return made


def _of_tree(run: Interpreter, name: str, level: int) -> Module | None:
    if len([frame for frame in run.frames if isinstance(frame.node, ast.Module)]) > _DEEPEST:
        return None
    path = run.project.resolve(name, level, run.frame.module.path)
    if path is None:
        return None
    try:
        return module(run, path, name)
    except Unreadable:
        return None


def ahead(run: Interpreter, text: Text) -> None:
    """Run the modules that a program imports at its top level, as far as they are in the linted tree."""
    run.frames.append(Frame(text.tree, Module(text.path, run.store.new()), 0))
    try:
        for node in _statements(text.tree.body):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    _of_tree(run, alias.name, 0)
            elif isinstance(node, ast.ImportFrom):
                found = _of_tree(run, node.module or "", node.level)
                for alias in node.names:
                    _member(run, node.module or "", node.level, found, alias.name)
    finally:
        del run.frames[:]


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those that are tried or asked about too."""
    for node in body:
        yield node
        if isinstance(node, ast.Try | ast.If):
            yield from _statements(node.body)


def run_import(run: Interpreter, node: ast.Import) -> None:
    for alias in node.names:
        found = _of_tree(run, alias.name, 0)
        if alias.asname is not None:
            value: Value = found if found is not None else External(alias.name)
            run.store.set(run.frame.scope, alias.asname, value)
            continue
        first, _, rest = alias.name.partition(".")
        value = External(first) if found is None else found
        if found is not None and rest:
            value = _of_tree(run, first, 0) or External(first)
            _hang(run, value, rest.split("."), found)
        run.store.set(run.frame.scope, first, value)


def _hang(run: Interpreter, package: Value, names: list[str], found: Module) -> None:
    """`import a.b.c` makes `a.b.c` known under `a`."""
    for index, name in enumerate(names):
        if not isinstance(package, Module):
            return
        last = index == len(names) - 1
        below = found if last else run.store.get(package.scope, name)
        if not isinstance(below, Module):
            return
        run.store.set(package.scope, name, below)
        package = below


def run_import_from(run: Interpreter, node: ast.ImportFrom) -> None:
    name = node.module or ""
    found = _of_tree(run, name, node.level)
    for alias in node.names:
        if alias.name == STAR:
            _everything(run, name, found)
            continue
        value = _member(run, name, node.level, found, alias.name)
        run.store.set(run.frame.elsewhere.get(alias.name, run.frame.scope), alias.asname or alias.name, value)


def _member(run: Interpreter, name: str, level: int, found: Module | None, wanted: str) -> Value:
    if found is not None:
        value = run.store.get(found.scope, wanted)
        if value is not None:
            return value
    below = _of_tree(run, f"{name}.{wanted}" if name else wanted, level)
    if below is not None:
        return below
    if found is not None or level:
        external = _from_stars(run, found, wanted) if found is not None else None
        return external or Opaque(f"{wanted}, which is not in {name or 'this package'}")
    return External(f"{name}.{wanted}")


def _everything(run: Interpreter, name: str, found: Module | None) -> None:
    scope = run.frame.scope
    if found is None:
        stars = run.store.get(scope, STAR)
        before = stars.value if isinstance(stars, Literal) and isinstance(stars.value, str) else ""
        run.store.set(scope, STAR, Literal(f"{before} {name}".strip()))
        return
    for key, value in run.store.owned(found.scope).items():
        if not key.startswith("_"):
            run.store.set(scope, key, value)


def _from_stars(run: Interpreter, found: Module, name: str) -> Value | None:
    """A name of a library of which the module imported everything, where that library is known to have it."""
    stars = run.store.get(found.scope, STAR)
    paths = str(stars.value).split() if isinstance(stars, Literal) else []
    return next((External(f"{path}.{name}") for path in paths if run.tables.knows(f"{path}.{name}")), None)


def submodule(run: Interpreter, package: Module, name: str) -> Module | None:
    """A module of a package that was imported by another way."""
    if not package.path.endswith("__init__.py"):
        return None
    found = run.project.resolve(name, 1, package.path)
    return run.modules.get(found) if found is not None else None


def external_name(run: Interpreter, found: Module, name: str) -> Value | None:
    return _from_stars(run, found, name)
