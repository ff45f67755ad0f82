"""Follows a function while it runs: which scalar stands where, and what the program does with it.

A function mode sees every operation that the program asks for by name, and framework composites whole. Operations that
move elements are carried out on ids (`moves`); all others are the lowering's. A dispatch mode underneath sees what
really runs: whatever touches followed memory without having been asked for in sight makes values of which nothing
is known. So nothing that depends on the variables is ever taken for a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Place, Unknown
from lossaudit.record.binding import callee_of, name_in, numbers, tensors_in
from lossaudit.record.callees import Callee
from lossaudit.record.casts import as_operation, is_cast, keeps_numbers
from lossaudit.record.composites import body
from lossaudit.record.lowering import Call, Ids, Known, Lowering, Operand, Tracked
from lossaudit.record.moves import MOVES, SHAPE_ONLY, carry_out, is_steered_by, moves
from lossaudit.record.request import Request, on_booleans, request, with_mask
from lossaudit.record.shadows import KNOWN, Shadows
from lossaudit.record.spans import current_spots, place_of

# Questions about a tensor that its elements do not answer, and printing.
_VALUE_FREE_NAMES = """
    shape dtype device size dim ndim numel nelement stride storage_offset is_contiguous is_floating_point
    is_complex is_signed is_neg is_conj element_size itemsize nbytes layout requires_grad grad_fn is_leaf names
    __len__ ndimension is_cuda is_cpu is_sparse is_quantized is_mkldnn is_meta is_nested is_xpu is_mps
    retain_grad retains_grad register_hook __hash__ __repr__ __str__ __format__ get_device is_same_size _version
    output_nr result_type can_cast promote_types
    is_ipu is_maia is_mtia is_sparse_csr is_vulkan is_xla _cdata _is_view is_inference has_names
    is_pinned is_shared __dir__
"""
_VALUE_FREE = frozenset(_VALUE_FREE_NAMES.split())
# Here values leave for Python, where nobody follows them.
_READ_OUT_NAMES = """
    __array__ numpy tolist item __bool__ __float__ __int__ __index__ __complex__ untyped_storage storage
    _typed_storage data_ptr __dlpack__ __reduce_ex__ is_nonzero equal allclose backward _make_dual
