"""The expression of a loss as a trace: operations in order, without shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Args, Const
from lossaudit.readers.source.values import Tensor
from lossaudit.recognise.graph import role_of
from lossaudit.recognise.positions import FULL_REDUCTIONS, keeps_first, rank_after, sizes
from lossaudit.trace import LeafKind, Node, Trace

_MOST_NODES = 400
_MOST_KNOWN = 20_000
_UNSEEN = Tensor("", leaf=LeafKind.HIDDEN, name="made by more operations than lossaudit follows")
_COMPUTED = Tensor("", leaf=LeafKind.HIDDEN, name="computed weights")

# Creation of tensors: what they hold is the program's data, or the same for all samples.
_CONSTANTS = frozenset({"zeros", "ones", "full", "empty", "eye", "arange", "linspace", "zero_", "fill"})
_DATA = frozenset({"tensor", "rand", "randn", "randint", "randperm", "normal", "uniform_"})
_LIKE = frozenset({"rand_like", "randn_like", "randint_like"})

_FIXED_RANK = {"mv": 1, "mm": 2, "addmm": 2, "bmm": 3, "baddbmm": 3, "randperm": 1, "arange": 1, "eye": 2}
_DTYPES = {
    **dict.fromkeys(("long", "int", "short", "char", "byte", "argmax", "argmin", "argsort", "one_hot"), "int64"),
    **dict.fromkeys(("randint", "randint_like", "randperm"), "int64"),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "isin", "isnan", "isinf", "isfinite", "bool"), "bool"),
    **dict.fromkeys((f"logical_{name}" for name in ("and", "or", "xor", "not")), "bool"),
    **dict.fromkeys(("float", "double", "half", "bfloat16", "rand", "randn", "normal", "uniform_"), "float32"),
}
_INTEGERS = {"long": "int64", "int": "int32", "short": "int16", "LongTensor": "int64", "IntTensor": "int32"}
_NO_GRADIENT = frozenset(
    {"argmax", "argmin", "argsort", "one_hot", "multinomial", "item", "tolist", "numpy", "detach"}
) | {op for op, dtype in _DTYPES.items() if dtype != "float32"}


@dataclass(frozen=True, slots=True)
class Lowered:
    """A trace, and the expression of each of its nodes."""

    trace: Trace
    tensors: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an expression, whichever loss it leads to.

    Attributes:
        op, args, inputs: What the trace has of it; `op` is `""` for a leaf.
        kind: What kind of leaf it is in the trace, or None.
        rank: Number of axes.
        batched: Whether the first axis holds the samples.
        same_as: The expression that it is only another name of.
    """

    op: str
    args: Args
    inputs: tuple[tuple[str, Tensor], ...]
    kind: LeafKind | None
    rank: int | None
    batched: bool
    same_as: Tensor | None = None


def lower(loss: Tensor) -> Lowered:
    """The operations behind a loss, down to the last affine operations and the targets."""
    return _Lowering().lower(loss)


@dataclass(slots=True)
class _Lowering:
    nodes: list[Node] = field(default_factory=list[Node])
    tensors: list[Tensor] = field(default_factory=list[Tensor])
    index: dict[Tensor, int] = field(default_factory=dict[Tensor, int])

    def lower(self, loss: Tensor) -> Lowered:
        """Depth first, without recursion."""
        stack: list[tuple[Tensor, tuple[tuple[str, Tensor], ...] | None]] = [(loss, None)]
        while stack:
            tensor, inputs = stack.pop()
            if tensor in self.index:
                continue
            known = _known_of(tensor)
            if inputs is None:
                inputs = self._inputs(known)
                if inputs:
                    stack.append((tensor, inputs))
                    stack.extend((below, None) for _, below in reversed(inputs))
                    continue
            if known.same_as is not None:
                self.index[tensor] = self.index[inputs[0][1]]
                continue
            self.index[tensor] = len(self.nodes)
            self.tensors.append(tensor)
            self.nodes.append(self._node(tensor, known, tuple((name, self.index[below]) for name, below in inputs)))
        return Lowered(Trace(tuple(self.nodes), self.index[loss]), tuple(self.tensors))

    def _inputs(self, known: _Known) -> tuple[tuple[str, Tensor], ...]:
        if len(self.index) < _MOST_NODES:
            return known.inputs
        return tuple((name, below if below in self.index else _UNSEEN) for name, below in known.inputs)

    def _node(self, tensor: Tensor, known: _Known, inputs: tuple[tuple[str, int], ...]) -> Node:
        below = [self.nodes[index] for _, index in inputs]
        return Node(
            known.op,
            inputs,
            known.args,
            () if _is_scalar(tensor, below) else None,
            _dtype(known.op or tensor.op, tensor, below),
            tensor.place,
            known.kind,
            tensor.name,
            _grad(known.op, tensor, known.kind, below),
            batched=known.batched,
            rank=known.rank,
        )


