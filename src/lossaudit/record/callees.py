"""Torch's callables in the catalogue's words: which operation each is, and what its arguments mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch.overrides import resolve_name

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind, Loss, Op, Role, Spelling
from lossaudit.pairing import Args, Const

Table: TypeAlias = dict[Any, "Callee | None"]
_ACCESSORS = frozenset({"__get__", "__set__", "__delete__"})
_MAKES_NO_VALUE = frozenset({"backward", "size", "dim", "numel", "register_hook", "stride", "__len__", "__bool__"})


@dataclass(frozen=True, slots=True)
class Callee:
    """How a torch callable is read: the operation, and its positional parameters by the catalogue's names.

    `variadic` is the position from which all further positional arguments belong to one parameter.
    """

    op: str
    role: Role
    names: tuple[str, ...]
    path: str
    keywords: Mapping[str, str]
    defaults: Args
    variadic: int = -1
    loss: Loss | None = None


def callees() -> Table:
    """All of the catalogue's torch callables, found once."""
    table: Table = {}
    for kind in (Kind.METHOD, Kind.FUNCTION):
        for spelling, entry in catalogue.spellings("torch", kind):
            target: Any = torch
            for part in spelling.path.split(".")[1:]:
                target = getattr(target, part, None)
            if target is not None:
                table[target] = _callee(spelling.path, entry, spelling)
    return table


def _callee(path: str, entry: Op | Loss, spelling: Spelling) -> Callee:
    loss = entry if isinstance(entry, Loss) else None
    return Callee(
        op=entry.name,
        role=entry.role if isinstance(entry, Op) else Role.LOSS,
        names=tuple(param.canonical for param in spelling.params),
        path=path,
        keywords={param.name: param.canonical for param in spelling.params},
        defaults={
            param.canonical: Const(param.default)
            for param in spelling.params
            if param.default is None or isinstance(param.default, bool | int | float | str)
        },
        variadic=next((i for i, param in enumerate(spelling.params) if param.variadic), -1),
        loss=loss,
    )


def learn(func: Callable[..., Any]) -> Callee | None:
    """A callable that the table does not list: kept by its name, or let through when it makes no value."""
    name = getattr(func, "__name__", "")
    path = resolve_name(func) or ""
    if not path.startswith("torch.") or name in _MAKES_NO_VALUE:
        return None
    for candidate in _candidates(path, name):
        found = catalogue.find("torch", candidate)
        if found is not None:
            return _callee(path, *found)
    return None if name in _ACCESSORS else Callee(path, Role.OTHER, (), path, {}, {})


def _candidates(path: str, name: str) -> tuple[str, ...]:
    plain = name.strip("_")
    return (path, f"torch.Tensor.{plain}", f"torch.{plain}", f"torch.nn.functional.{plain}")
