"""Records a whole function: runs it once on real values and hands each of its operations to a lowering.

A function mode sees every operation that the program asks for by name, and framework composites whole. Operations that
move elements are carried out on ids (`moves`); all others are the lowering's. A dispatch mode underneath sees what
really runs: whatever touches followed memory without having been asked for in sight makes values of which nothing
is known. So nothing that depends on the variables is ever taken for a constant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from lossaudit.errors import LossauditError, RecordingError, UsageError
from lossaudit.pairing import Place, Unknown
from lossaudit.record.binding import callee_of, name_in, numbers, tensors_in
from lossaudit.record.callees import Callee
from lossaudit.record.casts import as_operation, is_cast, keeps_numbers
from lossaudit.record.composites import body
from lossaudit.record.lowering import Call, Known, Lowering, Operand, Tracked
from lossaudit.record.moves import MOVES, SHAPE_ONLY, carry_out, is_shaped_by, moves
from lossaudit.record.recorded import Recorded
from lossaudit.record.request import Request, on_booleans, request, with_mask
from lossaudit.record.shadows import KNOWN, Shadows
from lossaudit.record.spans import current_spots, place_of

# Questions about a tensor that its elements do not answer, and printing.
_VALUE_FREE_NAMES = """
    shape dtype device size dim ndim numel nelement stride storage_offset is_contiguous is_floating_point
    is_complex is_signed is_neg is_conj element_size itemsize nbytes layout requires_grad grad_fn is_leaf names
    __len__ ndimension is_cuda is_cpu is_sparse is_quantized is_mkldnn is_meta is_nested is_xpu is_mps
    retain_grad retains_grad register_hook __hash__ __repr__ __str__ __format__ get_device is_same_size _version
    output_nr result_type can_cast promote_types _is_view is_inference has_names is_pinned is_shared __dir__
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


def record_function(function: Callable[..., Any], variables: Sequence[torch.Tensor], lowering: Lowering) -> Recorded:
    """Run a function once and take it apart.

    Args:
        function: Called as `function(*variables)`, with copies; returns a tensor of one element.
        variables: The point at which it is run; their elements become variables in this order.
        lowering: Gives ids to what it computes.

    Raises:
        UsageError: The function returns something else, or draws random numbers.
        RecordingError: It cannot be run under observation.
    """
    follower = _Follower(lowering)
    points = [variable.detach().clone().requires_grad_().clone() for variable in variables]
    follower.begin(points)
    state = torch.get_rng_state()
    try:
        with _eager(), torch.enable_grad(), _Below(follower), follower:
            value = function(*points)
        drew = not torch.equal(state, torch.get_rng_state())
    except LossauditError:
        raise
    except Exception as error:
        raise RecordingError(f"the function cannot be followed: {type(error).__name__}: {error}") from error
    finally:
        torch.set_rng_state(state)
    if drew:
        raise UsageError("the function draws random numbers: fix them, or put its modules into eval mode")
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"the function returns {type(value).__name__}, not a tensor")
    if value.numel() != 1:
        raise UsageError(f"the function returns a tensor of shape {tuple(value.shape)}, not one number")
    output = int(follower.ids(value).reshape(()))
    return Recorded(output, tuple(follower.escapes), follower.detached, float(value.detach()), tuple(follower.unknown))


def _eager() -> AbstractContextManager[Any]:
    """Compiled functions run as they are written; without the compiler in memory there are none."""
    if "torch._dynamo" not in sys.modules or not hasattr(torch.compiler, "set_stance"):
        return nullcontext()
    return torch.compiler.set_stance("force_eager")