def _grad(op: str, tensor: Tensor, kind: LeafKind | None, below: list[Node]) -> bool:
    """Whether a gradient may pass: what was not seen may carry one."""
    if kind is not None:
        return tensor.grad or kind in (LeafKind.HIDDEN, LeafKind.PARAMETER)
    role = role_of(op)
    if role in (Role.AFFINE, Role.OTHER):
        return tensor.grad
    return role is Role.LOSS or (op not in _NO_GRADIENT and any(node.grad for node in below))


def _leaf_kind(tensor: Tensor) -> LeafKind | None:
    """What kind of leaf a tensor is; operations that make one out of nothing are leaves too."""
    if not tensor.op:
        return tensor.leaf or LeafKind.HIDDEN
    if tensor.op in _CONSTANTS:
        return LeafKind.CONSTANT
    made = tensor.op in _DATA and all(below.leaf is LeafKind.CONSTANT for _, below in tensor.inputs)
    return LeafKind.DATA if made or tensor.op in _LIKE else None


def _is_one_hot(tensor: Tensor) -> bool:
    """`eye(k)[y]`: rows of the unit matrix."""
    if tensor.op not in ("getitem", "index_select", "embedding") or len(tensor.inputs) != 2:
        return False
    (_, table), (name, _) = tensor.inputs
    return table.op == "eye" and name == "index" and not any(key.startswith("index") for key in tensor.args)


def _result(tensor: Tensor) -> int | None:
    """Of `torch.max(x, 1)` and others, which give values and indices: 0 for the one and 1 for the other."""
    source = tensor.inputs[0][1] if tensor.op == "getitem" and tensor.inputs else None
    if source is None or source.op not in _INDICES or len(source.inputs) != 1:
        return None
    along = source.op in ("sort", "topk") or source.args.get("dim", Const(None)) != Const(None)
    index = tensor.args.get("index")
    return {Const(0): 0, Const(1): 1}.get(index) if along and isinstance(index, Const) else None


_INDICES = {"max": "argmax", "min": "argmin", "sort": "argsort", "topk": "argsort"}


def _spelled(tensor: Tensor) -> tuple[str, Args, tuple[tuple[str, Tensor], ...]]:
    """The operation, its constants and its inputs, as a trace has them."""
    result = _result(tensor)
    if result is not None:
        source = tensor.inputs[0][1]
        return (_INDICES[source.op], source.args, source.inputs) if result else ("", {}, tensor.inputs[:1])
    if _is_one_hot(tensor):
        return "one_hot", {}, (("input", tensor.inputs[1][1]),)
    role = role_of(tensor.op)
    if role is Role.AFFINE:  # its weights, as far as they show whether they are parameters
        weights = tuple((name, below if below.leaf else _COMPUTED) for name, below in tensor.inputs[1:])
        return tensor.op, _args(tensor), weights
    return tensor.op, _args(tensor), () if role is Role.OTHER else tensor.inputs


def _args(tensor: Tensor) -> Args:
    """The constants; what a framework's convention says of axes is written out."""
    if tensor.framework == "torch":
        return tensor.args
    entry = catalogue.loss(tensor.op)
    if entry is not None and entry.class_axis and "dim" not in tensor.args:
        return {**tensor.args, "dim": Const(-1)}
    if tensor.framework == "keras" and tensor.op in _OF_SAMPLES:
        return {}
    if tensor.op.startswith("conv") and tensor.args.get("data_format", Const(None)) == Const(None):
        return {**tensor.args, "data_format": Const("channels_last")}
    return tensor.args


def _is_scalar(tensor: Tensor, below: list[Node]) -> bool:
    """Whether it is known to be a single number."""
    if tensor.scalar:
        return True
    if not below:
        return False
    if tensor.op in FULL_REDUCTIONS and len(below) == 1:
        return tensor.args.get("dim", Const(None)) == Const(None) and tensor.args.get("keepdim") != Const(True)
    role = role_of(tensor.op)
    if role is Role.LOSS:
        return tensor.framework == "torch" and tensor.args.get("reduction") in _REDUCED
    same = role in (Role.ELEMENTWISE, Role.CAST, Role.HEAD)
    return same and all(node.shape == () for node in below)


