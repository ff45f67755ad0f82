"""A member of the zoo: a loss as people write it, and the truth about it.

The truth comes from mathematics or from a cited source, never from the engine; `test_labels.py` attacks every label
with float64 arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import torch
from mpmath import mpf
from torch import Tensor

Wrt: TypeAlias = int | str | tuple[int, ...] | list[int] | list[str]
Domain: TypeAlias = str | tuple[float, float]
Points: TypeAlias = tuple[Sequence[float], Sequence[float]]


class Truth(Enum):
    CONVEX = "convex"
    NOT_CONVEX = "not convex"
    UNDEFINED = "undefined outside"
    """Convex where it has a value, but it has none on a part of the set: neither proved nor refuted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One function, and whether it is convex.

    Attributes:
        name: Unique in its family.
        function: Takes the example's arguments, gives a scalar; or a module that takes none.
        example: Makes the arguments, float64 tensors.
        truth: Of the real-number function that the code means.
        source: A line of mathematics, or a citation.
        wrt: The variables: position of an argument, name of a parameter, or several.
        domain: Where the variables range; None for all real vectors.
        as_coded: The truth of the code to the letter (thresholds, rounded constants), where it differs.
        ideal: The real-number function in a spelling without those; needed with `as_coded`.
        witness: Two points (flattened) with a midpoint above the chord, where a random search would not find any.
        digits: The same function of many digits, where float64 cannot tell; checked at the witness.
        reach: Largest variable at which float64 still computes the function well.
        expect_undecided: Why no verdict is expected; empty for nearly all.
    """

    name: str
    function: Callable[..., Tensor]
    example: Callable[[], tuple[Any, ...]]
    truth: Truth
    source: str
    family: str = ""
    wrt: Wrt = 0
    domain: Domain | None = None
    property: str = "convex"
    as_coded: Truth | None = None
    ideal: Callable[..., Tensor] | None = None
    witness: Points | None = None
    reach: float = 1000.0
    digits: Callable[[Sequence[mpf]], mpf] | None = None
    expect_undecided: str = ""

    def truth_as(self, semantics: str) -> Truth:
        """The truth under the semantics that a verdict speaks about."""
        return self.as_coded if semantics == "as coded" and self.as_coded is not None else self.truth


def convex(
    name: str, function: Callable[..., Tensor], example: Callable[[], tuple[Any, ...]], source: str, **more: Any
) -> Case:
    return Case(name=name, function=function, example=example, truth=Truth.CONVEX, source=source, **more)


def not_convex(
    name: str, function: Callable[..., Tensor], example: Callable[[], tuple[Any, ...]], source: str, **more: Any
) -> Case:
    return Case(name=name, function=function, example=example, truth=Truth.NOT_CONVEX, source=source, **more)


def undefined_outside(
    name: str, function: Callable[..., Tensor], example: Callable[[], tuple[Any, ...]], source: str, **more: Any
) -> Case:
    return Case(name=name, function=function, example=example, truth=Truth.UNDEFINED, source=source, **more)


def reals(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers, float64, always the same."""
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def positives(*shape: int, seed: int = 0) -> Tensor:
    """Numbers between 1/2 and 5/2."""
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 2 + 0.5


def numbers(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def index(*values: Any) -> Tensor:
    return torch.tensor(values)
