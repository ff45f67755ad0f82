"""A callable of JAX with everything held fixed but the arrays that are its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.proving.arguments import positional_names

Wrt: TypeAlias = int | str | Sequence[int | str]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Setting:
    """The callable with everything that is held fixed.

    Attributes:
        fn: The user's.
        leaves: All its arguments, with trees of arrays (a dictionary of weights) taken apart.
        names: Of the leaves: `z`, `params.layer.w`.
        tree: How the leaves are put together again.
        variables: Which leaves are variables.
    """

    fn: Callable[..., Any]
    leaves: tuple[Any, ...]
    names: tuple[str, ...]
    tree: Any
    variables: tuple[int, ...]

    @classmethod
    def of(cls, fn: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any], wrt: Wrt) -> Setting:
        """The setting in which the arrays that `wrt` names are variables.

        Raises:
            UsageError: It names nothing, or something that is no array of real numbers.
        """
        found, tree = jax.tree_util.tree_flatten_with_path((tuple(args), dict(keywords)))
        arguments = positional_names(fn, len(args))
        names = tuple(_name(path, arguments) for path, _ in found)
        positions = [path[1].idx if path[0].idx == 0 else None for path, _ in found]
        leaves = tuple(leaf for _, leaf in found)
        wanted = (wrt,) if isinstance(wrt, int | str) else tuple(wrt)
        if wrt == "all":
            raise UsageError('wrt="all" means all parameters of a module; name the arguments instead, as in wrt=[0, 1]')
        if not wanted or len(set(wanted)) != len(wanted):
            raise UsageError(f"wrt={wrt!r} has to name one variable or several different ones")
        chosen: dict[int, None] = {}
        for one in wanted:
            chosen.update(dict.fromkeys(_chosen(one, names, positions, len(args))))
        for index in chosen:
            _check_variable(names[index], leaves[index])
        return cls(fn, leaves, names, tree, tuple(chosen))

    def __call__(self, *variables: Any) -> Any:
        leaves = list(self.leaves)
        for index, variable in zip(self.variables, variables, strict=True):
            leaves[index] = variable
        args, keywords = jax.tree_util.tree_unflatten(self.tree, leaves)
        return self.fn(*args, **keywords)

    def examples(self) -> list[Any]:
        """The variables as they were given."""
        return [self.leaves[index] for index in self.variables]

    def double(self) -> Setting:
        """The same with all floats in float64; to be used in double precision only."""
        return replace(self, leaves=tuple(map(_double, self.leaves)))

    def described(self) -> str:
        """The callable's name."""
        inner = self.fn.func if isinstance(self.fn, partial) else self.fn
        return getattr(inner, "__qualname__", type(inner).__name__)

    def words_for_fixed(self) -> str:
        """The arguments that are no variables, with their shapes."""
        fixed = (index for index in range(len(self.leaves)) if index not in self.variables)
        return ", ".join(f"{self.names[index]} {_words(self.leaves[index])}" for index in fixed)


def is_array(value: Any) -> bool:
    return isinstance(value, jax.Array | np.ndarray | np.generic)


def _name(path: Sequence[Any], arguments: Sequence[str]) -> str:
    """`params.layer.w` for `args[0]["layer"]["w"]` of a function that calls its first argument `params`."""
    first = arguments[path[1].idx] if path[0].idx == 0 else str(path[1].key)
    keys = (next(getattr(key, name) for name in ("key", "idx", "name") if hasattr(key, name)) for key in path[2:])
    return ".".join([first, *map(str, keys)])


def _chosen(wanted: int | str, names: Sequence[str], positions: Sequence[int | None], count: int) -> list[int]:
    """The leaves that one entry of `wrt` means: an argument, or what lies under a name."""
    if isinstance(wanted, int):
        position = wanted + count if wanted < 0 else wanted
        if not 0 <= position < count:
            raise UsageError(f"wrt={wanted}: there are {count} arguments, counted from 0")
        found = [index for index, at in enumerate(positions) if at == position]
        if not found:
            raise UsageError(f"wrt={wanted}: this argument holds no array")
        return found
    found = [index for index, name in enumerate(names) if name == wanted or name.startswith(f"{wanted}.")]
    if not found:
        near = catalogue.nearest(wanted, names) or tuple(names[:5])
        raise UsageError(f"wrt={wanted!r} is not an argument; there is {', '.join(near) or 'none'}")
    return found


def _check_variable(name: str, value: Any) -> None:
    if not is_array(value) and not isinstance(value, float):
        raise UsageError(f"{name} is {type(value).__name__}, not an array")
    if not jnp.issubdtype(jnp.result_type(value), jnp.floating):
        raise UsageError(f"{name} holds {jnp.result_type(value)}, not real numbers: it cannot be a variable")
    if not np.size(value):
        raise UsageError(f"{name} is empty")


def _double(value: Any) -> Any:
    if not is_array(value) or not jnp.issubdtype(value.dtype, jnp.floating):
        return value
    return jnp.asarray(value, jnp.float64) if isinstance(value, jax.Array) else np.asarray(value, np.float64)


def _words(value: Any) -> str:
    if not is_array(value):
        return f"= {value!r}" if isinstance(value, bool | int | float | str | None) else type(value).__name__
    if value.ndim:
        return f"as given ({'x'.join(map(str, value.shape))} {value.dtype})"
    return f"= {value.item():g}" if jnp.issubdtype(value.dtype, jnp.number) else "as given"
