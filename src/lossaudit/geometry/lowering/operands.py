"""One tensor operation as the rules of this package see it: operands as arrays of scalar ids, options as numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, overload

import numpy as np
from flint import fmpq

from lossaudit.geometry.interval import rational
from lossaudit.geometry.program import Builder
from lossaudit.pairing import Args, Const, Place

Array: TypeAlias = Any  # a NumPy array
Rule: TypeAlias = Callable[["Operands"], Any]  # to an array of ids, or a tuple of them

LIMIT = 200_000  # scalar operations for one tensor operation


class NotLowered(Exception):
    """The operation, in this form, is not known here; nothing may be said of its results."""


class Call(Protocol):
    """What a recorder hands on; see `lossaudit.record.lowering.Call`."""

    @property
    def op(self) -> str: ...
    @property
    def operands(self) -> Mapping[str, Any]: ...
    @property
    def args(self) -> Args: ...
    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]: ...
    @property
    def spelled(self) -> str: ...
    @property
    def place(self) -> Place | None: ...


class Scalars(Protocol):
    """The part of `Lowered` that rules need."""

    builder: Builder
    semantics: str
    deviates: list[str]

    def constants(self, values: Any) -> Array: ...
    def real(self, ids: Array) -> Array: ...
    def affine(self, ids: Array) -> bool: ...
    def variables(self, count: int, *, atoms: bool = False) -> Array: ...


class Operands:
    """The operands and options of one call.

    Attributes:
        low: Where the scalars live.
        b: Their builder.
        coded: Whether thresholds and clamps that only the implementation adds are to be kept.
    """

    def __init__(self, low: Scalars, call: Call) -> None:
        self.low = low
        self.call = call
        self.b = low.builder
        self.coded = low.semantics == "as coded"

    def deviates(self, how: str) -> bool:
        """Note where the code differs from the real function it means; True if the code is to be followed."""
        if how not in self.low.deviates:
            self.low.deviates.append(how)
        return self.coded

    def has(self, name: str) -> bool:
        """Whether the operand or option was given, and is not None."""
        return name in self.call.operands or self.option(name, None) is not None

    def option(self, name: str, default: Any = ...) -> Any:
        """An option as a plain Python value.

        Raises:
            NotLowered: It is not known, or missing without a default.
        """
        given = self.call.args.get(name)
        if given is None and default is not ...:
            return default
        if isinstance(given, Const):
            return given.value
        raise NotLowered(f"{name} of {self.call.op} is not known")

    def number(self, name: str, default: float | None = None) -> fmpq:
        """A finite number, exact; a known tensor of one element is as good."""
        operand = self.call.operands.get(name)
        if operand is not None:
            values = getattr(operand, "values", None)
            if values is None or np.size(values) != 1:
                raise NotLowered(f"{name} is not one known number")
            value = np.asarray(values).item()
        else:
            value = self.option(name, default)
        if isinstance(value, int | float) and math.isfinite(value):
            return rational(value)
        raise NotLowered(f"{name} is {value!r}")

    def values(self, name: str) -> Array | None:
        """The values of an operand that does not depend on the variables; None for one that does."""
        operand = self.call.operands.get(name)
        if operand is None:
            value = self.option(name)
            if not isinstance(value, int | float):
                raise NotLowered(f"{name} is {value!r}")
            return np.asarray(value)
        known = getattr(operand, "values", None)
        return None if known is None else np.asarray(known)

    def known(self, name: str) -> Array:
        """The values of an operand that must not depend on the variables."""
        values = self.values(name)
        if values is None:
            raise NotLowered(f"{name} depends on the variables")
        return values

    def raw(self, name: str) -> Array:
        """Ids of an operand's elements; variables that nothing has used so far keep their short names."""
        values = self.values(name)
        if values is None:
            return np.asarray(self.call.operands[name].ids)
        if values.size > LIMIT:
            raise NotLowered("too many elements")
        return self.low.constants(values)

    def ids(self, name: str) -> Array:
        """Ids of an operand's elements, each an instruction."""
        ids = self.raw(name)
        if ids.size > LIMIT:
            raise NotLowered("too many elements")
        return self.low.real(ids)

    def shape(self, name: str) -> tuple[int, ...]:
        values = self.values(name)
        return np.shape(self.call.operands[name].ids) if values is None else values.shape

    def names(self, prefix: str) -> list[str]:
        """The operands of a list (`tensors.0`, `tensors.1`, ...), in order."""
        found = [name for name in self.call.operands if name.startswith(prefix + ".")]
        return sorted(found, key=lambda name: int(name.rpartition(".")[2]))

    def axes(self, ndim: int, name: str = "dim") -> tuple[int, ...]:
        """The axes that an option names, counted from the front; all of them where it names none."""
        given = self.option(name, None)
        if given is None or given == ():
            return tuple(range(ndim))
        listed = given if isinstance(given, tuple) else (given,)
        return tuple(sorted(int(axis) % max(ndim, 1) for axis in listed)) if ndim else ()

    def axis(self, ndim: int, name: str = "dim") -> int:
        """The one axis that an option names."""
        given = self.option(name)
        if isinstance(given, bool) or not isinstance(given, int):
            raise NotLowered(f"{name} is {given!r}")
        return given % max(ndim, 1)


@overload
def each(b: Builder, function: Callable[[Builder, int], int], x: Array, /) -> Array: ...
@overload
def each(b: Builder, function: Callable[[Builder, int, int], int], x: Array, y: Array, /) -> Array: ...
@overload
def each(b: Builder, function: Callable[[Builder, int, int, int], int], x: Array, y: Array, z: Array, /) -> Array: ...
@overload
def each(b: Builder, function: Callable[[Builder, int, int, int, int], int], *arrays: Array) -> Array: ...
def each(b: Builder, function: Callable[..., int], *arrays: Array) -> Array:
    """The scalar function at every element, after broadcasting; equal arguments are worked out once."""
    spread = np.broadcast_arrays(*arrays)
    if spread[0].size > LIMIT:
        raise NotLowered("too many elements")
    done: dict[tuple[int, ...], int] = {}
    out: list[int] = []
    for args in zip(*(array.ravel().tolist() for array in spread), strict=True):
        result = done.get(args)
        if result is None:
            result = done[args] = function(b, *args)
        out.append(result)
    return np.array(out, dtype=np.int64).reshape(spread[0].shape)


def lines(ids: Array, axes: Sequence[int]) -> tuple[list[list[int]], tuple[int, ...]]:
    """The elements along some axes, one list for each position on the other axes, and the shape of these."""
    outer = [axis for axis in range(ids.ndim) if axis not in axes]
    moved = np.transpose(ids, [*outer, *axes])
    shape = tuple(ids.shape[axis] for axis in outer)
    length = math.prod(ids.shape[axis] for axis in axes)
    return moved.reshape(math.prod(shape), length).tolist(), shape


def array(ids: Sequence[int] | Sequence[Sequence[int]], shape: Sequence[int]) -> Array:
    return np.array(ids, dtype=np.int64).reshape(tuple(shape))


def whole(value: Any, rank: int) -> tuple[int, ...]:
    """One whole number for each of `rank` axes; a single one is meant for all."""
    listed: tuple[Any, ...] = value if isinstance(value, tuple) else (value,) * rank
    listed = listed * rank if len(listed) == 1 else listed
    if len(listed) != rank or not all(isinstance(x, int) for x in listed):
        raise NotLowered(f"{value!r} for {rank} axes")
    return tuple(int(x) for x in listed)
