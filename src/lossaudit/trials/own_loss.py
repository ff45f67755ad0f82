"""A loss that is a callable of the user's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """The callable; the mean of what it returns if that is one number for each sample."""

    function: Callable[..., Any]
    name: str

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        value = self.function(outputs, y)
        if isinstance(value, Tensor) and value.shape == (len(outputs),):
            return value.mean()
        return value
