"""A callable with everything held fixed but the tensors that are its variables."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.proving.arguments import positional_names
from lossaudit.proving.failing import described

Wrt: TypeAlias = int | str | Sequence[int | str]

# Which tensors are the variables


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a variable stands: a position, a keyword, or the name of a parameter."""

    key: int | str
    name: str
    is_parameter: bool = False


def slots_of(fn: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any], wrt: Wrt) -> tuple[Slot, ...]:
    """What `wrt` means for this callable.

    Raises:
        UsageError: Nothing, or not clearly one thing.
    """
    parameters = [name for name, _ in fn.named_parameters()] if isinstance(fn, nn.Module) else []
    if wrt == "all":
        if not parameters:
            raise UsageError('wrt="all" means all parameters of a module, and this callable has none')
        return tuple(Slot(name, name, is_parameter=True) for name in parameters)
    wanted = (wrt,) if isinstance(wrt, int | str) else tuple(wrt)
    if not wanted or len(set(wanted)) != len(wanted):
        raise UsageError(f"wrt={wrt!r} has to name one variable or several different ones")
    return tuple(_slot(fn, args, keywords, parameters, one) for one in wanted)


def _slot(
    fn: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    parameters: Sequence[str],
    wanted: int | str,
) -> Slot:
    names = argument_names(fn, len(args))
    if isinstance(wanted, int):
        position = wanted + len(args) if wanted < 0 else wanted
        if not 0 <= position < len(args):
            raise UsageError(f"wrt={wanted}: there are {len(args)} arguments, counted from 0")
        return Slot(position, names[position])
    if wanted in parameters:
        return Slot(wanted, wanted, is_parameter=True)
    if wanted in keywords:
        return Slot(wanted, wanted)
    if wanted in names:
        return Slot(names.index(wanted), wanted)
    known = [*parameters, *names, *keywords]
    near = catalogue.nearest(wanted, known) or tuple(known[:5])
    raise UsageError(f"wrt={wanted!r} is neither a parameter nor an argument; there is {', '.join(near) or 'none'}")


def argument_names(fn: Callable[..., Any], count: int) -> list[str]:
    """How the callable names its positional arguments."""
    return positional_names(fn.forward if isinstance(fn, nn.Module) else fn, count)


# How the function is run


@dataclass(frozen=True, slots=True)
class Setting:
    """The callable with everything that is held fixed."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    keywords: dict[str, Any]
    slots: tuple[Slot, ...]

    def __call__(self, *variables: torch.Tensor) -> Any:
        args, keywords = list(self.args), dict(self.keywords)
        parameters: dict[str, torch.Tensor] = {}
        for slot, variable in zip(self.slots, variables, strict=True):
            if slot.is_parameter:
                parameters[str(slot.key)] = variable
            elif isinstance(slot.key, int):
                args[slot.key] = variable
            else:
                keywords[slot.key] = variable
        if not isinstance(self.fn, nn.Module):
            return self.fn(*args, **keywords)
        fixed = {name: tensor.detach() for name, tensor in self.fn.named_parameters()}
        buffers = {name: tensor.clone() for name, tensor in self.fn.named_buffers()}  # a run may update them
        return torch.func.functional_call(self.fn, {**fixed, **buffers, **parameters}, tuple(args), keywords)

    def variables(self) -> list[torch.Tensor]:
        """The variables as they were given."""
        parameters = dict(self.fn.named_parameters()) if isinstance(self.fn, nn.Module) else {}
        return [self._variable(slot, parameters) for slot in self.slots]

    def _variable(self, slot: Slot, parameters: Mapping[str, torch.Tensor]) -> torch.Tensor:
        if slot.is_parameter:
            return parameters[str(slot.key)].detach()
        value = self.args[slot.key] if isinstance(slot.key, int) else self.keywords[slot.key]
        if not isinstance(value, torch.Tensor):
            raise UsageError(f"{slot.name} is {type(value).__name__}, not a tensor")
        if not value.is_floating_point():
            raise UsageError(f"{slot.name} holds {plain(value.dtype)}, not real numbers: it cannot be a variable")
        if not value.numel():
            raise UsageError(f"{slot.name} is empty")
        return value

    def described(self) -> str:
        """The callable's name."""
        if isinstance(self.fn, nn.Module):
            return type(self.fn).__name__
        inner = self.fn.func if isinstance(self.fn, partial) else self.fn
        return getattr(inner, "__qualname__", type(inner).__name__)

    def words_for_fixed(self) -> str:
        """The arguments that are no variables, with their shapes."""
        taken = {slot.key for slot in self.slots if not slot.is_parameter}
        names = argument_names(self.fn, len(self.args))
        others = {
            name: value for index, (name, value) in enumerate(zip(names, self.args, strict=True)) if index not in taken
        }
        others |= {name: value for name, value in self.keywords.items() if name not in taken}
        return ", ".join(f"{name} {_words(value)}" for name, value in others.items())

    def fixed(self) -> list[torch.Tensor]:
        """All tensors that a run should leave alone."""
        parameters = list(self.fn.parameters()) if isinstance(self.fn, nn.Module) else []
        return [*_tensors((self.args, self.keywords)), *parameters]


def setting_of(
    fn: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    slots: tuple[Slot, ...],
    dtype: torch.dtype | None,
) -> Setting:
    """A setting of private copies, with floats in `dtype`, or as they are.

    Raises:
        UsageError: A module does not let itself be copied.
    """
    own: Callable[..., Any] = fn
    if isinstance(fn, nn.Module):
        try:
            own = copy.deepcopy(fn)
        except Exception as error:
            raise UsageError(f"the module cannot be copied: {described(error)}") from None
        own = own.to(dtype) if dtype is not None else own
    own_args = tuple(_copied(value, dtype) for value in args)
    own_keywords = {name: _copied(value, dtype) for name, value in keywords.items()}
    return Setting(own, _with_tensors(own_args, slots), own_keywords, slots)


def _with_tensors(args: tuple[Any, ...], slots: tuple[Slot, ...]) -> tuple[Any, ...]:
    """A number, a list or an array where a variable stands is taken for a tensor."""
    wanted = {slot.key for slot in slots if isinstance(slot.key, int) and not slot.is_parameter}
    return tuple(
        torch.tensor(value, dtype=torch.float64)
        if index in wanted and isinstance(value, (float, list, np.ndarray))
        else value
        for index, value in enumerate(args)
    )


def _copied(value: Any, dtype: torch.dtype | None) -> Any:
    """A copy of a value in which tensors are private, and floats of the given type."""
    if isinstance(value, torch.Tensor):
        plain = value.detach()
        return plain.to(dtype, copy=True) if dtype is not None and plain.is_floating_point() else plain.clone()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_copied(item, dtype) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(partial(_copied, dtype=dtype), value))
    if isinstance(value, dict):
        return {key: _copied(item, dtype) for key, item in value.items()}
    return value


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in _tensors(item)]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _words(value: Any) -> str:
    if not isinstance(value, torch.Tensor):
        return f"= {value!r}" if isinstance(value, bool | int | float | str | None) else type(value).__name__
    return f"as given ({'x'.join(map(str, value.shape))} {plain(value.dtype)})" if value.ndim else f"= {value.item():g}"


def plain(dtype: torch.dtype) -> str:
    """A type as people write it.

    >>> plain(torch.float64)
    'float64'
    """
    return str(dtype).removeprefix("torch.")
