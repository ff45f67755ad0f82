"""Small questions about a trace that every recogniser asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import Any

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Scalar
from lossaudit.trace import LeafKind, Node, Trace

_LAY_OUT = frozenset({"unsqueeze", "expand", "expand_as", "broadcast_to", "broadcast_tensors", "outer", "cdist"})
SAME_NUMBERS = frozenset({Role.VIEW, Role.CAST, Role.NOISE})


@dataclass(frozen=True, slots=True)
class Graph:
    """A trace with questions. Where shapes are not known, as in source text, some have no answer.

    Attributes:
        walks: Ways back from nodes that were followed already.
    """

    trace: Trace
    walks: dict[int, Any] = field(default_factory=dict[int, Any], compare=False)
    _modelled: list[bool] = field(default_factory=list[bool], compare=False)

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

    def size(self, index: int) -> int | None:
        """Number of values, where the shape is known."""
        shape = self.node(index).shape
        return prod(shape) if shape is not None else None

    def rank(self, index: int) -> int | None:
        """Number of axes, where it is known."""
        node = self.node(index)
        return len(node.shape) if node.shape is not None else node.rank

    def is_scalar(self, index: int) -> bool:
        """Whether it is known to be a single number."""
        return self.size(index) == 1

    def alike(self, left: int, right: int) -> bool:
        """Whether two tensors have the same shape.

        Operands whose shapes are not known are taken to have the same one, unless the program lays one of them out
        anew (`x[:, None]`, `x.max(1, keepdim=True)`) or their numbers of axes are known to differ.
        """
        shapes = self.node(left).shape, self.node(right).shape
        if shapes != (None, None):
            return shapes[0] == shapes[1]
        ranks = self.rank(left), self.rank(right)
        return (None in ranks or ranks[0] == ranks[1]) and not (self._laid_out(left) or self._laid_out(right))

    def _laid_out(self, index: int) -> bool:
        """Whether the text gives this tensor an axis of size one, so that it may be laid against a larger one."""
        while True:
            node = self.node(index)
            new = node.op == "getitem" and any(
                value == Const(None) for name, value in node.args.items() if name.startswith("index")
            )
            if new or node.op in _LAY_OUT or self.const(index, "keepdim") is True:
                return True
            carrier = self.carrier(index)
            if carrier is None:
                return False
            index = carrier

    def is_parameter(self, index: int) -> bool:
        return self.node(self.plain(index)).leaf is LeafKind.PARAMETER

    def has_grad(self, index: int) -> bool:
        """Whether a gradient passes here. What was not seen may carry one."""
        return self.node(index).grad

    def modelled(self, index: int) -> bool:
        """Whether a gradient passes here to a model that was seen."""
        if not self._modelled:
            self._find_models()
        return self._modelled[index]

    def _find_models(self) -> None:
        nodes = self.trace.nodes
        if all(node.shape is not None for node in nodes):
            self._modelled.extend(node.grad for node in nodes)
            return
        for index, node in enumerate(nodes):
            of_model = self.role(index) in (Role.AFFINE, Role.OTHER) if node.op else node.leaf is not LeafKind.HIDDEN
            self._modelled.append(node.grad and (of_model or any(self._modelled[source] for source in self.ins(index))))


@cache
def role_of(op: str) -> Role:
    """Role of a catalogue operation or loss."""
    known = catalogue.op(op)
    if known is not None:
        return known.role
    return Role.LOSS if catalogue.loss(op) is not None else Role.OTHER
