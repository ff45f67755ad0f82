"""The primitives of JAX that move elements and leave their values alone, carried out on arrays of ids.

The simple ones are NumPy's own; those that look elements up by known positions are run by JAX itself, on the ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from lossaudit.record.jax_precision import double_precision
from lossaudit.record.lowering import Ids, Known, Operand, Tracked

NOWHERE = int(np.iinfo(np.int64).min)  # in place of an id: what a lookup outside of the array gives
Params: TypeAlias = Mapping[str, Any]
Move: TypeAlias = Callable[[Any, Sequence[Ids], Params], Sequence[Ids] | None]


def _reshape(primitive: Any, ids: Sequence[Ids], params: Params) -> Sequence[Ids] | None:
    return None if params.get("dimensions") is not None else [ids[0].reshape(params["new_sizes"])]


def _broadcast(primitive: Any, ids: Sequence[Ids], params: Params) -> Sequence[Ids] | None:
    shape, axes = tuple(params["shape"]), tuple(params["broadcast_dimensions"])
    wide = [1] * len(shape)
    for axis, size in zip(axes, ids[0].shape, strict=True):
        wide[axis] = size
    return [np.broadcast_to(ids[0].reshape(wide), shape)]


def _slice(primitive: Any, ids: Sequence[Ids], params: Params) -> Sequence[Ids]:
    steps = params["strides"] or (1,) * ids[0].ndim
    spans = zip(params["start_indices"], params["limit_indices"], steps, strict=True)
    return [ids[0][tuple(slice(*span) for span in spans)]]


def _split(primitive: Any, ids: Sequence[Ids], params: Params) -> Sequence[Ids]:
    return np.split(ids[0], np.cumsum(params["sizes"])[:-1], axis=params["axis"])


def _same(primitive: Any, ids: Sequence[Ids], params: Params) -> Sequence[Ids]:
    return ids


_BY_NUMPY: Mapping[str, Move] = MappingProxyType(
    {
        "reshape": _reshape,
        "broadcast_in_dim": _broadcast,
        "slice": _slice,
        "split": _split,
        "transpose": lambda _, ids, params: [ids[0].transpose(params["permutation"])],
        "squeeze": lambda _, ids, params: [ids[0].squeeze(tuple(params["dimensions"]))],
        "expand_dims": lambda _, ids, params: [np.expand_dims(ids[0], tuple(params["dimensions"]))],
        "rev": lambda _, ids, params: [np.flip(ids[0], tuple(params["dimensions"]))],
        "tile": lambda _, ids, params: [np.tile(ids[0], params["reps"])],
        "concatenate": lambda _, ids, params: [np.concatenate(ids, params["dimension"])],
        "stack": lambda _, ids, params: [np.stack(ids, params["axis"])],
        "copy": _same,
        "copy_p": _same,
        "name": _same,
        "stop_gradient": _same,
        "optimization_barrier": _same,
        "device_put": _same,
        "sharding_constraint": _same,
    }
)
# Over no axes these leave everything where it is.
_REDUCTIONS = frozenset(f"reduce_{name}" for name in ("sum", "prod", "max", "min", "and", "or"))
# Looked up by JAX: which of the operands may hold elements; all others are positions, and have to be known.
_BY_JAX: Mapping[str, Sequence[int]] = MappingProxyType(
    {
        "gather": (0,),
        "dynamic_slice": (0,),
        "dynamic_update_slice": (0, 1),
        "scatter": (0, 2),
        "pad": (0, 1),
    }
)


def moved(eqn: Any, operands: Sequence[Operand], ids_of: Callable[[Any], Ids]) -> Sequence[Ids] | None:
    """The ids of the results of a primitive that moves elements; None for any other.

    Args:
        eqn: The equation.
        operands: Its inputs.
        ids_of: Gives ids to known numbers.
    """
    name, params = eqn.primitive.name, eqn.params

    def ids(operand: Operand) -> Ids:
        return operand.ids if isinstance(operand, Tracked) else ids_of(operand.values)

    if name == "select_n":
        return _selected(operands, ids)
    if name in _REDUCTIONS and params["axes"] == ():
        return [ids(operands[0])]
    if name in _BY_NUMPY:
        return _BY_NUMPY[name](eqn.primitive, [ids(operand) for operand in operands], params)
    if name in _BY_JAX:
        return _looked_up(eqn, operands, ids, ids_of)
    return None


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal}
)


def moved_values(eqn: Any, values: Sequence[Any]) -> Sequence[Any] | None:
    """The same for known values, and comparisons of them, without the compiler; None where it is needed."""
    name = eqn.primitive.name
    if not all(
        isinstance(getattr(var.aval, "dtype", None), np.dtype) for var in eqn.invars
    ):  # random keys have a type of their own
        return None
    if name in _BY_NUMPY:
        return _BY_NUMPY[name](eqn.primitive, [np.asarray(value) for value in values], eqn.params)
    if name in _COMPARISONS:
        return [np.asarray(_COMPARISONS[name](*map(np.asarray, values)))]
    return None


def _selected(operands: Sequence[Operand], ids: Callable[[Operand], Ids]) -> Sequence[Ids] | None:
    """One of several arrays in each place, by a predicate that is known beforehand."""
    which, *cases = operands
    if not isinstance(which, Known):
        return None
    stacked = np.stack([ids(case) for case in cases])
    chosen = np.broadcast_to(np.asarray(which.values).astype(np.int64), stacked.shape[1:])
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < len(cases)):
        return None
    return [np.take_along_axis(stacked, chosen[None], 0)[0]]


def _looked_up(
    eqn: Any, operands: Sequence[Operand], ids: Callable[[Operand], Ids], ids_of: Callable[[Any], Ids]
) -> Sequence[Ids] | None:
    name, params = eqn.primitive.name, dict(eqn.params)
    data = _BY_JAX[name]
    if any(isinstance(operand, Tracked) and k not in data for k, operand in enumerate(operands)):
        return None
    if name == "scatter" and params.get("update_jaxpr") is not None:
        return None
    fill = params.get("fill_value")
    if name == "gather":
        params["fill_value"] = NOWHERE
    with double_precision():
        given = [
            jnp.asarray(ids(operand)) if k in data else operand.values  # type: ignore[union-attr]
            for k, operand in enumerate(operands)
        ]
        found = np.array(eqn.primitive.bind(*given, **params))
    outside = found == NOWHERE
    if outside.any():
        if not jnp.issubdtype(eqn.outvars[0].aval.dtype, jnp.floating):
            return None
        found[outside] = ids_of(np.float64(np.nan if fill is None else fill))
    return [found] if found.dtype == np.int64 else None
