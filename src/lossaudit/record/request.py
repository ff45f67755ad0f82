"""What a program asks of torch, in one plain form: overloads and old spellings are told apart here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Value
from lossaudit.record.binding import KEEPING, constant, mapped
from lossaudit.record.callees import Callee
from lossaudit.record.lowering import Known, Operand, Tracked

_WITH_IMPLICIT_AXIS = frozenset({"softmax", "log_softmax", "softmin"})
_OF_BOOLEANS = {
    "add": "logical_or",
    "mul": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_and": "logical_and",
    "bitwise_xor": "logical_xor",
    "bitwise_not": "logical_not",
}
_GIVE_BOOLEANS_NAMES = """
    eq ne lt le gt ge logical_and logical_or logical_xor logical_not isnan isinf isfinite signbit isclose isin
    all any where masked_fill maximum minimum max min amax amin
"""
_GIVE_BOOLEANS = frozenset(_GIVE_BOOLEANS_NAMES.split())
# Parameters that take tensors. One in another place is read by torch itself, as a plain number.
_TENSOR_NAMES = """
    input other target weight pos_weight bias input1 input2 anchor positive negative var log_probs targets input_lengths
    target_lengths mask condition index indices value values src source fill_value tensors operands data args tensor1
    tensor2 batch1 batch2 mat mat1 mat2 vec vec1 vec2 min max q boundaries sorted_sequence sorter grid query key
    attn_mask key_padding_mask running_mean running_var weights fweights aweights x prepend append repeats offsets
    per_sample_weights linear_weight linear_bias in_proj_weight in_proj_bias bias_k bias_v out_proj_weight out_proj_bias
    q_proj_weight k_proj_weight v_proj_weight static_k static_v
