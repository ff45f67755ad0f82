"""What is noted of one operation."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from lossaudit.pairing import Const, Unknown
from lossaudit.record.callees import Callee
from lossaudit.record.spans import Spots

KEY = "lossaudit"


class Link(NamedTuple):
    """One input of a recorded operation: its autograd node, or the record of a value without one.

    A tensor that has neither is a leaf; its `token` is the same object for as long as the tensor lives.
    """

    name: str
    node: Any
    record: Record | None
    token: object
    shape: tuple[int, ...]
    dtype: str
    parameter: bool
    grad: bool


class Record:
    """One recorded operation. Mutable only while it is made."""

    __slots__ = (
        "args",
        "axis",
        "callee",
        "copies",
        "depth",
        "dtype",
        "grad",
        "links",
        "name",
        "near",
        "scalar",
        "shape",
        "spots",
    )

    def __init__(self, callee: Callee, links: tuple[Link, ...], args: dict[str, Const | Unknown], spots: Spots) -> None:
        self.callee = callee
        self.links = links
        self.args = args
        self.spots = spots
        self.name = callee.path
        self.copies: dict[str, torch.Tensor] = {}
        self.shape: tuple[int, ...] = ()
        self.dtype = ""
        self.grad = False
        self.axis: int | None = None  # the class axis, once a head has shown it
        self.near = False  # whether it is the output of a head or of an affine operation, give or take views
        self.scalar: torch.Tensor | None = None
        self.depth = 1 + max((link.record.depth for link in links if link.record is not None), default=0)


def notes_of(node: Any) -> dict[str, Any]:
    """Where an autograd node keeps what others note about it; it dies with the node."""
    return node.metadata
