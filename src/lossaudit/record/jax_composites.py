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

_PAIRS = ("input", "other")
_WHOLE: Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]] = MappingProxyType(
    {
        "logaddexp": (jnp.logaddexp, _PAIRS),
        "logaddexp2": (jnp.logaddexp2, _PAIRS),
        "xlogy": (special.xlogy, _PAIRS),
        "xlog1py": (special.xlog1py, _PAIRS),
        "entr": (special.entr, ("input",)),
        "log_ndtr": (special.log_ndtr, ("input",)),
    }
)


def whole(eqn: Any, operands: Sequence[Operand]) -> Asked | None:
    """The operation of the catalogue that a call of another function is; None if it has to be entered."""
    name = eqn.params.get("name", "")
    known = _WHOLE.get(name)
    if known is None:
        return None
    genuine, names = known
    types = tuple((tuple(var.aval.shape), kind(var), bool(getattr(var.aval, "weak_type", False))) for var in eqn.invars)
    if len(types) != len(names) or not all(kind.startswith("float") for _, kind, _ in types):
        return None
    body = _body(eqn)
    if body is None or body != _genuine_body(genuine, eqn.primitive.name, name, types):
        return None
    return name, dict(zip(names, operands, strict=True)), {}


def _body(eqn: Any) -> str | None:
    """What a call does, written down; None where numbers that are not written down belong to it."""
    inner = eqn.params.get("call_jaxpr", eqn.params.get("jaxpr"))
    if inner is None or len(getattr(inner, "consts", ())):
        return None
    return str(inner)


@cache
def _genuine_body(
    function: Callable[..., Any], primitive: str, name: str, types: tuple[tuple[tuple[int, ...], str, bool], ...]
) -> str | None:
    with double_precision():
        examples = [jax.ShapeDtypeStruct(shape, kind, weak_type=weak) for shape, kind, weak in types]
        try:
            calls = jax.make_jaxpr(function)(*examples).jaxpr.eqns
        except Exception:  # operands that the function does not take
            return None
    if len(calls) != 1 or calls[0].primitive.name != primitive or calls[0].params.get("name") != name:
        return None
    return _body(calls[0])
