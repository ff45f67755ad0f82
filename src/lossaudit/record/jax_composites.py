"""Functions of JAX that stay whole: taken apart, they have lost the form in which they can be proved.

A call counts as one of them only if its body is, to the letter, what the genuine function comes to on operands of the
same types: a user's own function of the same name is entered like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special

from lossaudit.record.jax_operations import Asked, kind
from lossaudit.record.jax_precision import double_precision
from lossaudit.record.lowering import Operand

_PAIR = ("input", "other")
# By the operation of the catalogue: the genuine function, and how its operands are called there.
_WHOLE: Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]] = MappingProxyType(
    {
        "logaddexp": (jnp.logaddexp, _PAIR),
        "logaddexp2": (jnp.logaddexp2, _PAIR),
        "xlogy": (special.xlogy, _PAIR),
        "xlog1py": (special.xlog1py, _PAIR),
        "log_ndtr": (special.log_ndtr, ("input",)),
    }
)


def whole(eqn: Any, operands: Sequence[Operand]) -> Asked | None:
    """The operation of the catalogue that a function with its own derivative is; None if it has to be entered."""
    if eqn.primitive.name != "custom_jvp_call" or not all(kind(var).startswith("float") for var in eqn.invars):
        return None
    body = _body(eqn)
    types = tuple((tuple(var.aval.shape), kind(var), bool(var.aval.weak_type)) for var in eqn.invars)
    for op, (_, names) in _WHOLE.items():
        if len(names) == len(types) and body is not None and body == _genuine_body(op, types):
            return op, dict(zip(names, operands, strict=True)), {}
    return None


def _body(eqn: Any) -> str | None:
    """What a call does, written down; None where numbers that are not written down belong to it."""
    inner = eqn.params.get("call_jaxpr")
    return None if inner is None or len(inner.consts) else str(inner)


@cache
def _genuine_body(op: str, types: tuple[tuple[tuple[int, ...], str, bool], ...]) -> str | None:
    with double_precision():
        examples = [jax.ShapeDtypeStruct(shape, kind, weak_type=weak) for shape, kind, weak in types]
        try:
            calls = jax.make_jaxpr(_WHOLE[op][0])(*examples).jaxpr.eqns
        except Exception:  # operands that the function does not take
            return None
    return _body(calls[0]) if len(calls) == 1 and calls[0].primitive.name == "custom_jvp_call" else None
