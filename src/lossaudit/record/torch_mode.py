"""The PyTorch recorder: a function mode that notes each operation of a sampled step.

A record hangs on the autograd node of the operation's result, so that it dies with the graph; results without a
gradient (targets, a teacher's output) are found again by identity for as long as they live. Framework composites
(`cross_entropy`, `softmax`) stay whole. The mode sits at the bottom of the mode stack, in the thread that trains;
nothing here may raise into the user's program.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from lossaudit import axes
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Unknown
from lossaudit.record.callees import Callee, callees, learn
from lossaudit.record.copies import copy_rows
from lossaudit.record.records import KEY, Link, Record, notes_of
from lossaudit.record.sample import ROWS
from lossaudit.record.spans import current_spots

_PEAK_ROWS = 64
_LOOKS_AT_INPUT = 16
_MOST_ITEMS = 256
_DEEPEST = 256
_DTYPES = {value: str(value).removeprefix("torch.") for value in vars(torch).values() if isinstance(value, torch.dtype)}
_FAR = frozenset({Role.OTHER, Role.REDUCE, Role.JOIN, Role.LOSS})


class Recorder(TorchFunctionMode):
    """Notes operations while it is on the mode stack.

    Args:
        rows: Of logits and targets that are copied of each, at most.
    """

    def __init__(self, rows: int = ROWS) -> None:
        super().__init__()
        self._rows = rows
        self._table = callees()
        self._made: dict[int, tuple[weakref.ref[Any], Record | object, int]] = {}
        self.failures = 0
        self._looks = _LOOKS_AT_INPUT
        self.input_peak: torch.Tensor | None = None  # largest absolute value that the first affine operation takes

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        try:
            callee = self._table[func]
        except KeyError:
            callee = self._table[func] = learn(func)
        except TypeError:  # an unhashable callable
            callee = None
        if callee is None or torch._C._functorch.peek_interpreter_stack() is not None:
            return func(*args, **kwargs)
        record = self._before(callee, args, kwargs)
        out = func(*args, **kwargs)
        if record is not None:
            self._after(record, args[0] if callee.op == "setitem" else out)
        return out

    def record_of(self, tensor: torch.Tensor) -> Record | None:
        """The record of the operation that made this tensor, if it was recorded."""
        node = tensor.grad_fn
        if node is not None:
            return notes_of(node).get(KEY)
        made = self._known(tensor)
        return made if isinstance(made, Record) else None

    def _known(self, tensor: torch.Tensor) -> Record | object | None:
        entry = self._made.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def _as_before(self, out: torch.Tensor, record: Record) -> bool:
        """Whether an operation handed one of its inputs through, so that what it was before still holds.

        A parameter that is updated in place remains a parameter.
        """
        entry = self._made.get(id(out))
        if entry is None or entry[0]() is not out:
            return False
        if not any(entry[1] is link.record or entry[1] is link.token for link in record.links):
            return False
        return entry[2] == _version(out) or out.requires_grad or isinstance(out, torch.nn.Parameter)

    def _know(self, tensor: torch.Tensor, what: Record | object) -> None:
        key, made = id(tensor), self._made
        made[key] = (weakref.ref(tensor, lambda _: made.pop(key, None)), what, _version(tensor))

    def forget(self) -> None:
        """Drop what is known of tensors without a gradient: the step is over."""
        self._made.clear()
        self.input_peak = None

    def _before(self, callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Record | None:
        try:
            return self._record(callee, args, kwargs)
        except Exception:
            self.failures += 1
            return None

    def _record(self, callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Record | None:
        links: list[Link] = []
        tensors: dict[str, torch.Tensor] = {}
        constants: dict[str, Const | Unknown] = {}
        names = callee.names
        if 0 <= callee.variadic < len(args) - 1:
            args = (*args[: callee.variadic], args[callee.variadic :])
        for index, value in enumerate(args):
            self._bind(names[index] if index < len(names) else f"arg{index}", value, links, tensors, constants)
        for key, value in kwargs.items():
            self._bind(callee.keywords.get(key, key), value, links, tensors, constants)
        if not links:
            return None
        record = Record(callee, tuple(links), constants, current_spots())
        self._place_axis(record)
        copy_rows(record, tensors, self._rows)
        if callee.role is Role.AFFINE:
            self._look_at_input(record.links[0], tensors[record.links[0].name])
        return record

    def _bind(
        self,
        name: str,
        value: Any,
        links: list[Link],
        tensors: dict[str, torch.Tensor],
        constants: dict[str, Const | Unknown],
    ) -> None:
        if isinstance(value, torch.Tensor):
            links.append(self._link(name, value))
            tensors[name] = value
        elif value is None or isinstance(value, bool | int | float | str):
            constants[name] = Const(value)
        elif isinstance(value, Sequence):
            if value == range(len(value)):
                constants[name] = Const(("range", len(value)))
            elif len(value) > _MOST_ITEMS:
                constants[name] = Unknown(f"{len(value)} items")
            elif all(item is None or isinstance(item, bool | int | float | str) for item in value):
                constants[name] = Const(tuple(value))
            else:
                for position, item in enumerate(value):
                    self._bind(f"{name}.{position}", item, links, tensors, constants)
        else:
            constants[name] = Unknown(type(value).__name__)

    def _link(self, name: str, tensor: torch.Tensor) -> Link:
        node = tensor.grad_fn
        known: Record | object | None = None
        if node is not None:
            known = notes_of(node).get(KEY)
        else:
            known = self._known(tensor)
            if known is None or (isinstance(known, Record) and known.depth >= _DEEPEST):
                known = object()  # what lies further back is let go: an evaluation adds up for as long as it likes
                self._know(tensor, known)
        record = known if isinstance(known, Record) else None
        return Link(
            name,
            node,
            record,
            known if node is None and record is None else None,
            tuple(tensor.shape),
            _DTYPES[tensor.dtype],
            type(tensor) is not torch.Tensor and isinstance(tensor, torch.nn.Parameter),
            tensor.requires_grad,
        )

    def _place_axis(self, record: Record) -> None:
        """Carry the class axis from the first input, or find it where a head names it."""
        first = record.links[0]
        source = first.record
        role = record.callee.role
        if role is Role.AFFINE:
            record.near = True
        elif source is not None and role not in _FAR:
            record.near = source.near
        if role is Role.HEAD:
            dim = record.args.get("dim")
            if dim is not None and isinstance(dim, Const) and isinstance(dim.value, int) and first.shape:
                record.axis = dim.value % len(first.shape)
            else:
                record.axis = source.axis if source is not None else None
        elif source is not None and role in (Role.CAST, Role.NOISE, Role.ELEMENTWISE, Role.VIEW):
            record.axis = source.axis

    def _look_at_input(self, link: Link, data: torch.Tensor) -> None:
        """The model's input is what its first affine operation takes; its size is looked at a few times."""
        if self._looks and self.input_peak is None and not (link.grad or link.parameter):
            self._looks -= 1
            if data.is_floating_point() and data.numel():
                self.input_peak = data.detach()[:_PEAK_ROWS].abs().amax()

    def _after(self, record: Record, out: Any) -> None:
        try:
            if isinstance(out, torch.Tensor):
                self._attach(record, out)
            elif isinstance(out, Sequence):  # tuples, lists and torch's named results
                for item in out:
                    if isinstance(item, torch.Tensor):
                        self._attach(record, item)
        except Exception:
            self.failures += 1

    def _attach(self, record: Record, out: torch.Tensor) -> None:
        if not record.shape:
            record.shape = tuple(out.shape)
            record.dtype = _DTYPES[out.dtype]
            if record.callee.role is Role.VIEW and record.axis is not None:
                record.axis = axes.carry_axis(
                    record.callee.op, record.args, record.links[0].shape, record.shape, record.axis
                )
        node = out.grad_fn
        if record.callee.op == "setitem" and node is not None:
            return  # whose values these are now, only the graph could say
        if node is None:
            if not self._as_before(out, record):
                self._know(out, record)
            return
        if any(link.node is node for link in record.links):
            return
        record.grad = True
        if out.dim() == 0:
            record.scalar = out.detach()
        notes_of(node)[KEY] = record


def _version(tensor: torch.Tensor) -> int:
    """Counts the changes that were made in place; inference tensors do not count them."""
    return 0 if tensor.is_inference() else tensor._version
