"""Small questions about a trace that every recogniser asks."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Scalar
from lossaudit.trace import LeafKind, Node, Trace

SAME_NUMBERS = frozenset({Role.VIEW, Role.CAST, Role.NOISE})


@dataclass(frozen=True, slots=True)
class Graph:
    """A trace with questions."""

    trace: Trace

    def node(self, index: int) -> Node:
        return self.trace.nodes[index]

    def role(self, index: int) -> Role:
        """Role of the operation; `OTHER` for leaves and for operations that the catalogue does not know."""
        return role_of(self.node(index).op)

    def ins(self, index: int) -> tuple[int, ...]:
        return tuple(source for _, source in self.node(index).inputs)

    def const(self, index: int, name: str) -> Scalar | tuple[Scalar, ...]:
        """A constant argument, or None where it is absent or unknown."""
        value = self.node(index).args.get(name)
        return value.value if isinstance(value, Const) else None

    def number(self, index: int, *names: str) -> float | None:
        """The one numeric constant of a binary operation with a scalar."""
        for name in names:
            value = self.const(index, name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        return None

    def plain(self, index: int) -> int:
        """The node whose numbers these are: views, casts and dropout taken away."""
        while (carrier := self.carrier(index)) is not None:
            index = carrier
        return index

    def carrier(self, index: int) -> int | None:
        """The tensor whose numbers a view, cast or dropout hands on; of `x.view_as(other)` it is `x`."""
        names = [name for name, _ in self.node(index).inputs]
        if self.role(index) in SAME_NUMBERS and (len(names) == 1 or names[1:] == ["other"]):
            return self.ins(index)[0]
        return None

    def size(self, index: int) -> int:
        """Number of values."""
        return prod(self.node(index).shape)

    def is_scalar(self, index: int) -> bool:
        return self.size(index) == 1

    def is_parameter(self, index: int) -> bool:
        return self.node(self.plain(index)).leaf is LeafKind.PARAMETER

    def has_grad(self, index: int) -> bool:
        return self.node(index).grad


def role_of(op: str) -> Role:
    """Role of a catalogue operation or loss."""
    known = catalogue.op(op)
    if known is not None:
        return known.role
    return Role.LOSS if catalogue.loss(op) is not None else Role.OTHER
