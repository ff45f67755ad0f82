"""What a recorder of whole functions hands on: tensor operations, with their tensors as arrays of scalar ids.

The recorder runs each operation on the user's real values and keeps, beside every tensor that depends on the
variables, an array of the same shape that names its elements. Operations that only move elements (views, indexing,
gather, stack) it carries out on those arrays itself; all others it hands to a `Lowering`, which knows what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from lossaudit.pairing import Args, Place, Value

Ids: TypeAlias = Any  # a NumPy array of int64: which scalar stands where


@dataclass(frozen=True, slots=True)
class Tracked:
    """A tensor that depends on the variables: the ids of its elements."""

    ids: Ids


@dataclass(frozen=True, slots=True)
class Known:
    """A tensor that does not: its values (floats as float64, integers and booleans as they are)."""

    values: Any


Operand: TypeAlias = Tracked | Known


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on tensors.

    Attributes:
        op: Name in the catalogue, or the framework's spelling where the catalogue has none.
        operands: Tensors, by the catalogue's parameter names (`input`, `target`, `weight`; `tensors.0` in lists).
        args: All other arguments, by the catalogue's parameter names, defaults filled in.
        shapes: Of the results.
        spelled: As the program spells it (`torch.nn.functional.cross_entropy`).
        place: Where the program asks for it.
    """

    op: str
    operands: dict[str, Operand]
    args: Args = field(default_factory=dict[str, Value])
    shapes: tuple[tuple[int, ...], ...] = ()
    spelled: str = ""
    place: Place | None = None


class Lowering(Protocol):
    """Takes tensor operations apart into scalar ones. An id is opaque to the recorder."""

    def variables(self, count: int) -> Ids:
        """Ids of `count` new variables."""
        ...

    def constants(self, values: Any) -> Ids:
        """Ids for the elements of an array of known numbers, exact."""
        ...

    def apply(self, call: Call) -> tuple[Ids, ...] | None:
        """Ids of the results, in their shapes; None if the operation is not known."""
        ...

    def opaque(self, call: Call) -> tuple[Ids, ...]:
        """Ids for results of which nothing is known."""
        ...