class _Follower(TorchFunctionMode):
    """The function mode: knows which scalar stands where while the function runs."""

    def __init__(self, lowering: Lowering) -> None:
        super().__init__()
        self._lowering = lowering
        self._shadows = Shadows(lambda shape: self._nothing_known("memory read as another type", [shape], ())[0])
        self._entered: set[Callable[..., Any]] = set()
        self.busy = False  # with an operation that was seen: what runs underneath belongs to it
        self.escapes: dict[str, None] = {}  # in order, each once
        self.unknown: dict[str, None] = {}
        self.detached = False

    def begin(self, variables: Sequence[torch.Tensor]) -> None:
        """Give the variables their ids."""
        counts = [variable.numel() for variable in variables]
        parts = _tensor(self._lowering.variables(sum(counts))).split(counts)
        for variable, part in zip(variables, parts, strict=True):
            self._shadows.write(variable, part.reshape(variable.shape))

    def ids(self, tensor: torch.Tensor) -> torch.Tensor:
        """The ids of all elements; known ones become constants."""
        found = self._shadows.of(tensor)
        if found is None:
            return _tensor(self._lowering.constants(numbers(tensor)))
        return self._with_constants(tensor, found)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if torch._C._functorch.peek_interpreter_stack() is not None:  # `_Below` sees what a transform really does
            return func(*args, **kwargs)
        with self._working():
            callee = callee_of(func)
            name = name_in(callee.path)
            if name in _VALUE_FREE or callee.path.endswith("__set__"):
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
                touched = inputs + results if writes else [x for x in results if not self._shadows.shares(x)]
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
            ids = {name: found.clone() for name, found in ids.items()}
            operands = self._operands(asked, ids, copied=True)
        out, changed = _run(func, args, kwargs, inputs)
        results = tensors_in(out)
        if not changed and {name.partition(".")[0] for name in ids} <= SHAPE_ONLY.get(asked.op, frozenset()):
            return True, out
        if not results and not changed:
            self._leaves(callee, out)
            return True, out
        written = (results or inputs)[0] if in_place and changed else None
        if changed and (written is None or not all(_share(written, tensor) for tensor in changed)):
            self._forget(callee.path, [*changed, *results], inputs)
            return True, out
        targets = [tensor for tensor in results if not self._shadows.shares(tensor)] if written is None else [written]
        if not targets:  # views: their memory knows
            return True, out
        if is_shaped_by(asked, ids):
            self._escape(callee.path)
            self._forget(callee.path, targets, inputs)
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
        ids: dict[str, torch.Tensor],
        results: list[torch.Tensor],
        targets: list[torch.Tensor],
    ) -> list[torch.Tensor] | None:
        """What the targets hold if elements were only moved."""
        if not ids:  # something known was written over what was followed
            return [torch.tensor(KNOWN)] * len(targets)
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
        return parts if [part.shape for part in parts] == [target.shape for target in targets] else None

    def _computed(
        self,
        asked: Request,
        ids: dict[str, torch.Tensor],
        operands: dict[str, Operand],
        targets: list[torch.Tensor],
    ) -> list[torch.Tensor] | None:
        """What the targets hold if something was computed; None if the lowering does not know."""
        if is_cast(asked):
            if "input" not in ids:
                return [torch.tensor(KNOWN)]
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
        return [_tensor(part).broadcast_to(target.shape) for part, target in zip(found, targets, strict=True)]

    def _operands(self, asked: Request, ids: dict[str, torch.Tensor], *, copied: bool = False) -> dict[str, Operand]:
        """The tensors of a call as the lowering takes them; `copied` where their memory is about to change."""
        if not asked.clear:
            return {}
        operands: dict[str, Operand] = {}
        for name, tensor in asked.tensors.items():
            found = ids.get(name)
            if found is not None:
                operands[name] = Tracked(self._with_constants(tensor, found).numpy())
            else:
                values = numbers(tensor)
                operands[name] = Known(values.copy() if copied else values)
        return operands

    def _with_constants(self, tensor: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        known = found == KNOWN
        ids = found.clone(memory_format=torch.contiguous_format)
        if known.any():
            ids[known] = _tensor(self._lowering.constants(numbers(tensor.detach()[known])))
        return ids

    def _call(self, asked: Request, operands: dict[str, Operand], targets: Sequence[torch.Tensor]) -> Call:
        shapes = tuple(tuple(target.shape) for target in targets)
        return Call(asked.op, operands, asked.args, shapes, asked.spelled, place_of(current_spots()))

    # What is noted

    def _leaves(self, callee: Callee, out: Any) -> None:
        """A result without tensors: a value has left, unless the result cannot tell one."""
        if name_in(callee.path) in _READ_OUT or not isinstance(out, str | torch.dtype | torch.device | None):
            self._escape(callee.path)

    def _escape(self, what: str) -> None:
        self.escapes[_at(f"{what} of a value that depends on the variables", place_of(current_spots()))] = None

    def _forget(self, what: str, tensors: Sequence[torch.Tensor], sources: Sequence[torch.Tensor]) -> None:
        """From now on nothing is known of these tensors, but that they depend on the sources."""
        parts = self._nothing_known(what, [tensor.shape for tensor in tensors], sources)
        for tensor, part in zip(tensors, parts, strict=True):
            self._write(tensor, part)

    def _nothing_known(
        self, what: str, shapes: Sequence[Sequence[int]], sources: Sequence[torch.Tensor]
    ) -> list[torch.Tensor]:
        place = place_of(current_spots())
        self.unknown[_at(what, place)] = None
        found = [ids for tensor in sources if (ids := self._shadows.of(tensor)) is not None]
        operands: dict[str, Operand] = {f"arg{i}": Tracked(ids[ids != KNOWN].numpy()) for i, ids in enumerate(found)}
        call = Call(what, operands, {}, tuple(map(tuple, shapes)), what, place)
        return [_tensor(part) for part in self._lowering.opaque(call)]

    def _write(self, tensor: torch.Tensor, ids: torch.Tensor) -> None:
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


class _Below(TorchDispatchMode):
    """The dispatch mode: what runs while the follower is not at work was not asked for in sight."""

    def __init__(self, follower: _Follower) -> None:
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


def _version(tensor: torch.Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


def _share(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors lie in the same memory."""
    return one.untyped_storage()._cdata == other.untyped_storage()._cdata


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


def _tensor(ids: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(ids, dtype=np.int64))


def _at(what: str, place: Place | None) -> str:
    return f"{place}: {what}" if place is not None else what
