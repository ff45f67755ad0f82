"""Operations that only move elements: carried out by torch itself on ids in place of values.

A tensor of ids takes the place of each tensor whose elements are moved, counted from `KNOWN`, so that 0 stands for
every known element. Zeros that an operation puts in by itself (padding, `tril`) are then known as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import torch

from lossaudit.pairing import Const
from lossaudit.record.binding import mapped, tensors_in
from lossaudit.record.callees import Callee
from lossaudit.record.lowering import Ids
from lossaudit.record.request import Request
from lossaudit.record.shadows import KNOWN

# By the catalogue's name of the operation: the parameters whose elements are moved. All others must be known.
_OF_INPUT = """
    view reshape flatten ravel unflatten permute transpose t T mT movedim squeeze unsqueeze expand expand_as
    broadcast_to repeat repeat_interleave tile contiguous flip fliplr flipud roll rot90 as_strided
    pixel_shuffle pixel_unshuffle
    channel_shuffle view_as reshape_as real clone
    getitem select narrow narrow_copy gather take_along_dim index_select masked_select take chunk split tensor_split
    hsplit vsplit unbind diagonal diag tril triu unfold diag_embed pad zero_
"""
_OF_TENSORS = """
    cat stack hstack vstack dstack column_stack block_diag meshgrid cartesian_prod broadcast_tensors
    atleast_1d atleast_2d atleast_3d
"""
_UNLISTED: dict[str, set[str]] = {
    "select_scatter": {"arg1", "src"},
    "slice_scatter": {"arg1", "src"},
    "diagonal_scatter": {"arg1", "src"},
    "combinations": set(),
    "diagflat": set(),
    "dsplit": set(),
}
MOVES: dict[str, frozenset[str]] = {
    **dict.fromkeys(_OF_INPUT.split(), frozenset({"input"})),
    **dict.fromkeys(_OF_TENSORS.split(), frozenset({"tensors"})),
    "pad": frozenset({"input", "value"}),
    "where": frozenset({"input", "other"}),
    "masked_fill": frozenset({"input", "value"}),
    "masked_scatter": frozenset({"input", "source"}),
    "scatter": frozenset({"input", "src", "value"}),
    "index_put": frozenset({"input", "values"}),
    "setitem": frozenset({"input", "value"}),
    "index_fill": frozenset({"input", "value"}),
    "index_copy": frozenset({"input", "source"}),
    "fill": frozenset({"input", "value"}),
    "full": frozenset({"input", "fill_value"}),
    "fill_diagonal_": frozenset({"input", "fill_value"}),
    "tensor": frozenset({"input", "data"}),
    "embedding": frozenset({"weight"}),
    "torch.nn.functional.unfold": frozenset({"arg0", "input"}),  # not in the catalogue: parameters by position
    **{
        f"torch.{owner}{name}": frozenset({"arg0", "input"} | moved)
        for name, moved in _UNLISTED.items()
        for owner in ("", "Tensor.")
    },
}
# With these arguments they do more than move.
_UNLESS: dict[str, Callable[[Any], bool]] = {"accumulate": bool, "reduce": lambda how: how is not None}
_UNLESS["max_norm"] = _UNLESS["reduce"]
# What is said of a result's type or memory does not concern ids.
_NOT_FOR_IDS = frozenset({"out", "dtype", "device", "memory_format", "requires_grad", "pin_memory", "layout"})

_LIKE = "zeros ones empty full rand_like randn_like randint_like tensor"
# Parameters of which only the shape, type or device matters.
SHAPE_ONLY: dict[str, frozenset[str]] = {
    **dict.fromkeys(_LIKE.split(), frozenset({"input"})),
    **dict.fromkeys(["expand_as", "view_as", "reshape_as", "type_as", "to"], frozenset({"other", "args"})),
}
# Operations whose result has as many elements as these parameters say.
_SHAPED_BY: dict[str, frozenset[str]] = {
    **dict.fromkeys(["nonzero", "argwhere", "unique", "bincount"], frozenset({"input"})),
    "masked_select": frozenset({"mask"}),
    "repeat_interleave": frozenset({"repeats"}),
    **dict.fromkeys(("torch.unique_consecutive", "torch.Tensor.unique_consecutive"), frozenset({"arg0", "input"})),
}


def moves(asked: Request) -> frozenset[str] | None:
    """The parameters whose elements an operation moves; None if it does anything else to them."""
    does_more = any(
        isinstance(value := asked.args.get(name), Const) and unless(value.value) for name, unless in _UNLESS.items()
    )
    return None if does_more else MOVES.get(asked.op)


def is_steered_by(asked: Request, ids: Collection[str], *, is_view: bool) -> bool:
    """Whether followed values say which elements the result has, or how many (`ids` names the followed tensors)."""
    followed = {name.partition(".")[0] for name in ids}
    if is_view:
        first = next(iter(asked.tensors), "").partition(".")[0]
        return not followed <= {first} | (moves(asked) or frozenset()) | SHAPE_ONLY.get(asked.op, frozenset())
    if asked.op == "getitem":
        return any(
            name.startswith("index")
            and (name.endswith(("start", "stop", "step")) or asked.tensors[name].dtype in (torch.bool, torch.uint8))
            for name in ids
        )
    if asked.op == "where":
        return "input" not in asked.tensors and asked.args.get("input") == Const(None)
    return not _SHAPED_BY.get(asked.op, frozenset()).isdisjoint(followed)


def carry_out(
    func: Callable[..., Any],
    callee: Callee,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    ids: dict[str, Ids],
    params: frozenset[str],
) -> tuple[list[Ids], Ids | None]:
    """Run an operation on ids in place of values.

    Returns:
        The ids of its results, and those of its first operand afterwards, which it may have written to.

    Raises:
        RuntimeError: Torch does not have it for such numbers.
    """
    try:
        return _carry_out(func, callee, args, kwargs, ids, params, torch.int64)
    except (RuntimeError, NotImplementedError):  # some are there for floats only, which hold such integers exactly
        return _carry_out(func, callee, args, kwargs, ids, params, torch.float64)


def _carry_out(
    func: Callable[..., Any],
    callee: Callee,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    ids: dict[str, Ids],
    params: frozenset[str],
    dtype: torch.dtype,
) -> tuple[list[Ids], Ids | None]:
    def change(name: str, value: Any) -> Any:
        if name.partition(".")[0] not in params:
            return value
        if isinstance(value, torch.Tensor):
            found = ids.get(name)
            if found is None:
                return torch.zeros(value.shape, dtype=dtype)
            return torch.from_numpy(np.asarray(found - KNOWN)).to(dtype)
        return 0 if isinstance(value, int | float) else value

    positional, keywords = mapped(callee, args, kwargs, change)
    out = func(*positional, **{name: value for name, value in keywords.items() if name not in _NOT_FOR_IDS})
    first = positional[0] if positional and isinstance(positional[0], torch.Tensor) else None
    return [_counted(tensor) for tensor in tensors_in(out)], None if first is None else _counted(first)


def _counted(tensor: torch.Tensor) -> Ids:
    return tensor.numpy().astype(np.int64) + KNOWN