"""
_TAKE_TENSORS = frozenset(_TENSOR_NAMES.split())
_EXACT_INTEGERS = (torch.bool, torch.int32, torch.int64)


@dataclass(frozen=True, slots=True)
class Request:
    """An operation and its arguments by the catalogue's names.

    Attributes:
        op: As in `lowering.Call`.
        tensors: Tensors among the arguments; items of lists are `tensors.0`, ...
        args: All others, with defaults.
        clear: Whether every argument was understood. Otherwise nothing may be concluded from `op`.
    """

    op: str
    role: Role
    spelled: str
    tensors: dict[str, torch.Tensor]
    args: dict[str, Value]
    clear: bool = True


def request(callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
    """Bind the arguments of a call and bring it into plain form."""
    tensors: dict[str, torch.Tensor] = {}
    given: dict[str, Value] = {}
    clear = True

    def note(name: str, value: Any) -> Any:
        nonlocal clear
        if name.partition(".")[0] in KEEPING:
            return value
        if name == "dtype":
            clear = clear and _keeps_numbers(value, tensors.values())
        elif isinstance(value, torch.Tensor):
            clear = clear and name not in tensors and value.layout is torch.strided and not value.is_complex()
            tensors[name] = value
        else:
            given[name] = constant(value)
        if callee.names and name.startswith("arg") and name.removeprefix("arg").isdecimal():
            clear = False  # more arguments than the catalogue knows
        return value

    mapped(callee, args, kwargs, note)
    bound = {name.partition(".")[0] for name in (*tensors, *given)}
    defaults = {name: value for name, value in callee.defaults.items() if name not in bound and name not in KEEPING}
    defaults.pop("dtype", None)
    asked = Request(callee.op, callee.role, callee.path, tensors, {**defaults, **given}, clear)
    return _without_hidden_numbers(_with_axis(_with_reduction(_of_two(asked))), callee)


def _keeps_numbers(dtype: Any, tensors: Iterable[torch.Tensor]) -> bool:
    """Whether a result in this type has the same numbers: another width of floats is a matter of rounding only."""
    if dtype is None or dtype is float:
        return True
    if not isinstance(dtype, torch.dtype):
        return False
    return dtype.is_floating_point or (
        dtype in (torch.int32, torch.int64) and not any(tensor.is_floating_point() for tensor in tensors)
    )


def _of_two(asked: Request) -> Request:
    """`max(a, b)` is `maximum`, and `std(a, False)` is about `unbiased`."""
    tensors, args = dict(asked.tensors), dict(asked.args)
    if asked.op in ("max", "min"):
        other = tensors.pop("dim", None)
        other = tensors.pop("other", None) if other is None else other
        if other is not None:
            return replace(asked, op=f"{asked.op}imum", tensors={**tensors, "other": other}, args={})
    if asked.op in ("var", "std", "var_mean", "std_mean"):
        match args.get("dim"):
            case Const(value=bool() as unbiased):
                return replace(asked, args={**args, "dim": Const(None), "unbiased": Const(unbiased)})
    return asked


def _with_reduction(asked: Request) -> Request:
    """`size_average` and `reduce` in the words of `reduction`."""
    if "reduction" not in asked.args:
        return asked
    args = dict(asked.args)
    average, reduce = args.pop("size_average", Const(None)), args.pop("reduce", Const(None))
    if average != Const(None) or reduce != Const(None):
        name = "none" if reduce == Const(False) else "sum" if average == Const(False) else "mean"
        args["reduction"] = Const(name)
    return replace(asked, args=args)


def _with_axis(asked: Request) -> Request:
    """The axis that softmax chooses by itself."""
    if asked.op in _WITH_IMPLICIT_AXIS and asked.args.get("dim") == Const(None) and "input" in asked.tensors:
        axis = 0 if asked.tensors["input"].ndim in (0, 1, 3) else 1
        return replace(asked, args={**asked.args, "dim": Const(axis)})
    return asked


def _without_hidden_numbers(asked: Request, callee: Callee) -> Request:
    """A tensor of one element where a plain number is meant (`beta=torch.tensor(2.0)`) is not looked into.

    The catalogue knows where a number is meant: the parameter has one as its default, or takes no tensors.
    """
    hidden = callee.names and not all(_takes_tensor(callee, name.partition(".")[0]) for name in asked.tensors)
    return replace(asked, clear=False) if hidden else asked


def _takes_tensor(callee: Callee, name: str) -> bool:
    default = callee.defaults.get(name)
    return name in _TAKE_TENSORS and not (isinstance(default, Const) and isinstance(default.value, int | float))


def with_mask(asked: Request, operands: dict[str, Operand]) -> tuple[Request, dict[str, Operand]]:
    """`x[mask] = value` with a mask that is not known beforehand is `masked_fill`, if the value is one number."""
    mask, value = asked.tensors.get("index"), asked.tensors.get("value")
    if asked.op != "setitem" or mask is None or mask.dtype != torch.bool or (value is not None and value.numel() != 1):
        return asked, operands
    whole = asked.tensors["input"].shape
    found = operands.get("index")
    if not isinstance(found, Tracked) or mask.shape != whole[: mask.ndim]:
        return asked, operands
    wide = found.ids.reshape(*mask.shape, *(1 for _ in whole[mask.ndim :]))
    filled = {**operands, "mask": Tracked(np.broadcast_to(wide, whole))}
    tensors = {**asked.tensors, "mask": mask}
    if value is not None:
        one = filled["value"]
        filled["value"] = Tracked(one.ids.reshape(())) if isinstance(one, Tracked) else Known(one.values.reshape(()))
    del tensors["index"], filled["index"]
    return replace(asked, op="masked_fill", tensors=tensors), filled


def on_booleans(asked: Request, results: Iterable[torch.Tensor]) -> Request:
    """Tell arithmetic of booleans and of small integers from that of numbers: `a + b` of two masks means "or"."""
    inputs = {tensor.dtype for tensor in asked.tensors.values()}
    outputs = {tensor.dtype for tensor in results}
    if inputs == {torch.bool} and outputs == {torch.bool} and asked.op in _OF_BOOLEANS:
        return replace(asked, op=_OF_BOOLEANS[asked.op])
    wraps = any(not dtype.is_floating_point and dtype not in _EXACT_INTEGERS for dtype in outputs)
    strange = asked.op.startswith("bitwise") or (torch.bool in outputs and asked.op not in _GIVE_BOOLEANS)
    return replace(asked, clear=asked.clear and not (wraps or strange))
