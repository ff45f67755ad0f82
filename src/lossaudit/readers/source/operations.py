"""Operations of the catalogue on abstract tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from lossaudit import catalogue
from lossaudit.catalogue.schema import Op, Role
from lossaudit.pairing import Args, Const, Unknown
from lossaudit.pairing import Value as Argument
from lossaudit.readers.source import containers
from lossaudit.readers.source.values import (
    NONE,
    Call,
    External,
    Items,
    Literal,
    Object,
    Opaque,
    Tensor,
    Value,
)
from lossaudit.trace import LeafKind

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

OfCall: TypeAlias = Callable[[Call], Value]

_KEEPS_BATCH = frozenset({Role.AFFINE, Role.HEAD, Role.ELEMENTWISE, Role.CAST, Role.NOISE, Role.OTHER, Role.CUT})
_SINGLE = frozenset({"mean", "sum", "batchmean", "sum_over_batch_size"})


def tensor(run: Interpreter, value: Value) -> Tensor:
    """The value as a tensor; a leaf for what is not understood. The same value gives the same leaf."""
    if isinstance(value, Tensor):
        return value
    key = value.symbol if isinstance(value, Opaque) and value.symbol else id(value)
    found = run.leaves.get(key)
    if found is None:
        found = (_leaf(run, value), value)
        run.leaves[key] = found
    return found[0]


def _leaf(run: Interpreter, value: Value) -> Tensor:
    match value:
        case Literal():
            return Tensor("", leaf=LeafKind.CONSTANT, name=repr(value.value)[:40], scalar=True)
        case Opaque():
            hidden = value.leaf is LeafKind.HIDDEN
            return Tensor("", leaf=value.leaf, name=value.reason, grad=hidden, batched=value.batched)
        case Items() | Object():
            values, open_ = containers.items(run, value)
            if not open_ and values and all(isinstance(each, Literal | Items | Object) for each in values):
                data = _numbers(run, value)
                args: Args = {"data": Const(data)} if isinstance(data, tuple) else {}
                return Tensor("", (), args, leaf=LeafKind.CONSTANT, name="constants")
            return Tensor("", leaf=LeafKind.HIDDEN, name="several values", grad=True)
    return Tensor("", leaf=LeafKind.HIDDEN, name="no tensor", grad=True)


def _numbers(run: Interpreter, value: Value, depth: int = 0) -> Any:
    """Nested tuples of what nested lists hold, None where that is no number; of long lists the beginning."""
    if isinstance(value, Literal):
        return value.value if isinstance(value.value, bool | int | float) else None
    held = run.get(value, "items") if isinstance(value, Object) else value
    if not isinstance(held, Items) or depth > _DEEPEST_NUMBERS:
        return None
    return tuple(_numbers(run, each, depth + 1) for each in held.values[:8])


_DEEPEST_NUMBERS = 4


def apply(
    run: Interpreter, framework: str, op: str, inputs: Sequence[tuple[str, Value]], args: Args, call: Call
) -> Tensor:
    """An operation or a loss on tensors. A loss is noted as met."""
    run.step()
    tensors: list[tuple[str, Tensor]] = []
    for name, value in inputs:
        many = containers.items(run, value)[0] if isinstance(value, Items | Object) and name == "tensors" else (value,)
        tensors.extend((name, tensor(run, each)) for each in many)
    entry = catalogue.op(op) or catalogue.loss(op)
    role = entry.role if isinstance(entry, Op) else Role.LOSS if entry is not None else Role.OTHER
    grad = any(each.grad for _, each in tensors) or (role is Role.AFFINE and "out_features" in args)
    stops = role in (Role.CUT, Role.ENCODE) and op not in _SCATTERS
    made = Tensor(
        op,
        tuple(tensors),
        args,
        call.place,
        None,
        call.name or op,
        grad=grad and not stops,
        scalar=_is_scalar(role, tensors, args),
        batched=bool(tensors) and tensors[0][1].batched and role in _KEEPS_BATCH,
        framework=framework,
        quiet=run.without_gradient > 0,
    )
    asked = call.keywords.get("requires_grad")
    if asked is not None and asked != Literal(False):
        run.asked_for_gradient(made)
    if op in ("neg", "sub", "mul", "div"):
        _note_maximised(run, made)
    if role is Role.LOSS:
        run.meet(made)
    return made


_SCATTERS = frozenset({"setitem", "scatter", "scatter_add", "scatter_reduce", "index_put", "where", "masked_fill"})


@cache
def forgets(name: str) -> bool:
    """Whether what an operation gives does not show what became of its input before: where a flow begins anew."""
    entry = catalogue.op(name)
    return entry is not None and entry.role in (Role.AFFINE, Role.OTHER)


def _is_scalar(role: Role, tensors: Sequence[tuple[str, Tensor]], args: Args) -> bool:
    if role is Role.LOSS:
        reduction = args.get("reduction")
        return isinstance(reduction, Const) and reduction.value in _SINGLE
    if role is Role.REDUCE:
        return args.get("dim", Const(None)) == Const(None)
    return role in (Role.ELEMENTWISE, Role.CAST, Role.CUT) and all(each.scalar for _, each in tensors)


def _note_maximised(run: Interpreter, made: Tensor) -> None:
    """A loss that is subtracted, or multiplied by a negative number, is maximised: an adversary, a bonus, an idiom."""
    negative: list[Tensor] = []
    if made.op == "neg":
        negative = [each for _, each in made.inputs]
    elif made.op == "sub":
        other = made.input("other")
        negative = [other] if other is not None else []
    elif any(isinstance(value, Const) and _below_zero(value.value) for value in made.args.values()):
        negative = [each for _, each in made.inputs]
    while negative:
        each = negative.pop()
        if catalogue.loss(each.op) is not None:
            run.maximised.add(id(each))
        elif each.op in _LINEAR:
            negative.extend(below for _, below in each.inputs)


_LINEAR = frozenset({"mean", "sum", "mul", "div", "add", "view", "reshape", "squeeze", "unsqueeze", "neg"})


def _below_zero(value: object) -> bool:
    return isinstance(value, int | float) and value < 0


def arithmetic(run: Interpreter, op: str, left: Value, right: Value, call: Call) -> Value:
    """`left op right`, where at least one is a tensor."""
    framework = left.framework if isinstance(left, Tensor) else right.framework if isinstance(right, Tensor) else ""
    if not op:
        return Opaque("the result of a computation")
    inputs: list[tuple[str, Value]] = []
    args: dict[str, Argument] = {}
    for name, value, beside in (("input", left, right), ("other", right, left)):
        if isinstance(value, Literal) and isinstance(value.value, bool | int | float):
            args[name] = Const(value.value)
        elif isinstance(value, Opaque) and isinstance(beside, Tensor) and beside.scalar and op in ("mul", "div"):
            inputs.append((name, Tensor("", leaf=LeafKind.CONSTANT, name=value.reason, scalar=True)))
        else:
            inputs.append((name, value))
    return apply(run, framework, op, inputs, args, call)


def selected(run: Interpreter, owner: Tensor, index: Value, call: Call) -> Value:
    """`tensor[index]`."""
    parts = index.values if isinstance(index, Items) and not _is_slice(index) else (index,)
    inputs: list[tuple[str, Value]] = [("input", owner)]
    args: dict[str, Argument] = {}
    in_pairs = len(parts) == 2 and isinstance(parts[0], Items) and not _is_slice(parts[0])
    for number, part in enumerate(parts):
        name = f"index.{number}" if len(parts) > 1 else "index"
        data = isinstance(part, Opaque) and (part.leaf is LeafKind.DATA or in_pairs)
        if isinstance(part, Tensor) or data:
            inputs.append((name, part))
        else:
            args[name] = _index(part, alone=len(parts) == 1)
    if len(parts) == 1 and isinstance(index, Literal) and isinstance(index.value, str):
        return Opaque(f"the entry {index.value!r} of what a model returns")
    return apply(run, owner.framework, "getitem", inputs, args, call)


def _index(part: Value, *, alone: bool) -> Argument:
    """What stands at one place of an index, in the recorder's words. `x[a:b:c]` alone looks like `x[a, b, c]`."""
    if not isinstance(part, Items):
        return constant(part)
    if part.open or not _is_slice(part):
        return Unknown("range")
    return Unknown("an index" if alone and NONE not in part.values else "slice")


def _is_slice(index: Items) -> bool:
    return len(index.values) == 3 and all(isinstance(each, Literal | Opaque) for each in index.values)


def constant(value: Value) -> Argument:
    """A value as an argument that is no tensor."""
    match value:
        case Literal() if not isinstance(value.value, bytes):
            return Const(value.value)
        case Items() if not value.open and all(isinstance(each, Literal) for each in value.values):
            found = (each.value for each in value.values if isinstance(each, Literal))
            return Const(tuple(each for each in found if not isinstance(each, bytes)))
        case External():
            return Const(value.path)
        case Opaque():
            return Unknown(value.reason)
    return Unknown(type(value).__name__.lower())
