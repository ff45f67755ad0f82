"""Inputs of a model: a tensor, a tuple of tensors, or a mapping of them; a row for each sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

_AT_ONCE = 1024  # samples that are evaluated together


def rows(x: Any, which: Tensor | slice) -> Any:
    """Some of the samples.

    >>> rows({"a": torch.arange(3)}, slice(1, None))
    {'a': tensor([1, 2])}
    """
    if isinstance(x, Tensor):
        return x[which]
    if isinstance(x, Mapping):
        return {name: rows(each, which) for name, each in x.items()}
    return tuple(rows(each, which) for each in x)


def count(x: Any) -> int:
    """How many samples there are."""
    while not isinstance(x, Tensor):
        x = next(iter(x.values() if isinstance(x, Mapping) else x))
    return len(x)


def evaluated(function: Callable[[Any], Tensor], x: Any) -> Tensor:
    """A function of all samples, some at a time, without a gradient."""
    with torch.no_grad():
        return torch.cat([function(rows(x, slice(k, k + _AT_ONCE))) for k in range(0, count(x), _AT_ONCE)])
