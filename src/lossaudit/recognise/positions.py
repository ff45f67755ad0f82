"""Where axes go when shapes are not known, as in source text.

A position counts from the front (0, 1, ...) or from the end (-1, -2, ...); the two can be compared only where the
number of axes is known. What an operation does to a position is found by looking at every number of axes that it could
be given: an answer stands only if all of them agree on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from lossaudit import axes
from lossaudit.catalogue import OPS
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Args, Const, Unknown

Names: TypeAlias = Sequence[str]
"""Parameters of an operation that are tensors."""

Order: TypeAlias = list[int | None]
"""For each axis of the result the axis that it was before, or None for another one."""

_RANKS = range(1, 8)
_KEEP = frozenset({Role.CAST, Role.NOISE, Role.HEAD, Role.CUT, Role.ELEMENTWISE})
_SAME_NAMES = """
    identity contiguous alias requires_grad_ real flip fliplr flipud roll
    gather take_along_dim index_select narrow narrow_copy chunk split tensor_split topk sort msort argsort tril triu
    cat pad cumsum cumprod logcumsumexp cummax cummin diff
    linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    batch_norm instance_norm layer_norm group_norm rms_norm local_response_norm interpolate
"""
_SAME = frozenset(_SAME_NAMES.split())
_RESIZE_NAMES = "take_along_dim index_select narrow narrow_copy chunk split tensor_split topk gather cat glu diff"
_RESIZE = frozenset(_RESIZE_NAMES.split())
_OWN_SHAPE = frozenset({"multinomial", "item", "tolist"})
_MOVED_BY: dict[str, tuple[str, ...]] = {
    "T": (),
    "mT": (),
    "transpose": ("dim0", "dim1"),
    "permute": ("dims",),
    "movedim": ("source", "destination"),
}
_FULL_NAMES = """
    sum nansum mean nanmean prod logsumexp max min amax amin median all any var std norm vector_norm linalg_norm
    count_nonzero argmax argmin
