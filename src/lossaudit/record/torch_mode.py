"""The PyTorch recorder: a function mode that notes each operation of a sampled step.

A record hangs on the autograd node of the operation's result, so that it dies with the graph; results without a
gradient (targets, a teacher's output) are found again by identity for as long as they live. Framework composites
(`cross_entropy`, `softmax`) stay whole. The mode sits at the bottom of the mode stack, in the thread that trains;
nothing here may raise into the user's program.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from lossaudit import axes, catalogue
from lossaudit.catalogue.schema import Kind, Loss, Op, Role, Spelling
from lossaudit.pairing import Args, Const, Unknown
from lossaudit.record.sample import Grid, grid_of, take
from lossaudit.record.spans import Spots, current_spots, module_name

KEY = "lossaudit"


@dataclass(frozen=True, slots=True)
class Callee:
    """How a torch callable is read: the operation, and its positional parameters by the catalogue's names.

    `variadic` is the position from which all further positional arguments belong to one parameter.
    """

    op: str
    role: Role
    names: tuple[str, ...]
    path: str
    keywords: Mapping[str, str]
    defaults: Args
    variadic: int = -1
    loss: Loss | None = None


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


Table: TypeAlias = dict[Any, "Callee | None"]

_ACCESSORS = frozenset({"__get__", "__set__", "__delete__"})
_PEAK_ROWS = 64
_LOOKS_AT_INPUT = 16
_MOST_ITEMS = 256
_DEEPEST = 256
# Heads that stand before a loss, whose input is kept: those that make probabilities.
_FINAL_HEADS = frozenset({"softmax", "softmin", "log_softmax", "sigmoid", "logsigmoid", "tanh"})
_DTYPES = {value: str(value).removeprefix("torch.") for value in vars(torch).values() if isinstance(value, torch.dtype)}
_FAR = frozenset({Role.OTHER, Role.REDUCE, Role.JOIN, Role.LOSS})
_MAKES_NO_VALUE = frozenset({"backward", "size", "dim", "numel", "register_hook", "stride", "__len__", "__bool__"})


class Recorder(TorchFunctionMode):
    """Notes operations while it is on the mode stack."""

    def __init__(self) -> None:
        super().__init__()
        self._table = _callees()
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
            callee = self._table[func] = _learn(func)
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
        self._copy(record, tensors)
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
            if len(value) > _MOST_ITEMS:
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

    def _copy(self, record: Record, tensors: dict[str, torch.Tensor]) -> None:
        """Copy rows of logits and targets where they meet a head, a loss, or a loss that is written out."""
        callee, first = record.callee, record.links[0]
        if callee.loss is not None:
            record.name = module_name() or record.name
            self._copy_loss(record, callee.loss, tensors)
        elif callee.op in _FINAL_HEADS and first.grad and first.record is not None and first.record.near:
            axis = record.axis
            if axis is None and len(first.shape) > 1:
                axis = axes.default_class_axis(first.shape)
            self._take(record, tensors, {first.name: axis}, grid_of(first.shape, axis))
        elif callee.role is Role.AFFINE:
            self._look_at_input(first, tensors[first.name])
        elif callee.role in (Role.ELEMENTWISE, Role.SELECT) and len(record.links) == 2:
            self._copy_operands(record, tensors)

    def _look_at_input(self, link: Link, data: torch.Tensor) -> None:
        """The model's input is what its first affine operation takes; its size is looked at a few times."""
        if self._looks and self.input_peak is None and not (link.grad or link.parameter):
            self._looks -= 1
            if data.is_floating_point() and data.numel():
                self.input_peak = data.detach()[:_PEAK_ROWS].abs().amax()

    def _copy_loss(self, record: Record, loss: Loss, tensors: dict[str, torch.Tensor]) -> None:
        prediction = next((link for link in record.links if link.name == loss.prediction), None)
        if prediction is None or not prediction.shape or not any(link.grad for link in record.links):
            return  # a loss without a gradient belongs to an evaluation
        rank = len(prediction.shape)
        if loss.class_axis:
            axis: int | None = 1 if rank > 1 else 0
        else:
            carried = prediction.record.axis if prediction.record is not None else None
            axis = carried if carried is not None else axes.default_class_axis(prediction.shape)
        wanted: dict[str, int | None] = {prediction.name: axis}
        for link in record.links:
            if link.name == loss.target:
                wanted[link.name] = axis if len(link.shape) == rank else None
            elif link.name in ("weight", "pos_weight") and not link.grad:
                record.copies[link.name] = tensors[link.name].detach().clone()
        self._take(record, tensors, wanted, grid_of(prediction.shape, axis))

    def _copy_operands(self, record: Record, tensors: dict[str, torch.Tensor]) -> None:
        near = next((x for x in record.links if x.grad and x.record is not None and x.record.near), None)
        if near is None or not near.shape or near.record is None:
            return
        other = record.links[0] if near is record.links[1] else record.links[1]
        if other.grad or not other.shape:
            return
        axis = near.record.axis if near.record.axis is not None else axes.default_class_axis(near.shape)
        grid = grid_of(near.shape, axis)
        if record.callee.role is Role.SELECT:
            record.copies[near.name] = _or_empty(take(tensors[near.name], axis, grid))
            index = tensors[other.name]
            if index.numel() == grid.rows:
                record.copies[other.name] = _or_empty(take(index.reshape(-1), None, grid))
        elif other.shape == near.shape:
            self._take(record, tensors, {near.name: axis, other.name: axis}, grid)

    def _take(
        self, record: Record, tensors: dict[str, torch.Tensor], wanted: dict[str, int | None], grid: Grid
    ) -> None:
        for name, axis in wanted.items():
            rows = take(tensors[name], axis, grid)
            if rows is not None:
                record.copies[name] = rows

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


