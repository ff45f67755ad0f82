"""The recorded operations from chosen variables to a scalar loss, as plain data.

A recorder makes a trace; `recognise` names its parts; `geometry` interprets it in several number systems. A
trace holds no arrays: the values of its leaves travel beside it, by leaf name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from lossaudit.pairing import Args, Place, Value


class LeafKind(Enum):
    """What a trace starts from."""

    PARAMETER = "parameter"  # trained, or at least a module's parameter
    DATA = "data"  # a tensor that no recorded operation made
    CONSTANT = "constant"
    HIDDEN = "hidden"  # made by an operation that was not recorded


@dataclass(frozen=True, slots=True)
class Node:
    """One operation, or a leaf (`op == ""`).

    Attributes:
        op: Name in the catalogue; a name the catalogue does not know is kept as the framework spells it.
        inputs: Indices of earlier nodes, by the catalogue's parameter name, in order.
        args: Constants, by parameter name.
        shape, dtype: Of the result; None where they are not known, as in source text.
        place: Where the user's program asks for it.
        leaf: What kind of leaf this is; None for an operation.
        name: A leaf's name, or the spelling that the program used (`torch.nn.functional.cross_entropy`).
        grad: Whether the result carries a gradient.
        batched: Whether the first axis is known to hold the samples, where the shape is not known.
        rank: Number of axes, where it is known and the shape is not.
        recorded: False when only the autograd graph vouches for it, so that constants may be missing.
    """

    op: str
    inputs: tuple[tuple[str, int], ...] = ()
    args: Args = field(default_factory=dict[str, Value])
    shape: tuple[int, ...] | None = ()
    dtype: str | None = None
    place: Place | None = None
    leaf: LeafKind | None = None
    name: str = ""
    grad: bool = True
    recorded: bool = True
    batched: bool = False
    rank: int | None = None

    def input(self, name: str) -> int | None:
        """Index of the named input, or None when it was not given."""
        return next((index for key, index in self.inputs if key == name), None)


@dataclass(frozen=True, slots=True)
class Trace:
    """Nodes in evaluation order; `nodes[output]` is the scalar. Inputs come before their users."""

    nodes: tuple[Node, ...]
    output: int
    escapes: tuple[str, ...] = ()