"""
_READ_OUT = frozenset(_READ_OUT_NAMES.split())
_OPERATORS = "add sub mul div truediv floordiv mod pow and or xor lshift rshift matmul"
_IN_PLACE_OPERATORS = frozenset(f"__i{name}__" for name in _OPERATORS.split())

_ELEMENT_BY_ELEMENT = (Role.ELEMENTWISE, Role.HEAD, Role.CAST)


class Follower(TorchFunctionMode):
    """The function mode: knows which scalar stands where while the function runs.

    Attributes:
        busy: With an operation that was seen; what runs underneath belongs to it.
        escapes, unknown: As in `function.Recorded`, in order.
        detached: As there.
    """

    def __init__(self, lowering: Lowering) -> None:
        super().__init__()
        self._lowering = lowering
        self._shadows = Shadows(lambda shape: self._nothing_known("memory read as another type", [shape], ())[0])
        self._entered: set[Callable[..., Any]] = set()
        self.busy = False
        self.escapes: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self.detached = False

    def begin(self, variables: Sequence[torch.Tensor]) -> None:
        """Give the variables their ids."""
        counts = [variable.numel() for variable in variables]
        parts = np.split(self._lowering.variables(sum(counts)), np.cumsum(counts)[:-1])
        for variable, part in zip(variables, parts, strict=True):
            self._shadows.write(variable, part.reshape(variable.shape))

    def ids(self, tensor: torch.Tensor) -> Ids:
        """The ids of all elements; known ones become constants."""
        found = self._shadows.of(tensor)
        if found is None:
            return self._lowering.constants(numbers(tensor))
        return self._with_constants(tensor, found)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if torch._C._functorch.peek_interpreter_stack() is not None:  # `Below` sees what a transform really does
            return func(*args, **kwargs)
        with self._working():
            callee = callee_of(func)
            name = name_in(callee.path)
            if name in _VALUE_FREE or (callee.path.endswith("__set__") and name not in ("real", "imag")):
                return func(*args, **kwargs)
            inputs = tensors_in((args, kwargs))
            followed = any(self._shadows.of(tensor) is not None for tensor in inputs)
        inner = body(func) if func not in self._entered else None
        unlisted = not callee.names and callee.op not in MOVES and name not in _READ_OUT
        if inner is not None and ((followed and unlisted) or _takes_functions(args, kwargs)):
            return self._enter(func, inner, args, kwargs)
        if not followed:
            return func(*args, **kwargs)
        with self._working():
            done, out = self._follow(func, callee, args, kwargs, inputs, inner is not None)
        return out if done or inner is None else self._enter(func, inner, args, kwargs)

    def unseen(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation that nobody asked for in sight."""
        with self._working(), torch._C.DisableTorchFunction():
            inputs = tensors_in((args, kwargs))
            followed = any(self._shadows.of(tensor) is not None for tensor in inputs)
            out, changed = _run(func, args, kwargs, inputs)
            if followed:
                results = tensors_in(out)
                writes = bool(changed) or getattr(getattr(func, "_schema", None), "is_mutable", True)
                touched = inputs + results if writes else [x for x in results if not self._shadows.follows(x)]
                if not results and not writes:
                    self._escape(str(func))
                elif touched:
                    self._forget(str(func), touched, inputs)
        return out

    def _enter(
        self, func: Callable[..., Any], inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run the body of a function of torch in sight."""
        self._entered.add(func)
        try:
            with self:
                return inner(*args, **kwargs)
        finally:
            self._entered.discard(func)

    def _follow(
        self,
        func: Callable[..., Any],
        callee: Callee,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        inputs: list[torch.Tensor],
        has_body: bool,
    ) -> tuple[bool, Any]:
        """Run an operation and say what its results are; the first answer is no if only its body can say that."""
        asked = request(callee, args, kwargs)
        self.detached |= asked.op == "detach" or not torch.is_grad_enabled()
        in_place = _is_in_place(callee, args, kwargs)
        ids = {name: found for name, tensor in asked.tensors.items() if (found := self._shadows.of(tensor)) is not None}
        operands: dict[str, Operand] = {}
        if in_place:  # what is overwritten now is needed afterwards
            ids = {name: found.copy() for name, found in ids.items()}
            operands = self._operands(asked, ids, copied=True)
        try:
            out, changed = _run(func, args, kwargs, inputs)
        except (RuntimeError, ValueError):
            self._escape(f"an exception in {callee.path}")  # the program may catch it
            raise
        results = tensors_in(out)
        if not changed and {name.partition(".")[0] for name in ids} <= SHAPE_ONLY.get(asked.op, frozenset()):
            return True, out
        if not results or _has_numbers(out):
            self._leaves(callee, out)
        if not results and not changed:
            return True, out
        written = (results or inputs)[0] if in_place and changed else None
        if changed and (written is None or not all(_share(written, tensor) for tensor in changed)):
            self._forget(callee.path, [*changed, *results], inputs)
            return True, out
        if written is not None and _reads_what_it_writes(asked, written, "out" in kwargs):
            self._forget(callee.path, [written], inputs)
            return True, out
        targets = [tensor for tensor in results if not self._shadows.follows(tensor)] if written is None else [written]
        if is_steered_by(asked, ids, is_view=not targets):
            self._escape(callee.path)
            self._forget(callee.path, targets, inputs)
            return True, out
        if not targets:  # views: their memory knows
            return True, out
        parts = self._moved(func, callee, asked, args, kwargs, ids, results, targets)
        if parts is None:
            parts = self._computed(asked, ids, operands, targets)
        if parts is None and has_body and not changed:
            return False, None
        if parts is None:
            self._forget(callee.path, targets, inputs)
        else:
            for target, part in zip(targets, parts, strict=True):
                self._write(target, part)
        return True, out

    def _moved(
        self,
        func: Callable[..., Any],
        callee: Callee,
        asked: Request,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        ids: dict[str, Ids],
        results: list[torch.Tensor],
        targets: list[torch.Tensor],
    ) -> list[Ids] | None:
        """What the targets hold if elements were only moved."""
        if not ids:  # something known was written over what was followed
            return [np.array(KNOWN)] * len(targets)
        params = moves(asked)
        if params is None or not {name.partition(".")[0] for name in ids} <= params:
            return None
        if not all(keeps_numbers(asked.tensors[name].dtype, target.dtype) for name in ids for target in targets):
            return None
        made, first = carry_out(func, callee, args, kwargs, ids, params)
        if made:
            parts = [part for part, result in zip(made, results, strict=True) if any(result is t for t in targets)]
        else:
            parts = [first] if first is not None else []
        return parts if [part.shape for part in parts] == [tuple(target.shape) for target in targets] else None

    def _computed(
        self,
        asked: Request,
        ids: dict[str, Ids],
        operands: dict[str, Operand],
        targets: list[torch.Tensor],
    ) -> list[Ids] | None:
        """What the targets hold if something was computed; None if the lowering does not know."""
        if is_cast(asked):
            if "input" not in ids:
                return [np.array(KNOWN)]
            if keeps_numbers(asked.tensors["input"].dtype, targets[0].dtype):
                return [ids["input"]]
            asked = as_operation(asked, targets[0].dtype)
        operands = operands or self._operands(asked, ids)
        asked, operands = with_mask(asked, operands)
        asked = on_booleans(asked, targets)
        if not asked.clear or any(isinstance(value, Unknown) for value in asked.args.values()):
            return None
        found = self._lowering.apply(self._call(asked, {name: operands[name] for name in asked.tensors}, targets))
        if found is None or len(found) != len(targets):
            return None
        return [np.broadcast_to(part, tuple(target.shape)) for part, target in zip(found, targets, strict=True)]

    def _operands(self, asked: Request, ids: dict[str, Ids], *, copied: bool = False) -> dict[str, Operand]:
        """The tensors of a call as the lowering takes them; `copied` where their memory is about to change."""
        if not asked.clear:
            return {}
        operands: dict[str, Operand] = {}
        for name, tensor in asked.tensors.items():
            found = ids.get(name)
            if found is not None:
                operands[name] = Tracked(self._with_constants(tensor, found))
            else:
                values = numbers(tensor)
                operands[name] = Known(values.copy() if copied else values)
        return operands

    def _with_constants(self, tensor: torch.Tensor, found: Ids) -> Ids:
        known = found == KNOWN
        ids = np.array(found)
        if known.any():
            ids[known] = self._lowering.constants(numbers(tensor)[known])
        return ids

    def _call(self, asked: Request, operands: dict[str, Operand], targets: Sequence[torch.Tensor]) -> Call:
        shapes = tuple(tuple(target.shape) for target in targets)
        return Call(asked.op, operands, asked.args, shapes, asked.spelled, place_of(current_spots()))

    # What is noted

    def _leaves(self, callee: Callee, out: Any) -> None:
        """A result without tensors: a value has left, unless the result cannot tell one."""
        harmless = out is NotImplemented or isinstance(out, str | torch.dtype | torch.device | None)
        if name_in(callee.path) in _READ_OUT or not harmless:
            self._escape(callee.path)

    def _escape(self, what: str) -> None:
        self.escapes[_at(f"{what} of a value that depends on the variables", place_of(current_spots()))] = None

    def _forget(self, what: str, tensors: Sequence[torch.Tensor], sources: Sequence[torch.Tensor]) -> None:
        """From now on nothing is known of these tensors, but that they depend on the sources."""
        if not tensors:
            return
        parts = self._nothing_known(what, [tensor.shape for tensor in tensors], sources)
        for tensor, part in zip(tensors, parts, strict=True):
            self._write(tensor, part)

    def _nothing_known(self, what: str, shapes: Sequence[Sequence[int]], sources: Sequence[torch.Tensor]) -> list[Ids]:
        place = place_of(current_spots())
        self.unknown[_at(what, place)] = None
        found = [ids for tensor in sources if (ids := self._shadows.of(tensor)) is not None]
        operands: dict[str, Operand] = {f"arg{i}": Tracked(ids[ids != KNOWN]) for i, ids in enumerate(found)}
        call = Call(what, operands, {}, tuple(map(tuple, shapes)), what, place)
        return list(self._lowering.opaque(call))

    def _write(self, tensor: torch.Tensor, ids: Ids) -> None:
        if tensor.layout is torch.strided:
            self._shadows.write(tensor, ids)
        else:
            self._escape(f"a {tensor.layout} tensor")

    @contextmanager
    def _working(self) -> Iterator[None]:
        before, self.busy = self.busy, True
        try:
            yield
        finally:
            self.busy = before


class Below(TorchDispatchMode):
    """The dispatch mode: what runs while the follower is not at work was not asked for in sight."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would load its compiler, which takes seconds, to keep it away from here."""
        return False

    def __init__(self, follower: Follower) -> None:
        super().__init__()
        self._follower = follower

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self._follower.busy:
            return func(*args, **(kwargs or {}))
        return self._follower.unseen(func, args, kwargs or {})


def _run(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[torch.Tensor]
) -> tuple[Any, list[torch.Tensor]]:
    """The result of a call, and those of its tensors that it wrote to."""
    before = [_version(tensor) for tensor in inputs]
    out = func(*args, **kwargs)
    return out, [tensor for tensor, old in zip(inputs, before, strict=True) if _version(tensor) != old]


def _version(tensor: torch.Tensor) -> Any:
    """Which changes a tensor has seen; one that does not count them has always changed."""
    return object() if tensor.is_inference() else tensor._version


def _has_numbers(out: Any) -> bool:
    """Whether there are plain numbers beside tensors in a result."""
    return isinstance(out, Sequence) and any(isinstance(item, int | float) for item in out)


def _share(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors lie in the same memory."""
    return one.untyped_storage()._cdata == other.untyped_storage()._cdata


def _reads_what_it_writes(asked: Request, written: torch.Tensor, into_another: bool) -> bool:
    """Whether an operation may read elements that it has already written over: then its result is anybody's guess.

    Elementwise operations read each element before they write it, and torch refuses other overlaps there.
    """
    if asked.role in _ELEMENT_BY_ELEMENT and asked.op != "masked_scatter":
        return False
    if asked.op == "setitem" and not any(name.startswith("index") for name in asked.tensors):
        return False  # a copy between views
    others = list(asked.tensors.values())[0 if into_another else 1 :]
    return any(tensor.numel() > 1 and _share(written, tensor) for tensor in others)


def _is_in_place(callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation means to write over one of its tensors."""
    name = name_in(callee.path)
    plain = name.endswith("_") and not name.endswith("__")
    flag = callee.names.index("inplace") if "inplace" in callee.names else len(args)
    return (
        plain
        or name == "__setitem__"
        or name in _IN_PLACE_OPERATORS
        or kwargs.get("out") is not None
        or bool(kwargs.get("inplace"))
        or (flag < len(args) and bool(args[flag]))
    )


def _takes_functions(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    values = (*args, *kwargs.values())
    return any(callable(value) and not isinstance(value, torch.Tensor | type) for value in values)


def _at(what: str, place: Place | None) -> str:
    return f"{place}: {what}" if place is not None else what
