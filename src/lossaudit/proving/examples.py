"""Inputs to try on a loss of which only the name is known."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.proving.frameworks import require_jax, subject_of

SHAPES = ((4, 10), (8,))


@dataclass(frozen=True, slots=True)
class Example:
    """Arguments for a loss.

    Attributes:
        shape: Of the prediction, which is the first argument.
        target: One of `TARGETS`.
        args: All arguments.
    """

    shape: tuple[int, ...]
    target: str
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.target} targets, prediction of shape {self.shape}" if len(self.args) > 1 else f"{self.shape}"


def _mixed(shape: tuple[int, ...], kinds: int, generator: torch.Generator) -> torch.Tensor:
    """The numbers below `kinds`, each about equally often, in no order."""
    count = math.prod(shape)
    return (torch.arange(count) % kinds)[torch.randperm(count, generator=generator)].reshape(shape)


def _index(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """A class for each sample; the classes stand along the second axis, or the only one."""
    axis = min(1, len(shape) - 1)
    return _mixed((*shape[:axis], *shape[axis + 1 :]), shape[axis], generator)


def _one_hot(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    axis = min(1, len(shape) - 1)
    return nn.functional.one_hot(_index(shape, generator), shape[axis]).movedim(-1, axis).double()


def _binary(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return _mixed(shape, 2, generator).double()


def _signed(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return 2 * _binary(shape, generator) - 1


def _real(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _distribution(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return _real(shape, generator).softmax(min(1, len(shape) - 1))


TARGETS: Mapping[str, Callable[[tuple[int, ...], torch.Generator], torch.Tensor]] = MappingProxyType(
    {
        "index": _index,
        "one-hot": _one_hot,
        "{0,1}": _binary,
        "real": _real,
        "{-1,+1}": _signed,
        "distribution": _distribution,
    }
)
_TRIED = ("index", "one-hot", "{0,1}", "real")


def example(shape: tuple[int, ...], target: str | None) -> Example:
    """Arguments of one kind, always the same; without a target the prediction alone.

    >>> example((4, 10), "index").args[1].shape
    torch.Size([4])
    """
    generator = torch.Generator().manual_seed(len(shape))
    prediction = torch.randn(shape, generator=generator, dtype=torch.float64)
    if target is None:
        return Example(shape, "no", (prediction,))
    if target not in TARGETS:
        raise UsageError(f"there are no {target!r} targets; there is {', '.join(TARGETS)}")
    return Example(shape, target, (prediction, TARGETS[target](shape, generator)))


def guess(
    fn: Callable[..., Any],
    shape: tuple[int, ...] | None = None,
    target: str | None = None,
    framework: str | None = None,
) -> tuple[Example, ...]:
    """The examples on which a loss runs and gives a finite number with a gradient.

    Args:
        fn: Called as `fn(prediction, target)`, or as `fn(prediction)` if it takes no more.
        shape: Of the prediction; otherwise (4, 10) and (8,) are tried.
        target: One of `TARGETS`; otherwise index, one-hot, {0,1} and real are tried.
        framework: What the loss is written in, `"torch"` (the default) or `"jax"`.

    Raises:
        UsageError: It runs on none of them.

    >>> [str(found) for found in guess(nn.functional.nll_loss)]
    ['index targets, prediction of shape (4, 10)']
    """
    shapes = SHAPES if shape is None else (shape,)
    takes_one, takes_two = _takes(fn, 1), _takes(fn, 2)
    targets: tuple[str | None, ...] = (target,) if target is not None else _TRIED if takes_two else ()
    if target is None and takes_one:
        targets = (None, *targets)
    if not targets:
        raise UsageError("the function does not take a prediction and a target: give an example of its arguments")
    found: list[Example] = []
    reasons: list[str] = []
    for one in shapes:
        for kind in targets:
            if kind == "index" and len(one) < 2 and target is None:
                continue  # without a class axis to point at, an index is just a number
            tried = example(one, kind) if framework != "jax" else _for_jax(example(one, kind))
            try:
                subject_of(fn, tried.args, framework=framework)
            except UsageError as error:
                reasons.append(f"{tried}: {error}")
            else:
                found.append(tried)
    if not found:
        raise UsageError(f"no example fits; for {reasons[0]}; give a shape and the kind of targets")
    return tuple(found)


def _for_jax(given: Example) -> Example:
    """The same numbers as arrays of JAX."""
    require_jax()
    import jax.numpy as jnp

    return replace(given, args=tuple(jnp.asarray(tensor.numpy()) for tensor in given.args))


def _takes(fn: Callable[..., Any], count: int) -> bool:
    """Whether a callable can be called with so many arguments."""
    try:
        inspect.signature(fn.forward if isinstance(fn, nn.Module) else fn).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # no signature: try
        return True
    return True