def notes_of(node: Any) -> dict[str, Any]:
    """Where an autograd node keeps what others note about it; it dies with the node."""
    return node.metadata


def _or_empty(rows: torch.Tensor | None) -> torch.Tensor:
    return rows if rows is not None else torch.empty(0)


def _callees() -> Table:
    """All of the catalogue's torch callables, found once."""
    table: Table = {}
    for kind in (Kind.METHOD, Kind.FUNCTION):
        for spelling, entry in catalogue.spellings("torch", kind):
            target: Any = torch
            for part in spelling.path.split(".")[1:]:
                target = getattr(target, part, None)
            if target is not None:
                table[target] = _callee(spelling.path, entry, spelling)
    return table


def _callee(path: str, entry: Op | Loss, spelling: Spelling) -> Callee:
    loss = entry if isinstance(entry, Loss) else None
    return Callee(
        op=entry.name,
        role=entry.role if isinstance(entry, Op) else Role.LOSS,
        names=tuple(param.canonical for param in spelling.params),
        path=path,
        keywords={param.name: param.canonical for param in spelling.params},
        defaults={
            param.canonical: Const(param.default)
            for param in spelling.params
            if param.default is None or isinstance(param.default, bool | int | float | str)
        },
        variadic=next((i for i, param in enumerate(spelling.params) if param.variadic), -1),
        loss=loss,
    )


def _learn(func: Callable[..., Any]) -> Callee | None:
    """A callable that the table does not list: kept by its name, or let through when it makes no value."""
    name = getattr(func, "__name__", "")
    path = resolve_name(func) or ""
    if not path.startswith("torch.") or name in _MAKES_NO_VALUE:
        return None
    for candidate in _candidates(path, name):
        found = catalogue.find("torch", candidate)
        if found is not None:
            return _callee(path, *found)
    return None if name in _ACCESSORS else Callee(path, Role.OTHER, (), path, {}, {})


def _candidates(path: str, name: str) -> tuple[str, ...]:
    plain = name.strip("_")
    return (path, f"torch.Tensor.{plain}", f"torch.{plain}", f"torch.nn.functional.{plain}")
