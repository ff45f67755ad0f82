"""A call that is being followed, and what was met on the way."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from lossaudit.pairing import Place
from lossaudit.readers.source.conditions import Guards
from lossaudit.readers.source.values import Class, Module, Tensor, Value


class Exhausted(Exception):
    """The run has taken as many steps as it may."""


@dataclass(slots=True)
class Frame:
    """A function, class body or module that is being run.

    Attributes:
        scope: Cells of its names.
        via: Places of the calls that lead here, nearest first.
        returns: What it has returned so far.
        depth: How many guards held when it was entered.
        elsewhere: Names that it declares `global` or `nonlocal`, with the scope that holds them.
    """

    node: ast.AST
    module: Module
    scope: int
    name: str = ""
    via: tuple[Place, ...] = ()
    depth: int = 0
    owner: Class | None = None
    receiver: Value | None = None
    returns: list[tuple[Guards, Value]] = field(default_factory=list)
    yields: list[Value] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Met:
    """A loss that was computed on some path.

    Attributes:
        place: Of the loss, or of the call that differentiates it.
        trained: False where gradients are switched off.
        differentiated: Whether `place` is where it is differentiated.
        asked: Whether the program itself asks for that; a trainer may do so as well with what a step returns.
    """

    place: Place
    guards: Guards
    loss: Tensor
    trained: bool
    differentiated: bool = False
    asked: bool = True
