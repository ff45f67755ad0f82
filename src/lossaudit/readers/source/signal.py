"""Whether a gradient can come from a loss to anything that is trained."""

from __future__ import annotations

from collections.abc import Container, Iterator

from lossaudit import catalogue
from lossaudit.catalogue.schema import Loss, Role
from lossaudit.pairing import Const, Place
from lossaudit.readers.source.values import Tensor
from lossaudit.trace import LeafKind

# Decisions and counts: their derivative is zero wherever they have one. Roundings and signs are not among them: for
# those people write a gradient by hand.
_NAMES = """
argmax argmin argsort one_hot nonzero argwhere bucketize searchsorted bincount
eq ne lt le gt ge equal isclose allclose isin isnan isinf isfinite signbit
logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_not
int long short char byte bool
"""
_DECISIONS = frozenset(_NAMES.split())
_COPIES = frozenset({"tensor", "new_tensor"})
_WITH_INDICES = frozenset({"max", "min", "sort", "topk", "median", "mode", "kthvalue", "cummax", "cummin"})
_WHOLE = ("int", "uint", "bool", "long")
_MAY_HOLD_PARAMETERS = frozenset({Role.AFFINE, Role.OTHER})


def cut(loss: Tensor, leaves: Container[int] = ()) -> str:
    """Why no gradient can reach a parameter; `""` where one can, or where that is not known.

    Every way back from the loss must end in data or at an operation that passes no gradient, and a model (or something
    unknown) must lie behind at least one of these.

    Args:
        loss: What is differentiated.
        leaves: Ids of tensors for which the program asks for a gradient.
    """
    found: Tensor | None = None
    stack, seen = [loss], set[int]()
    while stack:
        here = stack.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if here.leaf is not None:
            if here.leaf not in (LeafKind.DATA, LeafKind.CONSTANT):
                return ""
        elif id(here) in leaves and _may_be_trained(here, here is loss or here.scalar):
            return ""
        elif _stops(here):
            if found is None and _holds_a_model(here):
                found = here
        elif _holds_parameters(here):
            return ""
        else:
            stack.extend(reversed([below for _, below in here.inputs]))
    return "" if found is None else _reason(found)


def _may_be_trained(tensor: Tensor, single: bool) -> bool:
    """Whether a gradient was asked for with a purpose; of one number that a model has made it is a cover-up."""
    return not single or not _holds_a_model(tensor)


def _holds_parameters(tensor: Tensor) -> bool:
    """Whether the operation has parameters of its own, or may have them."""
    entry = catalogue.op(tensor.op) or catalogue.loss(tensor.op)
    if isinstance(entry, Loss):
        return False
    return entry is None or entry.role in _MAY_HOLD_PARAMETERS or (tensor.grad and not tensor.inputs)


def _stops(tensor: Tensor) -> bool:
    """Whether no gradient passes an operation."""
    entry = catalogue.op(tensor.op)
    if tensor.quiet or tensor.op in _DECISIONS or (entry is not None and entry.role is Role.CUT):
        return True
    if tensor.op == "tensor":
        return tensor.name.rpartition(".")[2] in _COPIES
    if tensor.op == "getitem":  # the second of `torch.max(x, 1)`
        source = tensor.input("input")
        both = source is not None and source.op in _WITH_INDICES and source.args.get("dim", Const(None)) != Const(None)
        return both and tensor.args.get("index") == Const(1)
    dtype = tensor.args.get("dtype", tensor.args.get("args"))
    named = dtype.value if isinstance(dtype, Const) and isinstance(dtype.value, str) else ""
    cast = entry is not None and entry.role is Role.CAST
    return cast and named.rpartition(".")[2].startswith(_WHOLE)


def _holds_a_model(tensor: Tensor) -> bool:
    """Whether there is anything behind a cut that could have been trained."""
    return any(
        each.leaf in (LeafKind.PARAMETER, LeafKind.HIDDEN) or (each.leaf is None and _holds_parameters(each))
        for each in _behind(tensor)
    )


def _behind(tensor: Tensor) -> Iterator[Tensor]:
    stack, seen = [tensor], set[int]()
    while stack:
        here = stack.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield here
            stack.extend(below for _, below in here.inputs)


def _reason(tensor: Tensor) -> str:
    if tensor.quiet:
        return f"it is computed{_line(tensor.place)} where gradients are switched off"
    indices = " (its indices)" if tensor.op == "getitem" else ""
    shown = (tensor.input("input") or tensor).op if tensor.op == "getitem" else tensor.op
    return f"{shown}{indices}{_line(tensor.place)} passes none"


def _line(place: Place | None) -> str:
    return f" in line {place.line}" if place is not None and place.line else ""
