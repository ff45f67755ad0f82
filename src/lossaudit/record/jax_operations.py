"""The primitives of JAX that compute, in the words of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from lossaudit.pairing import Args, Const
from lossaudit.record.lowering import Known, Operand, Tracked

FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})
NUMBERS = FLOATS | {"int64", "int32"}
ANY = NUMBERS | {"bool"}
TRUTHS = frozenset({"bool"})

Asked: TypeAlias = tuple[str, dict[str, Operand], Args]
Spelled: TypeAlias = Callable[[Sequence[Operand], Mapping[str, Any]], Asked | None]


def _named(op: str, *names: str) -> Spelled:
    """An operation whose operands have these names in the catalogue."""
    return lambda operands, params: (op, dict(zip(names, operands, strict=True)), {})


def _reduction(op: str) -> Spelled:
    def asked(operands: Sequence[Operand], params: Mapping[str, Any]) -> Asked | None:
        axes = tuple(int(axis) for axis in params["axes"])
        if not axes or len(operands) != 1:  # to the catalogue no axis means all of them
            return None
        return op, {"input": operands[0]}, {"dim": Const(axes), "keepdim": Const(False)}

    return asked


def _running(op: str) -> Spelled:
    def asked(operands: Sequence[Operand], params: Mapping[str, Any]) -> Asked:
        return op, {"input": operands[0]}, {"dim": Const(int(params["axis"]))}

    return asked


def _integer_power(operands: Sequence[Operand], params: Mapping[str, Any]) -> Asked:
    return "pow", {"input": operands[0], "other": Known(np.array(params["y"], dtype=np.int64))}, {}


def _power(operands: Sequence[Operand], params: Mapping[str, Any]) -> Asked:
    return "pow", {"input": operands[0], "other": operands[1]}, {}


def _select(operands: Sequence[Operand], params: Mapping[str, Any]) -> Asked | None:
    if len(operands) != 3:
        return None
    which, if_false, if_true = operands
    return "where", {"condition": which, "input": if_true, "other": if_false}, {}


_ONE = "exp exp2 expm1 log log1p sqrt rsqrt tanh sin cos tan atan sinh cosh asinh acosh atanh erf erfc lgamma"
_COMPARED = "eq ne lt le gt ge"

# By primitive: which types its inputs may have (a tracked integer may be added, not divided), and how it is called.
_TABLE: Mapping[str, tuple[frozenset[str], Spelled]] = MappingProxyType(
    {name: (FLOATS, _named(name, "input")) for name in _ONE.split()}
    | {name: (ANY, _named(name, "input", "other")) for name in _COMPARED.split()}
    | {name: (NUMBERS, _named(name, "input", "other")) for name in ("add", "sub", "mul")}
    | {name: (NUMBERS, _named(name, "input")) for name in ("neg", "abs", "sign", "square")}
    | {
        "add_any": (NUMBERS, _named("add", "input", "other")),
        "logistic": (FLOATS, _named("sigmoid", "input")),
        "div": (FLOATS, _named("div", "input", "other")),
        "pow": (NUMBERS, _power),
        "integer_pow": (FLOATS, _integer_power),
        "max": (ANY, _named("maximum", "input", "other")),
        "min": (ANY, _named("minimum", "input", "other")),
        "clamp": (NUMBERS, _named("clamp", "min", "input", "max")),
        "select_n": (ANY, _select),  # its predicate is not known: `jax_moves` has the others
        "is_finite": (FLOATS, _named("isfinite", "input")),
        "and": (TRUTHS, _named("logical_and", "input", "other")),
        "or": (TRUTHS, _named("logical_or", "input", "other")),
        "xor": (TRUTHS, _named("logical_xor", "input", "other")),
        "not": (TRUTHS, _named("logical_not", "input")),
        "reduce_sum": (NUMBERS, _reduction("sum")),
        "reduce_prod": (NUMBERS, _reduction("prod")),
        "reduce_max": (ANY, _reduction("amax")),
        "reduce_min": (ANY, _reduction("amin")),
        "reduce_and": (TRUTHS, _reduction("all")),
        "reduce_or": (TRUTHS, _reduction("any")),
        "cumsum": (NUMBERS, _running("cumsum")),
        "cumprod": (NUMBERS, _running("cumprod")),
        "cumlogsumexp": (FLOATS, _running("logcumsumexp")),
    }
)


def asked_of(eqn: Any, operands: Sequence[Operand]) -> Asked | None:
    """Operation, operands and arguments, all by the catalogue's names; None for a primitive that is not known here."""
    allowed, spelled = _TABLE.get(eqn.primitive.name, (frozenset(), None))
    given, results = [kind(var) for var in eqn.invars], [kind(var) for var in eqn.outvars]
    if eqn.primitive.name == "convert_element_type":
        return _converted(operands[0], given[0], results[0])
    if spelled is None or not ANY.issuperset(results) or not allowed.issuperset(given):
        return None
    return spelled(operands, eqn.params)


def kind(var: Any) -> str:
    """The type of the elements of a variable of a jaxpr."""
    return str(getattr(var.aval, "dtype", ""))


def _converted(operand: Operand, old: str, new: str) -> Asked | None:
    """A cast: another width of floats is a matter of rounding only; to whole numbers is another thing."""
    if old not in ANY or new not in ANY:
        return None
    if new in TRUTHS and old not in TRUTHS:
        return "bool", {"input": operand}, {}
    if old in FLOATS and new not in FLOATS:
        return "long", {"input": operand}, {}
    return "clone", {"input": operand}, {}


def product(eqn: Any, operands: Sequence[Operand]) -> tuple[Asked, tuple[int, ...]] | None:
    """`dot_general` as a product of two matrices, or of two stacks of them; and the shape before it is reshaped."""
    if not all(kind(var) in FLOATS for var in (*eqn.invars, *eqn.outvars)):
        return None
    (contracted, batched) = eqn.params["dimension_numbers"]
    left, batch, free = _matrices(operands[0], contracted[0], batched[0], contracted_last=True)
    right, _, columns = _matrices(operands[1], contracted[1], batched[1], contracted_last=False)
    return ("matmul", {"input": left, "other": right}, {}), (*batch, free, columns)


def _matrices(
    operand: Operand, contracted: Sequence[int], batched: Sequence[int], *, contracted_last: bool
) -> tuple[Operand, tuple[int, ...], int]:
    """The operand as a matrix, or as a stack of them if it has axes that run along."""
    array: Any = np.asarray(operand.ids if isinstance(operand, Tracked) else operand.values)
    free = [axis for axis in range(array.ndim) if axis not in contracted and axis not in batched]
    groups = (list(batched), free, list(contracted)) if contracted_last else (list(batched), list(contracted), free)
    sizes = [int(np.prod([array.shape[axis] for axis in group], dtype=np.int64)) for group in groups]
    shape = tuple(sizes) if batched else tuple(sizes[1:])
    flat = array.transpose([axis for group in groups for axis in group]).reshape(shape)
    made: Operand = Tracked(flat) if isinstance(operand, Tracked) else Known(flat)
    return made, shape[:1] if batched else (), sizes[1] if contracted_last else sizes[2]
