"""Where an axis goes when a tensor is reshaped."""

from __future__ import annotations

from math import prod

from lossaudit.pairing import Args, Const

Shape = tuple[int, ...]


def default_class_axis(shape: Shape) -> int | None:
    """The axis that holds the classes when nothing says so: the second of a matrix with several columns.

    >>> default_class_axis((32, 10)), default_class_axis((32, 1)), default_class_axis((32,))
    (1, None, None)
    """
    return 1 if len(shape) == 2 and shape[1] > 1 else None


def carry_axis(op: str, args: Args, before: Shape, after: Shape, axis: int) -> int | None:
    """The axis of the result that was `axis` of the input; None when it cannot be told.

    >>> carry_axis("view", {}, (2, 5, 7), (10, 7), 2)
    1
    >>> carry_axis("transpose", {"dim0": Const(1), "dim1": Const(-1)}, (2, 5, 7), (2, 7, 5), 2)
    1
    """
    moved = order(op, args, len(before))
    if moved is not None:
        return moved.index(axis) if axis in moved else None
    if op in _MOVES:
        return None
    lead = prod(before[:axis])
    for position, size in enumerate(after):
        if size == before[axis] and prod(after[:position]) == lead and prod(after) == prod(before):
            return position
    return None


_MOVES = frozenset({"transpose", "permute", "movedim", "rot90", "as_strided", "repeat_interleave", "pixel_shuffle"})


def order(op: str, args: Args, rank: int) -> list[int] | None:
    """The input's axes in the order in which the result has them, for the operations that move axes.

    Each must exist.

    >>> order("transpose", {"dim0": Const(0), "dim1": Const(-1)}, 3)
    [2, 1, 0]
    """
    if op in ("t", "T"):
        return list(range(rank))[::-1]
    if op == "mT":
        return [*range(rank - 2), rank - 1, rank - 2]
    if op == "transpose":
        first, second = _axis(args, "dim0", rank), _axis(args, "dim1", rank)
        if first is None or second is None:
            return None
        exchanged = list(range(rank))
        exchanged[first], exchanged[second] = second, first
        return exchanged
    if op == "permute":
        value = args.get("dims")
        axes = value.value if isinstance(value, Const) and isinstance(value.value, tuple) else ()
        permuted = [axis % rank for axis in axes if isinstance(axis, int)]
        return permuted if len(permuted) == rank else None
    if op == "movedim":
        source, destination = _axis(args, "source", rank), _axis(args, "destination", rank)
        if source is None or destination is None:
            return None
        moved = [axis for axis in range(rank) if axis != source]
        moved.insert(destination, source)
        return moved
    return None


def _axis(args: Args, name: str, rank: int) -> int | None:
    value = args.get(name)
    if isinstance(value, Const) and isinstance(value.value, int):
        return value.value % rank
    return None
