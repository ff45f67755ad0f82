"""What the frameworks' own names do in an abstract run: one file per framework, plain tables of handlers.

A name needs a handler only when it is more than one operation or loss of the catalogue: those are understood from
`catalogue.find` alone (functions, methods of tensors, layers, loss objects).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from lossaudit.pairing import Args, Place
from lossaudit.readers.source.frame import Frame
from lossaudit.readers.source.values import Call, Class, External, Object, Tensor, Value


class Interpreter(Protocol):
    """What a handler may ask of the interpreter. No value given to a handler is a `Choice`, its arguments included."""

    @property
    def frame(self) -> Frame:
        """The function, class body or module that is being run."""
        ...

    def symbol(self, name: str) -> str:
        """A name that nothing else has, for a value that may be met again."""
        ...

    def call(self, function: Value, call: Call) -> Value:
        """Call anything: a function of the linted tree is entered, a layer applied, an external name looked up."""
        ...

    def attribute(self, value: Value, name: str, place: Place | None) -> Value: ...

    def get(self, target: Object, name: str) -> Value | None:
        """A cell of an object itself (no class lookup), or None. It may be a `Choice`."""
        ...

    def set(self, target: Object, name: str, value: Value) -> None: ...

    def object(self, type: Class | External, place: Place | None, **cells: Value) -> Object:
        """A new object."""
        ...

    def items(self, value: Value) -> tuple[tuple[Value, ...], bool]:
        """The elements of a tuple, list or container, and whether there may be others."""
        ...

    def alternatives(self, value: Value) -> tuple[tuple[tuple[str, ...], Value], ...]:
        """The possibilities of a value with their conditions; the value itself where it is no choice."""
        ...

    def join(self, values: tuple[tuple[tuple[str, ...], Value], ...]) -> Value:
        """One of several."""
        ...

    def tensor(self, value: Value) -> Tensor:
        """The value as a tensor; a leaf for what is not understood."""
        ...

    def apply(self, framework: str, op: str, inputs: Mapping[str, Value], args: Args, call: Call) -> Tensor:
        """An operation or a loss of the catalogue on tensors. A loss that is computed is noted as met."""
        ...

    def differentiated(self, loss: Value, place: Place | None, *, asked: bool = True) -> None:
        """Note that this value is differentiated or minimised, or (`asked` is false) that a trainer may do so."""
        ...

    def cells(self, target: Object) -> tuple[Value, ...]:
        """The values of all cells of an object, the items of a container one by one."""
        ...

    def lineage(self, target: Object) -> tuple[Class | External, ...]:
        """Its class and the bases of that, nearest first."""
        ...

    def same_name(self, one: str, other: str) -> bool:
        """Whether two dotted names mean the same."""
        ...

    def is_running(self, function: Value) -> bool: ...

    def asked_for_gradient(self, value: Value) -> None:
        """Note that the program wants the gradient of these very numbers."""
        ...

    def methods(self, target: Object, name: str) -> Value | None:
        """The function that a class of the linted tree (or a base of it there) defines under this name, bound."""
        ...


Handler: TypeAlias = Callable[[Interpreter, Call], Value | None]
"""What calling an external name gives; None for "as if there were no handler"."""

Method: TypeAlias = Callable[[Interpreter, Object, Call], Value | None]
"""What calling a method of an object gives; its class, or a base of its class, is the external name in the table."""


OfValue: TypeAlias = Callable[["Interpreter", Any, Call], Value | None]
"""What calling a method of a value gives that is no object: a tensor, something opaque, a tuple, a text."""


@dataclass(frozen=True, slots=True)
class Framework:
    """Tables of one framework.

    Attributes:
        roots: First parts of its dotted names (`("torch", "lightning")`).
        aliases: Other spellings of a prefix, longest match first: `{"tensorflow.keras": "keras"}`.
        calls: By dotted name: constructors and functions.
        methods: By dotted name of the class and name of the method. `"__call__"` is the call of an object itself and
            `"__init__"` what a base class does with the constructor's arguments; `"__iter__"` gives an element.
        values: By type of the value and name of the method.
    """

    name: str
    roots: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    calls: Mapping[str, Handler] = field(default_factory=dict[str, Handler])
    methods: Mapping[tuple[str, str], Method] = field(default_factory=dict[tuple[str, str], Method])
    values: Mapping[tuple[type, str], OfValue] = field(default_factory=dict[tuple[type, str], OfValue])