_REDUCED = (Const("mean"), Const("sum"), Const("batchmean"))


def _dtype(op: str, tensor: Tensor, below: list[Node]) -> str | None:
    """The element type, as far as it shows whether numbers are indices or masks."""
    known = _DTYPES.get(op)
    if known is not None:
        return known
    asked = tensor.args.get("dtype")
    if asked is not None and asked != Const(None):
        name = asked.value if isinstance(asked, Const) else None
        short = name.rpartition(".")[2] if isinstance(name, str) else ""
        return _INTEGERS.get(short, short) or None
    if tensor.op in ("tensor", "full"):
        return "int64" if _are_integers(_data(tensor)) else None
    role = role_of(tensor.op)
    if role in (Role.VIEW, Role.SELECT, Role.JOIN) and below:
        return below[0].dtype
    return None


def _are_integers(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_are_integers(item) for item in value)
    return isinstance(value, int) and not isinstance(value, bool)


# Several losses share most of what they come from: a model's forward is walked once, however many follow.
_known: dict[Tensor, _Known] = {}


def _known_of(tensor: Tensor) -> _Known:
    """What is known of an expression, found from its leaves upwards."""
    found = _known.get(tensor)
    if found is not None:
        return found
    if len(_known) > _MOST_KNOWN:
        _known.clear()
    stack = [tensor]
    while stack:
        here = stack[-1]
        missing = [below for _, below in here.inputs if below not in _known]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if here not in _known:
            _known[here] = _made_known(here, [_known[below] for _, below in here.inputs])
    return _known[tensor]


def _made_known(tensor: Tensor, below: list[_Known]) -> _Known:
    kind = _leaf_kind(tensor)
    op, args, inputs = _spelled(tensor) if kind is None else ("", {}, ())
    if _result(tensor) is not None:
        rank, batched = below[0].rank, below[0].batched
    elif tensor.scalar:
        rank, batched = 0, False
    else:
        rank, batched = _rank(tensor, below), tensor.batched or _batched(tensor, below)
    return _Known(op, args, inputs, kind, rank, batched, inputs[0][1] if not op and inputs else None)


def _rank(tensor: Tensor, below: list[_Known]) -> int | None:
    op = tensor.op
    fixed = _FIXED_RANK.get(op)
    if fixed is not None:
        return fixed
    if op == "tensor":
        return _depth(tensor)
    if not below:
        shape = sizes(tensor.args, "size")
        return len(shape) if shape is not None else _depth(tensor)
    if op.startswith("conv") and op[-2:-1].isdigit() and below[0].rank is None:
        return int(op[-2]) + 2 if below[0].batched else None
    if tensor.framework == "keras" and op in _OF_SAMPLES:
        return 2 if op == "flatten" else None
    if len(below) > 1 and role_of(op) is Role.ELEMENTWISE:
        ranks = [known.rank for known in below]
        known = [rank for rank in ranks if rank is not None]
        return max(known) if len(known) == len(ranks) else None
    return rank_after(op, tensor.args, [name for name, _ in tensor.inputs], below[0].rank)


# Keras counts the axes of these layers without the batch.
_OF_SAMPLES = frozenset({"flatten", "reshape", "permute"})


def _data(tensor: Tensor) -> object:
    """What a tensor was made of, where that stands in the text."""
    held = next((below for _, below in tensor.inputs[:1]), tensor)
    data = held.args.get("data")
    return data.value if isinstance(data, Const) else None


def _depth(tensor: Tensor) -> int | None:
    value = _data(tensor)
    depth = 0
    while isinstance(value, tuple) and value:
        depth, value = depth + 1, value[0]
    return depth or None


def _batched(tensor: Tensor, below: list[_Known]) -> bool:
    if not below:
        return False
    role = role_of(tensor.op)
    if role is Role.ELEMENTWISE:
        return any(known.batched for known in below)
    if role is Role.JOIN:
        return all(known.batched for known in below) and tensor.op in ("cat", "pad")
    if not below[0].batched:
        return False
    if tensor.framework == "keras" and tensor.op in _OF_SAMPLES:
        return True
    names = [name for name, _ in tensor.inputs]
    return role is Role.AFFINE or keeps_first(tensor.op, tensor.args, names, below[0].rank)