"""
FULL_REDUCTIONS = frozenset(_FULL_NAMES.split())
"""Operations that make one number of a tensor unless they are told along which axis to go."""

_REDUCTIONS = FULL_REDUCTIONS | {"select", "unbind", "kthvalue", "mode", "cosine_similarity"}


def normal(position: int, rank: int | None) -> int:
    """From the front where the number of axes is known.

    >>> normal(-1, 3), normal(-1, None)
    (2, -1)
    """
    return position + rank if rank is not None and -rank <= position < 0 else position


def same(left: int, right: int, rank: int | None) -> bool | None:
    """Whether two positions are one axis; None when that depends on the number of axes.

    >>> same(1, -1, 2), same(1, -1, None), same(1, 2, None)
    (True, None, False)
    """
    left, right = normal(left, rank), normal(right, rank)
    return left == right if (left < 0) == (right < 0) else None


def rank_after(op: str, args: Args, names: Names, rank: int | None) -> int | None:
    """Number of axes of the result.

    >>> rank_after("flatten", {"start_dim": Const(1), "end_dim": Const(-1)}, ["input"], None)
    2
    """
    if op in ("view", "reshape", "expand"):
        shape = sizes(args, "shape")
        return len(shape) if shape is not None else None
    if _keeps_axes(op):
        return rank
    found = set[int]()
    for before in _possible(rank):
        orders = _orders(op, args, names, before)
        if orders is None:
            return None
        found.update(map(len, orders))
    return found.pop() if len(found) == 1 else None


def carry(op: str, args: Args, names: Names, position: int, ranks: tuple[int | None, int | None]) -> int | None:
    """Where an axis is in the result; None when it is gone or cannot be told.

    `ranks` are the numbers of axes before and after, where known.

    >>> dims = {"dim0": Const(1), "dim1": Const(2)}
    >>> carry("transpose", dims, ["input"], 2, (None, None)), carry("transpose", dims, ["input"], -1, (None, None))
    (1, None)
    """
    if _keeps_axes(op):
        return position
    before, after = ranks
    fronts, ends = set[int](), set[int]()
    for rank in _possible(before):
        if not -rank <= position < rank:
            continue
        orders = _orders(op, args, names, rank)
        if orders is None:
            return None
        for order in orders:
            if after is not None and len(order) != after:
                continue
            if position % rank not in order:
                return None
            front = order.index(position % rank)
            fronts.add(front)
            ends.add(front - len(order))
    return fronts.pop() if len(fronts) == 1 else ends.pop() if len(ends) == 1 else None


def resizes(op: str, args: Args, position: int, rank: int | None) -> bool:
    """Whether an axis that an operation keeps may have another size in the result."""
    if op in _RESIZE:
        dim = number(args, "dim")
        return dim is None or same(dim, position, rank) is not False
    if op == "getitem":
        touched = sum(name.startswith("index") for name in args)
        return rank is None or normal(position, rank) < touched
    return op == "pad"


def keeps_first(op: str, args: Args, names: Names, rank: int | None) -> bool:
    """Whether the first axis of the result is that of the input: the samples of a batch stay there.

    A batch is taken to have several samples, so that no `squeeze` takes its axis away.
    """
    if op == "squeeze":
        return True
    if op in ("view", "reshape"):  # rows of a batch, taken apart further at most
        shape = sizes(args, "shape")
        return shape is not None and len(shape) > 1 and shape[0] == -1
    return carry(op, args, names, 0, (rank, None)) == 0


def number(args: Args, name: str) -> int | None:
    """An integer argument."""
    value = args.get(name)
    if isinstance(value, Const) and isinstance(value.value, tuple) and len(value.value) == 1:
        value = Const(value.value[0])
    found = value.value if isinstance(value, Const) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def sizes(args: Args, name: str) -> tuple[int | None, ...] | None:
    """A shape, None for a size that is not known; None when not even its length is."""
    value = args.get(name)
    found = value.value if isinstance(value, Const) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return (found,)
    if not isinstance(found, tuple):
        return None
    return tuple(size if isinstance(size, int) else None for size in found)


def _keeps_axes(op: str) -> bool:
    return op in _SAME or (op in OPS and OPS[op].role in _KEEP and op not in _OWN_SHAPE)


def _possible(rank: int | None) -> Sequence[int]:
    return _RANKS if rank is None else (rank,)


def _orders(op: str, args: Args, names: Names, rank: int) -> Sequence[Order] | None:
    """What the operation may do to the axes of a tensor with so many of them; nothing where it would fail.

    None when that cannot be told.
    """
    move = _MOVES.get(op)
    if move is not None:
        return move(args, names, rank)
    if op in _MOVED_BY:
        return _moved(op, args, rank)
    if op in _REDUCTIONS:
        return _reduced(op, args, names, rank)
    return None


def _moved(op: str, args: Args, rank: int) -> Sequence[Order] | None:
    """Operations that only put axes into another order."""
    named = [args.get(name) for name in _MOVED_BY[op]]
    dims = [dim for value in named if isinstance(value, Const) for dim in _tuple(value.value)]
    if len(dims) < len(named) or not all(isinstance(dim, int) for dim in dims):
        return None
    if not all(isinstance(dim, int) and -rank <= dim < rank for dim in dims) or (op == "mT" and rank < 2):
        return []
    if op == "permute" and len(dims) != rank:
        return []
    order = axes.order(op, args, rank)
    return None if order is None else [[*order]]


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _dim(args: Args, rank: int, name: str = "dim", *, further: int = 0) -> int | None:
    dim = number(args, name)
    total = rank + further
    return dim % total if dim is not None and -total <= dim < total else None


def _removed(rank: int, gone: set[int]) -> Sequence[Order]:
    return [[axis for axis in range(rank) if axis not in gone]]


def _reduced(op: str, args: Args, names: Names, rank: int) -> Sequence[Order] | None:
    given = args.get("dim", Const(None))
    if "other" in names or isinstance(given, Unknown) or not isinstance(args.get("keepdim", Const(False)), Const):
        return None
    dims = _tuple(given.value)
    if dims == (None,) and op not in FULL_REDUCTIONS:
        return None
    if dims == (None,):
        return [[None] * rank] if args.get("keepdim") == Const(True) else [[]]
    gone = {dim % rank for dim in dims if isinstance(dim, int) and -rank <= dim < rank}
    if len(gone) != len(dims):
        return []
    if args.get("keepdim") == Const(True):
        return [[None if axis in gone else axis for axis in range(rank)]]
    return _removed(rank, gone)


def _squeeze(args: Args, _: Names, rank: int) -> Sequence[Order] | None:
    """An axis goes only if its size is one."""
    if number(args, "dim") is None:
        return None
    dim = _dim(args, rank)
    return [*_removed(rank, set()), *_removed(rank, {dim})] if dim is not None else []


def _unsqueeze(args: Args, _: Names, rank: int) -> Sequence[Order] | None:
    if number(args, "dim") is None:
        return None
    dim = _dim(args, rank, further=1)
    if dim is None:
        return []
    order: Order = list(range(rank))
    order.insert(dim, None)
    return [order]


def _flatten(args: Args, _: Names, rank: int) -> Sequence[Order] | None:
    if number(args, "start_dim") is None or number(args, "end_dim") is None:
        return None
    start, end = _dim(args, rank, "start_dim"), _dim(args, rank, "end_dim")
    if start is None or end is None or end < start:
        return []
    return [[*range(start), start if start == end else None, *range(end + 1, rank)]]


def _unflatten(args: Args, _: Names, rank: int) -> Sequence[Order] | None:
    made, dim = sizes(args, "sizes"), _dim(args, rank)
    if made is None or number(args, "dim") is None:
        return None
    return [[*range(dim), *([None] * len(made)), *range(dim + 1, rank)]] if dim is not None else []


def _transposed(_: Args, __: Names, rank: int) -> Sequence[Order]:
    return [[*range(rank)[::-1]]] if rank <= 2 else []


def _getitem(args: Args, names: Names, rank: int) -> Sequence[Order] | None:
    """Integers take axes away, slices keep them, None makes new ones; what tensors do depends on their shape."""
    entries = list(_entries(args, names))
    kept = entries.count("slice") + entries.count("integer")
    if "other" in entries or not entries or entries.count("ellipsis") > 1:
        return None
    if kept > rank:
        return []
    order: Order = []
    axis = 0
    for entry in entries if "ellipsis" in entries else [*entries, "ellipsis"]:
        if entry == "new":
            order.append(None)
            continue
        taken = rank - kept if entry == "ellipsis" else 1
        if entry != "integer":
            order.extend(range(axis, axis + taken))
        axis += taken
    return [order]


def _entries(args: Args, names: Names) -> Iterator[str]:
    """What stands at each place of an index."""
    given = [name for name in (*args, *names) if name == "index" or name.startswith("index.")]
    single = args.get("index")
    if isinstance(single, Const) and isinstance(single.value, tuple):
        yield from ("integer" if isinstance(item, int) else "other" for item in single.value)
        return
    for place in range(len(given)):
        value = args.get("index" if given == ["index"] else f"index.{place}")
        if isinstance(value, Const):
            yield "new" if value.value is None else "integer" if isinstance(value.value, int) else "other"
        else:
            yield value.reason if value is not None and value.reason in ("slice", "ellipsis") else "other"


def _stack(args: Args, names: Names, rank: int) -> Sequence[Order] | None:
    return _unsqueeze({"dim": args.get("dim", Const(0))}, names, rank)


def _one_hot(_: Args, __: Names, rank: int) -> Sequence[Order]:
    return [[*range(rank), None]]


def _one_number(_: Args, __: Names, ___: int) -> Sequence[Order]:
    return [[]]


_MOVES: dict[str, Callable[[Args, Names, int], Sequence[Order] | None]] = {
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "t": _transposed,
    "getitem": _getitem,
    "stack": _stack,
    "one_hot": _one_hot,
    "embedding": _one_hot,
    **dict.fromkeys(("trace", "dist", "dot", "vdot"), _one_number),
}
