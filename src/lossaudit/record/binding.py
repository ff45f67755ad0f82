"""Arguments of a torch callable by the catalogue's names, and calls with some of them replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import torch

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Unknown, Value
from lossaudit.record.callees import Callee, Table, callees, learn

Change: TypeAlias = Callable[[str, Any], Any]
Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]

# They say where and how a result is kept, not what it is.
_KEEPING = """
    out inplace device memory_format non_blocking copy layout pin_memory requires_grad generator sparse_grad _stacklevel
    compute_mode
"""
KEEPING = frozenset(_KEEPING.split())

_table: Table = {}


def callee_of(func: Callable[..., Any]) -> Callee:
    """How a torch callable is read; one that the catalogue does not have keeps its dotted name."""
    if not _table:
        _table.update(callees())
    try:
        known = _table.get(func)
    except TypeError:  # an unhashable callable
        return _unlisted(func)
    if known is None:
        known = _table[func] = _learned(func)
    return known


def _learned(func: Callable[..., Any]) -> Callee:
    """In-place variants are found by the plain name; a leading underscore may change the meaning."""
    path, name = path_of(func), getattr(func, "__name__", "")
    plain = name.endswith("_") and not name.startswith("_")
    found = learn(func) if plain or catalogue.find("torch", path) else None
    return found or _unlisted(func)


def _unlisted(func: Callable[..., Any]) -> Callee:
    path = path_of(func)
    return Callee(path, Role.OTHER, (), path, {}, {})


def path_of(func: Callable[..., Any]) -> str:
    """The dotted name of a torch callable, as people write it."""
    path = torch.overrides.resolve_name(func) or f"{getattr(func, '__module__', '')}.{getattr(func, '__name__', func)}"
    return path.removesuffix(".__get__").replace("torch.functional.", "torch.")


def name_in(path: str) -> str:
    """The last part of a dotted name, for an attribute its name.

    >>> name_in("torch.Tensor.shape.__get__"), name_in("torch.exp")
    ('shape', 'exp')
    """
    return path.removesuffix(".__get__").removesuffix(".__set__").rpartition(".")[2]


def mapped(callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any], change: Change) -> Arguments:
    """The same arguments with `change(name, leaf)` in place of each leaf.

    Leaves are tensors, and everything else that holds no tensor; items of a list are `tensors.0`, `tensors.1`, ...
    """
    names, many = callee.names, callee.variadic
    spread = 0 <= many < len(args) - 1
    positional = tuple(
        _mapped(
            f"{names[many]}.{index - many}"
            if spread and index >= many
            else names[index]
            if index < len(names)
            else f"arg{index}",
            value,
            change,
        )
        for index, value in enumerate(args)
    )
    keywords = {
        key: _mapped(callee.keywords.get(key, catalogue.KEYWORD_ALIASES.get(key, key)), value, change)
        for key, value in kwargs.items()
    }
    return positional, keywords


def _mapped(name: str, value: Any, change: Change) -> Any:
    if isinstance(value, torch.Tensor) or not holds_tensor(value):
        return change(name, value)
    if isinstance(value, slice):
        return slice(*(_mapped(f"{name}.{part}", getattr(value, part), change) for part in ("start", "stop", "step")))
    if isinstance(value, dict):
        return {key: _mapped(f"{name}.{key}", item, change) for key, item in value.items()}
    items = [_mapped(f"{name}.{index}", item, change) for index, item in enumerate(value)]
    return items if isinstance(value, list) else tuple(items)


def holds_tensor(value: Any) -> bool:
    """Whether there is a tensor in a value."""
    return bool(tensors_in(value))


def _is_items(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def tensors_in(value: Any) -> list[torch.Tensor]:
    """All tensors in nested lists, tuples, dictionaries and slices."""
    if isinstance(value, torch.Tensor):
        return [value]
    if _is_items(value):
        return [tensor for item in value for tensor in tensors_in(item)]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    if isinstance(value, slice):
        return tensors_in((value.start, value.stop, value.step))
    return []


def constant(value: Any) -> Value:
    """A constant argument, as far as it is plain data."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return Const(value)
    if _is_items(value):
        items = [constant(item) for item in value]
        plain: Any = tuple(item.value for item in items if isinstance(item, Const))
        if len(plain) == len(items):
            return Const(plain)
    return Unknown(type(value).__name__)


def numbers(tensor: torch.Tensor) -> Any:
    """A tensor's values: floats as float64, integers and booleans as they are."""
    plain = tensor.detach().resolve_conj().resolve_neg()
    return (plain.double() if plain.is_floating_point() else plain).numpy(force=True)
