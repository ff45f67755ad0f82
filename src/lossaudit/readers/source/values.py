"""What an expression of a program may be, without running it.

Everything is immutable. What a program can change (variables, attributes, the items of a list) lives in cells of the
`Store`; an `Object` is only the name of such cells. Several possibilities stand in a `Choice`, each with the conditions
under which it is met.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lossaudit.pairing import Args, Place, Scalar
from lossaudit.pairing import Value as Argument
from lossaudit.trace import LeafKind


@dataclass(frozen=True, slots=True)
class Literal:
    """A Python value that is known exactly."""

    value: Scalar | bytes


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that exists but could not be seen.

    Attributes:
        reason: Why, for a person.
        symbol: A Python expression that names it, the same for the same value (`args_3.wasserstein`), so that two tests
            of one flag are known to agree. `""` where nothing is known to be the same.
        leaf: What a tensor would be that begins here: `DATA` for what a loader hands out, else `HIDDEN`.
        batched: Whether its first axis is known to hold the samples of a batch.
    """

    reason: str
    symbol: str = ""
    leaf: LeafKind = LeafKind.HIDDEN
    batched: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """An operation on tensors, or a leaf (`op == ""`); like `trace.Node`, but with its inputs in it.

    Attributes:
        op: Name in the catalogue, of an operation or a loss.
        inputs: Tensors, by the catalogue's parameter names, in order.
        args: Constants, by the catalogue's parameter names. Of an affine operation `out_features` (int) is the number
            of its outputs, however the framework spells that, where known.
        name: What the program calls it (`nn.CrossEntropyLoss`, `F.softmax`); of a leaf, its name or reason.
        grad: Whether a model took part in it.
        scalar: Whether it is known to be a single number.
        quiet: Whether it is computed where gradients are switched off.
        batched: Whether the first axis is known to hold the samples of a batch.
    """

    op: str
    inputs: tuple[tuple[str, Tensor], ...] = ()
    args: Args = field(default_factory=dict[str, Argument])
    place: Place | None = None
    leaf: LeafKind | None = None
    name: str = ""
    grad: bool = False
    scalar: bool = False
    batched: bool = False
    framework: str = "torch"
    quiet: bool = False

    def input(self, name: str) -> Tensor | None:
        return next((tensor for key, tensor in self.inputs if key == name), None)


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the linted tree, by its dotted name (`torch.nn.functional.softmax`)."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the linted tree.

    Attributes:
        scope: The cells of the scope in which it was defined.
        module: The module in which it was defined.
        defaults: By parameter name.
        receiver: What `self` (or `cls`) is, for a method that was taken from an object.
        owner: The class in whose body it stands.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: int
    module: Module
    defaults: Mapping[str, Value] = field(default_factory=dict)
    receiver: Value | None = None
    owner: Class | None = None

    @property
    def name(self) -> str:
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class of the linted tree; its namespace is the cells of `scope`."""

    node: ast.ClassDef
    scope: int
    module: Module
    bases: tuple[Value, ...]

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the linted tree: its file, and the cells of its global names."""

    path: str
    scope: int


@dataclass(frozen=True, slots=True)
class Object:
    """The name of changeable cells: an instance, a list, a container of layers, a compiled model.

    Attributes:
        cells: Key of its cells in the store; its attributes stand there by name, a container's items under "items".
        type: A class of the linted tree, or a dotted name (`builtins.list`, `torch.nn.Sequential`, `keras.Sequential`).
    """

    cells: int
    type: Class | External
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """Values in order; the value of a tuple, and what stands in the "items" cell of a list.

    Attributes:
        values: As far as known.
        open: Whether there may be more, or some of these more than once or not at all.
    """

    values: tuple[Value, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """Keys and values in order: what stands in the "items" cell of a dictionary."""

    pairs: tuple[tuple[Value, Value], ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer or loss object of a framework: what it does is one operation or loss of the catalogue.

    Attributes:
        op: Name in the catalogue.
        path: Dotted name of its class.
        args: Constants of its constructor, by the catalogue's parameter names, defaults filled in.
    """

    op: str
    path: str
    args: Args
    place: Place | None = None
    framework: str = "torch"


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of something that is no object of the linted tree: `tensor.softmax`, `layers.append`, `opaque.fit`."""

    receiver: Value
    name: str


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial(function, *args, **keywords)`, and whatever wraps a function in the same way."""

    function: Value
    args: tuple[Value, ...]
    keywords: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values. No alternative is a `Choice` itself; conditions are Python expressions over symbols."""

    alternatives: tuple[tuple[tuple[str, ...], Value], ...]


Value: TypeAlias = (
    Literal
    | Opaque
    | Tensor
    | External
    | Function
    | Class
    | Module
    | Object
    | Items
    | Entries
    | Layer
    | Bound
    | Partial
    | Choice
)

NONE = Literal(None)


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of a call.

    Attributes:
        place: Of the whole call expression; its `via` are the places of the calls that lead here.
        complete: False when `*args` or `**kwargs` of unknown length were given too.
        name: How the program spells what it calls (`F.softmax`, `self.criterion`).
    """

    args: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    place: Place | None = None
    complete: bool = True
    name: str = ""

    def argument(self, position: int, name: str, default: Value | None = None) -> Value | None:
        """The argument at a position or of that name, or the default."""
        if position < len(self.args):
            return self.args[position]
        return self.keywords.get(name, default)
